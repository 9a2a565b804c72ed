/**
 * A world from its parts: makes machines when they are first met and knows which wire joins which
 * links.
 *
 * @module
 */
import { equalIp, findIp, formatIp, type Ip } from '../base/ip.ts'
import type { Mac } from '../base/mac.ts'
import type { HostNetwork, VethLink } from '../host/host.ts'
import { isGroupMac } from '../node/device.ts'
import { createMachine, type Machine, type MachineConfig, type MachineKind } from '../node/machine.ts'
import type { Frame } from '../packet/packet.ts'
import { freePort, type Inside, insideOf, linkTo } from './inside.ts'
import { isIn, isOf, type Lan, lansOf } from './lan.ts'
import { lanClientNetwork, POD_LINK, podNetwork, routerNetwork, strangerNetwork, WAN, withMacs } from './machines.ts'
import { fits, type MetNode, metNode, mtuOf, stationsOf } from './met-node.ts'
import type { NodeSite, PodSite, WorldConfig } from './site.ts'
import { macOfDevice, ROUTER, stationKey, strangerName } from './station.ts'
import { INVENTED, type Stranger, Strangers } from './strangers.ts'
import type { Plug, World } from './world.ts'

export function createWorld(config: WorldConfig): World {
  return new Wiring(config)
}

class Wiring implements World {
  readonly #config: WorldConfig
  readonly #machines = new Map<string, Machine>()
  readonly #nodes = new Map<string, MetNode>()
  readonly #sites: ReadonlyMap<string, NodeSite>
  readonly #pods: ReadonlyMap<string, PodSite>
  /** Pods and nodes, by the text of each address. */
  readonly #holders = new Map<string, string>()
  readonly #lans: readonly Lan[]
  readonly #strangers = new Strangers()

  constructor(config: WorldConfig) {
    this.#config = config
    this.#sites = new Map(config.nodes.map(site => [site.name, site]))
    this.#pods = new Map(config.pods.map(pod => [pod.key, pod]))
    this.#lans = lansOf(config.nodes)
    for (const pod of config.pods) this.#hold(pod.addresses, pod.key)
    for (const { name, uplinks, inner } of config.nodes) {
      this.#hold([...uplinks.flatMap(({ addresses }) => addresses.map(({ address }) => address)), ...inner], name)
    }
    for (const { port } of this.#lans)
      this.#hold(
        port.addresses.map(({ address }) => address),
        ROUTER,
      )
  }

