/**
 * The statements and expressions that kube-proxy's nftables rules are put together from.
 *
 * @module
 */
import type { Family, Ip, Prefix } from '../../base/ip.ts'
import { protocolOf, type ServiceProtocol } from '../../base/protocol.ts'
import type { NftElement, NftExpression, NftValue, NftVerdict } from '../../netfilter/nftables/expression.ts'
import type { NftStatement } from '../../netfilter/nftables/rule.ts'
import type { Match } from '../../netfilter/rule.ts'
import { LOOPBACK } from '../node-port-addresses.ts'
import { intervalsOf } from './intervals.ts'

export const IP: Readonly<Record<Family, 'ip' | 'ip6'>> = { 4: 'ip', 6: 'ip6' }

const L4PROTO: NftExpression = { kind: 'meta', key: 'l4proto' }
const DPORT: NftExpression = { kind: 'payload', protocol: 'th', field: 'dport' }
const MARK: NftExpression = { kind: 'meta', key: 'mark' }

function addressOf(family: Family, field: 'saddr' | 'daddr'): NftExpression {
  return { kind: 'payload', protocol: IP[family], field }
}

const ADDRESS: Readonly<Record<Family, Readonly<Record<'saddr' | 'daddr', NftExpression>>>> = {
  4: { saddr: addressOf(4, 'saddr'), daddr: addressOf(4, 'daddr') },
  6: { saddr: addressOf(6, 'saddr'), daddr: addressOf(6, 'daddr') },
}

/** `ip daddr . meta l4proto . th dport` */
export function byDestination(family: Family): NftExpression {
  return { kind: 'concat', parts: [ADDRESS[family].daddr, L4PROTO, DPORT] }
}

/** `meta l4proto . th dport` */
export const BY_PORT: NftExpression = { kind: 'concat', parts: [L4PROTO, DPORT] }

/** `ip saddr . ip daddr . meta l4proto . th dport` */
export function byBothEnds(family: Family): NftExpression {
  return { kind: 'concat', parts: [ADDRESS[family].saddr, ADDRESS[family].daddr, L4PROTO, DPORT] }
}

export function vmap(key: NftExpression, map: string): NftStatement {
  return { do: 'vmap', key, in: { kind: 'named', set: map } }
}

/** `ip daddr @cluster-ips` */
export function isIn(family: Family, field: 'saddr' | 'daddr', set: string): NftStatement {
  return { do: 'match', left: ADDRESS[family][field], op: '==', right: { kind: 'named', set } }
}

export function inSet(left: NftExpression, set: string): NftStatement {
  return { do: 'match', left, op: '==', right: { kind: 'named', set } }
}

/** `ip saddr != { 10.0.0.0/8, 192.0.2.0/24 }`; one alone has no braces, as nft lists it. */
export function addressIs(
  family: Family,
  field: 'saddr' | 'daddr',
  op: '==' | '!=',
  prefixes: readonly Prefix[],
): NftStatement {
  const [only, ...others] = prefixes
  const elements = intervalsOf(prefixes).map((key): NftElement => ({ key }))
  const right = only && others.length === 0 ? prefixValue(only) : { kind: 'anonymous' as const, elements }
  return { do: 'match', left: ADDRESS[family][field], op, right }
}

/** A prefix of one address is written without its length. */
export function prefixValue(prefix: Prefix): NftValue {
  return prefix.bits === (prefix.family === 4 ? 32 : 128) ? { kind: 'ip', ip: prefix.base } : { kind: 'prefix', prefix }
}

export function from(family: Family, ip: Ip): NftStatement {
  return { do: 'match', left: ADDRESS[family].saddr, op: '==', right: { kind: 'ip', ip } }
}

export function to(family: Family, ip: Ip): NftStatement {
  return { do: 'match', left: ADDRESS[family].daddr, op: '==', right: { kind: 'ip', ip } }
}

/** `ip daddr != 127.0.0.0/8` */
export function notToLoopback(family: Family): NftStatement {
  return { do: 'match', left: ADDRESS[family].daddr, op: '!=', right: prefixValue(LOOPBACK[family]) }
}

