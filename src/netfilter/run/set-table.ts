/**
 * ipsets laid out for lookup.
 *
 * Entries stand by the words that a packet gives for them; networks by their lengths too, the
 * longest first, as the kernel tries them.
 *
 * @see net/netfilter/ipset/ip_set_hash_gen.h of Linux
 * @module
 */
import type { Millis, Seconds } from '../../base/clock.ts'
import { type Family, type Ip, isIpv4, prefixOf } from '../../base/ip.ts'
import type { Mac } from '../../base/mac.ts'
import { type Dimension, type IpSet, SET_TYPES, type SetElement, type SetEntry } from '../ipset.ts'

/** An entry of a set. Changed only by the functions of this folder. */
export interface TableEntry {
  readonly elements: readonly SetElement[]
  /** What it is found by: addresses, protocols, ports and marks. */
  readonly words: readonly number[]
  /** Of a set with devices. */
  readonly device: string
  /** Of a `bitmap:ip,mac`: absent until it is learned. */
  mac?: Mac
  readonly nomatch: boolean
  /** What is left of it when the state was taken, or the time when it goes; neither: it stays. */
  left?: Seconds
  expires?: Millis
  packets: number
  bytes: number
  readonly skbmark?: string
}

/** Entries whose networks are of the same lengths. */
export interface Shape {
  /** One for each part that is a network. */
  readonly bits: readonly number[]
  /** By a hash of their words. */
  readonly entries: Map<number, TableEntry[]>
}

/** A set, ready to be asked. */
export interface SetTable {
  readonly set: IpSet
  /** Absent: of any family. */
  readonly family: Family | undefined
  readonly dimensions: readonly Dimension[]
  /** The most specific first. */
  readonly shapes: Shape[]
  size: number
}

export type CompiledSets = ReadonlyMap<string, SetTable>

/** Sets by name, ready to be asked. What rules change in them stands in a run's memory. */
export function compileSets(sets: readonly IpSet[]): CompiledSets {
  return new Map(sets.map(set => [set.name, compileSet(set)]))
}

function compileSet(set: IpSet): SetTable {
  const dimensions: readonly Dimension[] = SET_TYPES[set.type]
  const family = set.family ?? (set.type === 'bitmap:ip' || set.type === 'bitmap:ip,mac' ? 4 : undefined)
  const table: SetTable = { set, family, dimensions, shapes: [], size: 0 }
  for (const entry of set.entries) addEntry(table, entryOf(table, entry))
  return table
}

/** A table of its own: what happens to one of the two does not touch the other. */
export function copySetTable(table: SetTable): SetTable {
  const shapes = table.shapes.map(({ bits, entries }) => {
    const copied = new Map<number, TableEntry[]>()
    for (const [hash, list] of entries)
      copied.set(
        hash,
        list.map(entry => ({ ...entry })),
      )
    return { bits, entries: copied }
  })
  return { ...table, shapes }
}

/** An entry as it was read; its time left counts from when the state was taken. */
function entryOf(
  table: SetTable,
  { elements, timeout, nomatch, packets = 0, bytes = 0, skbmark }: SetEntry,
): TableEntry {
  const left = timeout ?? table.set.timeout
  const mac = elements[1]?.kind === 'mac' ? elements[1].mac : undefined
  return {
    elements,
    words: wordsOf(table, elements),
    device: deviceOf(elements),
    nomatch: nomatch ?? false,
    packets,
    bytes,
    ...(mac && { mac }),
    ...(left && { left }),
    ...(skbmark !== undefined && { skbmark }),
  }
}

/** What an entry of these parts is found by. */
export function wordsOf(table: SetTable, elements: readonly SetElement[]): readonly number[] {
  const [only, ...more] = elements
  if (only && more.length === 0) return wordsOfElement(table, only)
  return elements.flatMap(element => wordsOfElement(table, element))
}

/**
 * The device among the parts of an entry, or none. Bridge ports stand apart from other devices: rules
 * ask for devices only, and so find no entry with a port (so says Linux 6.18 too).
 */
export function deviceOf(elements: readonly SetElement[]): string {
  for (const element of elements) {
    if (element.kind === 'iface') return element.bridged ? `physdev:${element.device}` : element.device
  }
  return ''
}

/** A device and the hardware address of a `bitmap:ip,mac` are no part of what an entry is found by. */
function wordsOfElement({ set }: SetTable, element: SetElement): readonly number[] {
  switch (element.kind) {
    case 'ip':
      return wordsOfIp(set.netmask === undefined ? element.ip : prefixOf(element.ip, set.netmask).base)
    case 'net':
      return wordsOfIp(element.net.base)
    case 'port':
      return element.protocol === undefined ? [element.port] : [element.protocol, element.port]
    case 'mac':
      return set.type === 'bitmap:ip,mac' ? [] : [element.mac.high, element.mac.low]
    case 'mark':
      return [element.mark]
    case 'iface':
    case 'set':
      return []
  }
}

function wordsOfIp(ip: Ip): readonly number[] {
  return isIpv4(ip) ? [ip] : [ip.w0, ip.w1, ip.w2, ip.w3]
}

function bitsOf(elements: readonly SetElement[]): readonly number[] {
  return elements.flatMap(element => (element.kind === 'net' ? [element.net.bits] : []))
}

/** Puts an entry in; the words and lengths of its networks say where. */
export function addEntry(table: SetTable, entry: TableEntry): void {
  const bits = bitsOf(entry.elements)
  let shape = table.shapes.find(known => known.bits.every((length, i) => length === bits[i]))
  if (!shape) {
    shape = { bits, entries: new Map() }
    table.shapes.push(shape)
    table.shapes.sort((a, b) => (b.bits[0] ?? 0) - (a.bits[0] ?? 0) || (b.bits[1] ?? 0) - (a.bits[1] ?? 0))
  }
  const hash = hashWords(entry.words)
  const list = shape.entries.get(hash)
  if (list) list.push(entry)
  else shape.entries.set(hash, [entry])
  table.size++
}

/** Takes an entry out that is in. */
export function removeEntry(table: SetTable, entry: TableEntry): void {
  const hash = hashWords(entry.words)
  for (const { entries } of table.shapes) {
    const list = entries.get(hash)
    const at = list?.indexOf(entry) ?? -1
    if (!list || at < 0) continue
    list.splice(at, 1)
    table.size--
    return
  }
}

/** Entries of a shape that have these words. */
export function entriesWith(shape: Shape, words: readonly number[]): readonly TableEntry[] {
  const list = shape.entries.get(hashWords(words))
  return list?.filter(entry => equalWords(entry.words, words)) ?? []
}

function hashWords(words: readonly number[]): number {
  let hash = 0
  for (const word of words) hash = Math.imul(hash ^ word, 0x9e3779b1) ^ (hash >>> 15)
  return hash | 0
}

function equalWords(a: readonly number[], b: readonly number[]): boolean {
  for (let i = 0; i < b.length; i++) if (a[i] !== b[i]) return false
  return a.length === b.length
}
