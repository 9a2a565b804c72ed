/**
 * The DNS zone of a cluster: set up as its Corefile says, or as kubeadm does.
 *
 * @module
 */
import type { Seconds } from '../base/clock.ts'
import { within } from '../base/error.ts'
import { type Name, parseName } from '../dns/name.ts'
import { type DnsOptions, isReverse, kubeadmOptions, type PodsMode, readCorefile } from '../dns/options.ts'
import { type DnsObjects, Zone } from '../dns/zone.ts'
import type { ZoneMakings } from '../dns/zone-change.ts'
import { dnsService, kubeletSettings } from '../kubelet/settings.ts'
import type { Configuration } from '../objects/configuration.ts'
import { SERVICE_NAME_LABEL } from '../objects/endpoint-slice.ts'
import type { Cluster } from './cluster.ts'

export type { ZoneMakings } from '../dns/zone-change.ts'

/** What somebody wants otherwise than the cluster's configuration says. */
export interface ZoneWishes {
  /** The cluster's domain, in the place of all zones of its own. */
  readonly domain?: Name
  readonly ttl?: Seconds
  readonly pods?: PodsMode
  /** Addresses, or `*` for anybody. */
  readonly transferTo?: readonly string[]
}

export interface ClusterZone {
  readonly zone: Zone
  /** What of the Corefile is not followed. */
  readonly notes: readonly string[]
}

/**
 * The zone of the cluster as it is now. It does not follow the cluster by itself.
 *
 * @throws {InputError} when the Corefile is malformed, or the domain is no name
 */
export function clusterZone(
  cluster: Cluster,
  configurations: readonly Configuration[],
  wishes: ZoneWishes = {},
): ClusterZone {
  const { makings, notes } = zoneMakings(cluster, configurations, wishes)
  return { zone: new Zone(makings.objects, makings.options, makings.serial), notes }
}

/** What {@link clusterZone} makes its zone of. @throws {InputError} as that does */
export function zoneMakings(
  cluster: Cluster,
  configurations: readonly Configuration[],
  wishes: ZoneWishes = {},
): { readonly makings: ZoneMakings; readonly notes: readonly string[] } {
  const { options, notes } = zoneOptions(cluster, configurations, wishes)
  return { makings: { objects: dnsObjects(cluster), options, serial: serialOf(cluster) }, notes }
}

/** The objects that names come from. */
export function dnsObjects({ store }: Cluster): DnsObjects {
  return {
    namespaces: store.list('Namespace'),
    services: store.list('Service'),
    slices: store.list('EndpointSlice'),
    pods: store.list('Pod'),
  }
}

/** The Unix second, 32 bits. */
export function serialOf({ clock }: Cluster): number {
  return Math.floor(clock() / 1000) >>> 0
}

function zoneOptions(
  cluster: Cluster,
  configurations: readonly Configuration[],
  { domain, ...wishes }: ZoneWishes,
): { readonly options: DnsOptions; readonly notes: readonly string[] } {
  const { options, notes } = configuredOptions(cluster, configurations)
  const zones = domain ? [domain, ...options.zones.filter(isReverse)] : options.zones
  return { options: { ...options, ...wishes, zones, servers: serverAddresses(cluster) }, notes }
}

function configuredOptions(
  { store, settings }: Cluster,
  configurations: readonly Configuration[],
): { readonly options: DnsOptions; readonly notes: readonly string[] } {
  const corefile = configurations.findLast(one => one.of === 'coredns')
  if (corefile) return within('ConfigMap kube-system/coredns Corefile', () => readCorefile(corefile.value))
  const { clusterDomain } = kubeletSettings(configurations, store.list('Service'), settings.serviceCidrs)
  return { options: kubeadmOptions(within('clusterDomain', () => parseName(clusterDomain))), notes: [] }
}

/** The addresses of the Pods behind the DNS Service, which are the servers of a real cluster. */
function serverAddresses({ store }: Cluster): readonly string[] {
  const service = dnsService(store.list('Service'))
  if (!service) return []
  const { name, namespace = '' } = service.metadata
  return store
    .list('EndpointSlice', { namespace })
    .filter(slice => slice.metadata.labels?.[SERVICE_NAME_LABEL] === name)
    .flatMap(slice => slice.endpoints ?? [])
    .filter(endpoint => endpoint.conditions?.ready !== false)
    .flatMap(endpoint => endpoint.addresses)
}