  machine(name: string): Machine {
    const there = this.#machines.get(name)
    if (there) return there
    const fresh = createMachine(this.#configOf(name))
    this.#machines.set(name, fresh)
    return fresh
  }

  across({ machine, link }: Plug, frame: Frame): readonly Plug[] {
    const veth = this.#vethAt(machine, link)
    if (veth) return [{ machine: veth.peer.pod, link: veth.peer.name }]
    const home = this.#homeOf(machine)
    if (home) return [home]
    const lan = this.#lanAt({ machine, link })
    const station = (lan ? lan.stations : this.#strangers.stations).get(stationKey(frame.dst))
    if (station) return [station]
    if (!lan || !isGroupMac(frame.dst)) return []
    return [...lan.stations.values()].filter(
      plug => plug.machine !== machine && (plug.machine !== ROUTER || plug.link === this.#routerLink(lan, machine)),
    )
  }

  whoHas(plug: Plug, ip: Ip): Mac | undefined {
    const lan = this.#lanAt(plug)
    if (lan) return this.#onLan(lan, plug.machine, ip)
    if (plug.machine === ROUTER) return this.#outside(ip)
    const node = this.#sites.has(plug.machine) ? this.#meet(plug.machine) : undefined
    if (node) return this.#beside(node, plug.link, ip)
    const home = this.#homeOf(plug.machine)
    return home && this.#fromInside(home, plug.machine, ip)
  }

  portOf(machine: string, _bridge: string, mac: Mac): string | undefined {
    return this.#sites.has(machine) ? this.#meet(machine).ports.get(stationKey(mac)) : undefined
  }

  holderOf(ip: Ip): string | undefined {
    return this.#holders.get(formatIp(ip))
  }

  /** The first to claim an address has it. */
  #hold(ips: readonly Ip[], machine: string): void {
    for (const ip of ips) {
      const text = formatIp(ip)
      if (!this.#holders.has(text)) this.#holders.set(text, machine)
    }
  }

  #configOf(name: string): MachineConfig {
    if (this.#sites.has(name)) return this.#meet(name).machine.config
    const pod = this.#pods.get(name)
    if (pod) return this.#podConfig(pod)
    if (name === ROUTER) return this.#routerConfig()
    const ip = findIp(name)
    if (ip === undefined) throw new RangeError(`the world has no machine "${name}"`)
    return this.#lonelyConfig(name, ip)
  }

  #made(name: string, kind: MachineKind, network: MachineConfig['network']): MachineConfig {
    const listenerAt: MachineConfig['listenerAt'] = (...at) => this.#config.listenerAt(name, ...at)
    return { name, kind, network, listenerAt }
  }

  #meet(name: string): MetNode {
    const there = this.#nodes.get(name)
    if (there) return there
    const site = this.#sites.get(name)
    if (!site) throw new RangeError(`the world has no node "${name}"`)
    const { network, rules, sets } = site.host()
    const whole = this.#withoutLanNeighbours(name, withMacs(name, network))
    const machine = createMachine({ ...this.#made(name, 'node', whole), rules, sets })
    const met = metNode(site, machine)
    this.#nodes.set(name, met)
    this.#machines.set(name, machine)
    this.#meetNeighbours(met)
    return met
  }

  /** Who is on a wire between nodes is asked there, where MACs are podwire's own. */
  #withoutLanNeighbours(machine: string, network: HostNetwork): HostNetwork {
    const neighbours = network.neighbours.filter(({ link, learned }) => !learned || !this.#lanAt({ machine, link }))
    return { ...network, neighbours }
  }

  /** Whoever the node had learned of when it was looked at is behind the link where it was. */
  #meetNeighbours({ site, machine, ports }: MetNode): void {
    for (const { mac, link, ips } of stationsOf(machine.config.network.neighbours)) {
      const [first] = ips
      const holder = ips.flatMap(ip => this.#holders.get(formatIp(ip)) ?? []).find(name => this.#pods.has(name))
      if (first === undefined || (holder === undefined && this.holderOf(first) !== undefined)) continue
      const name = holder ?? strangerName(first)
      this.#strangers.add(name, { home: { machine: site.name, link: ports.get(stationKey(mac)) ?? link }, mac, ips })
      this.#hold(ips, name)
    }
  }

  #podConfig(pod: PodSite): MachineConfig {
    const { vethsOfPods, machine } = this.#meet(pod.node)
    const veth = vethsOfPods.get(pod.key)
    if (veth) return this.#made(pod.key, 'pod', podNetwork(veth))
    const { mac } = this.#settle(pod)
    const inside = pod.network?.()
    const network =
      inside && fits(inside, machine)
        ? { ...inside, links: inside.links.map(link => (link.kind === 'loopback' ? link : { ...link, mac })) }
        : strangerNetwork(pod.addresses, mac, mtuOf(machine) ?? this.#config.mtu)
    return this.#made(pod.key, 'pod', network)
  }

  /** A pod of which the dump of its node tells no link: at a free port of a bridge, or behind the link to it. */
  #settle(pod: PodSite): Stranger {
    const there = this.#strangers.get(pod.key)
    if (there) return there
    const { machine, ports } = this.#meet(pod.node)
    const mac = macOfDevice(pod.key, POD_LINK)
    const link = linkTo(machine, pod.addresses) ?? freePort(machine, ports) ?? ''
    ports.set(stationKey(mac), link)
    return this.#strangers.add(pod.key, { home: { machine: pod.node, link }, mac })
  }

  /** Somebody in a network behind a node's link, of whom nobody told: at a free port of the bridge, or at the link. */
  #settleInside({ node, link }: Inside, ip: Ip): Stranger | undefined {
    const name = strangerName(ip)
    const { machine, ports } = this.#meet(node)
    const { links, silent = [] } = machine.config.network
    if (silent.some(one => one.link === link && equalIp(one.ip, ip))) return undefined
    const isBridge = links.some(one => one.kind === 'bridge' && one.name === link)
    const port = isBridge ? freePort(machine, ports, link) : undefined
    if (isBridge && port === undefined) return undefined
    const mac = macOfDevice(name, POD_LINK)
    if (port !== undefined) ports.set(stationKey(mac), port)
    return this.#strangers.add(name, { home: { machine: node, link: port ?? link }, mac, invented: true })
  }

  #routerConfig(): MachineConfig {
    const { vips, hidden, mtu } = this.#config
    const known = new Map<readonly Ip[], readonly { readonly via: Ip; readonly link: string }[]>()
    const ways = vips.map(({ nodes, ...vip }) => {
      const hops = known.get(nodes) ?? nodes.flatMap(via => this.#hopTo(via))
      known.set(nodes, hops)
      return { ...vip, hops }
    })
    return this.#made(
      ROUTER,
      'router',
      routerNetwork(
        this.#lans.map(({ port }) => port),
        ways,
        hidden,
        mtu,
      ),
    )
  }

