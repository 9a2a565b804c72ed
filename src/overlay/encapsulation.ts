/**
 * Frames into packets between nodes and out of them again, as Linux does it for VXLAN.
 *
 * @see vxlan_xmit, vxlan_xmit_one and vxlan_rcv in drivers/net/vxlan/vxlan_core.c of Linux
 * @module
 */
import { ParseError } from '../base/error.ts'
import { familyOf, formatIp, type Ip } from '../base/ip.ts'
import { equalMac, type Mac } from '../base/mac.ts'
import { UDP } from '../base/protocol.ts'
import type { FdbEntry, HostNetwork, VxlanLink } from '../host/host.ts'
import { isMulticast } from '../packet/address-kind.ts'
import { decodeFrame } from '../packet/ethernet.ts'
import { type Frame, isUdp, type Packet } from '../packet/packet.ts'
import { decodeVxlanHeader, encodeVxlan, VXLAN_HEADER, type VxlanHeader } from '../packet/vxlan.ts'
import { outerEcn, withOuterEcn } from './ecn.ts'
import { flowHash } from './flow-hash.ts'

export interface Encapsulation {
  /** Of the outer IPv4 packet; an outer IPv6 packet has no flow label. */
  readonly id: number
  /** Of the hash that chooses the source port: the kernel has another one after every boot. */
  readonly seed: number
  /** Where the forwarding entry says another port or network than the device. */
  readonly port?: number
  readonly vni?: number
  /** The source port, if it is known: no hash chooses it. */
  readonly sport?: number
  /** `srcport` of the device, or `net.ipv4.ip_local_port_range`; absent: 32768 to 60999. */
  readonly sourcePorts?: PortRange
}

/** The last one is never chosen. */
export interface PortRange {
  readonly from: number
  readonly to: number
}

/** @see net.ipv4.ip_local_port_range of Linux at its default */
const SOURCE_PORTS: PortRange = { from: 32_768, to: 60_999 }

const TTL = 64

/** Multicast stays on the link unless the device says otherwise. */
const MULTICAST_TTL = 1

/**
 * The packet that carries a frame from a device to another node.
 *
 * It may be split on the way even if the packet in the frame may not.
 *
 * @throws {RangeError} when `to` is not of the family of the device's own address
 */
export function encapsulate(device: VxlanLink, frame: Frame, to: Ip, options: Encapsulation): Packet {
  const family = familyOf(to)
  if (familyOf(device.local) !== family) {
    throw new RangeError(`${device.name} speaks from ${formatIp(device.local)}, which cannot reach ${formatIp(to)}`)
  }
  const { id, seed, port = device.port, vni = device.vni, sourcePorts = SOURCE_PORTS } = options
  const { sport = sourcePort(flowHash(frame, seed), sourcePorts) } = options
  return {
    family,
    src: device.local,
    dst: to,
    ttl: isMulticast(to) ? MULTICAST_TTL : TTL,
    tos: outerEcn(frame),
    id: family === 4 ? id : 0,
    df: family === 6,
    payload: {
      protocol: UDP,
      sport,
      dport: port,
      data: encodeVxlan({ vni, frame }),
    },
  }
}

/** @see udp_flow_src_port in include/net/udp.h of Linux */
function sourcePort(hash: number, { from, to }: PortRange): number {
  const spread = (hash ^ (hash << 16)) >>> 0
  return from + Math.floor((spread * (to - from)) / 0x1_0000_0000)
}

/** A frame that came out of a packet, and the device by which it enters; or why none did. */
export type Decapsulation =
  | { readonly device: VxlanLink; readonly frame: Frame }
  | { readonly drop: DropReason; readonly why: string }

/**
 * Why a packet yields no frame. All but the first are silent: nobody is told.
 *
 * - `port`: no device takes packets at that port. It is an ordinary datagram to the machine, which
 *   refuses it if nothing else listens there.
 * - `header`: cut short, without a network identifier, or with bits that Linux does not know.
 * - `vni`: no device of that port has the network identifier.
 * - `own frame`: the frame says that it came from the device itself.
 * - `congestion`: the packet was marked on a way that the one in the frame cannot be marked for.
 * - `frame`: no Ethernet frame, or one with a malformed packet.
 */
