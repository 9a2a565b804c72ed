/**
 * ARP messages, for IPv4 over Ethernet, and their bytes.
 *
 * @see RFC 826
 * @module
 */
import { formatIp, isIpv4 } from '../base/ip.ts'
import { get8, get16, getIp, getMac, malformed, put16, putIp, putMac, requireLength } from './octets.ts'
import type { ArpMessage } from './packet.ts'

const WHAT = 'ARP message'
export const ARP_LENGTH = 28
const ETHERNET = 1
const IPV4 = 0x0800
const MAC_BYTES = 6
const IP_BYTES = 4
const REQUEST = 1
const REPLY = 2

/** @throws {RangeError} when an address is not IPv4: IPv6 has neighbour discovery */
export function encodeArp({ operation, sender, target }: ArpMessage): Uint8Array {
  for (const { ip } of [sender, target]) if (!isIpv4(ip)) throw new RangeError(`ARP for ${formatIp(ip)}`)
  const bytes = new Uint8Array(ARP_LENGTH)
  put16(bytes, 0, ETHERNET)
  put16(bytes, 2, IPV4)
  bytes[4] = MAC_BYTES
  bytes[5] = IP_BYTES
  put16(bytes, 6, operation === 'request' ? REQUEST : REPLY)
  putMac(bytes, 8, sender.mac)
  putIp(bytes, 14, sender.ip)
  putMac(bytes, 18, target.mac)
  putIp(bytes, 24, target.ip)
  return bytes
}

/**
 * Reads the message at the beginning of `bytes`; what is behind it, short frames are filled up with.
 *
 * @throws {ParseError} when it is cut short, for other kinds of addresses, or neither request nor reply
 */
export function decodeArp(bytes: Uint8Array): ArpMessage {
  requireLength(WHAT, bytes, ARP_LENGTH)
  const hardware = get16(bytes, 0)
  const protocol = get16(bytes, 2)
  const operation = get16(bytes, 6)
  if (hardware !== ETHERNET) throw malformed(WHAT, bytes, 0, `hardware type ${hardware}, not Ethernet`)
  if (protocol !== IPV4) throw malformed(WHAT, bytes, 2, `protocol ${protocol}, not IPv4`)
  if (get8(bytes, 4) !== MAC_BYTES || get8(bytes, 5) !== IP_BYTES) {
    throw malformed(WHAT, bytes, 4, `addresses of ${get8(bytes, 4)} and ${get8(bytes, 5)} bytes, not 6 and 4`)
  }
  if (operation !== REQUEST && operation !== REPLY) {
    throw malformed(WHAT, bytes, 6, `operation ${operation}, neither request nor reply`)
  }
  return {
    operation: operation === REQUEST ? 'request' : 'reply',
    sender: { mac: getMac(bytes, 8), ip: getIp(bytes, 14, 4) },
    target: { mac: getMac(bytes, 18), ip: getIp(bytes, 24, 4) },
  }
}
