/**
 * What is not compared between model and kernel, and why: all of it, in one closed list.
 *
 * Whatever compares asks here; whoever tells of a comparison prints it from here. Nothing else is excused.
 *
 * @module
 */

import type { Ip } from '../base/ip.ts'
import { ICMPV6 } from '../base/protocol.ts'
import { isIcmp, isSctp, isTcp, isUdp, type Packet, portsOf, TCP_FLAG } from '../packet/packet.ts'
import { decodeVxlan } from '../packet/vxlan.ts'
import type { PortWords } from './drawn-ports.ts'

export type ExclusionName =
  | 'identification'
  | 'vxlan source port'
  | 'drawn ports'
  | 'numbers of sockets'
  | 'data'
  | 'checksums'
  | 'neighbours'
  | 'later segments'
  | 'accepting policies'
  | 'devices'
  | 'turns'
  | 'quotes'
  | 'forwarding'

export interface Exclusion {
  readonly name: ExclusionName
  /** In words. */
  readonly what: string
  readonly why: string
  /** Fields of packets that it is about, as a comparison of captures names them. */
  readonly fields: readonly string[]
}

export const EXCLUDED: readonly Exclusion[] = [
  {
    name: 'identification',
    what: "IPv4's identification and IPv6's flow label",
    why: 'Linux draws them from a hash with a key of its own, made at boot',
    fields: ['id'],
  },
  {
    name: 'vxlan source port',
    what: 'the UDP source port of packets that carry VXLAN',
    why: 'Linux takes it from a hash: of the inner packet with a key made at boot, or that which the sending socket drew',
    fields: [],
  },
  {
    name: 'drawn ports',
    what: 'ports and echo identifiers that source NAT draws',
    why: 'any free one will do; but it must be the same wherever the packet, its answer or an error about it is seen',
    fields: ['sport', 'dport', 'icmp-id'],
  },
  {
    name: 'numbers of sockets',
    what: "sequence numbers, windows, options and ECN flags of TCP, SCTP's tags and parameters, an echo's sequence number",
    why: 'the kernel or the program that sends draws or counts them; of crafted requests they are compared',
    fields: ['seq', 'window', 'tcp-options', 'tag', 'chunks'],
  },
  {
    name: 'data',
    what: 'what programs say to each other, and so the length of their packets',
    why: "the lab's listeners say who they are; of flows with a size of their own the length is compared",
    fields: ['data'],
  },
  {
    name: 'checksums',
    what: 'checksums of transport headers',
    why: 'Linux leaves them to devices, and virtual devices do not compute them; in captures they are compared where ethtool has them computed',
    fields: ['checksum'],
  },
  {
    name: 'neighbours',
    what: 'ARP, neighbour discovery and membership of groups; that a bridge sends a packet by its own device to learn whose it is',
    why: 'who has an address on a wire is known to the model without asking',
    fields: [],
  },
  {
    name: 'later segments',
    what: 'what follows the first packet of a connection and its answer: acknowledgements, data, FIN',
    why: 'a trace is of the first packet, its answer and what comes of that',
    fields: [],
  },
  {
    name: 'accepting policies',
    what: 'that the policy of a built-in chain accepted a packet',
    why: 'legacy iptables has all chains of a table and nft those that are used, so that they tell it of different chains; rules and what becomes of the packet say the same',
    fields: [],
  },
  {
    name: 'devices',
    what: 'by which devices a packet comes and goes on machines that are no nodes, or where the kernel did not tell',
    why: 'pods, the router and clients have one way each, and a lab names it as it likes; captures compare it',
    fields: [],
  },
  {
    name: 'turns',
    what: 'of flows in pieces, which of the packets that are on their way at once comes first',
    why: 'that is chance; what happens to each packet is compared in order',
    fields: [],
  },
  {
    name: 'quotes',
    what: "what an ICMP error quotes but for addresses, ports and its length, and of errors about a connection's SYN the length",
    why: "a socket's SYN has options of its own; captures compare every byte of what is quoted of crafted packets",
    fields: [],
  },
  {
    name: 'forwarding',
    what: 'packets at FORWARD',
    why: 'what came in is seen before it and what leaves behind it, and the rules that match there are compared',
    fields: [],
  },
]

/** A line for each, for help texts and reports: `name: what (why)`. */
export function exclusionLines(): readonly string[] {
  return EXCLUDED.map(({ name, what, why }) => `${name}: ${what} (${why})`)
}

export interface FieldContext {
  /** UDP ports by which packets go that carry others. */
  readonly tunnels: ReadonlySet<number>
  /** The ports that were drawn. */
  readonly words: PortWords
  /** The packet is one that was sent as the model's own bytes. */
  readonly exact?: boolean
  /** Checksums are there: they were not left to a device. */
  readonly computed?: boolean
}

