/**
 * Reads `nft -j list ruleset` into the value that the text of the same ruleset reads into.
 *
 * What nft 1.0.6 leaves out of its JSON is not in the value: comments of tables and chains, devices of base chains,
 * what sets are `typeof`, fractions of seconds, and what modules of iptables hold. What podwire does not know is kept
 * as JSON.
 *
 * @see libnftables-json(5)
 * @module
 */
import { InputError, ParseError } from '../../base/error.ts'
import { listOf, readJsonElements } from './json-expression.ts'
import { readJsonStatement } from './json-statement.ts'
import { asCount, asList, asObject, asText, type JsonObject, notKnown, onlyEntry } from './json-value.ts'
import type { NftBase, NftBlock, NftChain, NftFamily, NftRule, NftRuleset, NftSet, NftTable } from './rule.ts'
import { formatNftStatement } from './rule-text.ts'
import { typeNames } from './set-reader.ts'
import { NotKnown } from './words.ts'

type Open<T> = { -readonly [Key in keyof T]: T[Key] }

interface OpenTable extends Open<Omit<NftTable, 'sets' | 'chains' | 'unknown'>> {
  sets: NftSet[]
  chains: NftChain[]
  unknown?: NftBlock[]
}

/** The tables so far, and the rules of their chains, by what they are called. */
interface Ruleset {
  readonly tables: Map<string, OpenTable>
  readonly rules: Map<string, NftRule[]>
}

/**
 * The ruleset that the JSON lists.
 *
 * @param json the text, or what `JSON.parse` made of it
 * @throws {ParseError} when the text is no JSON
 * @throws {InputError} that names the object by its place when it is not of the form that nft writes
 */
export function readNftJson(json: unknown): NftRuleset {
  const value = typeof json === 'string' ? parse(json) : json
  const ruleset: Ruleset = { tables: new Map(), rules: new Map() }
  const list = at('nftables', () => asList(asObject(value)['nftables']))
  for (const [i, one] of list.entries()) at(`nftables[${i}]`, () => addObject(ruleset, one))
  return { tables: [...ruleset.tables.values()] }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ParseError('JSON', text.slice(0, 80), cause instanceof Error ? cause.message : 'malformed')
  }
}

function at<T>(place: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (!(cause instanceof NotKnown || cause instanceof ParseError)) throw cause
    throw new InputError(place, cause instanceof ParseError ? cause : new ParseError('nft', place, 'malformed'))
  }
}

const FAMILIES = ['ip', 'ip6', 'inet', 'arp', 'bridge', 'netdev'] as const

function addObject(ruleset: Ruleset, json: unknown): void {
  const [kind, value] = onlyEntry(json)
  if (kind === 'metainfo') return
  const object = asObject(value)
  const family = FAMILIES.find(name => name === object['family']) ?? notKnown()
  if (kind === 'table') {
    const name = asText(object['name'])
    ruleset.tables.set(`${family} ${name}`, {
      family,
      name,
      ...flagsOf(object),
      sets: [],
      chains: [],
      ...numbered(object),
    })
    return
  }
  const where = `${family} ${asText(object['table'])}`
  const table = ruleset.tables.get(where) ?? refuse(`table ${where}`)
  if (kind === 'chain') {
    const rules: NftRule[] = []
    ruleset.rules.set(`${where} ${asText(object['name'])}`, rules)
    table.chains.push(readChain(object, rules))
  } else if (kind === 'rule') {
    const chain = `${where} ${asText(object['chain'])}`
    const rules = ruleset.rules.get(chain) ?? refuse(`chain ${chain}`)
    rules.push(readRule(object, family))
  } else if (kind === 'set' || kind === 'map') table.sets.push(readSet(object, kind))
  else table.unknown = [...(table.unknown ?? []), readBlock(kind, object)]
}

function refuse(what: string): never {
  throw new ParseError('nft', what, 'not listed before')
}

function numbered({ handle }: JsonObject): { handle?: number } {
  return handle === undefined ? {} : { handle: asCount(handle) }
}

/** nft 1.0.6 may write other text there, which says nothing. */
function flagsOf({ flags }: JsonObject): { flags?: ('dormant' | 'owner')[] } {
  const known = listOf(flags).filter((flag): flag is 'dormant' | 'owner' => flag === 'dormant' || flag === 'owner')
  return known.length > 0 ? { flags: known } : {}
}

const HOOKS = ['prerouting', 'input', 'forward', 'output', 'postrouting', 'ingress', 'egress'] as const

function readChain(object: JsonObject, rules: readonly NftRule[]): NftChain {
  const base = object['hook'] === undefined ? undefined : readBase(object)
  return { name: asText(object['name']), ...commented(object), ...(base && { base }), rules, ...numbered(object) }
}

function commented({ comment }: JsonObject): { comment?: string } {
  return comment === undefined ? {} : { comment: asText(comment) }
}

function readBase({ type, hook, prio, policy, dev }: JsonObject): NftBase {
  if (type !== 'filter' && type !== 'nat' && type !== 'route') notKnown()
  if (typeof prio !== 'number' || !Number.isSafeInteger(prio)) notKnown()
  const known = HOOKS.find(name => name === hook) ?? notKnown()
  const devices = listOf(dev).map(asText)
  const of = policy === 'drop' ? policy : 'accept'
  return { type, hook: known, priority: prio, policy: of, ...(devices.length > 0 && { devices }) }
}

function readRule(object: JsonObject, family: NftFamily): NftRule {
  const statements = listOf(object['expr']).map(json => readJsonStatement(json, family))
  return { statements, ...commented(object), ...numbered(object) }
}

const SET_FLAGS = ['constant', 'dynamic', 'interval', 'timeout'] as const

function readSet(object: JsonObject, kind: 'set' | 'map'): NftSet {
  const { size, policy, timeout } = object
  const gcInterval = object['gc-interval']
  const type = typesOf(object['type'])
  const data = kind === 'set' ? undefined : object['map'] === 'verdict' ? 'verdict' : typesOf(object['map'])
  const flags = SET_FLAGS.filter(flag => listOf(object['flags']).includes(flag))
  return {
    name: asText(object['name']),
    type,
    ...(data && { data }),
    ...(flags.length > 0 && { flags }),
    ...(timeout !== undefined && { timeout: asCount(timeout) * 1000 }),
    ...(gcInterval !== undefined && { gcInterval: asCount(gcInterval) * 1000 }),
    ...(size !== undefined && { size: asCount(size) }),
    ...((policy === 'memory' || policy === 'performance') && { policy }),
    ...(object['auto-merge'] === true && { autoMerge: true as const }),
    ...readEach(listOf(object['stmt'])),
    ...commented(object),
    elements: readJsonElements(object['elem'], type, data),
    ...numbered(object),
  }
}

function typesOf(json: unknown) {
  return typeNames(listOf(json).map(asText).join(' . '))
}

/** What each element does besides: count, or what podwire does not know. */
function readEach(statements: readonly unknown[]): Pick<NftSet, 'counter' | 'unknown'> {
  const texts = statements.map(json => formatNftStatement(readJsonStatement(json, 'inet')))
  if (texts.length === 0) return {}
  return texts.length === 1 && texts[0] === 'counter' ? { counter: true } : { unknown: [texts.join(' ')] }
}

function readBlock(kind: string, { family: _, table: __, name, handle, ...rest }: JsonObject): NftBlock {
  return { head: `${kind} ${asText(name)}`, lines: [JSON.stringify(rest)], ...numbered({ handle }) }
}
