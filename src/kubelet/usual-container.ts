/**
 * Which of a pod's containers is meant where none is named.
 *
 * @module
 */
import type { Pod } from '../objects/pod.ts'
import type { ContainerEnvironment } from './environment-json.ts'

/** An annotation of Pods. @see kubectl exec */
const USUAL_CONTAINER = 'kubectl.kubernetes.io/default-container'

/** As kubectl takes it: the one that the pod says, else the first that is no init container; nothing of a pod without any. */
export function usualContainer(all: readonly ContainerEnvironment[], pod: Pod): ContainerEnvironment | undefined {
  const wanted = pod.metadata.annotations?.[USUAL_CONTAINER]
  return all.find(({ container }) => container.name === wanted) ?? all.find(({ role }) => role === 'main') ?? all[0]
}
