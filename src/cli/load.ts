/**
 * From the command line to a settled cluster.
 *
 * @module
 */
import { InputError } from '../base/error.ts'
import { assemble } from '../cluster/assemble.ts'
import { type Cluster, settledCluster } from '../cluster/cluster.ts'
import { clusterConflicts } from '../cluster/conflicts.ts'
import type { SettledCluster } from '../cluster/host-state.ts'
import type { Wishes } from '../cluster/settings.ts'
import { settle } from '../cluster/settle.ts'
import { AllocationError } from '../ipam/error.ts'
import { nodeMaskSizes } from '../objects/cluster-configuration.ts'
import type { Configuration } from '../objects/configuration.ts'
import { formatField, pathOf } from '../objects/field.ts'
import type { Kind } from '../objects/kind.ts'
import { formatManifestFinding, type Manifest } from '../objects/manifest.ts'
import { type KubeObject, keyOf } from '../objects/meta.ts'
import type { Given } from './command.ts'
import { RefusedInput, UsageError } from './exit.ts'
import { harvestFiles } from './harvest.ts'
import { readInput } from './input.ts'
import type { Io } from './io.ts'
import { showProgress } from './progress.ts'

export interface LoadedCluster {
  readonly settled: SettledCluster
  /** The namespace of commands that name none. */
  readonly namespace: string
  /** The moment that ages count from. */
  readonly now: number
  readonly list: (kind: Kind, namespace?: string) => readonly KubeObject[]
}

const OVERLAYS = ['vxlan', 'host-gw', 'none'] as const
const MOST_NODES = 10_000
const DEFAULT_NODES = 3

/** @throws {RefusedInput} with every finding about the files, when there is one */
export async function loadCluster(given: Given, io: Io): Promise<LoadedCluster> {
  if (given.texts('filename').length === 0) throw new UsageError('give the manifests: -f FILE, -f FOLDER or -f -')
  const namespace = given.text('namespace') ?? 'default'
  const options = {
    nodeCount: given.integer('nodes', 1, MOST_NODES) ?? DEFAULT_NODES,
    seed: given.integer('seed', 0, 0xffff_ffff) ?? 0,
  }
  const flags = wishesOf(given)
  const harvest = harvestFiles(await readInput(given.texts('filename'), io), namespace)
  if (harvest.findings.length > 0) throw new RefusedInput(harvest.findings)
  for (const note of harvest.notes) io.err(`note: ${note}\n`)
  const wishes = { ...wishesFrom(harvest.configurations), ...flags }
  const cluster = build(harvest.manifests, wishes, options)
  const progress = showProgress(io, Date.now)
  settle(cluster, (done, waiting) => progress.at('settling', done, done + waiting))
  progress.end()
  for (const { type, kind, key, reason, message } of cluster.events.values()) {
    if (type === 'Warning' || given.is('verbose'))
      io.err(`${type.toLowerCase()}: ${kind} ${key}: ${reason}: ${message}\n`)
  }
  const settled = settledCluster(cluster)
  for (const { severity, message } of clusterConflicts(settled)) io.err(`${severity}: ${message}\n`)
  return {
    settled,
    namespace,
    now: cluster.clock(),
    list: (kind, within) => cluster.store.list(kind.kind, within === undefined ? {} : { namespace: within }),
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

function build(
  manifests: readonly Manifest[],
  wishes: Wishes,
  options: { readonly nodeCount: number; readonly seed: number },
): Cluster {
  const sources = new Map(manifests.map(manifest => [manifest.object, manifest]))
  try {
    const { cluster, refusals } = assemble({ objects: manifests.map(one => one.object), wishes, ...options })
    if (refusals.length > 0) {
      throw new RefusedInput(
        refusals.map(({ object, refused: { field, message } }) => {
          const path = field ? pathOf(field) : []
          const { file = '', locate } = sources.get(object)?.source ?? {}
          const place = locate?.(path) ?? { line: 1, column: 1 }
          const text = field ? formatField(field) : ''
          return formatManifestFinding({ file, ...place, object: subjectOf(object), field: text, message, status: 422 })
        }),
      )
    }
    return cluster
  } catch (cause) {
    if (cause instanceof InputError || cause instanceof AllocationError) throw new RefusedInput([cause.message])
    throw cause
  }
}

function subjectOf(object: KubeObject): string {
  return `${object.kind} ${keyOf(object.metadata)}`
}

/** What the components' own configuration says; of two of one kind, the later. */
function wishesFrom(configurations: readonly Configuration[]): Wishes {
  let wishes: Wishes = {}
  for (const configuration of configurations) {
    if (configuration.of === 'flannel') wishes = { ...wishes, netConf: configuration.value }
    if (configuration.of === 'kube-proxy') wishes = { ...wishes, proxy: configuration.value }
    if (configuration.of === 'kubeadm') {
      const { podSubnet, serviceSubnet } = configuration.value.networking ?? {}
      wishes = {
        ...wishes,
        kubeadm: {
          ...(podSubnet ? { podSubnet } : {}),
          ...(serviceSubnet ? { serviceSubnet } : {}),
          nodeMaskBits: nodeMaskSizes(configuration.value),
        },
      }
    }
  }
  return wishes
}
