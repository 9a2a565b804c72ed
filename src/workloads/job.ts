/**
 * The controllers of Jobs and CronJobs. Pods of a Job run; that they end is for the input to say.
 *
 * @see k8s.io/kubernetes/pkg/controller/job: job_controller.go, indexed_job_utils.go
 * @module
 */

import type { Millis } from '../base/clock.ts'
import { equalValue } from '../base/equal.ts'
import type { CronJob, Job } from '../objects/job.ts'
import type { StringMap } from '../objects/meta.ts'
import { isPodReady, type Pod } from '../objects/pod.ts'
import { type Selector, selectorOf, selectorOfMap } from '../objects/selector.ts'
import type { Write } from '../objects/write.ts'
import { type ClaimContext, claim, isActive } from './claim.ts'
import { controllerReference, type NameContext, podDrawn } from './template.ts'

const INDEX = 'batch.kubernetes.io/job-completion-index'

/** Which Pods a Job looks after: those with its uid, unless it brings a selector. */
export function jobSelector(job: Job): Selector {
  return job.spec.selector ? selectorOf(job.spec.selector) : selectorOfMap(jobLabels(job))
}

/**
 * Runs as many Pods as a Job wants at once.
 *
 * @param candidates Pods of its namespace: at least those that name it as controller and those that its selector selects
 */
export function reconcileJob(
  job: Job,
  candidates: readonly Pod[],
  context: NameContext & ClaimContext,
): readonly Write<Pod | Job>[] {
  const { owned, writes: claims } = claim(job, jobSelector(job), candidates, context)
  const active = owned.filter(isActive)
  const writes: Write<Pod | Job>[] = [...claims]
  if (job.metadata.deletionTimestamp === undefined && !isFinished(job)) {
    const taken = new Set(candidates.map(pod => pod.metadata.name))
    const wanted = wantedCount(job, owned)
    for (const object of active.slice(wanted)) writes.push({ do: 'delete', object })
    const indexes = freeIndexes(job, owned)
    for (let i = active.length; i < wanted; i++) {
      writes.push({ do: 'create', object: podOf(job, indexes.next().value, taken, context) })
    }
  }
  const status = statusOf(job, owned, active)
  if (!equalValue(job.status, status)) writes.push({ do: 'update-status', object: { ...job, status } })
  return writes
}

/** The Job that a CronJob makes for a time of its schedule. CronJobs make none of themselves here: time does not pass. */
export function startCronJob(cron: CronJob, scheduled: Millis): Job {
  const { metadata = {}, spec } = cron.spec.jobTemplate
  const time = new Date(scheduled).toISOString().replace('.000', '')
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: `${cron.metadata.name}-${Math.floor(scheduled / 60_000)}`,
      namespace: cron.metadata.namespace ?? '',
      labels: metadata.labels ?? {},
      annotations: { ...metadata.annotations, 'batch.kubernetes.io/cronjob-scheduled-timestamp': time },
      ownerReferences: [controllerReference(cron)],
    },
    spec,
  }
}

function isFinished({ status }: Job): boolean {
  return (
    status?.conditions?.some(one => (one.type === 'Complete' || one.type === 'Failed') && one.status === 'True') ??
    false
  )
}

function wantedCount({ spec }: Job, owned: readonly Pod[]): number {
  if (spec.suspend) return 0
  const { parallelism = 1, completions } = spec
  const succeeded = owned.filter(pod => pod.status?.phase === 'Succeeded').length
  // A work queue has no number of completions: once one Pod has found it empty, no more are started.
  if (completions === undefined)
    return succeeded > 0 ? Math.min(parallelism, owned.filter(isActive).length) : parallelism
  return Math.max(0, Math.min(parallelism, completions - succeeded))
}

/** Numbers of an indexed Job that no Pod has or had to the end. */
function* freeIndexes({ spec }: Job, owned: readonly Pod[]): Generator<number | undefined, undefined> {
  if (spec.completionMode !== 'Indexed') return undefined
  const used = new Set(
    owned
      .filter(pod => isActive(pod) || pod.status?.phase === 'Succeeded')
      .map(pod => pod.metadata.annotations?.[INDEX]),
  )
  for (let index = 0; index < (spec.completions ?? 0); index++) if (!used.has(String(index))) yield index
  return undefined
}

export function jobLabels({ metadata }: Job): StringMap {
  return { 'batch.kubernetes.io/controller-uid': metadata.uid ?? '' }
}

function podOf(job: Job, index: number | undefined, taken: Set<string>, context: NameContext): Pod {
  const { name, uid = '' } = job.metadata
  const labels = {
    ...jobLabels(job),
    'batch.kubernetes.io/job-name': name,
    'controller-uid': uid,
    'job-name': name,
  }
  if (index === undefined) return podDrawn(`${name}-`, job, job.spec.template, taken, context, { labels })
  const mark = { [INDEX]: String(index) }
  return podDrawn(`${name}-${index}-`, job, job.spec.template, taken, context, {
    labels: { ...labels, ...mark },
    annotations: mark,
    spec: { hostname: `${name}-${index}` },
  })
}

function statusOf(job: Job, owned: readonly Pod[], active: readonly Pod[]): NonNullable<Job['status']> {
  const ended = (phase: string) => owned.filter(pod => pod.status?.phase === phase).length
  return {
    ...job.status,
    active: active.length,
    ready: active.filter(isPodReady).length,
    succeeded: Math.max(ended('Succeeded'), job.status?.succeeded ?? 0),
    failed: Math.max(ended('Failed'), job.status?.failed ?? 0),
  }
}
