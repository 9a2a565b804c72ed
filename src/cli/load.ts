/**
 * From the command line to a settled cluster.
 *
 * @module
 */

import { InputError } from '../base/error.ts'
import { visibleLines } from '../base/visible.ts'
import { assemble } from '../cluster/assemble.ts'
import { type Cluster, type ClusterEvent, settledCluster } from '../cluster/cluster.ts'
import { clusterConflicts } from '../cluster/conflicts.ts'
import type { SettledCluster } from '../cluster/host-state.ts'
import { type Wishes, wishesFrom } from '../cluster/settings.ts'
import { settle } from '../cluster/settle.ts'
import { AllocationError } from '../ipam/error.ts'
import type { Configuration } from '../objects/configuration.ts'
import { formatField, pathOf } from '../objects/field.ts'
import type { Kind } from '../objects/kind.ts'
import { formatManifestFinding, type ManifestFinding } from '../objects/manifest.ts'
import { type KubeObject, keyOf } from '../objects/meta.ts'
import type { Given } from './command.ts'
import { RefusedInput, UsageError } from './exit.ts'
import { type Harvest, harvestFiles } from './harvest.ts'
import { formatFailures, readInput } from './input.ts'
import type { Io } from './io.ts'
import { showProgress } from './progress.ts'

export interface LoadedCluster {
  readonly harvest: Harvest
  readonly cluster: Cluster
  readonly settled: SettledCluster
  /** The namespace of commands that name none. */
  readonly namespace: string
  /** The moment that ages count from. */
  readonly now: number
  readonly list: (kind: Kind, namespace?: string) => readonly KubeObject[]
}

export interface BuildOptions {
  readonly nodeCount: number
  readonly seed: number
  readonly flags: Wishes
}

export interface Built {
  readonly cluster: Cluster
  /** Objects that the cluster did not take. */
  readonly findings: readonly ManifestFinding[]
}

const OVERLAYS = ['vxlan', 'host-gw', 'none'] as const
const MOST_NODES = 10_000
const DEFAULT_NODES = 3

/** @throws {RefusedInput} with every finding about the files, when there is one */
export async function loadCluster(given: Given, io: Io): Promise<LoadedCluster> {
  if (given.texts('filename').length === 0) throw new UsageError('give the manifests: -f FILE, -f FOLDER or -f -')
  return loadFiles(given.texts('filename'), given.text('namespace') ?? 'default', given, io)
}

/** @throws {RefusedInput} with every finding about the files, when there is one */
export async function loadFiles(
  paths: readonly string[],
  namespace: string,
  given: Given,
  io: Io,
): Promise<LoadedCluster> {
  const options = buildOptionsOf(given)
  const input = await readInput(paths, io)
  if (input.failures.length > 0) throw new RefusedInput(formatFailures(input))
  const harvest = harvestFiles(input.files, namespace)
  if (harvest.findings.length > 0) throw new RefusedInput(harvest.findings.map(formatManifestFinding))
  for (const note of [...input.notes, ...harvest.notes.map(formatManifestFinding)])
    io.err(`note: ${visibleLines(note)}\n`)
  for (const warning of onceEach(harvest.warnings)) io.err(`warning: ${visibleLines(warning)}\n`)
  const { cluster, findings } = build(harvest, options)
  if (findings.length > 0) throw new RefusedInput(findings.map(formatManifestFinding))
  const progress = showProgress(io, Date.now)
  settle(cluster, (done, waiting) => progress.at('settling', done, done + waiting))
  progress.end()
  for (const line of eventLines([...cluster.events.values()], given.is('verbose'))) io.err(`${line}\n`)
  const settled = settledCluster(cluster)
  // Kubernetes takes all of this; what comes of it is for the person to know.
  for (const { message } of clusterConflicts(settled)) io.err(`warning: ${visibleLines(message)}\n`)
  return {
    harvest,
    cluster,
    settled,
    namespace,
    now: cluster.clock(),
    list: (kind, within) => cluster.store.list(kind.kind, within === undefined ? {} : { namespace: within }),
  }
}

/** @throws {UsageError} */
export function buildOptionsOf(given: Given): BuildOptions {
  return {
    nodeCount: given.integer('nodes', 1, MOST_NODES) ?? DEFAULT_NODES,
    seed: given.integer('seed', 0, 0xffff_ffff) ?? 0,
    flags: wishesOf(given),
  }
}

