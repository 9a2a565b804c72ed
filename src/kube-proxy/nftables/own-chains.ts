/**
 * The chains that one service port has for itself.
 *
 *     external ──┬──> service ──┬──> endpoint (one each; since 1.36 only for clients that stay with theirs)
 *                └──> local ────┘
 *
 * @see pkg/proxy/nftables/proxier.go of Kubernetes: syncProxyRules
 * @module
 */
import { contains, hostPrefix, type Ip } from '../../base/ip.ts'
import type { NftExpression } from '../../netfilter/nftables/expression.ts'
import type { NftChain, NftRule, NftSet, NftStatement } from '../../netfilter/nftables/rule.ts'
import {
  changeMark,
  DROP,
  drawOf,
  end,
  from,
  verdict as go,
  IP,
  isIn,
  isOfNode,
  numbered,
  remember,
  to,
} from '../../netfilter/nftables/statements.ts'
import { ChainOnDemand } from '../chain-on-demand.ts'
import type { Endpoint } from '../endpoint.ts'
import { type ServicePort, usesClusterEndpoints, usesLocalEndpoints } from '../service-port.ts'
import type { Settings } from '../settings.ts'
import type { Categories } from '../topology.ts'
import type { Verdict } from '../verdict.ts'
import type { Layout } from './layout.ts'
import { type EndpointNames, endpointNames, MARK_FOR_MASQUERADE, type PortNames } from './names.ts'
import { addressIs, detection, isOfProtocol } from './statements.ts'

/** What all rules of one service port are made of. */
export interface Making {
  readonly port: ServicePort
  readonly verdict: Verdict
  readonly names: PortNames
  readonly settings: Settings
  readonly layout: Layout
}

/** An endpoint that has a chain, or is remembered in a set. */
interface Named {
  readonly endpoint: Endpoint
  readonly names: EndpointNames
}

export interface Own {
  readonly chains: readonly NftChain[]
  /** Clients that stay with an endpoint, one set each. */
  readonly sets: readonly NftSet[]
}

export function ownOf(making: Making, { cluster, local, reachable }: Categories): Own {
  const { port, verdict, names, layout, settings } = making
  const chains: NftChain[] = []
  const named = !layout.inPlace || port.affinity !== undefined ? namedOf(reachable, names) : undefined
  if (usesClusterEndpoints(port) && cluster.length > 0) {
    chains.push(new DispatchChain(names.service, cluster, named, !port.internalLocal, making))
  }
  if (usesLocalEndpoints(port) && local.length > 0) {
    chains.push(new DispatchChain(names.local, local, named, port.internalLocal, making))
  }
  if (verdict.externalChain) chains.push(new ExternalChain(names.external, making))
  if (verdict.firewallChain) chains.push(new SourceRangeChain(names.firewall, making))
  if (!named) return { chains, sets: [] }
  for (const one of named.values()) chains.push(new EndpointChain(one, making))
  const { affinity } = port
  const sets = affinity === undefined ? [] : [...named.values()].map(one => affinitySet(one, affinity, settings))
  return { chains, sets }
}

function namedOf(endpoints: readonly Endpoint[], names: PortNames): ReadonlyMap<Endpoint, Named> {
  return new Map(endpoints.map(endpoint => [endpoint, { endpoint, names: endpointNames(names, endpoint) }]))
}

/** The kernel's own limit, for sets that packets add to. */
const MOST_CLIENTS = 65_535

function affinitySet({ names }: Named, affinity: number, { family }: Settings): NftSet {
  return {
    name: names.affinity,
    type: [family === 4 ? 'ipv4_addr' : 'ipv6_addr'],
    size: MOST_CLIENTS,
    flags: ['dynamic', 'timeout'],
    timeout: affinity * 1000,
    elements: [],
  }
}

/** Asks for masquerading. */
function masqueradeLater({ layout, settings }: Making): NftStatement {
  return layout.inPlace ? changeMark('|', settings.mark) : go('jump', MARK_FOR_MASQUERADE)
}

/** Chooses an endpoint: the one that the client had, if it is to stay with it; else one by equal chance. */
class DispatchChain extends ChainOnDemand<NftRule> {
  readonly #into: readonly Endpoint[]
  readonly #named: ReadonlyMap<Endpoint, Named> | undefined
  readonly #forClusterIp: boolean
  readonly #making: Making

  /**
   * @param named the chains of endpoints, where they have some
   * @param forClusterIp whether traffic to the cluster IP comes here
   */
  constructor(
    name: string,
    into: readonly Endpoint[],
    named: ReadonlyMap<Endpoint, Named> | undefined,
    forClusterIp: boolean,
    making: Making,
  ) {
    super(name)
    this.#into = into
    this.#named = named
    this.#forClusterIp = forClusterIp
    this.#making = making
  }

