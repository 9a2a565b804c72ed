/**
 * `podwire run`: a scenario, step by step.
 *
 * @module
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { settledCluster } from '../cluster/cluster.ts'
import { DEFAULT_FEATURES } from '../cluster/host-state.ts'
import { type Step, takeStep } from '../cluster/scenario.ts'
import { formatManifestFinding } from '../objects/manifest.ts'
import { keyOf } from '../objects/meta.ts'
import { columnsOf } from '../objects/table/kinds.ts'
import { StatusError } from '../store/status-error.ts'
import { quoteWord } from '../trace/command-text.ts'
import { formatTrace } from '../trace/text.ts'
import type { Command, Given } from './command.ts'
import { type ExitCode, RefusedInput, UsageError } from './exit.ts'
import { harvestFiles } from './harvest.ts'
import { formatFailures, readInput } from './input.ts'
import { type Ground, inquire } from './inquiry.ts'
import type { Io } from './io.ts'
import { type LoadedCluster, loadFiles } from './load.ts'
import { namesOf } from './names.ts'
import { CLUSTER_OPTIONS } from './options.ts'
import { readScenario, type Scenario, type ScenarioStep } from './scenario-file.ts'
import { formatTable } from './table.ts'
import { contextOf, writingFor } from './trace.ts'
import { compareTrace, type TraceStep } from './trace-step.ts'

/** What a step's changes are shown of, in this order. */
const SHOWN = [
  'Node',
  'Deployment',
  'ReplicaSet',
  'StatefulSet',
  'DaemonSet',
  'Job',
  'Pod',
  'Service',
  'Endpoints',
] as const

/** Ways of chance that a step's packets are followed by. */
const MOST_WAYS = 256

export const RUN: Command = {
  name: 'run',
  summary: 'Take a cluster through a scenario and show what each step changes.',
  usage: 'SCENARIO [OPTIONS]',
  about: `
SCENARIO is a folder with manifests/ and scenario.yaml, a list of steps: apply files, delete objects, let a node fail and
recover, make a pod ready or unready, run a CronJob, wait. After each step the controllers settle, and the rows that
changed are printed as podwire get would, the old one behind -, the new one behind +. A step may have packets followed, as
podwire trace would, through a network in which it broke something. A step may say what it expects.
Exit code 0: all came as expected; 1: something did not; 2: the scenario cannot be read.`,
  options: CLUSTER_OPTIONS.filter(option => option.name !== 'filename' && option.name !== 'namespace'),
  examples: [
    { does: 'a node fails, and comes back', call: 'podwire run scenarios/node-failure' },
    { does: 'packets through a network with faults', call: 'podwire run scenarios/broken-paths' },
  ],
  run: runScenario,
}

async function runScenario(given: Given, io: Io): Promise<ExitCode> {
  const [folder, ...others] = given.words
  if (folder === undefined || others.length > 0) throw new UsageError('name one folder: podwire run scenarios/NAME')
  const text = await readFile(join(folder, 'scenario.yaml'), 'utf8').catch(() => {
    throw new RefusedInput([`${folder}: holds no scenario.yaml that can be read`])
  })
  const scenario = await readScenario(folder, text, path => readObjects(path, io))
  const cluster = await loadFiles([join(folder, 'manifests')], scenario.namespace, given, io)
  let before = rowsOf(cluster)
  let failed = 0
  for (const [index, step] of scenario.steps.entries()) {
    await io.out(`${index === 0 ? '' : '\n'}${index + 1}. ${step.say}\n`)
    const problems = [...take(step, cluster)]
    const after = rowsOf(cluster)
    await io.out(formatChanges(before, after))
    if (step.trace) problems.push(...(await followTrace(step.trace, scenario, cluster, given, io)))
    await io.out(problems.map(problem => `   not as expected: ${problem}\n`).join(''))
    if (isExpecting(step) && problems.length === 0) await io.out('   as expected\n')
    failed += problems.length
    before = after
  }
  return failed === 0 ? 0 : 1
}

function isExpecting({ expectations, trace }: ScenarioStep): boolean {
  return expectations.length > 0 || (trace?.expectations.some(one => Object.keys(one).length > 0) ?? false)
}

