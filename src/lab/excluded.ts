/**
 * What is not compared between model and kernel, and why: all of it, in one closed list.
 *
 * Whatever compares asks here; whoever tells of a comparison prints it from here. Nothing else is excused.
 *
 * @module
 */

import { isUdp, type Packet, portsOf } from '../packet/packet.ts'
import type { PortWord } from './drawn-ports.ts'

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

export interface Exclusion {
  readonly name: ExclusionName
  /** In words. */
  readonly what: string
  readonly why: string
  /** Fields of packets that it is about wherever they are, as a comparison of captures names them. */
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
    fields: [],
  },
  {
    name: 'numbers of sockets',
    what: "sequence numbers, windows, options and ECN flags of TCP, SCTP's tags and parameters, an echo's sequence number",
    why: 'the kernel or the program that sends draws or counts them; of crafted requests they are compared',
    fields: ['seq', 'ack', 'window', 'tcp-options', 'tag', 'chunks', 'icmp-seq'],
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
    why: 'Linux leaves them to devices, and virtual devices do not compute them',
    fields: ['checksum'],
  },
  {
    name: 'neighbours',
    what: 'ARP, neighbour discovery and membership of groups',
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
]

/** A line for each, for help texts and reports: `name: what (why)`. */
export function exclusionLines(): readonly string[] {
  return EXCLUDED.map(({ name, what, why }) => `${name}: ${what} (${why})`)
}

export interface FieldContext {
  /** UDP ports by which packets go that carry others. */
  readonly tunnels: ReadonlySet<number>
  /** The ports that the kernel drew. */
  readonly word: PortWord
}

const FIELDS: ReadonlySet<string> = new Set(EXCLUDED.flatMap(({ fields }) => fields))

/**
 * Whether a field in which two frames differ is not compared.
 *
 * @param field as `compareFrames` names it: `ip.ttl`, `inner.ip.sport`
 * @param packet the kernel's, which has it
 */
export function isExcludedField(field: string, packet: Packet, { tunnels, word }: FieldContext): boolean {
  const name = /(?:^|\.)ip\.([^.]+)$/.exec(field)?.[1]
  if (name === undefined) return false
  const { src, dst, payload } = packet
  const ports = portsOf(payload)
  if (name === 'sport' && ports)
    return (isUdp(payload) && tunnels.has(ports.dport)) || word(src, ports.sport) !== undefined
  if (name === 'dport' && ports) return word(dst, ports.dport) !== undefined
  return FIELDS.has(name)
}