  #hopTo(via: Ip): readonly { readonly via: Ip; readonly link: string }[] {
    const lan = this.#lans.find(one => isOf(one, via))
    return lan ? [{ via, link: lan.port.link }] : []
  }

  /** A machine of one address: a client beside the nodes, or somebody outside, or behind a link of a node. */
  #lonelyConfig(name: string, ip: Ip): MachineConfig {
    const { mtu } = this.#config
    const stranger = this.#strangers.get(name)
    if (stranger) {
      const kind = stranger.home.machine === ROUTER ? 'outside' : 'pod'
      const made = this.#made(name, kind, strangerNetwork(stranger.ips ?? [ip], stranger.mac, mtu))
      return stranger.invented ? { ...made, listenerAt: () => INVENTED } : made
    }
    const lan = this.#lans.find(one => isOf(one, ip))
    const inside = insideOf(ip, this.#config.nodes)
    if (inside || !lan) {
      if (!inside || !this.#settleInside(inside, ip)) this.#macOfOutsider(ip)
      return this.#lonelyConfig(name, ip)
    }
    const mac = macOfDevice(name, POD_LINK)
    lan.stations.set(stationKey(mac), { machine: name, link: POD_LINK })
    const gateway = lan.port.addresses.find(own => isIn(own, ip))
    const own = { address: ip, bits: (gateway ?? lan.network).bits }
    return this.#made(name, 'outside', lanClientNetwork(own, gateway?.address, mac, mtu))
  }

  #macOfOutsider(ip: Ip): Mac {
    const name = strangerName(ip)
    const mac = macOfDevice(name, POD_LINK)
    return this.#strangers.add(name, { home: { machine: ROUTER, link: WAN }, mac }).mac
  }

  /** Of dumps alone nobody knows who is outside, but for those who asked from there. */
  #outside(ip: Ip): Mac {
    const name = strangerName(ip)
    return this.#config.partial && !this.#strangers.has(name) ? macOfDevice(name, POD_LINK) : this.#macOfOutsider(ip)
  }

  #vethAt(machine: string, link: string): VethLink | undefined {
    return this.#sites.has(machine) ? this.#meet(machine).veths.get(link) : undefined
  }

  /** The other end of a machine's only link. */
  #homeOf(machine: string): Plug | undefined {
    const stranger = this.#strangers.get(machine)
    if (stranger) return stranger.home
    const pod = this.#pods.get(machine)
    if (!pod) return undefined
    const veth = this.#meet(pod.node).vethsOfPods.get(machine)
    return veth ? { machine: pod.node, link: veth.name } : this.#settle(pod).home
  }

  #lanAt({ machine, link }: Plug): Lan | undefined {
    const site = this.#sites.get(machine)
    if (site) {
      const uplink = site.uplinks.find(one => one.link === link)
      return uplink && this.#lans.find(lan => uplink.addresses.some(({ address }) => isOf(lan, address)))
    }
    if (machine === ROUTER) return this.#lans.find(({ port }) => port.link === link)
    const ip = this.#pods.has(machine) || this.#strangers.has(machine) ? undefined : findIp(machine)
    return ip === undefined ? undefined : this.#lans.find(lan => isOf(lan, ip))
  }

  /** The router's port to which a machine on the wire sends. */
  #routerLink({ port }: Lan, machine: string): string {
    return this.#sites.has(machine) ? port.link : port.clients
  }

  /** Linux answers for any address of its own, whatever the link. */
  #onLan(lan: Lan, asking: string, ip: Ip): Mac | undefined {
    const holder = this.#holders.get(formatIp(ip))
    if (holder === asking) return undefined
    if (holder === ROUTER) return macOfDevice(ROUTER, this.#routerLink(lan, asking))
    const site = holder === undefined ? undefined : this.#sites.get(holder)
    const uplink = site?.uplinks.find(({ addresses }) => addresses.some(({ address }) => isOf(lan, address)))
    if (site && uplink)
      return this.#isDown(site.name, uplink.link) ? undefined : (uplink.mac ?? macOfDevice(site.name, uplink.link))
    if (!isOf(lan, ip)) return undefined
    const vip = this.#config.vips.find(one => equalIp(one.ip, ip))
    if (vip) return vip.nodes[0] === undefined ? undefined : this.#onLan(lan, asking, vip.nodes[0])
    if (this.#isSilent(asking, ip)) return undefined
    const name = strangerName(ip)
    return this.#machines.has(name) || this.#config.partial ? macOfDevice(name, POD_LINK) : undefined
  }

  #isDown(node: string, link: string): boolean {
    return this.#meet(node).machine.devices.get(link)?.up === false
  }

  #isSilent(asking: string, ip: Ip): boolean {
    if (!this.#sites.has(asking)) return false
    return (this.#meet(asking).machine.config.network.silent ?? []).some(one => equalIp(one.ip, ip))
  }

  /** Who answers a node on a link of its own that is no uplink: a pod, or whoever the link leads to. */
  #beside({ site, machine, veths, vethsOfPods }: MetNode, link: string, ip: Ip): Mac | undefined {
    const device = machine.config.network.links.find(({ name }) => name === link)
    if (!device || device.kind === 'vxlan' || device.kind === 'loopback') return undefined
    const peer = [...veths.values()].find(
      ({ master, peer, down }) => !down && master === link && peer.addresses.some(own => equalIp(own.address, ip)),
    )
    if (peer) return peer.peer.mac
    const pod = this.#pods.get(this.#holders.get(formatIp(ip)) ?? '')
    if (pod) return pod.node === site.name && !vethsOfPods.has(pod.key) ? this.#settle(pod).mac : undefined
    const name = strangerName(ip)
    const known = this.#strangers.get(name)
    if (known) return known.home.machine === site.name ? known.mac : undefined
    const inside = insideOf(ip, [site])
    if (device.kind === 'bridge') return inside?.link === link ? this.#settleInside(inside, ip)?.mac : undefined
    return this.#settleInside({ node: site.name, link }, ip)?.mac
  }

  /** Who answers a pod, or somebody outside: others on the same bridge, the node for all its addresses. */
  #fromInside(home: Plug, asking: string, ip: Ip): Mac | undefined {
    if (home.machine === ROUTER) return macOfDevice(ROUTER, WAN)
    const node = this.#meet(home.machine)
    const { links } = node.machine.config.network
    const link = links.find(({ name }) => name === home.link)
    const master = link && 'master' in link ? link.master : undefined
    // A bridge that is down lets nothing pass between its ports either.
    if (link?.down || links.some(({ name, down }) => name === master && down)) return undefined
    const holder = this.#holders.get(formatIp(ip))
    if (holder === asking) return undefined
    const beside = master === undefined || holder === home.machine ? undefined : this.#beside(node, master, ip)
    if (beside) return beside
    if (master !== undefined && holder !== home.machine && insideOf(ip, [node.site])?.link === master) return undefined
    // A stranger takes everything to be on its link; the node answers for what is behind it.
    if (holder !== home.machine && !this.#strangers.has(asking)) return undefined
    return links.find(({ name }) => name === (master ?? home.link))?.mac
  }
}
