/**
 * Options of the commands about names, and the zone that they ask for.
 *
 * @module
 */
import { visible } from '../base/visible.ts'
import { type ClusterZone, clusterZone, type ZoneMakings, type ZoneWishes, zoneMakings } from '../cluster/dns-zone.ts'
import { findName, lowerName } from '../dns/name.ts'
import type { Command, Given } from './command.ts'
import { UsageError } from './exit.ts'
import type { Io } from './io.ts'
import { type LoadedCluster, loadCluster, locating } from './load.ts'

const MODES = ['disabled', 'insecure', 'verified'] as const
const MOST_TTL = 3600

export const ZONE_OPTIONS: Command['options'] = [
  { name: 'domain', value: 'NAME', help: "the cluster's domain, whatever its configuration says" },
  { name: 'ttl', value: 'SECONDS', help: 'how long answers may be kept, 0 to 3600, whatever the Corefile says' },
  { name: 'pods', value: 'MODE', help: `names of pods: ${MODES.join(', ')}; whatever the Corefile says` },
]

export interface LoadedZone {
  readonly loaded: LoadedCluster
  readonly makings: ZoneMakings
}

/**
 * The zone of the cluster that the files declare; what of its Corefile is not followed is told.
 *
 * @throws {UsageError}
 * @throws {RefusedInput} with every finding about the files, when there is one
 */
export async function loadZone(given: Given, io: Io): Promise<LoadedZone> {
  zoneWishes(given)
  const loaded = await loadCluster(given, io)
  return locating(loaded.harvest, async () => {
    const { cluster, harvest } = loaded
    const configurations = harvest.settings.map(setting => setting.configuration)
    const { makings, notes } = zoneMakings(cluster, configurations, zoneWishes(given))
    for (const note of notes) io.err(`note: Corefile ${visible(note)}\n`)
    return { loaded, makings }
  })
}

/** @throws {UsageError} */
export function zoneWishes(given: Given): ZoneWishes {
  const text = given.text('domain')
  const domain = text === undefined ? undefined : findName(text)
  if (text !== undefined && (domain === undefined || domain.length === 0)) {
    throw new UsageError(`--domain takes a domain name, not "${text}"`)
  }
  const ttl = given.integer('ttl', 0, MOST_TTL)
  const pods = given.choice('pods', MODES)
  return {
    ...(domain ? { domain: lowerName(domain) } : {}),
    ...(ttl === undefined ? {} : { ttl }),
    ...(pods ? { pods } : {}),
  }
}

/** @throws {InputError} when the Corefile is malformed */
export function zoneOf({ cluster, harvest }: LoadedCluster, given: Given): ClusterZone {
  const configurations = harvest.settings.map(setting => setting.configuration)
  return clusterZone(cluster, configurations, zoneWishes(given))
}
