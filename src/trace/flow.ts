/**
 * The first packet of a flow: what its sender's machine is asked to send.
 *
 * @module
 */
import type { Millis } from '../base/clock.ts'
import { ParseError } from '../base/error.ts'
import { familyOf, type Ip, isIpv4, isUnspecified, parseIp } from '../base/ip.ts'
import { ICMP, ICMPV6, type Protocol, SCTP, TCP, UDP } from '../base/protocol.ts'
import { echoRequest, sctpInit, tcpSyn, udpDatagram } from '../packet/first-packet.ts'
import { lengthOf } from '../packet/length.ts'
import type { Packet } from '../packet/packet.ts'
import type { Flow } from './journey.ts'
import type { Destination } from './service-destination.ts'
import type { Source } from './source.ts'

export interface FlowWishes {
  /** Absent: that of the destination's port, or TCP, or an echo where there is no port. */
  readonly protocol?: Protocol
  readonly sport?: number
  /** Bytes of the whole packet. */
  readonly size?: number
  readonly ttl?: number
  readonly at: Millis
}

/** The port that podwire takes for clients, of those that Linux draws from. */
export const CLIENT_PORT = 40_000

/** @see ip_route_output_key_hash_rcu in net/ipv4/route.c of Linux */
const LOOPBACK: Readonly<Record<4 | 6, Ip>> = { 4: parseIp('127.0.0.1'), 6: parseIp('::1') }

const UNCHOSEN: Readonly<Record<4 | 6, Ip>> = { 4: parseIp('0.0.0.0'), 6: parseIp('::') }

/** @throws {ParseError} when source and destination do not go together */
export function flowOf(source: Source, destination: Destination, wishes: FlowWishes): Flow {
  const family = familyOf(destination.ip)
  if (source.ip !== undefined && familyOf(source.ip) !== family) {
    throw new ParseError('destination', destination.label, `it is an IPv${family} address and ${source.label} is not`)
  }
  // Linux takes the address that is none for its own.
  const to = isUnspecified(destination.ip) ? { ...destination, ip: LOOPBACK[family] } : destination
  const packet = firstPacket(source.ip ?? UNCHOSEN[family], to, wishes)
  if (wishes.size !== undefined && lengthOf(packet) > wishes.size) {
    throw new ParseError('size', `${wishes.size}`, `such a packet has ${lengthOf(packet)} bytes at least`)
  }
  return { from: source.label, to: destination.label, sender: source.machine, packet, at: wishes.at }
}

function firstPacket(src: Ip, { ip: dst, port, protocol: usual, label }: Destination, wishes: FlowWishes): Packet {
  const { sport = CLIENT_PORT, size, ttl } = wishes
  const more = { ...(ttl === undefined ? {} : { ttl }), ...(size === undefined ? {} : { size }) }
  const protocol = wishes.protocol ?? usual ?? (port === undefined ? ICMP : TCP)
  if (protocol === ICMP || protocol === ICMPV6) return echoRequest({ src, dst, id: sport, seq: 1, ...more })
  if (port === undefined)
    throw new ParseError('destination', label, `which port? write ${isIpv4(dst) ? label : `[${label}]`}:PORT`)
  const ends = { src, dst, sport, dport: port, ...more }
  if (protocol === UDP) return udpDatagram(ends)
  if (protocol === SCTP) return sctpInit(ends)
  return tcpSyn(ends)
}
