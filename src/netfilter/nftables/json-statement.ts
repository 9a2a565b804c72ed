/**
 * Statements of rules, read from `nft -j`.
 *
 * @see libnftables-json(5), STATEMENTS
 * @module
 */
import { isBits, typesOf } from './datatype.ts'
import type { NftExpression } from './expression.ts'
import { findJsonVerdict, listOf, readJsonCounts, readJsonExpression, readJsonLookup } from './json-expression.ts'
import {
  asCount,
  asObject,
  asText,
  isObject,
  type JsonObject,
  notKnown,
  onlyEntry,
  readJsonValue,
} from './json-value.ts'
import { markPrefix } from './mark-prefix.ts'
import type { NftFamily, NftNat, NftStatement } from './rule.ts'
import { NotKnown } from './words.ts'

/** A statement; one that podwire does not know is kept as JSON, which begins with a brace as no text of nft's does. */
export function readJsonStatement(json: unknown, family: NftFamily): NftStatement {
  // What nft has no JSON for is the text of a listing.
  if (typeof json === 'string') return { do: 'unknown', text: json }
  try {
    return readKnown(json, family)
  } catch (cause) {
    if (!(cause instanceof NotKnown)) throw cause
    return { do: 'unknown', text: JSON.stringify(json) }
  }
}

function readKnown(json: unknown, family: NftFamily): NftStatement {
  const verdict = findJsonVerdict(json)
  if (verdict) return { do: 'verdict', verdict }
  const [kind, value] = onlyEntry(json)
  switch (kind) {
    case 'match':
      return readMatch(asObject(value))
    case 'vmap': {
      const { key: asked, data } = asObject(value)
      const key = readJsonExpression(asked)
      return { do: 'vmap', key, in: readJsonLookup(data, typesOf(key), 'verdict') }
    }
    case 'mangle': {
      const { key: asked, value: given } = asObject(value)
      const key = readJsonExpression(asked)
      return { do: 'mangle', key, value: readJsonExpression(given, typesOf(key)) }
    }
    case 'counter':
      return typeof value === 'string' ? kept(kind, value) : { do: 'counter', ...readJsonCounts(value) }
    case 'dnat':
    case 'snat':
    case 'masquerade':
    case 'redirect':
      return readNat(kind, value === null ? {} : asObject(value))
    case 'reject':
      return readReject(value === null ? {} : asObject(value), family)
    case 'set':
      return readSetChange(asObject(value))
    case 'log':
      return readLog(value === null ? {} : asObject(value))
    case 'limit':
      return typeof value === 'string' ? kept(kind, value) : readLimit(asObject(value))
    case 'quota':
    case 'ct count':
    case 'tproxy':
      return kept(kind, value)
    case 'notrack':
      return { do: 'notrack' }
    case 'ct helper':
      return { do: 'mangle', key: { kind: 'ct', key: 'helper' }, value: helper(asText(value)) }
    default:
      return notKnown()
  }
}

/** What podwire does not know either, as a listing writes it. */
function kept(kind: 'counter' | 'limit' | 'quota' | 'ct count' | 'tproxy', value: unknown): NftStatement {
  if (typeof value === 'string') return { do: 'unknown', text: `${kind} name "${value}"` }
  const { val, inv, val_unit, used, used_unit, family, addr = '', port } = asObject(value)
  if (kind === 'tproxy') {
    const of = family === undefined ? '' : ` ${asText(family)}`
    return { do: 'unknown', text: `tproxy${of} to ${asText(addr)}${port === undefined ? '' : `:${asCount(port)}`}` }
  }
  const text = `${kind} ${inv === true ? 'over ' : ''}${asCount(val)}`
  if (kind === 'ct count') return { do: 'unknown', text }
  const more = used === undefined ? '' : ` used ${asCount(used)} ${asText(used_unit)}`
  return { do: 'unknown', text: `${text} ${asText(val_unit)}${more}` }
}

function helper(text: string): NftExpression {
  return { kind: 'value', value: { kind: 'string', text } }
}

const OPS = ['==', '!=', '<', '>', '<=', '>='] as const

function readMatch({ op: said, left: asked, right: given }: JsonObject): NftStatement {
  const left = readJsonExpression(asked)
  const types = typesOf(left)
  if (said === '!') {
    const bits: NftExpression = { kind: 'value', value: readJsonValue(given, types) }
    const masked: NftExpression = { kind: 'binary', op: '&', left, right: bits }
    return { do: 'match', left: masked, op: '==', right: { kind: 'number', number: 0 } }
  }
  const op = said === 'in' ? '==' : (OPS.find(known => known === said) ?? notKnown())
  if (isLookup(given)) return { do: 'match', left, op, right: readJsonLookup(given, types) }
  const prefix = types[0] === 'mark' && isObject(given) ? given['prefix'] : undefined
  if (prefix !== undefined) {
    const { addr, len } = asObject(prefix)
    const { mark, mask } = markPrefix(asCount(addr), asCount(len))
    return {
      do: 'match',
      left: { kind: 'binary', op: '&', left, right: { kind: 'value', value: mask } },
      op,
      right: mark,
    }
  }
  return { do: 'match', left, op, right: isBits(types[0]) ? readBits(given, types) : readJsonValue(given, types) }
}

