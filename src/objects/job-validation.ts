/**
 * Rules for Jobs and CronJobs.
 *
 * @see pkg/apis/batch/validation/validation.go of Kubernetes
 *
 * @module
 */
import { scheduleProblem } from './cron-schedule.ts'
import { at, type Field, ROOT } from './field.ts'
import { type Finding, invalid, negative, required, unsupported } from './finding.ts'
import { selectsTemplate, templateLabels, validateLabelSelector } from './label-selector-validation.ts'
import { validateMetadata } from './metadata-validation.ts'
import { subdomainProblems } from './name.ts'
import { numberIn, objectIn, type Plain, textIn } from './plain.ts'
import { validateTemplate } from './pod-validation.ts'

const SPEC: Field = at(ROOT, 'spec')
const COUNTS = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
]
const MODES = ['NonIndexed', 'Indexed']
const MAX_INDEXED = 100_000
const MAX_CRON_NAME = 52
const CONCURRENCY = ['Allow', 'Forbid', 'Replace']
const REPLACEMENTS = ['Failed', 'TerminatingOrFailed']

export function* validateJob(job: Plain): Generator<Finding> {
  yield* validateMetadata(job, { nameProblems: subdomainProblems, namespaced: true })
  const spec = objectIn(job, 'spec') ?? {}
  const selector = objectIn(spec, 'selector')
  const template = objectIn(spec, 'template') ?? {}
  yield* validateLabelSelector(selector, at(SPEC, 'selector'))
  if (spec['manualSelector'] !== true) {
    if (selector !== undefined) yield invalid(at(SPEC, 'selector'), selector, '`selector` not auto-generated')
  } else if (selector === undefined) yield required(at(SPEC, 'selector'))
  else if (!selectsTemplate(selector, template)) {
    const labels = templateLabels(template) ?? null
    yield invalid(at(SPEC, 'template', 'metadata', 'labels'), labels, '`selector` does not match template `labels`')
  }
  yield* validateJobSpec(spec, SPEC)
}

function* validateJobSpec(spec: Plain, field: Field): Generator<Finding> {
  for (const name of COUNTS) yield* negative(at(field, name), spec[name])
  yield* validateMode(spec, field)
  const replacement = spec['podReplacementPolicy']
  if (replacement !== undefined && !REPLACEMENTS.includes(`${replacement}`)) {
    yield unsupported(at(field, 'podReplacementPolicy'), replacement, REPLACEMENTS)
  }
  const template = objectIn(spec, 'template') ?? {}
  yield* validateTemplate(template, at(field, 'template'))
  const place = at(field, 'template', 'spec', 'restartPolicy')
  const restart = textIn(objectIn(template, 'spec') ?? {}, 'restartPolicy')
  if (restart === 'Always' || restart === '') yield required(place, 'valid values: "OnFailure", "Never"')
  else if (restart !== 'OnFailure' && restart !== 'Never') yield unsupported(place, restart, ['OnFailure', 'Never'])
  if (spec['podFailurePolicy'] !== undefined && restart !== 'Never') {
    yield invalid(place, restart, 'only "Never" is supported when podFailurePolicy is specified')
  }
}

function* validateMode(spec: Plain, field: Field): Generator<Finding> {
  const mode = spec['completionMode']
  if (mode === undefined) return
  if (!MODES.includes(`${mode}`)) yield unsupported(at(field, 'completionMode'), mode, MODES)
  if (mode !== 'Indexed') return
  if (spec['completions'] === undefined) yield required(at(field, 'completions'), 'when completion mode is Indexed')
  if (numberIn(spec, 'parallelism') > MAX_INDEXED) {
    const most = `must be less than or equal to ${MAX_INDEXED} when completion mode is Indexed`
    yield invalid(at(field, 'parallelism'), spec['parallelism'], most)
  }
}

export function* validateCronJob(job: Plain): Generator<Finding> {
  const nameProblems = (name: string) => {
    const long = name.length > MAX_CRON_NAME ? [`must be no more than ${MAX_CRON_NAME} characters`] : []
    return [...subdomainProblems(name), ...long]
  }
  yield* validateMetadata(job, { nameProblems, namespaced: true })
  const spec = objectIn(job, 'spec') ?? {}
  const schedule = textIn(spec, 'schedule')
  const problem = schedule === '' ? undefined : scheduleProblem(schedule)
  if (schedule === '') yield required(at(SPEC, 'schedule'))
  else if (problem !== undefined) yield invalid(at(SPEC, 'schedule'), schedule, problem)
  yield* negative(at(SPEC, 'startingDeadlineSeconds'), spec['startingDeadlineSeconds'])
  yield* validateZone(spec)
  const concurrency = textIn(spec, 'concurrencyPolicy')
  if (!CONCURRENCY.includes(concurrency)) yield unsupported(at(SPEC, 'concurrencyPolicy'), concurrency, CONCURRENCY)
  yield* validateJobSpec(objectIn(objectIn(spec, 'jobTemplate') ?? {}, 'spec') ?? {}, at(SPEC, 'jobTemplate', 'spec'))
  for (const name of ['successfulJobsHistoryLimit', 'failedJobsHistoryLimit'])
    yield* negative(at(SPEC, name), spec[name])
}

function* validateZone(spec: Plain): Generator<Finding> {
  const zone = spec['timeZone']
  if (typeof zone !== 'string') return
  const field = at(SPEC, 'timeZone')
  if (zone === '') yield invalid(field, zone, 'timeZone must be nil or non-empty string')
  else if (zone.toLowerCase() === 'local')
    yield invalid(field, zone, 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones')
  else if (!/^[A-Za-z\d._+/-]+$/.test(zone)) yield invalid(field, zone, `unknown time zone ${zone}`)
}