/** Follows the step's packets through the cluster as it is now, and tells of them. */
async function followTrace(
  step: TraceStep,
  { namespace, folder }: Scenario,
  loaded: LoadedCluster,
  given: Given,
  io: Io,
): Promise<readonly string[]> {
  const { cluster } = loaded
  const via = step.asked.find(one => one.via !== undefined)?.via
  const ground: Ground = {
    cluster: settledCluster(cluster),
    names: namesOf(loaded),
    pods: cluster.store.list('Pod'),
    namespace,
    family: 4,
    ...(via === undefined ? {} : { via }),
    faults: step.faults,
    host: { features: DEFAULT_FEATURES },
  }
  const verbose = given.is('verbose')
  const input = `-f ${quoteWord(join(folder, 'manifests'))}`
  const options = askedWords(step).join(' ')
  const inquiry = inquire(step.asked, ground, { ways: 'all', seed: 0, most: MOST_WAYS, explained: true })
  const text = formatTrace(inquiry.trace, {
    ...contextOf(inquiry, input, options === '' ? undefined : options),
    ...writingFor(io, verbose),
  })
  await io.out(text.replaceAll(/^(?=.)/gm, '   '))
  return compareTrace(step, inquiry.trace)
}

/** The options that ask the step's first packet again. */
function askedWords({ asked: [first], faults }: TraceStep): readonly string[] {
  return [
    ...faults.map(fault => `--fault ${quoteWord(fault)}`),
    ...(first?.entry ? [`--entry ${first.entry}`] : []),
    ...(first?.via === undefined ? [] : [`--via ${quoteWord(first.via)}`]),
  ]
}

function take(step: Step, { cluster }: LoadedCluster): readonly string[] {
  try {
    return takeStep(step, cluster)
  } catch (cause) {
    if (cause instanceof StatusError) return [cause.message]
    throw cause
  }
}

async function readObjects(path: string, io: Io) {
  const input = await readInput([path], io)
  if (input.failures.length > 0) throw new RefusedInput(formatFailures(input))
  const { files } = input
  const { manifests, findings } = harvestFiles(files, 'default')
  if (findings.length > 0) throw new RefusedInput(findings.map(formatManifestFinding))
  return manifests.map(manifest => manifest.object)
}

/** By kind, each object's cells under its key. */
type Rows = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>

/** How long ago something was made is no change. */
const IGNORED = new Set(['Age'])

function columnsShown(kind: string) {
  const some = kind === 'Pod' ? new Set(['IP', 'Node']) : new Set<string>()
  return columnsOf(kind).filter(({ name, wide }) => !IGNORED.has(name) && (!wide || some.has(name)))
}

function rowsOf({ cluster }: LoadedCluster): Rows {
  const now = cluster.clock()
  return new Map(
    SHOWN.map(kind => {
      const columns = columnsShown(kind)
      const objects = cluster.store.list(kind)
      return [
        kind,
        new Map(objects.map(one => [keyOf(one.metadata), columns.map(column => String(column.cell(one, now)))])),
      ]
    }),
  )
}

function formatChanges(before: Rows, after: Rows): string {
  return SHOWN.map(kind => formatKind(kind, before.get(kind) ?? new Map(), after.get(kind) ?? new Map())).join('')
}

function formatKind(
  kind: string,
  before: ReadonlyMap<string, readonly string[]>,
  after: ReadonlyMap<string, readonly string[]>,
): string {
  const keys = [...new Set([...before.keys(), ...after.keys()])].sort()
  const rows = keys.flatMap(key => {
    const [old, now] = [before.get(key), after.get(key)]
    if (old && now && old.join('\n') === now.join('\n')) return []
    return [...(old ? [['-', ...old]] : []), ...(now ? [['+', ...now]] : [])]
  })
  if (rows.length === 0) return ''
  const header = ['', ...columnsShown(kind).map(column => column.name.toUpperCase())]
  const lines = formatTable(
    header,
    rows.map(([sign = '', ...cells]) => [sign, `${kind.toLowerCase()}/${cells[0]}`, ...cells.slice(1)]),
  )
  // The sign's own column is as narrow as a sign.
  return lines
    .split('\n')
    .map(line => (line === '' ? '' : `   ${line.slice(0, 1)} ${line.slice(6)}`.trimEnd()))
    .join('\n')
}
