/**
 * Clusters drawn at random, as manifests: what anybody can write to a file and read again.
 *
 * The seed alone decides. Each part has a stream of its own, so that another kind of Service changes
 * no pod.
 *
 * @module
 */
import { stringify } from 'yaml'
import { seededRandom } from '../base/random.ts'
import { assemble } from '../cluster/assemble.ts'
import { type Cluster, settledCluster } from '../cluster/cluster.ts'
import type { SettledCluster } from '../cluster/host-state.ts'
import { type Wishes, wishesFrom } from '../cluster/settings.ts'
import { settle } from '../cluster/settle.ts'
import { formatManifestFinding, scanManifests } from '../objects/manifest.ts'
import type { Plain } from '../objects/plain.ts'
import { drawGround } from './random-ground.ts'
import { drawPods, podObject } from './random-pods.ts'
import { drawServices } from './random-services.ts'

export interface RandomCluster {
  readonly seed: number
  /** Objects and components' configuration. */
  readonly documents: readonly Plain[]
  /** What no file can say. */
  readonly wishes: Pick<Wishes, 'overlay' | 'mtu'>
}

export function randomCluster(seed: number): RandomCluster {
  const ground = drawGround(seededRandom(seed, 'ground'))
  const pods = drawPods(seededRandom(seed, 'pods'), ground)
  const random = seededRandom(seed, 'containers')
  return {
    seed,
    documents: [
      ...ground.documents,
      ...pods.map(pod => podObject(random, pod, ground.families)),
      ...drawServices(seededRandom(seed, 'services'), ground, pods),
    ],
    wishes: ground.wishes,
  }
}

/** One file that `podwire … -f` reads. */
export function toYaml({ documents }: Pick<RandomCluster, 'documents'>): string {
  return documents.map(document => stringify(document, { lineWidth: 0, aliasDuplicateObjects: false })).join('---\n')
}

/** The options that go with the file: `--overlay none --mtu 1400`. */
export function flagsOf({ wishes: { overlay, mtu } }: RandomCluster): readonly string[] {
  return [
    ...(overlay === undefined ? [] : ['--overlay', overlay]),
    ...(mtu === undefined ? [] : ['--mtu', String(mtu)]),
  ]
}

/** The cluster as `podwire` makes it of the file and the flags, at rest. */
export function settleRandom(cluster: RandomCluster): SettledCluster {
  return settledCluster(bringUp(cluster))
}

/**
 * The same cluster, for changes to it.
 *
 * @throws {RangeError} when the cluster would refuse anything: a draw is to be sound
 */
export function bringUp(cluster: RandomCluster): Cluster {
  const name = `cluster-${cluster.seed}.yaml`
  const { manifests, settings, strangers, findings } = scanManifests(name, toYaml(cluster), { namespace: 'default' })
  const wishes = { ...wishesFrom(settings.map(({ configuration }) => configuration)), ...cluster.wishes }
  const objects = manifests.map(({ object }) => object)
  const assembly = assemble({ objects, wishes, nodeCount: 0, seed: 0 })
  const problems = [
    ...findings.map(formatManifestFinding),
    ...strangers.map(({ source }) => `${source.file}: no object`),
    ...assembly.refusals.map(({ refused }) => refused.message),
  ]
  if (problems.length > 0) throw new RangeError(`${name}: ${problems.join('; ')}`)
  settle(assembly.cluster)
  return assembly.cluster
}
