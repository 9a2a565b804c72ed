/**
 * A probe as a packet.
 *
 * @module
 */
import type { Ip } from '../../base/ip.ts'
import { ICMP, ICMPV6, SCTP, TCP, UDP } from '../../base/protocol.ts'
import { echoRequest, sctpInit, tcpSyn, udpDatagram } from '../../packet/first-packet.ts'
import type { Packet } from '../../packet/packet.ts'
import { decodePacket } from '../../packet/packet-bytes.ts'
import type { Probe } from '../probe.ts'

/**
 * The packet that a trace begins with for the same flow; a probe of bytes is what these are.
 *
 * @throws {ParseError} when the probe's bytes are no packet
 * @throws {RangeError} when the probe has no port but needs one, or podwire has no packet of its protocol
 */
export function probePacket(probe: Probe, src: Ip): Packet {
  const { protocol, dst, sport, dport, ttl, size, bytes } = probe
  if (bytes) return decodePacket(bytes)
  const start = { src, dst, ...(ttl === undefined ? {} : { ttl }), ...(size === undefined ? {} : { size }) }
  if (protocol === ICMP || protocol === ICMPV6) return echoRequest({ ...start, id: sport })
  if (dport === undefined) throw new RangeError(`a probe of protocol ${protocol} without a destination port`)
  const ends = { ...start, sport, dport }
  switch (protocol) {
    case TCP:
      return tcpSyn(ends)
    case UDP:
      return udpDatagram(ends)
    case SCTP:
      return sctpInit(ends)
    default:
      throw new RangeError(`no packet of protocol ${protocol} is known`)
  }
}