export type DropReason = 'port' | 'header' | 'vni' | 'own frame' | 'congestion' | 'frame'

/** What becomes of a whole packet that reached the machine with these devices. */
export function decapsulate(devices: readonly VxlanLink[], packet: Packet): Decapsulation {
  const { payload, family } = packet
  if (!isUdp(payload) || packet.fragment) return { drop: 'port', why: 'it is no UDP datagram' }
  const listening = devices.filter(device => listensAt(device, payload.dport, family))
  if (listening.length === 0) return { drop: 'port', why: `no VXLAN device takes packets at UDP port ${payload.dport}` }
  if (payload.noChecksum && family === 6) return { drop: 'header', why: 'it has no UDP checksum, which IPv6 requires' }
  if (payload.data.length < VXLAN_HEADER) return { drop: 'header', why: 'it ends within the VXLAN header' }
  const header = decodeVxlanHeader(payload.data)
  if (!header.hasVni) return { drop: 'header', why: 'its VXLAN header has no network identifier' }
  const device = listening.find(({ vni }) => vni === header.vni)
  if (!device) return { drop: 'vni', why: `no device at UDP port ${payload.dport} has network ${header.vni}` }
  if (hasUnknownBits(header, device)) {
    return { drop: 'header', why: 'its VXLAN header has bits set that the device does not know' }
  }
  return unwrapped(device, payload.data.subarray(VXLAN_HEADER), packet)
}

function unwrapped(device: VxlanLink, bytes: Uint8Array, outer: Packet): Decapsulation {
  const frame = findFrame(bytes)
  if ('drop' in frame) return frame
  if (device.mac !== undefined && equalMac(frame.src, device.mac)) {
    return { drop: 'own frame', why: `its frame says that ${device.name} itself sent it` }
  }
  const marked = withOuterEcn(frame, outer.tos)
  if (!marked) return { drop: 'congestion', why: 'it met congestion, of which the packet inside cannot be told' }
  return { device, frame: marked }
}

function listensAt(device: VxlanLink, port: number, family: Packet['family']): boolean {
  return !device.down && device.port === port && familyOf(device.local) === family
}

function hasUnknownBits({ reserved, groupPolicy }: VxlanHeader, device: VxlanLink): boolean {
  return reserved || (groupPolicy && !device.gbp)
}

function findFrame(bytes: Uint8Array): Frame | Extract<Decapsulation, { drop: DropReason }> {
  try {
    return decodeFrame(bytes)
  } catch (cause) {
    if (cause instanceof ParseError) return { drop: 'frame', why: cause.message }
    throw cause
  }
}

/**
 * The entries by which a frame to `mac` leaves a device, one copy of it by each: those for the
 * address, or else the device's default entries, or else none, and then the frame is dropped and
 * nobody is told.
 *
 * Entries that the device's own address cannot reach are passed over.
 */
export function fdbTargets(network: HostNetwork, device: VxlanLink, mac: Mac): readonly FdbEntry[] {
  const { name, local } = device
  const known = entriesByMac(network.fdb)
  const entriesAt = (key: number) =>
    known.get(key)?.filter(({ link, dst }) => link === name && familyOf(dst) === familyOf(local)) ?? []
  const own = entriesAt(keyOf(mac))
  return own.length > 0 ? own : entriesAt(ALL_ZEROS)
}

/** Of the entries for all frames that no other entry is for. */
const ALL_ZEROS = 0

type EntriesByMac = ReadonlyMap<number, readonly FdbEntry[]>

/** Worked out when first asked for: a node of a large cluster has thousands, and each packet asks. */
const indexes = new WeakMap<readonly FdbEntry[], EntriesByMac>()

function entriesByMac(fdb: readonly FdbEntry[]): EntriesByMac {
  const known = indexes.get(fdb)
  if (known) return known
  const entries = new Map<number, FdbEntry[]>()
  for (const entry of fdb) {
    const key = keyOf(entry.mac)
    const same = entries.get(key)
    if (same) same.push(entry)
    else entries.set(key, [entry])
  }
  indexes.set(fdb, entries)
  return entries
}

/** An address as one number, exactly: 48 bits. */
function keyOf({ high, low }: Mac): number {
  return high * 0x1_0000_0000 + (low >>> 0)
}
