/**
 * What one service port adds to the sets and maps that all services share.
 *
 * @see pkg/proxy/nftables/proxier.go of Kubernetes: syncProxyRules
 * @module
 */
import type { Ip } from '../../base/ip.ts'
import type { NftElement, NftValue, NftVerdict } from '../../netfilter/nftables/expression.ts'
import type { Endpoint } from '../endpoint.ts'
import {
  CLUSTER_IPS,
  FIREWALL_IPS,
  HAIRPIN_CONNECTIONS,
  NO_ENDPOINT_NODE_PORTS,
  NO_ENDPOINT_SERVICES,
  REJECT_CHAIN,
  SERVICE_IPS,
  SERVICE_NODE_PORTS,
} from './names.ts'
import type { Making } from './own-chains.ts'
import type { SharedSet } from './shared-sets.ts'
import { protocolValue } from './statements.ts'

/** An element, and where it belongs. */
export interface Claim {
  readonly set: SharedSet
  readonly element: NftElement
}

/** @param reachable endpoints that some traffic of the port may reach */
export function claimsOf(making: Making, reachable: readonly Endpoint[]): readonly Claim[] {
  const { port, layout } = making
  const hairpins = layout.inPlace ? reachable.filter(({ local }) => local) : []
  return [
    { set: CLUSTER_IPS, element: { key: { kind: 'ip', ip: port.clusterIp } } },
    clusterIpClaim(making),
    ...[...port.externalIps, ...port.vips].flatMap(ip => externalClaims(destination(ip, making), ADDRESSES, making)),
    ...firewallClaims(making),
    ...nodePortClaims(making),
    ...hairpins.map((endpoint): Claim => ({ set: HAIRPIN_CONNECTIONS, element: hairpin(endpoint, making) })),
  ]
}

function clusterIpClaim(making: Making): Claim {
  const { port, verdict, names } = making
  const key = destination(port.clusterIp, making)
  if (!verdict.internally) return { set: NO_ENDPOINT_SERVICES, element: refusal(key, making) }
  return { set: SERVICE_IPS, element: { key, data: goto(port.internalLocal ? names.local : names.service) } }
}

/** Where a destination leads, and where it is refused. */
interface Pair {
  readonly leads: SharedSet
  readonly refuses: SharedSet
}

const ADDRESSES: Pair = { leads: SERVICE_IPS, refuses: NO_ENDPOINT_SERVICES }
const NODE_PORTS: Pair = { leads: SERVICE_NODE_PORTS, refuses: NO_ENDPOINT_NODE_PORTS }

/** Both at once, where there are endpoints, but none of this node: its own packets and its pods' go to the others. */
function externalClaims(key: NftValue, { leads, refuses }: Pair, making: Making): readonly Claim[] {
  const { verdict, names } = making
  return [
    ...(verdict.externalChain ? [{ set: leads, element: { key, data: goto(names.external) } }] : []),
    ...(verdict.externally ? [] : [{ set: refuses, element: refusal(key, making) }]),
  ]
}

function firewallClaims(making: Making): readonly Claim[] {
  const { port, verdict, names } = making
  if (!verdict.firewallChain) return []
  const data = goto(names.firewall)
  return port.vips.map(ip => ({ set: FIREWALL_IPS, element: { key: destination(ip, making), data } }))
}

function nodePortClaims(making: Making): readonly Claim[] {
  const { nodePort, protocol } = making.port
  if (nodePort === undefined) return []
  return externalClaims(concat(protocolValue(protocol), { kind: 'port', port: nodePort }), NODE_PORTS, making)
}

function goto(chain: string): NftVerdict {
  return { do: 'goto', chain }
}

function destination(ip: Ip, { port }: Making): NftValue {
  return concat({ kind: 'ip', ip }, protocolValue(port.protocol), { kind: 'port', port: port.port })
}

/** From an endpoint of this node to itself. */
function hairpin({ ip, port: number }: Endpoint, { port }: Making): NftElement {
  const own: NftValue = { kind: 'ip', ip }
  return { key: concat(own, own, protocolValue(port.protocol), { kind: 'port', port: number }) }
}

/** Reject where no endpoint exists, so that the client learns of it; drop where others have some. */
function refusal(key: NftValue, { port, verdict }: Making): NftElement {
  const data: NftVerdict = verdict.anywhere ? { do: 'drop' } : { do: 'goto', chain: REJECT_CHAIN }
  return { key, data, comment: port.name.slice(0, LONGEST_COMMENT) }
}

/** What the kernel keeps of a comment; a release older than 1.37 fails at longer ones. */
const LONGEST_COMMENT = 128

function concat(...parts: readonly NftValue[]): NftValue {
  return { kind: 'concat', parts }
}
