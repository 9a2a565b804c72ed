/**
 * What packets carry, and its bytes.
 *
 * @module
 */
import { familyOf, type Ip } from '../base/ip.ts'
import { ICMP, ICMPV6, type Protocol, SCTP, TCP, UDP } from '../base/protocol.ts'
import { decodeIcmp, encodeIcmp } from './icmp.ts'
import type { Payload } from './packet.ts'
import { decodeSctp, encodeSctp } from './sctp.ts'
import { decodeTcp, encodeTcp } from './tcp.ts'
import { decodeUdp, encodeUdp } from './udp.ts'

/**
 * The bytes of a payload between two addresses, which most checksums cover. Under a routing header
 * `dst` is the packet's last destination.
 */
export function encodePayload(payload: Payload, src: Ip, dst: Ip): Uint8Array {
  if ('raw' in payload) return payload.raw
  switch (payload.protocol) {
    case 6:
      return encodeTcp(payload, src, dst)
    case 17:
      return encodeUdp(payload, src, dst)
    case 132:
      return encodeSctp(payload)
    case 1:
    case 58:
      return encodeIcmp(payload, src, dst)
  }
}

/**
 * The payload that a whole packet carries; `raw` if podwire does not take the protocol apart, or if
 * it is the ICMP of the other family.
 *
 * @throws {ParseError} when the bytes are not those of their protocol
 */
export function decodePayload(bytes: Uint8Array, protocol: Protocol, src: Ip, dst: Ip): Payload {
  switch (protocol) {
    case TCP:
      return decodeTcp(bytes, src, dst)
    case UDP:
      return decodeUdp(bytes, src, dst)
    case SCTP:
      return decodeSctp(bytes)
    case ICMP:
      if (familyOf(src) === 4) return decodeIcmp(bytes, ICMP, src, dst)
      break
    case ICMPV6:
      if (familyOf(src) === 6) return decodeIcmp(bytes, ICMPV6, src, dst)
      break
  }
  return { protocol, raw: bytes.slice() }
}
