/**
 * Addresses as Node tells them of sockets.
 *
 * @module
 */
import { type Ip, parseIp } from '../../base/ip.ts'

/**
 * The address without its zone; an IPv4 address that a socket of both families tells as an IPv6 one is
 * told as what it is.
 *
 * @see RFC 4291 section 2.5.5.2
 */
export function socketIp(text: string): Ip {
  const [address = ''] = text.split('%')
  return parseIp(address.replace(/^::ffff:(?=\d+\.)/, ''))
}