/** `fib saddr type local` */
export function isOfNode(field: 'saddr' | 'daddr'): NftStatement {
  const left: NftExpression = { kind: 'fib', by: [field], result: 'type' }
  return { do: 'match', left, op: '==', right: { kind: 'symbol', symbol: 'local' } }
}

export const IS_NEW: NftStatement = {
  do: 'match',
  left: { kind: 'ct', key: 'state' },
  op: '==',
  right: { kind: 'symbol', symbol: 'new' },
}

/** `ct status dnat` */
export const IS_DNATED: NftStatement = {
  do: 'match',
  left: { kind: 'ct', key: 'status' },
  op: '==',
  right: { kind: 'symbol', symbol: 'dnat' },
}

export function verdict(kind: 'jump' | 'goto', chain: string): NftStatement {
  return { do: 'verdict', verdict: { do: kind, chain } }
}

export const RETURN: NftStatement = { do: 'verdict', verdict: { do: 'return' } }
export const DROP: NftStatement = { do: 'verdict', verdict: { do: 'drop' } }
export const REJECT: NftStatement = { do: 'reject' }
export const MASQUERADE: NftStatement = { do: 'nat', nat: 'masquerade', flags: ['fully-random'] }

/** Some bit of the mark is set in the packet's. */
export function isMarked(mark: number): NftStatement {
  return { do: 'match', left: maskedBy(mark), op: '!=', right: { kind: 'mark', mark: 0 } }
}

export function isUnmarked(mark: number): NftStatement {
  return { do: 'match', left: maskedBy(mark), op: '==', right: { kind: 'mark', mark: 0 } }
}

function maskedBy(mark: number): NftExpression {
  return { kind: 'binary', op: '&', left: MARK, right: markOf(mark) }
}

/** `meta mark set meta mark | 0x4000` */
export function changeMark(op: '|' | '^', mark: number): NftStatement {
  return { do: 'mangle', key: MARK, value: { kind: 'binary', op, left: MARK, right: markOf(mark) } }
}

function markOf(mark: number): NftExpression {
  return { kind: 'value', value: { kind: 'mark', mark } }
}

export function isOfProtocol(protocol: ServiceProtocol): NftStatement {
  return { do: 'match', left: L4PROTO, op: '==', right: protocolValue(protocol) }
}

export function protocolValue(protocol: ServiceProtocol): NftValue {
  return PROTOCOLS[protocol]
}

const PROTOCOLS: Readonly<Record<ServiceProtocol, NftValue>> = {
  TCP: { kind: 'protocol', protocol: protocolOf('TCP') },
  UDP: { kind: 'protocol', protocol: protocolOf('UDP') },
  SCTP: { kind: 'protocol', protocol: protocolOf('SCTP') },
}

/** `update @affinity-… { ip saddr }` */
export function remember(family: Family, set: string): NftStatement {
  return { do: 'set', how: 'update', set, key: ADDRESS[family].saddr }
}

/** `10.244.1.2 . 8080` */
export function end(ip: Ip, port: number): NftValue {
  return {
    kind: 'concat',
    parts: [
      { kind: 'ip', ip },
      { kind: 'port', port },
    ],
  }
}

/** `numgen random mod 3` */
export function drawOf(modulus: number): NftExpression {
  return { kind: 'numgen', mode: 'random', modulus }
}

/** The numbers from 0 up, each with what is at its place. */
export function numbered(all: readonly (NftValue | NftVerdict)[]): readonly NftElement[] {
  return all.map((data, number) => ({ key: { kind: 'number', number }, data }))
}

/**
 * The question that tells pods of this node from others, as iptables asks it, in nftables' terms.
 *
 * @throws {RangeError} for one that no detector asks
 */
export function detection(match: Match): NftStatement {
  if (match.on === 'src') {
    const left = ADDRESS[match.in.family].saddr
    return { do: 'match', left, op: match.not ? '!=' : '==', right: prefixValue(match.in) }
  }
  if (match.on === 'in') {
    const text = match.device.replace(/\+$/, '*')
    return {
      do: 'match',
      left: { kind: 'meta', key: 'iifname' },
      op: match.not ? '!=' : '==',
      right: { kind: 'string', text },
    }
  }
  throw new RangeError(`no detector asks by ${match.on}`)
}
