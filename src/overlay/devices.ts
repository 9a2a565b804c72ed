/**
 * What flannel sets up on a node: the VXLAN devices and, for every other node, the way to it.
 *
 *     pod ── cbr0 ── route 10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink
 *                      └─ neighbour 10.244.2.0 is at MAC m
 *                           └─ forwarding entry: m is behind 192.168.64.12 ── eth0
 *
 * Three kernel objects a remote node, worked out when asked for: a full mesh of 5,000 nodes would
 * be 75 million.
 *
 * @module
 */
import { contains, type Family, familyOf, type InterfaceAddress, prefixOf, widthOf } from '../base/ip.ts'
import type { HostPart, Route, UplinkLink, VxlanLink, WrittenPart } from '../host/host.ts'
import type { FamilyLease, Lease } from './leases.ts'
import { type Backend, type FlannelNetwork, familiesOf, type VxlanBackend } from './network.ts'

/** The link that carries traffic between nodes, and its addresses. */
export interface Uplink {
  readonly link: UplinkLink
  readonly addresses: readonly InterfaceAddress[]
}

/**
 * Bytes that VXLAN puts in front of a pod's packet: outer IP, UDP, VXLAN and inner Ethernet header.
 *
 * @see RFC 7348 section 5
 */
export const VXLAN_OVERHEAD: Readonly<Record<Family, number>> = { 4: 50, 6: 70 }

/** `flannel.1`, `flannel-v6.1` */
export function deviceName(backend: VxlanBackend, family: Family): string {
  return `${family === 4 ? 'flannel' : 'flannel-v6'}.${backend.vni}`
}

/**
 * The MTU that flannel tells the pods to use, `FLANNEL_MTU`, in bytes.
 *
 * The cost of IPv4 is taken off whatever the families, as flannel does it; see {@link deviceMtu}.
 */
export function podMtu(backend: Backend, uplinkMtu: number): number {
  return backend.kind === 'host-gw' ? uplinkMtu : (backend.mtu ?? uplinkMtu) - VXLAN_OVERHEAD[4]
}

/**
 * The MTU of a VXLAN device, in bytes: what flannel asks for, or less where the kernel grants less.
 *
 * @see vxlan_config_apply in drivers/net/vxlan/vxlan_core.c of Linux, which holds a device to what
 * its lower device can carry
 */
export function deviceMtu(backend: VxlanBackend, family: Family, uplinkMtu: number): number {
  return Math.min(podMtu(backend, uplinkMtu), uplinkMtu - VXLAN_OVERHEAD[family])
}

/**
 * The devices, addresses, routes, neighbours and forwarding entries that flannel gives the node
 * with lease `own`. Its own lease among `leases` is passed over.
 */
export function overlayPart(
  network: FlannelNetwork,
  own: Lease,
  uplink: Uplink,
  leases: readonly Lease[],
): WrittenPart {
  const part = { links: [], addresses: [], routes: [], neighbours: [], fdb: [], sysctls: [] } satisfies HostPart
  const { backend } = network
  for (const family of familiesOf(network)) {
    const local = own.families[family]
    if (local === undefined) continue
    const reach: Reach = { family, backend, uplink, part }
    if (backend.kind === 'vxlan') addDevice(reach, backend, local)
    for (const lease of leases) {
      const remote = lease.families[family]
      if (lease.node !== own.node && remote !== undefined) addRemote(reach, remote)
    }
  }
  return part
}

/** What the parts below share: where they write and what decides. */
interface Reach {
  readonly family: Family
  readonly backend: Backend
  readonly uplink: Uplink
  readonly part: Draft
}

type Draft = { -readonly [K in keyof WrittenPart]: WrittenPart[K][number][] }

function addDevice({ family, uplink, part }: Reach, backend: VxlanBackend, own: FamilyLease): void {
  const name = deviceName(backend, family)
  // The device speaks from the uplink's own address, even if others are told to write to another.
  const local = uplink.addresses.find(({ address }) => familyOf(address) === family)
  const link: VxlanLink = {
    kind: 'vxlan',
    name,
    mtu: deviceMtu(backend, family, uplink.link.mtu),
    ...(own.mac === undefined ? {} : { mac: own.mac }),
    vni: backend.vni,
    local: local?.address ?? own.publicIp,
    uplink: uplink.link.name,
    port: backend.port,
    learning: backend.learning,
    ...(backend.gbp ? { gbp: true } : {}),
  }
  part.links.push(link)
  part.addresses.push({ link: name, own: { address: own.subnet.base, bits: widthOf(family) } })
}

function addRemote({ family, backend, uplink, part }: Reach, remote: FamilyLease): void {
  const onLink = isOnLink(uplink, remote)
  if (backend.kind === 'host-gw' || (backend.directRouting && onLink)) {
    const route: Route = { to: remote.subnet, via: remote.publicIp, link: uplink.link.name }
    // host-gw takes for granted that all nodes share a link, whatever the lengths of their networks say.
    part.routes.push(onLink ? route : { ...route, onlink: true })
    return
  }
  if (remote.mac === undefined) return
  const link = deviceName(backend, family)
  const gateway = remote.subnet.base
  part.neighbours.push({ ip: gateway, link, mac: remote.mac })
  part.fdb.push({ mac: remote.mac, link, dst: remote.publicIp })
  // The gateway is in no network of the device, whose own address stands alone.
  part.routes.push({ to: remote.subnet, via: gateway, link, onlink: true })
}

function isOnLink(uplink: Uplink, remote: FamilyLease): boolean {
  return uplink.addresses.some(({ address, bits }) => contains(prefixOf(address, bits), remote.publicIp))
}
