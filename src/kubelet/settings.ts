/**
 * What the kubelets of a cluster were told about names: from their own configuration, kubeadm's, or the objects.
 *
 * @module
 */
import { addIp, findIp, formatIp, type Ip, type Prefix } from '../base/ip.ts'
import type { Configuration } from '../objects/configuration.ts'
import type { Service } from '../objects/service.ts'
import type { ResolvConf } from './resolv-conf.ts'

/** What decides about names on every node. */
export interface KubeletSettings {
  readonly clusterDns: readonly Ip[]
  readonly clusterDomain: string
  /** Whether kubelet was told to use no resolv.conf of its node (`resolvConf: ""`). */
  readonly ignoresNode: boolean
  /** Where `clusterDns` is from. */
  readonly dnsFrom: 'configuration' | 'service' | 'usual'
  /** Values of the configuration that kubelet passes over, in words. */
  readonly remarks: readonly string[]
}

const DEFAULT_DOMAIN = 'cluster.local'

/** Of the Service CIDR, the address that kubeadm gives the DNS Service. @see GetDNSIP in cmd/kubeadm of Kubernetes */
const DNS_INDEX = 10

/**
 * @param services of the cluster, for the address of its DNS
 * @param serviceCidrs one a family, the primary one first
 */
export function kubeletSettings(
  configurations: readonly Configuration[],
  services: readonly Service[],
  serviceCidrs: readonly Prefix[],
): KubeletSettings {
  const kubelet = configurations.findLast(one => one.of === 'kubelet')?.value
  const kubeadm = configurations.findLast(one => one.of === 'kubeadm')?.value
  const clusterDomain = kubelet?.clusterDomain ?? (kubeadm?.networking?.dnsDomain || DEFAULT_DOMAIN)
  const common = { clusterDomain, ignoresNode: kubelet?.['resolvConf'] === '' }
  const told = kubelet?.clusterDNS
  if (told) {
    const remarks = told
      .filter(text => findIp(text) === undefined)
      .map(text => `KubeletConfiguration clusterDNS: ${JSON.stringify(text)} is no address; kubelet passes it over`)
    return { ...common, clusterDns: told.flatMap(text => findIp(text) ?? []), dnsFrom: 'configuration', remarks }
  }
  const found = findIp(dnsService(services)?.spec.clusterIP ?? '')
  if (found !== undefined) return { ...common, clusterDns: [found], dnsFrom: 'service', remarks: [] }
  const [primary] = serviceCidrs
  const usual = primary ? [addIp(primary.base, DNS_INDEX)] : []
  return { ...common, clusterDns: usual, dnsFrom: 'usual', remarks: [] }
}

/** The Service of the cluster's DNS: by its usual name, or by its usual label where the name is another. */
export function dnsService(services: readonly Service[]): Service | undefined {
  const there = services.filter(({ metadata }) => metadata.namespace === 'kube-system')
  return (
    there.find(({ metadata }) => metadata.name === 'kube-dns') ??
    there.find(({ metadata, spec }) => metadata.labels?.['k8s-app'] === 'kube-dns' && findIp(spec.clusterIP ?? ''))
  )
}

/**
 * A node's resolv.conf, where nobody gives one: it asks the routers of its network, as hosts do that are told by DHCP.
 */
export function usualNodeConf(routers: readonly Ip[]): ResolvConf {
  return { nameservers: routers.map(formatIp), searches: [], options: [] }
}

/** A node's `/etc/hosts`, for nodes of which nobody gives one. */
export function usualNodeHosts(name: string, addresses: readonly Ip[]): string {
  const own = addresses.map(address => `${formatIp(address)}\t${name}\n`).join('')
  return `127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n${own}`
}