/** Two packets at one place. */
export interface PacketPair {
  readonly model: Packet
  readonly kernel: Packet
}

/**
 * Whether a field in which two packets differ is not compared.
 *
 * @param field as `compareFrames` names it: `ip.ttl`, `inner.ip.sport`
 */
export function isExcludedField(field: string, pair: PacketPair, context: FieldContext): boolean {
  const name = /(?:^|\.)ip\.([^.]+)$/.exec(field)?.[1]
  const exclusion = EXCLUDED.find(({ fields }) => name !== undefined && fields.includes(name))?.name
  switch (exclusion) {
    case 'identification':
      return true
    case 'vxlan source port':
    case 'drawn ports':
      return isCarrier(name, pair, context) || isDrawn(name, pair, context)
    case 'numbers of sockets':
      return !context.exact && isOfSocket(pair.kernel)
    case 'data':
      return !context.exact && isOfProgram(pair.kernel, context)
    case 'checksums':
      return !context.computed
    default:
      return false
  }
}

function isCarrier(name: string | undefined, { kernel }: PacketPair, { tunnels }: FieldContext): boolean {
  return name === 'sport' && isUdp(kernel.payload) && tunnels.has(kernel.payload.dport)
}

/** Both were drawn, and are the same one. */
function isDrawn(name: string | undefined, { model, kernel }: PacketPair, { words }: FieldContext): boolean {
  const [ours, theirs] = [endsOf(model, name), endsOf(kernel, name)]
  return ours.some(([ip, port], i) => {
    const [otherIp, otherPort] = theirs[i] ?? [ip, undefined]
    const word = words.model(ip, port)
    return word !== undefined && otherPort !== undefined && words.kernel(otherIp, otherPort) === word
  })
}

/** The addresses that a port may be of; an echo's identifier is that of either end. */
function endsOf({ src, dst, payload }: Packet, name: string | undefined): readonly (readonly [Ip, number])[] {
  const ports = portsOf(payload)
  if (name === 'sport' && ports) return [[src, ports.sport]]
  if (name === 'dport' && ports) return [[dst, ports.dport]]
  if (name !== 'icmp-id' || !isIcmp(payload)) return []
  return [src, dst].map(ip => [ip, payload.rest >>> 16])
}

/** What resets and errors hold follows from what they are about. */
function isOfSocket({ payload }: Packet): boolean {
  return isSctp(payload) || (isTcp(payload) && (payload.flags & TCP_FLAG.RST) === 0)
}

function isOfProgram({ payload }: Packet, { tunnels }: FieldContext): boolean {
  return isTcp(payload) || (isUdp(payload) && !tunnels.has(payload.dport))
}

export interface PacketContext {
  readonly tunnels: ReadonlySet<number>
  /** What the flow began with. */
  readonly sent: Packet
}

/** Whether a packet that the kernel sent is none that a trace tells of: see `neighbours` and `later segments`. */
export function isExcludedPacket(packet: Packet, { tunnels, sent }: PacketContext): boolean {
  const { payload } = packet
  if (isIcmp(payload) && payload.protocol === ICMPV6) return isAboutNeighbours(payload.type)
  if (isTcp(payload)) return isLater(packet) && !isLater(sent)
  if (!isUdp(payload) || packet.fragment || !tunnels.has(payload.dport)) return payload.protocol === IGMP
  const inner = carriedBy(payload.data)
  return inner === 'neighbours' || (inner !== undefined && isExcludedPacket(inner, { tunnels, sent }))
}

const OPENING = TCP_FLAG.SYN | TCP_FLAG.RST

function isLater({ payload }: Packet): boolean {
  return isTcp(payload) && (payload.flags & OPENING) === 0
}

/** Membership of groups in IPv4. @see https://www.iana.org/assignments/protocol-numbers */
const IGMP = 2

/** Multicast listeners, routers, neighbours and redirects. @see https://www.iana.org/assignments/icmpv6-parameters */
function isAboutNeighbours(type: number): boolean {
  return (type >= 130 && type <= 137) || type === 143
}

/** What a datagram carries if it is one of VXLAN; a frame of ARP is about neighbours. */
export function carriedBy(data: Uint8Array): Packet | 'neighbours' | undefined {
  try {
    const { body } = decodeVxlan(data).frame
    if (body.kind === 'arp') return 'neighbours'
    return body.kind === 'ip' ? body.packet : undefined
  } catch {
    // No frame: a datagram like any other.
    return undefined
  }
}
