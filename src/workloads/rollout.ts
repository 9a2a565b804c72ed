/**
 * How many replicas the old and the new ReplicaSets of a Deployment may have while it rolls out.
 *
 * @see k8s.io/kubernetes/pkg/controller/deployment: rolling.go, util/deployment_util.go
 * @module
 */
import type { Deployment, ReplicaSet } from '../objects/workload.ts'

/** How far a rolling update may leave the wanted number of Pods. */
export interface Slack {
  readonly surge: number
  readonly unavailable: number
}

interface RollingUpdate {
  readonly maxSurge?: number | string
  readonly maxUnavailable?: number | string
}

interface Strategy {
  readonly type?: string
  readonly rollingUpdate?: RollingUpdate | null
}

export function isRecreate(deployment: Deployment): boolean {
  return (deployment.spec.strategy as Strategy | undefined)?.type === 'Recreate'
}

export function slackOf(deployment: Deployment): Slack {
  const { rollingUpdate } = (deployment.spec.strategy ?? {}) as Strategy
  const { replicas = 1 } = deployment.spec
  const surge = replicaShare(rollingUpdate?.maxSurge ?? '25%', replicas, Math.ceil)
  const unavailable = replicaShare(rollingUpdate?.maxUnavailable ?? '25%', replicas, Math.floor)
  // With neither, a rollout could not take its first step.
  return surge === 0 && unavailable === 0 ? { surge, unavailable: 1 } : { surge, unavailable }
}

/** A number of replicas as strategies give it: `2`, or a part of all such as `25%`. */
export function replicaShare(value: number | string, of: number, round: (amount: number) => number): number {
  if (typeof value === 'number') return value
  return value.endsWith('%') ? round((Number(value.slice(0, -1)) * of) / 100) : Number(value)
}

/** The number of replicas that each set is to have next. Sets that keep theirs are not in it. */
export type Scaling = ReadonlyMap<ReplicaSet, number>

/**
 * The next step of a rollout.
 *
 * @param current the set of the present template, if it exists
 * @param old the others, the oldest first
 */
export function nextStep(deployment: Deployment, current: ReplicaSet | undefined, old: readonly ReplicaSet[]): Scaling {
  if (deployment.spec.paused) return new Map()
  if (isRecreate(deployment)) return recreate(deployment, current, old)
  const grown = current ? growth(deployment, current, old) : undefined
  if (current && grown !== undefined && grown !== replicasOf(current)) return new Map([[current, grown]])
  return shrinkOld(deployment, current, old)
}

/** How many replicas a set of the present template starts with. */
export function firstReplicas(deployment: Deployment, old: readonly ReplicaSet[]): number {
  const { replicas = 1 } = deployment.spec
  if (isRecreate(deployment)) return old.every(isGone) ? replicas : 0
  return Math.max(0, Math.min(replicas, replicas + slackOf(deployment).surge - sum(old, replicasOf)))
}

function recreate(deployment: Deployment, current: ReplicaSet | undefined, old: readonly ReplicaSet[]): Scaling {
  const running = old.filter(set => replicasOf(set) > 0)
  if (running.length > 0) return new Map(running.map(set => [set, 0]))
  const { replicas = 1 } = deployment.spec
  if (!current || !old.every(isGone) || replicasOf(current) === replicas) return new Map()
  return new Map([[current, replicas]])
}

function growth(deployment: Deployment, current: ReplicaSet, old: readonly ReplicaSet[]): number {
  const { replicas = 1 } = deployment.spec
  const own = replicasOf(current)
  if (own >= replicas) return replicas
  const room = replicas + slackOf(deployment).surge - own - sum(old, replicasOf)
  return own + Math.max(0, Math.min(room, replicas - own))
}

function shrinkOld(deployment: Deployment, current: ReplicaSet | undefined, old: readonly ReplicaSet[]): Scaling {
  const all = current ? [...old, current] : old
  const needed = (deployment.spec.replicas ?? 1) - slackOf(deployment).unavailable
  const pending = current ? replicasOf(current) - availableOf(current) : 0
  const left = new Map(old.map(set => [set, replicasOf(set)]))

  // Replicas that are not available help nobody, so they go first.
  let removable = sum(all, replicasOf) - needed - pending
  for (const set of old) {
    const unhealthy = Math.min(removable, replicasOf(set) - availableOf(set))
    if (unhealthy <= 0) continue
    left.set(set, replicasOf(set) - unhealthy)
    removable -= unhealthy
  }
  let spare = Math.min(removable, sum(all, availableOf) - needed)
  for (const set of old) {
    const own = left.get(set) ?? 0
    const step = Math.min(spare, own)
    if (step <= 0) continue
    left.set(set, own - step)
    spare -= step
  }
  return new Map([...left].filter(([set, replicas]) => replicas !== replicasOf(set)))
}

export function replicasOf(set: ReplicaSet): number {
  return set.spec.replicas ?? 1
}

function availableOf(set: ReplicaSet): number {
  return Math.min(set.status?.availableReplicas ?? 0, replicasOf(set))
}

function isGone(set: ReplicaSet): boolean {
  return replicasOf(set) === 0 && (set.status?.replicas ?? 0) === 0
}

function sum(sets: readonly ReplicaSet[], amount: (set: ReplicaSet) => number): number {
  return sets.reduce((total, set) => total + amount(set), 0)
}
