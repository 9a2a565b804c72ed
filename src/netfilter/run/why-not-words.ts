/**
 * Reasons that several conditions have, in words.
 *
 * @module
 */
import { formatIp, formatPrefix, type Ip, type Prefix, widthOf } from '../../base/ip.ts'
import { hex } from '../listed.ts'
import type { PortMatch, PortRange } from '../rule.ts'

/** `source 10.244.1.20 is in 10.244.0.0/16` */
export function whyNotIn(what: string, own: Ip, prefix: Prefix, not: boolean | undefined): string {
  const one = prefix.bits === widthOf(prefix.family)
  if (one) return not ? `${what} is ${formatIp(own)}` : `${what} ${formatIp(own)} is not ${formatIp(prefix.base)}`
  return `${what} ${formatIp(own)} is ${not ? '' : 'not '}in ${formatPrefix(prefix)}`
}

/** `destination port 81 is not 80` */
export function whyNotPort(what: string, own: number, { from, to, not }: PortMatch): string {
  if (from === to) return not ? `${what} is ${own}` : `${what} ${own} is not ${from}`
  return `${what} ${own} is ${not ? '' : 'not '}in ${from}:${to}`
}

/** `80`, `1024:65535` */
export function formatPorts({ from, to }: PortRange): string {
  return from === to ? `${from}` : `${from}:${to}`
}

/** `mark 0x4000 is not set`, or the mark as it is. */
export function whyNotMark(what: string, own: number, is: number, mask: number, not: boolean | undefined): string {
  if (is === mask) return `${what} ${hex(is, 1)} is ${not ? 'set' : 'not set'}`
  const shown = hex(own & mask, 1)
  const under = mask === -1 ? '' : ` under ${hex(mask, 1)}`
  return not ? `${what} is ${shown}${under}` : `${what} ${shown} is not ${hex(is, 1)}${under}`
}
