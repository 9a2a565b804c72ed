/**
 * `cni/10-podwire.conflist`: what a container runtime hands to the CNI plugins for each pod.
 *
 * @module
 */
import { type Family, formatIp, formatPrefix, type Prefix } from '../base/ip.ts'
import { BRIDGE, gatewayOf } from './gateway.ts'

/** The network's name, of which host-local and portmap make file and chain names. */
export const NETWORK = 'podwire'

export interface ConflistOptions {
  readonly podPrefixes: readonly Prefix[]
  readonly clusterPrefixes: readonly Prefix[]
  /** Bytes. */
  readonly mtu: number
  readonly hairpin?: boolean
}

const DEFAULT_ROUTE: Readonly<Record<Family, string>> = { 4: '0.0.0.0/0', 6: '::/0' }

/**
 * The text for one node: the bridge plugin with addresses by host-local out of each PodCIDR, then
 * portmap for host ports. Masquerading is left to others.
 *
 * @see CNI specification 1.0.0; plugins/main/bridge and plugins/meta/portmap of containernetworking/plugins
 */
export function formatConflist({ podPrefixes, clusterPrefixes, mtu, hairpin = true }: ConflistOptions): string {
  const families = new Set(podPrefixes.map(({ family }) => family))
  const routes = [
    ...clusterPrefixes.filter(({ family }) => families.has(family)).map(formatPrefix),
    ...[...families].map(family => DEFAULT_ROUTE[family]),
  ]
  const bridge = {
    type: 'bridge',
    bridge: BRIDGE,
    isGateway: true,
    ipMasq: false,
    hairpinMode: hairpin,
    mtu,
    ipam: {
      type: 'host-local',
      ranges: podPrefixes.map(prefix => [{ subnet: formatPrefix(prefix), gateway: formatIp(gatewayOf(prefix)) }]),
      routes: routes.map(dst => ({ dst })),
    },
  }
  const portmap = { type: 'portmap', capabilities: { portMappings: true }, snat: true }
  return `${JSON.stringify({ cniVersion: '1.0.0', name: NETWORK, plugins: [bridge, portmap] }, undefined, 2)}\n`
}
