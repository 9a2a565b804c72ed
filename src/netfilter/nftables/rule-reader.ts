/**
 * Rules of a listing.
 *
 * A statement that podwire does not know is kept as it is written, and so are the words behind it up to one with which
 * a known statement begins. A rule that the writer would write in another way keeps its spelling.
 *
 * @module
 */
import { isBits, typesOf } from './datatype.ts'
import { findNftDuration } from './duration.ts'
import { readCount, readCounts, readValue, readVerdict, startsVerdict } from './element-reader.ts'
import type { NftExpression } from './expression.ts'
import { readBits, readGiven, readLookup, readNftExpression } from './expression-reader.ts'
import { markPrefix } from './mark-prefix.ts'
import type { NftNat, NftRule, NftStatement } from './rule.ts'
import { formatNftRule } from './rule-text.ts'
import { findQuoted, NotKnown, splitNftWords, Words } from './words.ts'

const HANDLE = / # handle (\d{1,15})$/

/** A rule, from its line without indent. */
export function readNftRule(line: string): NftRule {
  const handle = HANDLE.exec(line)
  const words = new Words(splitNftWords(handle ? line.slice(0, handle.index) : line))
  const statements: NftStatement[] = []
  let comment: string | undefined
  while (!words.atEnd) {
    comment = findComment(words)
    if (comment === undefined) statements.push(readOrKeep(words))
  }
  const rule: NftRule = {
    statements,
    ...(comment !== undefined && { comment }),
    ...(handle && { handle: Number(handle[1]) }),
  }
  return formatNftRule(rule) === line ? rule : { ...rule, spelling: line }
}

/** The comment of the rule, which is the last of its words. */
function findComment(words: Words): string | undefined {
  const from = words.at
  const comment = words.take('comment') ? findQuoted(words.peek ?? '') : undefined
  if (comment !== undefined) words.next()
  if (comment !== undefined && words.atEnd) return comment
  words.at = from
  return undefined
}

function readOrKeep(words: Words): NftStatement {
  const from = words.at
  try {
    return readStatement(words)
  } catch (cause) {
    if (!(cause instanceof NotKnown)) throw cause
    words.at = from
    return keep(words)
  }
}

/** Words with which statements begin that need nothing before them. */
const CERTAIN: ReadonlySet<string> = new Set([
  ...['counter', 'log', 'limit', 'reject', 'notrack', 'dnat', 'snat', 'masquerade', 'redirect', 'comment'],
  ...['accept', 'drop', 'continue', 'return', 'jump', 'goto', 'queue'],
])

function keep(words: Words): NftStatement {
  const from = words.at
  let depth = 0
  do {
    const word = words.next()
    if (word === '{') depth++
    else if (word === '}') depth--
  } while (!words.atEnd && (depth > 0 || !CERTAIN.has(words.peek ?? '')))
  return { do: 'unknown', text: words.since(from) }
}

/** @throws {NotKnown} when the words are no statement that podwire knows */
function readStatement(words: Words): NftStatement {
  const word = words.peek ?? ''
  if (startsVerdict(word)) return { do: 'verdict', verdict: readVerdict(words) }
  switch (word) {
    case 'counter':
      return readCounter(words)
    case 'log':
      return readLog(words)
    case 'limit':
      return readLimit(words)
    case 'reject':
      return readReject(words)
    case 'notrack':
      words.next()
      return { do: 'notrack' }
    case 'tproxy':
      return readProxy(words)
    case 'dnat':
    case 'snat':
    case 'masquerade':
    case 'redirect':
      words.next()
      return readNat(words, word)
    case 'add':
    case 'update':
    case 'delete':
      words.next()
      return readSetChange(words, word)
    default:
      return readAsked(words)
  }
}

/** What begins with something asked of the packet. */
function readAsked(words: Words): NftStatement {
  const left = readNftExpression(words)
  if (words.take('vmap')) return { do: 'vmap', key: left, in: readLookup(words, typesOf(left), 'verdict') }
  if (words.take('set')) return { do: 'mangle', key: left, value: readGiven(words, typesOf(left)) }
  return readMatch(words, left)
}

type Op = Extract<NftStatement, { do: 'match' }>['op']
const OPS: ReadonlyMap<string, Op> = new Map<string, Op>(
  (['==', '!=', '<', '>', '<=', '>='] as const).map(op => [op, op]),
)

function readMatch(words: Words, left: NftExpression): NftStatement {
  const types = typesOf(left)
  if (words.take('!')) return noneOf(left, readValueFor(words, left))
  const op = OPS.get(words.peek ?? '') ?? '=='
  words.take(op)
  if (words.peek === '{' || words.peek?.startsWith('@')) {
    return { do: 'match', left, op, right: readLookup(words, types) }
  }
  const prefix = types[0] === 'mark' ? findMarkPrefix(words.peek ?? '') : undefined
  if (prefix) {
    words.next()
    return { do: 'match', left: masked(left, prefix.mask), op, right: prefix.mark }
  }
  const right = readValueFor(words, left)
  if (!words.take('/')) return { do: 'match', left, op, right }
  return { do: 'match', left: masked(left, readValueFor(words, left)), op, right }
}

function readValueFor(words: Words, left: NftExpression) {
  const types = typesOf(left)
  return isBits(types[0]) && left.kind !== 'concat' ? readBits(words, types[0]) : readValue(words, types)
}

/** `0x00010000/16`: the leading bits of a mark. */
function findMarkPrefix(word: string) {
  const [, mark, bits] = /^(0x[0-9a-f]{1,8})\/([1-9]|[12]\d|3[01])$/.exec(word) ?? []
  return mark === undefined ? undefined : markPrefix(Number(mark), Number(bits))
}

