/**
 * Tuples: what one direction of a connection looks like on the wire.
 *
 * @see net/netfilter/nf_conntrack_core.c of Linux: nf_ct_get_tuple, nf_ct_invert_tuple
 * @module
 */
import { equalIp, formatIp, type Ip, isIpv4 } from '../../base/ip.ts'
import { ICMP, ICMPV6, type Protocol, SCTP, TCP, UDP } from '../../base/protocol.ts'
import { type IcmpMessage, isIcmp, type Packet, portsOf } from '../../packet/packet.ts'
import type { Tuple } from './conntrack.ts'

/**
 * Types of ICMP that ask or answer, and their counterparts.
 *
 * @see net/netfilter/nf_conntrack_proto_icmp.c, nf_conntrack_proto_icmpv6.c of Linux: invmap
 */
const COUNTERPARTS: Readonly<Record<4 | 6, ReadonlyMap<number, number>>> = {
  // Echo, timestamp, information, address mask.
  4: new Map([8, 13, 15, 17].flatMap(pairWith(type => (type === 8 ? 0 : type + 1)))),
  // Echo, node information. @see RFC 4620
  6: new Map([128, 139].flatMap(pairWith(type => type + 1))),
}

function pairWith(answer: (type: number) => number) {
  return (type: number): [number, number][] => [
    [type, answer(type)],
    [answer(type), type],
  ]
}

/** Protocols whose ports are part of a tuple; of all others it has none. */
export function hasPorts(protocol: Protocol): boolean {
  return protocol === TCP || protocol === UDP || protocol === SCTP
}

export function isIcmpProtocol(protocol: Protocol): boolean {
  return protocol === ICMP || protocol === ICMPV6
}

/** Absent: of a later fragment, or a packet that is cut off before its ports, none can be read. */
export function tupleOf({ src, dst, payload, fragment }: Packet): Tuple | undefined {
  const { protocol } = payload
  if (fragment && fragment.offset > 0) return undefined
  if (isIcmp(payload)) return { src, dst, protocol, sport: identifierOf(payload), dport: kindOf(payload) }
  if (isIcmpProtocol(protocol)) return undefined
  if (!hasPorts(protocol)) return { src, dst, protocol, sport: 0, dport: 0 }
  const ports = portsOf(payload)
  return ports && { src, dst, protocol, sport: ports.sport, dport: ports.dport }
}

function identifierOf({ rest }: IcmpMessage): number {
  return rest >>> 16
}

function kindOf({ type, code }: IcmpMessage): number {
  return type * 256 + code
}

/** What the answers to `tuple` look like; absent: nobody answers such a message. */
export function invertTuple(tuple: Tuple): Tuple | undefined {
  const { src, dst, protocol, sport, dport } = tuple
  if (!isIcmpProtocol(protocol)) return { src: dst, dst: src, protocol, sport: dport, dport: sport }
  const type = COUNTERPARTS[protocol === ICMP ? 4 : 6].get(dport >> 8)
  if (type === undefined) return undefined
  return { src: dst, dst: src, protocol, sport, dport: type * 256 + (dport & 255) }
}

/**
 * As {@link invertTuple}, of a tuple that is known to have an answer: every one of a connection.
 *
 * @throws {RangeError} when it has none
 */
export function inverseOf(tuple: Tuple): Tuple {
  const inverse = invertTuple(tuple)
  if (!inverse) throw new RangeError(`no answer to ${formatTuple(tuple)}`)
  return inverse
}

export function equalTuple(a: Tuple, b: Tuple): boolean {
  return (
    a.sport === b.sport &&
    a.dport === b.dport &&
    a.protocol === b.protocol &&
    equalIp(a.src, b.src) &&
    equalIp(a.dst, b.dst)
  )
}

/** 32 bits, signed; equal for equal tuples. */
export function hashTuple({ src, dst, protocol, sport, dport }: Tuple): number {
  return mix(hashIp(src, hashIp(dst, (sport << 16) | dport)), protocol)
}

/** 32 bits, signed; equal for equal addresses and seeds. */
export function hashIp(ip: Ip, seed: number): number {
  return isIpv4(ip) ? mix(seed, ip) : mix(mix(mix(mix(seed, ip.w0), ip.w1), ip.w2), ip.w3)
}

function mix(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x9e3779b1)
  return mixed ^ (mixed >>> 15)
}

/** `src=10.244.1.5 dst=10.96.0.10 sport=40000 dport=80`, as `conntrack -L` writes it. */
export function formatTuple({ src, dst, protocol, sport, dport }: Tuple): string {
  const addresses = `src=${formatIp(src)} dst=${formatIp(dst)}`
  if (isIcmpProtocol(protocol)) return `${addresses} type=${dport >> 8} code=${dport & 255} id=${sport}`
  return hasPorts(protocol) ? `${addresses} sport=${sport} dport=${dport}` : addresses
}