  protected override make(): readonly NftRule[] {
    const { port, layout, settings } = this.#making
    const named = this.#named
    if (!named) return [{ statements: [isOfProtocol(port.protocol), this.#rewrite()] }]
    const names = this.#into.map(endpoint => (named.get(endpoint) as Named).names)
    const staying = port.affinity === undefined ? [] : names
    return [
      ...(this.#forClusterIp && !layout.inPlace ? clusterIpRules(this.#making) : []),
      ...staying.map(({ affinity, chain }) => ({
        statements: [isIn(settings.family, 'saddr', affinity), go('goto', chain)],
      })),
      { statements: [drawn(names)] },
    ]
  }

  #rewrite(): NftStatement {
    const { layout, settings } = this.#making
    const [first] = this.#into
    if (first && this.#into.length === 1 && layout.singlesWithoutMap) return rewriteTo(first)
    const elements = numbered(this.#into.map(({ ip, port }) => end(ip, port)))
    const address: NftExpression = {
      kind: 'map',
      key: drawOf(this.#into.length),
      in: { kind: 'anonymous', elements },
    }
    return { do: 'nat', nat: 'dnat', family: IP[settings.family], address }
  }
}

/** `numgen random mod 2 vmap { 0 : goto endpoint-…, 1 : goto endpoint-… }` */
function drawn(names: readonly EndpointNames[]): NftStatement {
  const elements = numbered(names.map(({ chain }) => ({ do: 'goto', chain })))
  return { do: 'vmap', key: drawOf(names.length), in: { kind: 'anonymous', elements } }
}

function rewriteTo({ ip, port }: Pick<Endpoint, 'ip' | 'port'>): NftStatement {
  const address: NftExpression = { kind: 'value', value: { kind: 'ip', ip } }
  return { do: 'nat', nat: 'dnat', address, port: { kind: 'value', value: { kind: 'port', port } } }
}

/** Until 1.35: traffic to the cluster IP that must come back through this node. */
function clusterIpRules(making: Making): readonly NftRule[] {
  const { port, verdict, settings } = making
  const { family, masqueradeAll, detector } = settings
  if (!verdict.internally) return []
  const toService = to(family, port.clusterIp)
  if (masqueradeAll) return [{ statements: [toService, masqueradeLater(making)] }]
  if (detector === undefined) return []
  return [{ statements: [toService, detection(detector.isNotLocal), masqueradeLater(making)] }]
}

/** Traffic from outside: masqueraded, or kept as it is if only endpoints of this node get it. */
class ExternalChain extends ChainOnDemand<NftRule> {
  readonly #making: Making

  constructor(name: string, making: Making) {
    super(name)
    this.#making = making
  }

  protected override make(): readonly NftRule[] {
    const { port, verdict, names, settings } = this.#making
    const onward = { statements: [go('goto', port.externalLocal ? names.local : names.service)] }
    return [...(port.externalLocal ? this.#local(settings) : this.#anywhere()), ...(verdict.externally ? [onward] : [])]
  }

  #anywhere(): readonly NftRule[] {
    const { layout } = this.#making
    const statements = [masqueradeLater(this.#making)]
    return [layout.inPlace ? { statements, comment: 'masquerade' } : { statements }]
  }

  /** What starts on this node is no outside traffic: it may go to any endpoint. */
  #local({ detector }: Settings): readonly NftRule[] {
    const toAny = go('goto', this.#making.names.service)
    const ofNode = isOfNode('saddr')
    const pods = detector && { statements: [detection(detector.isLocal), toAny], comment: 'short-circuit pod traffic' }
    return [
      ...(pods ? [pods] : []),
      { statements: [ofNode, masqueradeLater(this.#making)], comment: 'masquerade local traffic' },
      { statements: [ofNode, toAny], comment: 'short-circuit local traffic' },
    ]
  }
}

/** Who may use the load balancer. */
class SourceRangeChain extends ChainOnDemand<NftRule> {
  readonly #making: Making

  constructor(name: string, making: Making) {
    super(name)
    this.#making = making
  }

  protected override make(): readonly NftRule[] {
    const { port, settings } = this.#making
    const { nodeIp, family } = settings
    // The node reaches a load balancer's address from that very address, as it is bound to the node.
    const own: readonly Ip[] =
      nodeIp !== undefined && port.sourceRanges.some(range => contains(range, nodeIp)) ? port.vips : []
    const sources = [...port.sourceRanges, ...own.map(hostPrefix)]
    return [{ statements: [addressIs(family, 'saddr', '!=', sources), DROP] }]
  }
}

/** Sends a connection to one endpoint. */
class EndpointChain extends ChainOnDemand<NftRule> {
  readonly #ip: Ip
  readonly #port: number
  readonly #affinity: string
  readonly #making: Making

  constructor({ endpoint, names }: Named, making: Making) {
    super(names.chain)
    this.#ip = endpoint.ip
    this.#port = endpoint.port
    this.#affinity = names.affinity
    this.#making = making
  }

  protected override make(): readonly NftRule[] {
    const { port, layout, settings } = this.#making
    const { family } = settings
    // An endpoint that calls its own service would otherwise answer itself directly.
    const hairpin = { statements: [from(family, this.#ip), masqueradeLater(this.#making)] }
    const staying = { statements: [remember(family, this.#affinity)] }
    return [
      ...(layout.inPlace ? [] : [hairpin]),
      ...(port.affinity === undefined ? [] : [staying]),
      { statements: [isOfProtocol(port.protocol), rewriteTo({ ip: this.#ip, port: this.#port })] },
    ]
  }
}