/** `ct state ! new,invalid` */
function noneOf(left: NftExpression, bits: ReturnType<typeof readBits>): NftStatement {
  return { do: 'match', left: masked(left, bits), op: '==', right: { kind: 'number', number: 0 } }
}

function masked(left: NftExpression, bits: ReturnType<typeof readBits>): NftExpression {
  return { kind: 'binary', op: '&', left, right: { kind: 'value', value: bits } }
}

function readCounter(words: Words): NftStatement {
  words.next()
  if (words.peek === 'name') words.fail()
  return { do: 'counter', ...readCounts(words) }
}

const LOG_OPTIONS: ReadonlySet<string> = new Set(['prefix', 'level', 'group', 'snaplen', 'queue-threshold', 'flags'])

function readLog(words: Words): NftStatement {
  words.next()
  const options: [string, string][] = []
  while (LOG_OPTIONS.has(words.peek ?? '')) {
    const name = words.next()
    const value = words.next()
    if (name === 'prefix') options.push([name, findQuoted(value) ?? words.fail()])
    else if (name !== 'flags' || (value !== 'tcp' && value !== 'ip')) options.push([name, value])
    else options.push([name, `${value} ${words.next()}`])
  }
  return { do: 'log', options }
}

type Limit = Extract<NftStatement, { do: 'limit' }>
const RATE = /^(\d{1,15})(?:\/([a-z]+))?$/

function readLimit(words: Words): NftStatement {
  words.next()
  words.expect('rate')
  const over = words.take('over')
  const [, amount, own] = RATE.exec(words.next()) ?? words.fail()
  const [unit, per] = own === undefined ? words.next().split('/') : ['packets', own]
  const limit = { rate: Number(amount), unit: readUnit(words, unit), per: readPer(words, per), ...(over && { over }) }
  if (!words.take('burst')) return { do: 'limit', ...limit }
  const burst = { amount: readCount(words), unit: readUnit(words, words.next()) }
  return { do: 'limit', ...limit, burst }
}

function readUnit(words: Words, unit: string | undefined): Limit['unit'] {
  return unit === 'packets' || unit === 'bytes' || unit === 'kbytes' || unit === 'mbytes' ? unit : words.fail()
}

function readPer(words: Words, per: string | undefined): Limit['per'] {
  return per === 'second' || per === 'minute' || per === 'hour' || per === 'day' || per === 'week' ? per : words.fail()
}

function readReject(words: Words): NftStatement {
  words.next()
  if (!words.take('with')) return { do: 'reject' }
  const type = words.next()
  if (type === 'tcp') {
    words.expect('reset')
    return { do: 'reject', with: { type: 'tcp reset' } }
  }
  if (type !== 'icmp' && type !== 'icmpv6' && type !== 'icmpx') words.fail()
  const code = words.next()
  if (!/^[a-z0-9-]+$/.test(code)) words.fail()
  return { do: 'reject', with: { type, code } }
}

type Nat = Extract<NftStatement, { do: 'nat' }>
const NAT_FLAGS = ['random', 'fully-random', 'persistent'] as const

function readNat(words: Words, nat: NftNat): NftStatement {
  const family = words.take('ip') ? 'ip' : words.take('ip6') ? 'ip6' : undefined
  const statement: Nat = { do: 'nat', nat, ...(family && { family }), ...readWhere(words, family !== undefined) }
  const flags = words.peek?.split(',').map(flag => NAT_FLAGS.find(known => known === flag)) ?? []
  if (!flags.every(flag => flag !== undefined) || flags.length === 0) return statement
  words.next()
  return { ...statement, flags }
}

/** `to 10.0.0.1:80`, `to [fd00::1]-[fd00::5]:80-90`, `to :80`, `to` what a map has. */
function readWhere(words: Words, needed: boolean): Pick<Nat, 'address' | 'port'> {
  if (!words.take('to')) return needed ? words.fail() : {}
  const word = words.peek ?? ''
  // Without brackets, two colons are those of an address.
  const [, bracketed, plain, port] = /^(?:(\[.*\])|([^:[\]]*))(?::([^:]*))?$/.exec(word) ?? []
  if (port === undefined && bracketed === undefined) return { address: readGiven(words, ADDRESS_AND_PORT) }
  words.next()
  const text = bracketed?.replace(/[[\]]/g, '') ?? plain ?? ''
  const address = text === '' ? {} : { address: readGiven(new Words([text]), ADDRESS_AND_PORT) }
  return port === undefined ? address : { ...address, port: readPort(words, port) }
}

const ADDRESS_AND_PORT = ['ipv4_addr', 'inet_service'] as const

/** What stands behind the colon begins within a word and may go on with the next: `:tcp dport map { … }`. */
function readPort(words: Words, first: string): NftExpression {
  return words.again(first, () => readGiven(words, ['inet_service']))
}

/** Where it ends is known, what it does is not. */
function readProxy(words: Words): NftStatement {
  const from = words.at
  words.next()
  if (!words.take('ip')) words.take('ip6')
  words.expect('to')
  words.next()
  return { do: 'unknown', text: words.since(from) }
}

function readSetChange(words: Words, how: 'add' | 'update' | 'delete'): NftStatement {
  const set = words.next()
  if (!/^@./.test(set)) words.fail()
  words.expect('{')
  const key = readNftExpression(words)
  const timeout = words.take('timeout') ? (findNftDuration(words.next()) ?? words.fail()) : undefined
  words.expect('}')
  return { do: 'set', how, set: set.slice(1), key, ...(timeout !== undefined && { timeout }) }
}
