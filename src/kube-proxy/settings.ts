/**
 * What decides a proxy's rules besides Services and endpoints: its configuration and its machine,
 * settled for one family.
 *
 * @module
 */
import { InputError } from '../base/error.ts'
import { type Family, type Ip, isLoopback, type Prefix } from '../base/ip.ts'
import type { KubeProxyConfiguration } from '../objects/kube-proxy-configuration.ts'
import { type LocalDetector, localDetectorOf } from './detect-local.ts'
import { type Addresses, type NodePortAddresses, nodeIpOf, nodePortAddressesOf } from './node-port-addresses.ts'
import { isSince, NEWEST_RELEASE, type Release } from './release.ts'

/** What the machine's kernel and tools can do, and who else writes rules there. */
export interface HostFeatures {
  /** Named counters of nfnetlink_acct and their match exist. */
  readonly nfacct: boolean
  /** iptables is 1.6.2 or newer. */
  readonly randomFully: boolean
  /** The sysctl net.netfilter.nf_conntrack_tcp_be_liberal is not 0. */
  readonly tcpBeLiberal: boolean
  /** A kubelet has put its chains there, before the proxy started. */
  readonly kubeletChains: boolean
  /** The kernel has the match `-m ipvs` (xt_ipvs). Absent: it has. */
  readonly ipvsMatch?: boolean
}

export interface ProxyHost extends Addresses {
  readonly nodeName: string
  /** The node's label topology.kubernetes.io/zone. */
  readonly zone?: string
  /** The node's own pod networks, of either family. */
  readonly podPrefixes: readonly Prefix[]
  readonly features: HostFeatures
}

/** How a proxy has the kernel forward. */
export type ProxyMode = 'iptables' | 'ipvs' | 'nftables'

export interface ProxyOptions {
  readonly config: KubeProxyConfiguration
  readonly host: ProxyHost
  /** Default: the newest. */
  readonly release?: Release
  /** The gate AllowServiceExternalIPs, which exists since 1.36; default on. */
  readonly allowServiceExternalIps?: boolean
  /** What the cluster gives Services addresses of, where that is known: since 1.33 a proxy reads ServiceCIDRs. */
  readonly serviceCidrs?: readonly Prefix[]
}

export interface Settings {
  readonly family: Family
  readonly release: Release
  readonly nodeName: string
  readonly zone?: string
  /** Absent: the cluster knows no address of the node in this family. */
  readonly nodeIp?: Ip
  readonly allowExternalIps: boolean
  /** The bit of the packet mark that asks for masquerading, as a signed word. */
  readonly mark: number
  readonly masqueradeAll: boolean
  readonly detector?: LocalDetector
  readonly nodePortAddresses: NodePortAddresses
  /** Whether NodePorts answer on 127.0.0.1. Never so in IPv6. */
  readonly localhostNodePorts: boolean
  readonly nfacct: boolean
  readonly randomFully: boolean
  /** Whether packets outside of any known connection are dropped. */
  readonly dropsInvalid: boolean
  readonly kubeletChains: boolean
  /** Empty: they are not known. */
  readonly serviceCidrs: readonly Prefix[]
}

/** @see pkg/proxy/apis/config/v1alpha1/defaults.go of Kubernetes */
const DEFAULT_MASQUERADE_BIT = 14

/** @throws {InputError} when a field of the configuration cannot be used */
export function settingsOf(options: ProxyOptions, family: Family, mode: ProxyMode = 'iptables'): Settings {
  const { config, host, release = NEWEST_RELEASE, allowServiceExternalIps = true, serviceCidrs = [] } = options
  const { features } = host
  const masquerading = mode === 'nftables' ? config.nftables : config.iptables
  const nodeIp = nodeIpOf(host, family)
  const detector = localDetectorOf(config, host.podPrefixes, family)
  const nodePortAddresses = nodePortAddressesOf(nodePortWishes(config, mode, release), host, family, release)
  return {
    family,
    release,
    nodeName: host.nodeName,
    ...(host.zone !== undefined && { zone: host.zone }),
    ...(nodeIp !== undefined && { nodeIp }),
    allowExternalIps: !isSince(release, '1.36') || allowServiceExternalIps,
    mark: markOf(masquerading, mode),
    masqueradeAll: masquerading?.masqueradeAll ?? false,
    ...(detector !== undefined && { detector }),
    nodePortAddresses,
    localhostNodePorts: family === 4 && (config.iptables?.localhostNodePorts ?? true) && nodePortAddresses.loopback,
    nfacct: features.nfacct && isSince(release, '1.31'),
    randomFully: features.randomFully,
    dropsInvalid: !features.tcpBeLiberal,
    kubeletChains: features.kubeletChains,
    serviceCidrs,
  }
}

/** In nftables mode NodePorts are answered at the node's own address alone, unless it is said. @see cmd/kube-proxy/app/options.go */
function nodePortWishes(
  { nodePortAddresses }: KubeProxyConfiguration,
  mode: ProxyMode,
  release: Release,
): readonly string[] {
  const wishes = nodePortAddresses ?? []
  return wishes.length === 0 && mode === 'nftables' && isSince(release, '1.31') ? ['primary'] : wishes
}

/** @see pkg/proxy/apis/config/validation/validation.go of Kubernetes: validateKubeProxyIPTablesConfiguration */
function markOf(own: KubeProxyConfiguration['iptables'], mode: ProxyMode): number {
  const bit = own?.masqueradeBit ?? DEFAULT_MASQUERADE_BIT
  if (Number.isInteger(bit) && bit >= 0 && bit < 32) return 1 << bit
  throw new InputError(
    `KubeProxyConfiguration ${mode === 'nftables' ? mode : 'iptables'}.masqueradeBit`,
    new Error(`${bit} is not within [0, 31]`),
  )
}

/** Whether the node can answer for NodePorts at its own address `ip`. */
export function answersAt(ip: Ip, settings: Settings): boolean {
  return settings.localhostNodePorts || !isLoopback(ip)
}
