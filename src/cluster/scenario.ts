/**
 * What happens to a cluster, step by step, and what is expected of it.
 *
 * @module
 */
import type { Seconds } from '../base/clock.ts'
import type { KubeObject } from '../objects/meta.ts'
import { parseSelector } from '../objects/selector.ts'
import type { ObjectKey } from '../store/command.ts'
import { applyObject, deleteObject, runCronJob, setPodReady } from './change.ts'
import type { Cluster } from './cluster.ts'
import { failNode, recoverNode, wait } from './node-health.ts'
import { settle } from './settle.ts'

export type Action =
  | { readonly do: 'apply'; readonly objects: readonly KubeObject[] }
  | { readonly do: 'delete'; readonly key: ObjectKey }
  /** The node's kubelet stops answering, or answers again. */
  | { readonly do: 'fail' | 'recover'; readonly node: string }
  | { readonly do: 'wait'; readonly span: Seconds }
  /** A pod's readiness probe succeeds, or fails. */
  | { readonly do: 'ready' | 'unready'; readonly namespace: string; readonly name: string }
  | { readonly do: 'run'; readonly namespace: string; readonly name: string }

export type Expectation =
  /** Pods of the namespace that run and do not end, by a label selector. */
  | { readonly of: 'pods'; readonly namespace: string; readonly selector: string; readonly count: number }
  /** Endpoints of a Service that are ready. */
  | { readonly of: 'endpoints'; readonly namespace: string; readonly service: string; readonly count: number }

export interface Step {
  readonly say: string
  readonly actions: readonly Action[]
  readonly expectations: readonly Expectation[]
}

/**
 * Takes one step and settles.
 *
 * @returns what did not come as expected, a sentence each
 * @throws {StatusError} when an object that a step names is not there
 */
export function takeStep(step: Step, cluster: Cluster): readonly string[] {
  const refused: string[] = []
  for (const action of step.actions) {
    refused.push(...act(action, cluster))
    settle(cluster)
  }
  return [...refused, ...step.expectations.flatMap(expectation => compare(expectation, cluster))]
}

function act(action: Action, cluster: Cluster): readonly string[] {
  switch (action.do) {
    case 'apply':
      return action.objects.flatMap(object => {
        const refused = applyObject(object, cluster)
        return refused ? [`${object.kind} ${object.metadata.name} is refused: ${refused.message}`] : []
      })
    case 'delete':
      deleteObject(action.key, cluster)
      return []
    case 'fail':
      failNode(action.node, cluster)
      return []
    case 'recover':
      recoverNode(action.node, cluster)
      return []
    case 'wait':
      wait(action.span, cluster)
      return []
    case 'ready':
    case 'unready':
      setPodReady(action.namespace, action.name, action.do === 'ready', cluster)
      return []
    case 'run':
      runCronJob(action.namespace, action.name, cluster)
      return []
  }
}

function compare(expectation: Expectation, cluster: Cluster): readonly string[] {
  const [what, count] = counted(expectation, cluster)
  return count === expectation.count ? [] : [`expected ${expectation.count} ${what}, there are ${count}`]
}

function counted(expectation: Expectation, { store, relations }: Cluster): readonly [what: string, count: number] {
  const { namespace } = expectation
  if (expectation.of === 'pods') {
    const selector = parseSelector(expectation.selector)
    const pods = store
      .list('Pod', { namespace, selector })
      .filter(pod => pod.status?.phase === 'Running' && pod.metadata.deletionTimestamp === undefined)
    return [`running pods with ${expectation.selector}`, pods.length]
  }
  const endpoints = relations
    .slicesOf(`${namespace}/${expectation.service}`)
    .flatMap(slice => slice.endpoints ?? [])
    .filter(endpoint => endpoint.conditions?.ready !== false)
  // A pod of two families stands in a slice of each.
  const pods = new Set(endpoints.map(one => one.targetRef?.name ?? one.addresses[0]))
  return [`ready endpoints of ${expectation.service}`, pods.size]
}
