/**
 * Names of Services, as a pod's search list leads to them.
 *
 * @module
 */
import { findIp, type Ip } from '../base/ip.ts'
import type { SettledCluster } from '../cluster/host-state.ts'
import type { EndpointSlice } from '../objects/endpoint-slice.ts'
import type { Service } from '../objects/service.ts'
import { slicesOf } from './service-slices.ts'

const DOMAIN = 'cluster.local'

export interface FoundName {
  /** The whole name: `web.shop.svc.cluster.local`. */
  readonly name: string
  readonly service: Service
  /** Of a name for one endpoint alone: its address. */
  readonly ip?: Ip
}

/**
 * The Service, or the endpoint of a headless one, that `name` leads to from a pod of `namespace`.
 *
 * @see resolv.conf(5), search; the specification of DNS-based service discovery of Kubernetes
 */
export function findName(name: string, namespace: string, cluster: SettledCluster): FoundName | undefined {
  const bare = name.replace(/\.$/, '').toLowerCase()
  const search = name.endsWith('.') ? [''] : [`.${namespace}.svc.${DOMAIN}`, `.svc.${DOMAIN}`, `.${DOMAIN}`, '']
  for (const suffix of search) {
    const found = ofWholeName(`${bare}${suffix}`, cluster)
    if (found) return found
  }
  return undefined
}

/** Whether the name needs no search list: it ends in the cluster's domain. */
export function isWholeName(name: string): boolean {
  return name.replace(/\.$/, '').toLowerCase().endsWith(`.${DOMAIN}`)
}

function ofWholeName(name: string, { services, slices }: SettledCluster): FoundName | undefined {
  if (!name.endsWith(`.svc.${DOMAIN}`)) return undefined
  const labels = name.slice(0, -`.svc.${DOMAIN}`.length).split('.')
  const [service, namespace] = labels.slice(-2)
  const found = services.find(one => one.metadata.name === service && one.metadata.namespace === namespace)
  if (!found || labels.length > 3) return undefined
  if (labels.length === 2) return { name, service: found }
  const ip = hostAddress(labels[0] ?? '', found, slices)
  return ip === undefined ? undefined : { name, service: found, ip }
}

/** The address of the endpoint with that host name, such as a StatefulSet's pod. */
function hostAddress(hostname: string, service: Service, slices: readonly EndpointSlice[]): Ip | undefined {
  for (const slice of slicesOf(service, slices)) {
    const endpoint = slice.endpoints?.find(one => one.hostname === hostname)
    const ip = findIp(endpoint?.addresses[0] ?? '')
    if (ip !== undefined) return ip
  }
  return undefined
}
