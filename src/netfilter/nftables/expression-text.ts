/**
 * The text of values, elements, lookups and expressions, as `nft list ruleset` writes it.
 *
 * @module
 */
import { formatIp, formatPrefix, isIpv4 } from '../../base/ip.ts'
import { formatMac } from '../../base/mac.ts'
import { formatProtocol } from '../name.ts'
import { formatNftDuration } from './duration.ts'
import type {
  NftCounts,
  NftElement,
  NftExpression,
  NftLookup,
  NftOperator,
  NftValue,
  NftVerdict,
} from './expression.ts'

/** As it stands in a comparison, an element or a place to send to. */
export function formatNftValue(value: NftValue): string {
  switch (value.kind) {
    case 'ip':
      return formatIp(value.ip)
    case 'prefix':
      return formatNftPrefix(value)
    case 'mac':
      return formatMac(value.mac)
    case 'protocol':
      return formatProtocol(value.protocol)
    case 'port':
      return `${value.port}`
    case 'mark':
      return `0x${(value.mark >>> 0).toString(16).padStart(8, '0')}`
    case 'number':
      return `${value.number}`
    case 'symbol':
      return value.symbol
    case 'flags':
      return value.symbols.join(',')
    case 'string':
      return `"${value.text}"`
    case 'range':
      return `${formatNftValue(value.from)}-${formatNftValue(value.to)}`
    case 'concat':
      return joined(value.parts, formatNftValue, ' . ')
    case 'wildcard':
      return '*'
  }
}

/** The kernel does not tell a prefix of all bits from an address. */
function formatNftPrefix({ prefix }: NftValue & { kind: 'prefix' }): string {
  const whole = prefix.family === 6 ? 128 : 32
  return prefix.bits === whole ? formatIp(prefix.base) : formatPrefix(prefix)
}

export function formatNftVerdict(verdict: NftVerdict): string {
  switch (verdict.do) {
    case 'jump':
    case 'goto':
      return `${verdict.do} ${verdict.chain}`
    case 'queue': {
      const flags = verdict.flags?.length ? ` flags ${verdict.flags.join(',')}` : ''
      return verdict.to === undefined ? `queue${flags}` : `queue${flags} to ${verdict.to}`
    }
    case 'accept':
    case 'drop':
    case 'continue':
    case 'return':
      return verdict.do
  }
}

/** `10.96.0.1 . tcp . 443 comment "default/kubernetes:https" : goto reject-chain` */
export function formatNftElement(element: NftElement): string {
  const { data } = element
  const key = formatNftElementKey(element)
  if (data === undefined) return key
  return `${key} : ${'do' in data ? formatNftVerdict(data) : formatNftValue(data)}`
}

/** An element without what a map has for it. */
export function formatNftElementKey({ key, counter, unknown, timeout, expires, comment }: NftElement): string {
  let text = formatNftBits(key)
  if (counter) text += ` ${formatNftCounter(counter)}`
  if (unknown !== undefined) text += ` ${unknown}`
  if (timeout !== undefined) text += ` timeout ${formatNftDuration(timeout)}`
  if (expires !== undefined) text += ` expires ${formatNftDuration(expires)}`
  if (comment !== undefined) text += ` comment "${comment}"`
  return text
}

/** `counter packets 5 bytes 420` */
export function formatNftCounter({ packets, bytes = 0 }: NftCounts): string {
  return packets === undefined ? 'counter' : `counter packets ${packets} bytes ${bytes}`
}

/** `@cluster-ips`, or the elements in braces. */
export function formatNftLookup(lookup: NftLookup): string {
  if (lookup.kind === 'named') return `@${lookup.set}`
  return `{ ${joined(lookup.elements, formatNftElement, ', ')} }`
}

/** Of the keys of `meta`, those that stand by themselves. */
export const NFT_BARE_META: ReadonlySet<string> = new Set(['iif', 'oif', 'iifname', 'oifname', 'iifgroup', 'oifgroup'])

export function formatNftExpression(expression: NftExpression): string {
  switch (expression.kind) {
    case 'value':
      return formatNftValue(expression.value)
    case 'payload':
      return `${expression.protocol} ${expression.field}`
    case 'meta':
      return NFT_BARE_META.has(expression.key) ? expression.key : `meta ${expression.key}`
    case 'ct':
      return ['ct', expression.direction, expression.family, expression.key].filter(Boolean).join(' ')
    case 'fib':
      return `fib ${expression.by.join(' . ')} ${expression.result}`
    case 'numgen': {
      const offset = expression.offset ? ` offset ${expression.offset}` : ''
      return `numgen ${expression.mode} mod ${expression.modulus}${offset}`
    }
    case 'binary':
      return `${formatOperand(expression.left, expression.op)} ${expression.op} ${formatOperand(expression.right, expression.op)}`
    case 'concat':
      return joined(expression.parts, formatNftExpression, ' . ')
    case 'unknown':
      return expression.text
    case 'map':
      return `${formatNftExpression(expression.key)} map ${formatNftLookup(expression.in)}`
  }
}

/** How tightly each binds: the less, the tighter. */
const LOOSENESS: Readonly<Record<NftOperator, number>> = { '<<': 1, '>>': 1, '&': 2, '^': 3, '|': 4 }

/** In brackets if it would be taken apart. */
function formatOperand(operand: NftExpression, op: NftOperator): string {
  const text = operand.kind === 'value' ? formatNftBits(operand.value) : formatNftExpression(operand)
  const own = operand.kind === 'binary' ? operand.op : text.includes(' | ') ? '|' : op
  return LOOSENESS[own] > LOOSENESS[op] ? `(${text})` : text
}

/** As {@link formatNftValue}; bits together as one number, where that is not any of them: `syn | ack`. */
export function formatNftBits(value: NftValue): string {
  return value.kind === 'flags' ? value.symbols.join(' | ') : formatNftValue(value)
}

/** An address before a port: in brackets, if its colons could be taken for the port's. */
export function formatNftHost(value: NftValue): string {
  if (value.kind === 'range') return `${formatNftHost(value.from)}-${formatNftHost(value.to)}`
  const text = formatNftValue(value)
  return value.kind === 'ip' && !isIpv4(value.ip) ? `[${text}]` : text
}

/** As `list.map(format).join(between)`, without the list between. */
function joined<T>(list: readonly T[], format: (one: T) => string, between: string): string {
  let text = ''
  for (const one of list) text = text === '' ? format(one) : text + between + format(one)
  return text
}
