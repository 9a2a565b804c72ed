import type { Plain } from '../objects/plain.ts'
import type { Pod, PodSpec } from '../objects/pod.ts'
import { defaultPod } from '../objects/pod-defaults.ts'

/** Pods of one template share its spec, and so share the completed one: who works on many can see that they are alike. */
const completed = new WeakMap<PodSpec, PodSpec>()

/** A Pod that a controller makes, as the API server stores it: what only Pods have and templates lack is filled in. */
export function completePod(pod: Pod): Pod {
  const known = completed.get(pod.spec)
  if (known) return { ...pod, spec: known }
  const whole = defaultPod(pod as unknown as Plain) as unknown as Pod
  completed.set(pod.spec, whole.spec)
  return whole
}