function isLookup(json: unknown): boolean {
  return (typeof json === 'string' && json.startsWith('@')) || (isObject(json) && json['set'] !== undefined)
}

/** None of them by the number 0, others by their names. */
function readBits(json: unknown, types: ReturnType<typeof typesOf>) {
  return json === 0 ? ({ kind: 'number', number: 0 } as const) : readJsonValue(json, types)
}

const NAT_FLAGS = ['random', 'fully-random', 'persistent'] as const

function readNat(nat: NftNat, json: JsonObject): NftStatement {
  const { family, addr, port, flags, ...more } = json
  if (Object.keys(more).length > 0) notKnown()
  if (family !== undefined && family !== 'ip' && family !== 'ip6') notKnown()
  const known = listOf(flags).map(flag => NAT_FLAGS.find(name => name === flag) ?? notKnown())
  return {
    do: 'nat',
    nat,
    ...(family && { family }),
    ...(addr !== undefined && { address: readJsonExpression(addr, ['ipv4_addr', 'inet_service']) }),
    ...(port !== undefined && { port: readJsonExpression(port, ['inet_service']) }),
    ...(known.length > 0 && { flags: known }),
  }
}

/** The answer that goes without saying, by the table's family. */
const USUAL_REJECT: Readonly<Record<NftFamily, string>> = {
  ip: 'icmp',
  ip6: 'icmpv6',
  inet: 'icmpx',
  bridge: 'icmpx',
  netdev: 'icmpx',
  arp: 'icmpx',
}

function readReject({ type, expr }: JsonObject, family: NftFamily): NftStatement {
  if (type === undefined) return { do: 'reject' }
  if (type === 'tcp reset') return { do: 'reject', with: { type } }
  if (type !== 'icmp' && type !== 'icmpv6' && type !== 'icmpx') notKnown()
  const code = asText(expr)
  if (type === USUAL_REJECT[family] && code === 'port-unreachable') return { do: 'reject' }
  return { do: 'reject', with: { type, code } }
}

function readSetChange({ op, elem, set, ...more }: JsonObject): NftStatement {
  if (op !== 'add' && op !== 'update' && op !== 'delete') notKnown()
  if (Object.keys(more).length > 0) notKnown()
  const { val = elem, timeout, ...rest } = isObject(elem) && isObject(elem['elem']) ? elem['elem'] : {}
  if (Object.keys(rest).length > 0) notKnown()
  const name = /^@(.+)$/.exec(asText(set))?.[1] ?? notKnown()
  const key = readJsonExpression(val)
  return { do: 'set', how: op, set: name, key, ...(timeout !== undefined && { timeout: asCount(timeout) * 1000 }) }
}

const LOG_OPTIONS = ['prefix', 'level', 'group', 'snaplen', 'queue-threshold', 'flags'] as const

function readLog(json: JsonObject): NftStatement {
  const options: [string, string][] = []
  for (const name of LOG_OPTIONS) {
    const value = json[name]
    if (name === 'flags') options.push(...logFlags(listOf(value).map(asText)))
    else if (value !== undefined) options.push([name, typeof value === 'number' ? `${asCount(value)}` : asText(value)])
  }
  return { do: 'log', options }
}

/** `tcp sequence` and `tcp options` are `flags tcp sequence,options`. */
function logFlags(flags: readonly string[]): [string, string][] {
  const tcp = flags.filter(flag => flag.startsWith('tcp ')).map(flag => flag.slice('tcp '.length))
  const others = flags.filter(flag => !flag.startsWith('tcp '))
  return [...(tcp.length > 0 ? [`tcp ${tcp.join(',')}`] : []), ...others].map(flag => ['flags', flag])
}

/** The burst that goes without saying: of packets. */
const USUAL_BURST = 5
const UNITS = ['packets', 'bytes', 'kbytes', 'mbytes'] as const
const PERIODS = ['second', 'minute', 'hour', 'day', 'week'] as const

function readLimit({ rate, burst, per, inv, rate_unit, burst_unit }: JsonObject): NftStatement {
  const unit = unitOf(rate_unit)
  const usual = unit === 'packets' ? USUAL_BURST : 0
  return {
    do: 'limit',
    rate: asCount(rate),
    unit,
    per: PERIODS.find(name => name === per) ?? notKnown(),
    ...(inv === true && { over: true }),
    ...(burst !== undefined && burst !== usual && { burst: { amount: asCount(burst), unit: unitOf(burst_unit) } }),
  }
}

function unitOf(json: unknown): (typeof UNITS)[number] {
  return json === undefined ? 'packets' : (UNITS.find(name => name === json) ?? notKnown())
}
