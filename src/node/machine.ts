/**
 * A machine: one network namespace with its links, routes, rules and programs. A node is one, and
 * so is a pod, a router, or a client outside the cluster.
 *
 * @module
 */
import type { Family, Ip } from '../base/ip.ts'
import type { Mac } from '../base/mac.ts'
import type { Protocol } from '../base/protocol.ts'
import type { HostNetwork, LoopbackLink, Neighbour, VxlanLink } from '../host/host.ts'
import type { IpSet } from '../netfilter/ipset.ts'
import type { Rule, Ruleset } from '../netfilter/rule.ts'
import type { Circumstances } from '../netfilter/run/hook.ts'
import { createNetfilter, type Netfilter } from '../netfilter/run/netfilter.ts'
import { type Device, devicesOf } from './device.ts'
import { IpMap } from './ip-map.ts'
import { kernelRoutes } from './kernel-routes.ts'
import { createRouting, type Routing } from './routing-rules.ts'
import type { Listener } from './step.ts'
import { type HostSettings, hostSettings, type Sysctls, sysctlsOf } from './sysctls.ts'

export type MachineKind = 'node' | 'pod' | 'router' | 'outside'

export interface MachineConfig {
  readonly name: string
  readonly kind: MachineKind
  readonly network: HostNetwork
  readonly rules?: Readonly<Partial<Record<Family, Ruleset>>>
  readonly sets?: readonly IpSet[]
  /** Who listens at one of the machine's own addresses. */
  readonly listenerAt: (ip: Ip, protocol: Protocol, port: number) => Listener
}

/** A machine made ready for packets. Never changes: what it remembers is kept beside it. */
export interface Machine {
  readonly name: string
  readonly config: MachineConfig
  readonly devices: ReadonlyMap<string, Device>
  readonly loopback: Device
  /** Whose address it is: the first such device. */
  readonly own: IpMap<Device>
  readonly routing: Readonly<Record<Family, Routing>>
  /** By device: permanent entries, and those that were found when the machine was looked at. */
  readonly neighbours: ReadonlyMap<string, IpMap<Neighbour>>
  readonly tunnels: readonly VxlanLink[]
  readonly settings: HostSettings
  readonly sysctls: Sysctls
  readonly netfilter: Netfilter
  /** By family: packets are tracked, so their fragments are put together before any rule sees them. */
  readonly tracks: Readonly<Record<Family, boolean>>
}

/** What a machine asks of those on its links. */
export interface Neighbourhood {
  /** Who answers for `ip` on a link (ARP or neighbour discovery): its MAC; absent: nobody. */
  readonly whoHas: (link: string, ip: Ip) => Mac | undefined
  /** The port behind which the bridge found a station; absent: it never heard of it. */
  readonly portOf: (bridge: string, mac: Mac) => string | undefined
}

/** What a machine is told with each packet. */
export interface Around extends Circumstances {
  readonly neighbourhood: Neighbourhood
  /**
   * The source port of the packet that carries the next frame that the machine wraps; absent, or none: a hash of the
   * frame's chooses it.
   */
  readonly tunnelPort?: () => number | undefined
  /** A program has a raw socket of this protocol open. */
  readonly rawProtocol?: Protocol
}

const NO_LOOPBACK: LoopbackLink = { kind: 'loopback', name: 'lo', mtu: 65536 }

/** Works out once what every packet will ask. A machine without a loopback device is given one. */
export function createMachine(config: MachineConfig): Machine {
  const network = withLoopback(config.network)
  const sysctls = sysctlsOf(network.sysctls)
  const devices = devicesOf(network, sysctls)
  const settings = hostSettings(sysctls)
  const loopback = [...devices.values()].find(({ link }) => link.kind === 'loopback')
  if (!loopback) throw new RangeError(`machine ${config.name} has no loopback device`)
  return {
    name: config.name,
    config,
    devices,
    loopback,
    own: ownAddresses(devices),
    routing: {
      4: routingOf(4, network, devices, settings),
      6: routingOf(6, network, devices, settings),
    },
    neighbours: neighboursOf(network.neighbours),
    tunnels: network.links.filter((link): link is VxlanLink => link.kind === 'vxlan' && !link.down),
    settings,
    sysctls,
    netfilter: createNetfilter({ rules: config.rules ?? {}, ...(config.sets ? { sets: config.sets } : {}) }),
    tracks: { 4: tracksConnections(config.rules?.[4]), 6: tracksConnections(config.rules?.[6]) },
  }
}

function withLoopback(network: HostNetwork): HostNetwork {
  const has = network.links.some(({ kind }) => kind === 'loopback')
  return has ? network : { ...network, links: [NO_LOOPBACK, ...network.links] }
}

function ownAddresses(devices: ReadonlyMap<string, Device>): IpMap<Device> {
  const own = new IpMap<Device>()
  for (const device of devices.values()) {
    for (const { address } of [...device.addresses[4], ...device.addresses[6]]) {
      if (!own.get(address)) own.set(address, device)
    }
  }
  return own
}

function routingOf(
  family: Family,
  network: HostNetwork,
  devices: ReadonlyMap<string, Device>,
  { forwards6 }: HostSettings,
): Routing {
  const listed = network.routes.filter(({ to }) => to.family === family)
  const made = kernelRoutes(family, devices, listed, forwards6)
  return createRouting(family, [...made, ...listed], network.routingRules ?? [], devices)
}

function neighboursOf(list: readonly Neighbour[]): ReadonlyMap<string, IpMap<Neighbour>> {
  const byLink = new Map<string, IpMap<Neighbour>>()
  for (const neighbour of list) {
    const known = byLink.get(neighbour.link) ?? new IpMap()
    byLink.set(neighbour.link, known)
    known.set(neighbour.ip, neighbour)
  }
  return byLink
}

/**
 * Whether anything in the rules makes the kernel track connections; the table nat alone does not
 * (measured on Linux 6.18).
 *
 * @see net/netfilter/nf_conntrack_proto.c of Linux: nf_ct_netns_get, called by matches and targets
 */
function tracksConnections(rules: Ruleset | undefined): boolean {
  if (!rules) return false
  for (const table of rules.tables.values()) {
    for (const chain of table.chains.values()) if (chain.rules.some(asksForConnection)) return true
  }
  return false
}

const MATCHES: ReadonlySet<string> = new Set(['conntrack', 'state', 'connmark'])
const TARGETS: ReadonlySet<string> = new Set(['connmark', 'dnat', 'snat', 'masquerade', 'redirect', 'notrack'])
/** Of the extensions that podwire only keeps. */
const MODULES: ReadonlySet<string> = new Set(['connlimit', 'connbytes', 'connlabel', 'helper', 'cluster', 'CT'])

function asksForConnection({ matches, target }: Rule): boolean {
  if (target && (TARGETS.has(target.do) || (target.do === 'extension' && MODULES.has(target.name)))) return true
  return matches.some(match => MATCHES.has(match.on) || (match.on === 'extension' && MODULES.has(match.module)))
}
