/**
 * How the cluster is set up: address ranges, proxy, overlay.
 *
 * Everything is read from what clusters already have, kubeadm's, kube-proxy's and flannel's own
 * configuration; flags come first, defaults last.
 *
 * @module
 */
import { InputError, within } from '../base/error.ts'
import { contains, FAMILIES, type Family, formatPrefix, type Prefix, parsePrefix, prefixOf } from '../base/ip.ts'
import { nodeMaskSizes } from '../objects/cluster-configuration.ts'
import type { Configuration } from '../objects/configuration.ts'
import type { KubeProxyConfiguration } from '../objects/kube-proxy-configuration.ts'
import { type Node, podPrefixesOf } from '../objects/node.ts'
import { DEFAULT_BACKEND, type FlannelNetwork, type PerFamily, readFlannelNetwork } from '../overlay/network.ts'

/** What flags and configuration files say; all of it may be absent. */
export interface Wishes {
  readonly podCidrs?: string
  readonly serviceCidrs?: string
  /** `none`: pods of different nodes reach each other by the nodes' own routes, or not at all. */
  readonly overlay?: 'vxlan' | 'host-gw' | 'none'
  /** Bytes that the uplink of every node carries. */
  readonly mtu?: number
  /** kubeadm's `networking` and controller-manager arguments. */
  readonly kubeadm?: {
    readonly podSubnet?: string
    readonly serviceSubnet?: string
    readonly nodeMaskBits?: PerFamily<number>
  }
  readonly proxy?: KubeProxyConfiguration
  /** flannel's `net-conf.json`, parsed. */
  readonly netConf?: unknown
}

export interface Settings {
  /** One prefix a family, in the order in which nodes get them. */
  readonly podCidrs: readonly Prefix[]
  /** Bits of the prefix that one node gets. */
  readonly nodeMaskBits: Readonly<Record<Family, number>>
  readonly serviceCidrs: readonly Prefix[]
  /** Whether somebody said the service CIDRs; then an address outside is an error. */
  readonly serviceCidrsGiven: boolean
  readonly proxy: KubeProxyConfiguration
  readonly overlay?: FlannelNetwork
  /** Bytes. */
  readonly uplinkMtu: number
}

const DEFAULT_PODS = '10.244.0.0/16'
const DEFAULT_SERVICES: Readonly<Record<Family, string>> = { 4: '10.96.0.0/12', 6: 'fd00:10:96::/112' }
/** @see Kubernetes cmd/kube-controller-manager: node-cidr-mask-size-ipv4, -ipv6 */
const DEFAULT_NODE_MASK: Readonly<Record<Family, number>> = { 4: 24, 6: 64 }
/** How wide a cluster is taken to be of which only the nodes' parts are known. */
const USUAL_CLUSTER: Readonly<Record<Family, number>> = { 4: 16, 6: 56 }
const DEFAULT_MTU = 1500

/** What the components' own configuration says; of two of one kind, the later. */
export function wishesFrom(configurations: readonly Configuration[]): Wishes {
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

/**
 * @param nodes of the input: where nobody says the pod CIDRs, theirs tell
 * @throws {InputError} for a range that cannot be read, or two of one family
 */
export function settingsOf(wishes: Wishes, nodes: readonly Node[]): Settings {
  const { kubeadm } = wishes
  checkMode(wishes.proxy?.mode)
  const netConf = wishes.netConf === undefined ? undefined : readFlannelNetwork(wishes.netConf)
  const podCidrs = podCidrsOf(wishes, netConf, nodes)
  const families = podCidrs.map(prefix => prefix.family)
  const services = wishes.serviceCidrs ?? kubeadm?.serviceSubnet
  const serviceCidrs =
    services === undefined
      ? families.map(family => parsePrefix(DEFAULT_SERVICES[family]))
      : readRanges(
          wishes.serviceCidrs === undefined ? 'ClusterConfiguration networking.serviceSubnet' : '--service-cidr',
          services,
        )
  const overlay = netConf ?? overlayOf(wishes.overlay ?? 'vxlan', podCidrs)
  return {
    podCidrs,
    nodeMaskBits: { ...DEFAULT_NODE_MASK, ...kubeadm?.nodeMaskBits },
    serviceCidrs,
    serviceCidrsGiven: services !== undefined,
    proxy: wishes.proxy ?? defaultProxy(podCidrs),
    ...(overlay ? { overlay } : {}),
    uplinkMtu: wishes.mtu ?? DEFAULT_MTU,
  }
}

/** @see pkg/proxy/apis/config/validation/validation.go of Kubernetes: validateProxyMode */
const MODES: readonly string[] = ['', 'iptables', 'ipvs', 'nftables']

function checkMode(mode: string | undefined): void {
  if (mode === undefined || MODES.includes(mode)) return
  const problem = `must be iptables, ipvs, nftables or blank (blank means the best-available proxy, currently iptables)`
  throw new InputError(
    'KubeProxyConfiguration mode',
    new RangeError(`Invalid value: ${JSON.stringify(mode)}: ${problem}`),
  )
}

function podCidrsOf(wishes: Wishes, netConf: FlannelNetwork | undefined, nodes: readonly Node[]): readonly Prefix[] {
  if (wishes.podCidrs !== undefined) return readRanges('--pod-cidr', wishes.podCidrs)
  const { kubeadm, proxy } = wishes
  if (kubeadm?.podSubnet) return readRanges('ClusterConfiguration networking.podSubnet', kubeadm.podSubnet)
  if (netConf) return FAMILIES.flatMap(family => netConf.pods[family] ?? [])
  const told = proxy?.clusterCIDR ? readRanges('KubeProxyConfiguration clusterCIDR', proxy.clusterCIDR) : []
  const guessed = guessFromNodes(nodes).filter(guess => !told.some(prefix => prefix.family === guess.family))
  const known = [...told, ...guessed]
  return known.length > 0 ? known : readRanges('default', DEFAULT_PODS)
}

/** For each family, the network of usual width (or wider) that holds the pod CIDRs of all nodes. */
function guessFromNodes(nodes: readonly Node[]): readonly Prefix[] {
  const all = nodes.flatMap(podPrefixesOf)
  return FAMILIES.flatMap(family => {
    const own = all.filter(prefix => prefix.family === family)
    const [first] = own
    if (first === undefined) return []
    let network = prefixOf(first.base, Math.min(USUAL_CLUSTER[family], first.bits))
    for (const { base, bits } of own) {
      while (bits < network.bits || !contains(network, base)) network = prefixOf(network.base, network.bits - 1)
    }
    return [network]
  })
}

/** Reads one or two ranges, joined by a comma. */
function readRanges(place: string, text: string): readonly Prefix[] {
  const ranges = text.split(',').map(part => within(place, () => parsePrefix(part.trim())))
  const [first, second] = ranges
  if (ranges.length > 2 || (first && second && first.family === second.family)) {
    throw new InputError(place, new RangeError(`${JSON.stringify(text)} is not one range, or one of each family`))
  }
  return ranges
}

/** As kubeadm writes it. */
function defaultProxy(podCidrs: readonly Prefix[]): KubeProxyConfiguration {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clusterCIDR: podCidrs.map(formatPrefix).join(','),
  }
}

function overlayOf(kind: 'vxlan' | 'host-gw' | 'none', podCidrs: readonly Prefix[]): FlannelNetwork | undefined {
  if (kind === 'none') return undefined
  return {
    pods: Object.fromEntries(podCidrs.map(prefix => [prefix.family, prefix])),
    backend: kind === 'vxlan' ? DEFAULT_BACKEND : { kind: 'host-gw' },
    nftables: false,
  }
}
