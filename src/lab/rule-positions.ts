/**
 * Where rules stand in their chains, by what the tools list.
 *
 * @module
 */
import { ParseError } from '../base/error.ts'
import type { Family } from '../base/ip.ts'

/** A chain of one family's table, as a key. */
export function chainKey(family: Family, table: string, chain: string): string {
  return `${family} ${table} ${chain}`
}

/** By {@link chainKey}: of each rule's handle, its place from 1. */
export type Positions = ReadonlyMap<string, ReadonlyMap<number, number>>

/** By {@link chainKey}: how many rules there are. */
export type Lengths = ReadonlyMap<string, number>

const FAMILIES: ReadonlyMap<unknown, Family> = new Map<unknown, Family>([
  ['ip', 4],
  ['ip6', 6],
])

/**
 * Reads what `nft -j -a list ruleset` prints.
 *
 * @throws {ParseError} when it is not that
 * @see libnftables-json(5)
 */
export function readPositions(text: string): Positions {
  const positions = new Map<string, Map<number, number>>()
  for (const rule of rulesOf(text)) {
    const family = FAMILIES.get(rule['family'])
    if (family === undefined) continue
    const { table, chain, handle } = rule
    if (typeof table !== 'string' || typeof chain !== 'string' || typeof handle !== 'number') {
      throw new ParseError('rule of nft', JSON.stringify(rule), 'no table, chain and handle')
    }
    const key = chainKey(family, table, chain)
    const known = positions.get(key) ?? new Map<number, number>()
    positions.set(key, known.set(handle, known.size + 1))
  }
  return positions
}

function rulesOf(text: string): readonly Readonly<Record<string, unknown>>[] {
  const all = objectOf(parsed(text))['nftables']
  if (!Array.isArray(all)) throw new ParseError('ruleset of nft', shortened(text), 'no list "nftables"')
  return all.flatMap(one => {
    const rule = objectOf(one)['rule']
    return rule === undefined ? [] : [objectOf(rule)]
  })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ParseError('ruleset of nft', shortened(text), 'not JSON')
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

/** Reads what `iptables-save` prints for one family: its chains, with none or more rules. */
export function readLengths(family: Family, text: string): Lengths {
  const lengths = new Map<string, number>()
  let table = ''
  for (const line of text.split('\n')) {
    const [, kind, name = ''] = /^(\*|:|-A )(\S+)/.exec(line) ?? []
    if (kind === '*') table = name
    const key = chainKey(family, table, name)
    if (kind === ':') lengths.set(key, 0)
    if (kind === '-A ') lengths.set(key, (lengths.get(key) ?? 0) + 1)
  }
  return lengths
}
