/**
 * Parts of ipset entries and their text.
 *
 * @see lib/data.c, lib/print.c of ipset
 * @module
 */
import { ParseError } from '../base/error.ts'
import { type Family, formatIp, formatPrefix, widthOf } from '../base/ip.ts'
import { formatMac, parseMac } from '../base/mac.ts'
import { ICMP, ICMPV6, type Protocol } from '../base/protocol.ts'
import { parseIpOf, parseNetwork, parseNumber } from './codec.ts'
import { formatIcmpCode, parseIcmpType } from './icmp.ts'
import type { Dimension, SetElement } from './ipset.ts'
import { formatProtocol, parsePort, parseProtocol } from './name.ts'

/** As `ipset save` prints it. */
export function formatElement(element: SetElement): string {
  switch (element.kind) {
    case 'ip':
      return formatIp(element.ip)
    case 'net':
      return element.net.bits === widthOf(element.net.family) ? formatIp(element.net.base) : formatPrefix(element.net)
    case 'port':
      return formatPort(element.port, element.protocol)
    case 'iface':
      return element.bridged ? `physdev:${element.device}` : element.device
    case 'mac':
      return formatMac(element.mac).toUpperCase()
    case 'mark':
      return `0x${(element.mark >>> 0).toString(16).padStart(8, '0')}`
    case 'set':
      return element.name
  }
}

/**
 * Reads one part of an entry.
 *
 * @param alone whether it is the only part: then a port has no protocol
 * @throws {ParseError} when it is malformed or a range, which the kernel would take as many entries
 */
export function parseElement(text: string, kind: Dimension, family: Family, alone: boolean): SetElement {
  switch (kind) {
    case 'ip':
      return { kind, ip: parseIpOf(text, family) }
    case 'net':
      return { kind, net: parseNetwork(text, family) }
    case 'port':
      return alone ? { kind, port: parsePort(text) } : parseProtocolPort(text, family)
    case 'iface':
      return text.startsWith('physdev:')
        ? { kind, device: text.slice('physdev:'.length), bridged: true }
        : { kind, device: text }
    case 'mac':
      return { kind, mac: parseMac(text) }
    case 'mark':
      return { kind, mark: parseNumber(text, 'mark') | 0 }
    case 'set':
      return { kind, name: text }
  }
}

/** `tcp:80`, `icmp:echo-request`, `gre:0`; a port alone is one of TCP. */
function parseProtocolPort(text: string, family: Family): SetElement {
  const colon = text.indexOf(':')
  const protocol = colon < 0 ? parseProtocol('tcp') : parseProtocol(text.slice(0, colon))
  const port = text.slice(colon + 1)
  if (!isIcmp(protocol)) return { kind: 'port', protocol, port: parsePort(port) }
  const { type, code } = parseIcmpType(port, family)
  if (code && code.from !== code.to) throw new ParseError('ICMP type', port, 'several codes')
  return { kind: 'port', protocol, port: (type << 8) | (code?.from ?? 0) }
}

function formatPort(port: number, protocol: Protocol | undefined): string {
  if (protocol === undefined) return `${port}`
  const icmp = isIcmp(protocol)
  const shown = icmp ? formatIcmpCode(port >>> 8, port & 255, protocol === ICMP ? 4 : 6) : `${port}`
  return `${formatProtocol(protocol)}:${shown}`
}

function isIcmp(protocol: Protocol): boolean {
  return protocol === ICMP || protocol === ICMPV6
}