function wishesOf(given: Given): Wishes {
  const podCidrs = given.text('pod-cidr')
  const serviceCidrs = given.text('service-cidr')
  const overlay = given.choice('overlay', OVERLAYS)
  const mtu = given.integer('mtu', 68, 65536)
  return {
    ...(podCidrs === undefined ? {} : { podCidrs }),
    ...(serviceCidrs === undefined ? {} : { serviceCidrs }),
    ...(overlay ? { overlay } : {}),
    ...(mtu === undefined ? {} : { mtu }),
  }
}

/**
 * Admits what was harvested.
 *
 * @throws {RefusedInput} when the settings contradict each other
 */
export function build(harvest: Harvest, { flags, ...options }: BuildOptions): Built {
  const { manifests, settings } = harvest
  const sources = new Map(manifests.map(manifest => [manifest.object, manifest]))
  const wishes = { ...wishesFrom(settings.map(setting => setting.configuration)), ...flags }
  try {
    const { cluster, refusals } = assemble({ objects: manifests.map(one => one.object), wishes, ...options })
    const findings = refusals.map(({ object, refused: { field, message } }): ManifestFinding => {
      const path = field ? pathOf(field) : []
      const { file = '', locate } = sources.get(object)?.source ?? {}
      const place = locate?.(path) ?? { line: 1, column: 1 }
      const text = field ? formatField(field) : ''
      return { file, ...place, object: subjectOf(object), field: text, message, status: 422 }
    })
    return { cluster, findings }
  } catch (cause) {
    if (cause instanceof AllocationError) throw new RefusedInput([`pod CIDRs of the nodes: ${cause.message}`])
    throw located(cause, harvest)
  }
}

/** Warnings, and with `all` of them everything else too; without, many of one reason are told by the first. */
function eventLines(events: readonly ClusterEvent[], all: boolean): readonly string[] {
  const groups = new Map<string, ClusterEvent[]>()
  for (const event of events) {
    if (event.type !== 'Warning' && !all) continue
    const group = all ? `${event.kind} ${event.key} ${event.reason}` : `${event.kind} ${event.reason}`
    groups.set(group, [...(groups.get(group) ?? []), event])
  }
  return [...groups.values()].flatMap(([first, ...others]) => {
    if (!first) return []
    const { type, kind, key, reason, message } = first
    const more = others.length > 0 ? ` (and ${others.length} more; -v tells all)` : ''
    return [`${type.toLowerCase()}: ${kind} ${key}: ${reason}: ${message}${more}`]
  })
}

/** Runs `work`; what it finds wrong with a configuration is refused with its place. */
export async function locating<T>(harvest: Harvest, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw located(cause, harvest)
  }
}

function located(cause: unknown, harvest: Harvest): unknown {
  return cause instanceof InputError ? new RefusedInput([placed(cause, harvest)]) : cause
}

/** The message, behind the place of the configuration or the node that it is about. */
function placed({ place, message }: InputError, { settings, manifests }: Harvest): string {
  const [what = '', where = ''] = place.split(' ')
  const of = CONFIGURED[what]
  const steps = where.split(/[.[\]]+/).filter(step => step !== '')
  const path = steps.map(step => (/^\d+$/.test(step) ? Number(step) : step))
  const setting = settings.findLast(({ configuration }) => configuration.of === of)
  const node = manifests.find(({ object }) => what === 'Node' && object.kind === what && object.metadata.name === where)
  const source = setting?.source ?? node?.source
  if (!source) return message
  const { line, column } = source.locate(setting ? path : ['spec'])
  return `${source.file}:${line}:${column}: ${message}`
}

/** By the first word of a place: whose configuration it is in. */
const CONFIGURED: Readonly<Record<string, Configuration['of']>> = {
  ClusterConfiguration: 'kubeadm',
  KubeProxyConfiguration: 'kube-proxy',
  'net-conf.json': 'flannel',
}

/** What is said of many objects is said of the first, with the number of the others. */
function onceEach(warnings: readonly ManifestFinding[]): readonly string[] {
  const groups = new Map<string, { readonly first: ManifestFinding; others: number }>()
  for (const warning of warnings) {
    const group = groups.get(warning.message)
    if (group) group.others++
    else groups.set(warning.message, { first: warning, others: 0 })
  }
  return [...groups.values()].map(
    ({ first, others }) => `${formatManifestFinding(first)}${others > 0 ? ` (and ${others} more)` : ''}`,
  )
}

function subjectOf(object: KubeObject): string {
  return `${object.kind} ${keyOf(object.metadata)}`
}
