/**
 * Statements and expressions of which rules of many writers are made.
 *
 * @module
 */
import type { Family, Ip, Prefix } from '../../base/ip.ts'
import type { NftElement, NftExpression, NftValue, NftVerdict } from './expression.ts'
import type { NftStatement } from './rule.ts'

export const IP: Readonly<Record<Family, 'ip' | 'ip6'>> = { 4: 'ip', 6: 'ip6' }

const MARK: NftExpression = { kind: 'meta', key: 'mark' }

function addressField(family: Family, field: 'saddr' | 'daddr'): NftExpression {
  return { kind: 'payload', protocol: IP[family], field }
}

/** `ip saddr`, `ip6 daddr` */
export const ADDRESS: Readonly<Record<Family, Readonly<Record<'saddr' | 'daddr', NftExpression>>>> = {
  4: { saddr: addressField(4, 'saddr'), daddr: addressField(4, 'daddr') },
  6: { saddr: addressField(6, 'saddr'), daddr: addressField(6, 'daddr') },
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

/** A prefix of one address is written without its length. */
export function prefixValue(prefix: Prefix): NftValue {
  return prefix.bits === (prefix.family === 4 ? 32 : 128) ? { kind: 'ip', ip: prefix.base } : { kind: 'prefix', prefix }
}

/** `ip saddr 10.244.0.0/16` */
export function isWithin(field: 'saddr' | 'daddr', prefix: Prefix): NftStatement {
  return { do: 'match', left: ADDRESS[prefix.family][field], op: '==', right: prefixValue(prefix) }
}

export function isNotWithin(field: 'saddr' | 'daddr', prefix: Prefix): NftStatement {
  return { do: 'match', left: ADDRESS[prefix.family][field], op: '!=', right: prefixValue(prefix) }
}

export function from(family: Family, ip: Ip): NftStatement {
  return { do: 'match', left: ADDRESS[family].saddr, op: '==', right: { kind: 'ip', ip } }
}

export function to(family: Family, ip: Ip): NftStatement {
  return { do: 'match', left: ADDRESS[family].daddr, op: '==', right: { kind: 'ip', ip } }
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

export const ACCEPT: NftStatement = { do: 'verdict', verdict: { do: 'accept' } }
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
