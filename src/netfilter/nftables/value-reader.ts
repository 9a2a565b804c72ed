/**
 * Constants of a listing, read by the type of what they are compared with.
 *
 * @module
 */
import { findIp, type Prefix, parsePrefix } from '../../base/ip.ts'
import { type Mac, parseMac } from '../../base/mac.ts'
import { parsePort, parseProtocol } from '../name.ts'
import { isBits } from './datatype.ts'
import type { NftValue } from './expression.ts'
import type { NftType } from './rule.ts'
import { findQuoted } from './words.ts'

const DECIMAL = /^(?:0|[1-9]\d{0,15})$/
const HEX = /^0x[0-9a-f]{1,8}$/
/** A name of nft's own, or a number that it writes in another way: `echo-request`, `0x88cc`, `1:2`, `5m30s`. */
const SYMBOL = /^[0-9A-Za-z][\w.:+-]*$/

/** Words that stand between values, never for one. */
// biome-ignore format: a table
const RESERVED: ReadonlySet<string> = new Set([
  'and', 'or', 'xor', 'not', 'map', 'vmap', 'set', 'eq', 'ne', 'lt', 'gt', 'le', 'ge', 'lshift', 'rshift', 'comment',
])

/** The value of one word, a range included; nothing where the word is no value of the type. */
export function findNftValue(word: string, type: NftType | undefined): NftValue | undefined {
  if (word === '*') return { kind: 'wildcard' }
  const text = findQuoted(word)
  if (text !== undefined) return { kind: 'string', text }
  const dash = word.indexOf('-', 1)
  if (dash < 0) return findSingle(word, type)
  return findRange(word, dash, type) ?? findSingle(word, type)
}

function findRange(word: string, dash: number, type: NftType | undefined): NftValue | undefined {
  const from = findEnd(word.slice(0, dash), type)
  const to = from && findEnd(word.slice(dash + 1), type)
  return from && to && { kind: 'range', from, to }
}

/** Names have hyphens, too: only numbers, addresses and what is in quotes are the ends of a range. */
function findEnd(word: string, type: NftType | undefined): NftValue | undefined {
  const text = findQuoted(word)
  if (text !== undefined) return { kind: 'string', text }
  if (!/^\d/.test(word) && !word.includes(':')) return undefined
  const value = findSingle(word, type)
  return value?.kind === 'prefix' ? undefined : value
}

function findSingle(word: string, type: NftType | undefined): NftValue | undefined {
  switch (type) {
    case 'ipv4_addr':
    case 'ipv6_addr':
      return findAddress(word)
    case 'ether_addr': {
      const mac = attempt<Mac>(parseMac, word)
      return mac && { kind: 'mac', mac }
    }
    case 'inet_service': {
      const port = attempt(parsePort, word)
      return port === undefined ? undefined : { kind: 'port', port }
    }
    case 'inet_proto': {
      const protocol = attempt(parseProtocol, word)
      return protocol === undefined ? findSymbol(word) : { kind: 'protocol', protocol }
    }
    case 'mark':
      return HEX.test(word) || (DECIMAL.test(word) && Number(word) < 2 ** 32)
        ? { kind: 'mark', mark: Number(word) | 0 }
        : undefined
    default:
      return isBits(type) ? findBits(word) : findOther(word, type)
  }
}

function findAddress(word: string): NftValue | undefined {
  if (word.includes('/')) {
    const prefix = attempt<Prefix>(parsePrefix, word)
    return prefix && { kind: 'prefix', prefix }
  }
  const ip = findIp(word)
  return ip === undefined ? undefined : { kind: 'ip', ip }
}

/** `established,related`, or a single one; 0 stands for none of them. */
function findBits(word: string): NftValue | undefined {
  if (word === '0x0' || word === '0') return { kind: 'number', number: 0 }
  const symbols = word.split(',')
  if (!symbols.every(symbol => findSymbol(symbol))) return undefined
  return symbols.length === 1 ? findSymbol(word) : { kind: 'flags', symbols }
}

function findOther(word: string, type: NftType | undefined): NftValue | undefined {
  if (DECIMAL.test(word) && Number.isSafeInteger(Number(word))) return { kind: 'number', number: Number(word) }
  if (type === undefined && /^[0-9a-f.:]+$/.test(word)) return findAddress(word) ?? findSymbol(word)
  return findSymbol(word)
}

function findSymbol(word: string): NftValue | undefined {
  return SYMBOL.test(word) && !RESERVED.has(word) ? { kind: 'symbol', symbol: word } : undefined
}

function attempt<T>(parse: (text: string) => T, text: string): T | undefined {
  try {
    return parse(text)
  } catch {
    return undefined
  }
}
