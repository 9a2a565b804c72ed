/**
 * The order in which `nft list ruleset` shows the elements of sets, whichever order they were added in.
 *
 * nft sorts elements by their bytes as it lists them. It does not sort those with ranges in parts of their keys: they
 * stand as they were added. Neither does podwire where it does not know the number behind a name, such as `new`.
 *
 * @see src/mergesort.c of nftables 1.0.6, `expr_msort_value` and `concat_expr_msort_value`
 * @module
 */
import { type Ip, isIpv4 } from '../../base/ip.ts'
import type { NftElement, NftExpression, NftLookup, NftValue } from './expression.ts'
import type { NftRule, NftRuleset, NftStatement } from './rule.ts'

/** The same ruleset with all elements in the order of a listing. */
export function asListed(ruleset: NftRuleset): NftRuleset {
  return {
    tables: ruleset.tables.map(table => ({
      ...table,
      sets: table.sets.map(set => ({ ...set, elements: sortNftElements(set.elements) })),
      chains: table.chains.map(chain => ({ ...chain, rules: chain.rules.map(listedRule) })),
    })),
  }
}

function listedRule(rule: NftRule): NftRule {
  const statements = rule.statements.map(listedStatement)
  return statements.every((one, i) => one === rule.statements[i]) ? rule : { ...rule, statements }
}

function listedStatement(statement: NftStatement): NftStatement {
  switch (statement.do) {
    case 'match':
      return statement.right.kind === 'anonymous' ? { ...statement, right: listedLookup(statement.right) } : statement
    case 'vmap':
      return statement.in.kind === 'anonymous' ? { ...statement, in: listedLookup(statement.in) } : statement
    case 'mangle':
      return statement.value.kind === 'map' ? { ...statement, value: listedExpression(statement.value) } : statement
    case 'nat': {
      const { address, port } = statement
      if (address?.kind !== 'map' && port?.kind !== 'map') return statement
      return {
        ...statement,
        ...(address && { address: listedExpression(address) }),
        ...(port && { port: listedExpression(port) }),
      }
    }
    default:
      return statement
  }
}

function listedExpression(expression: NftExpression): NftExpression {
  return expression.kind === 'map' ? { ...expression, in: listedLookup(expression.in) } : expression
}

function listedLookup(lookup: NftLookup): NftLookup {
  return lookup.kind === 'named' ? lookup : { ...lookup, elements: sortNftElements(lookup.elements) }
}

/** The elements of one set in the order of a listing; as they are where that is not known. */
export function sortNftElements(elements: readonly NftElement[]): readonly NftElement[] {
  if (elements.length < 2) return elements
  const keyed: [key: string, element: NftElement][] = []
  for (const element of elements) {
    const key = keyOf(element.key)
    if (key === undefined) return elements
    keyed.push([key, element])
  }
  return keyed.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, element]) => element)
}

/** Behind every other key. */
const LAST = '\uffff'

/** Text that compares as the key's number does. */
function keyOf(value: NftValue): string | undefined {
  switch (value.kind) {
    case 'wildcard':
      return LAST
    case 'range':
      return keyOf(value.from)
    case 'prefix':
      return bytesOfIp(value.prefix.base)
    case 'concat':
      return keyOfParts(value.parts)
    case 'number':
      return value.number < 2 ** 32 ? bytesOf32(value.number | 0) : undefined
    case 'mark':
      return bytesOf32(value.mark)
    case 'string':
      return reversed(bytesOfName(value.text))
    default:
      return bytesOfPart(value)
  }
}

/**
 * The parts one behind the other, as bytes in the order of the network (marks in that of the machine), taken for one
 * number with the last byte as the highest.
 */
function keyOfParts(parts: readonly NftValue[]): string | undefined {
  let bytes = ''
  for (const part of parts) {
    const own = bytesOfPart(part)
    if (own === undefined) return undefined
    bytes += own
  }
  return reversed(bytes)
}

function bytesOfPart(part: NftValue): string | undefined {
  switch (part.kind) {
    case 'ip':
      return bytesOfIp(part.ip)
    case 'port':
      return String.fromCharCode(part.port >>> 8, part.port & 255)
    case 'protocol':
      return String.fromCharCode(part.protocol)
    case 'mac': {
      const { high, low } = part.mac
      return String.fromCharCode(high >>> 8, high & 255) + bytesOf32(low)
    }
    case 'mark':
      return reversed(bytesOf32(part.mark))
    case 'string':
      return bytesOfName(part.text)
    default:
      return undefined
  }
}

function bytesOfIp(ip: Ip): string {
  return isIpv4(ip) ? bytesOf32(ip) : bytesOf32(ip.w0) + bytesOf32(ip.w1) + bytesOf32(ip.w2) + bytesOf32(ip.w3)
}

function bytesOf32(word: number): string {
  return String.fromCharCode(word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255)
}

/** `IFNAMSIZ`, from linux/if.h */
const NAME_BYTES = 16

function bytesOfName(name: string): string {
  const bytes = new TextEncoder().encode(name.endsWith('*') ? name.slice(0, -1) : name)
  return String.fromCharCode(...bytes.subarray(0, NAME_BYTES)).padEnd(NAME_BYTES, '\0')
}

function reversed(bytes: string): string {
  let text = ''
  for (let i = bytes.length - 1; i >= 0; i--) text += bytes[i]
  return text
}
