/**
 * Looking packets up in ipsets, and what rules change in them.
 *
 * @see net/netfilter/xt_set.c, net/netfilter/ipset/ip_set_core.c, ip_set_hash_*.c of Linux
 * @module
 */
import { type Family, type Ip, isUnspecified, prefixOf, widthOf } from '../../base/ip.ts'
import { ICMP, ICMPV6, TCP, UDP } from '../../base/protocol.ts'
import { lengthOf } from '../../packet/length.ts'
import type { SetElement } from '../ipset.ts'
import type { ExtensionOption, MatchOn } from '../rule.ts'
import { type Answer, type Holds, undecided } from './condition.ts'
import { lacksPorts, NONE, type Probe } from './probe.ts'
import { copySetTable, deviceOf, entriesWith, type SetTable, type TableEntry, wordsOf } from './set-table.ts'

export type Sides = readonly ('src' | 'dst')[]
type Options = readonly ExtensionOption[]

export function holdsSet({ set, by, options = [], not }: MatchOn<'set'>): Holds {
  const asked = askedOf(options)
  return probe => {
    const found = isInSet(set, by, asked, probe)
    return typeof found === 'boolean' ? found === !not : found
  }
}

/** What a rule asks of the entry beside that it is there. */
interface Asked {
  readonly returnNomatch: boolean
  readonly counts: boolean
  readonly countsMembers: boolean
  readonly counters: readonly Comparison[]
}

interface Comparison {
  readonly of: 'packets' | 'bytes'
  readonly by: 'eq' | 'lt' | 'gt'
  readonly than: number
  readonly not: boolean
}

const PLAIN: Asked = { returnNomatch: false, counts: true, countsMembers: true, counters: [] }

function askedOf(options: Options): Asked {
  if (options.length === 0) return PLAIN
  const denies = (name: string) => options.some(option => option.name === name && option.not)
  const counters = options.flatMap(({ name, words: [word], not }): Comparison[] => {
    const [of, by] = name.split('-')
    if ((of !== 'packets' && of !== 'bytes') || (by !== 'eq' && by !== 'lt' && by !== 'gt')) return []
    return [{ of, by, than: Number(word), not: not ?? false }]
  })
  return {
    returnNomatch: options.some(option => option.name === 'return-nomatch'),
    counts: !denies('update-counters'),
    countsMembers: !denies('update-subcounters'),
    counters,
  }
}

/** A set as the run's memory has it, or as it was read. */
export function findTable(name: string, { passing: { sets, memory } }: Probe): SetTable | undefined {
  return memory.sets.get(name) ?? sets.get(name)
}

/** A set of the run's own, to be changed. */
export function ownTable(name: string, probe: Probe): SetTable | undefined {
  const { sets, memory } = probe.passing
  const own = memory.sets.get(name)
  const read = own ?? sets.get(name)
  if (own || !read) return own
  const copied = copySetTable(read)
  memory.sets.set(name, copied)
  return copied
}

/** Whether to ask about a set changes it: its entries count, or learn hardware addresses. */
export function changesWhenAsked(name: string, probe: Probe): boolean {
  const table = findTable(name, probe)
  if (table?.set.type === 'list:set') {
    return table.set.counters === true || membersOf(table).some(entry => changes(findTable(nameOf(entry), probe)))
  }
  return changes(table)
}

function changes(table: SetTable | undefined): boolean {
  return table !== undefined && (table.set.counters === true || table.set.type === 'bitmap:ip,mac')
}

function isInSet(name: string, by: Sides, asked: Asked, probe: Probe): Answer {
  const known = findTable(name, probe)
  const table = changes(known) ? ownTable(name, probe) : known
  if (!table) return undecided(probe, `the set ${name} is not known`)
  if (!suits(table, by, probe.passing.family)) return false
  if (table.set.type === 'list:set') return isInList(table, by, asked, probe)
  const found = findEntry(table, by, probe, entry => countsAs(entry, asked, table, probe))
  if (typeof found !== 'object') return found === 'undecided' ? found : false
  if (table.set.type === 'bitmap:ip,mac' && !found.mac && probe.skb.source) found.mac = probe.skb.source
  return found.nomatch === asked.returnNomatch
}

/** Too few sides for the set's parts, or the other family: nothing is in it. */
export function suits({ family, dimensions }: SetTable, by: Sides, own: Family): boolean {
  return by.length >= dimensions.length && (family === undefined || family === own)
}

/** Members are asked in order; a list in a list, which the kernel refuses, holds nothing. */
function isInList(table: SetTable, by: Sides, asked: Asked, probe: Probe): Answer {
  const ofMember = { ...asked, counters: [], counts: asked.counts && asked.countsMembers }
  for (const entry of membersOf(table)) {
    const member = nameOf(entry)
    if (findTable(member, probe)?.set.type === 'list:set') continue
    const found = isInSet(member, by, ofMember, probe)
    if (found === 'undecided') return found
    if (found && !isGone(entry, probe) && countsAs(entry, asked, table, probe)) return true
  }
  return false
}

/** Of a list of sets, in order. */
export function membersOf({ shapes }: SetTable): readonly TableEntry[] {
  return shapes.flatMap(({ entries }) => [...entries.values()].flat())
}

export function nameOf({ elements: [only] }: TableEntry): string {
  return only?.kind === 'set' ? only.name : ''
}

/**
 * The entry that the packet falls into, the most specific first; `undecided` leaves the reason in the
 * probe.
 *
 * @param accepts whether an entry that is the packet's is taken
 */
export function findEntry(
  table: SetTable,
  by: Sides,
  probe: Probe,
  accepts: (entry: TableEntry) => boolean,
): TableEntry | 'undecided' | undefined {
  for (const shape of table.shapes) {
    const elements = elementsOf(table, by, shape.bits, probe)
    if (elements === undefined || elements === 'undecided') return elements
    const device = deviceOf(elements)
    const near = entriesWith(shape, wordsOf(table, elements))
    const found = near.find(
      entry => entry.device === device && isMac(entry, elements) && !isGone(entry, probe) && accepts(entry),
    )
    if (found) return found
    // The kernel goes no further than the most specific network, be it one of another device.
    if (device !== '' && near.length > 0) return undefined
  }
  return undefined
}

/** An entry whose hardware address is not known yet takes that of the first packet. */
function isMac(entry: TableEntry, [, second]: readonly SetElement[]): boolean {
  if (second?.kind !== 'mac' || !entry.mac) return true
  return entry.mac.low === second.mac.low && entry.mac.high === second.mac.high
}

/** The time of an entry is up; `left` counts from when the state was taken. */
export function isGone({ expires, left }: TableEntry, { passing: { memory, circumstances } }: Probe): boolean {
  if (expires !== undefined) return circumstances.now > expires
  if (left === undefined) return false
  memory.began ??= circumstances.now
  return circumstances.now > memory.began + left * 1000
}

/** Counts the packet, if the set counts, and says whether the counters are as asked. */
function countsAs(entry: TableEntry, { counts, counters }: Asked, { set }: SetTable, { skb }: Probe): boolean {
  if (!set.counters) return true
  if (counts) {
    entry.packets++
    entry.bytes += lengthOf(skb.packet)
  }
  return counters.every(({ of, by, than, not }) => {
    const value = entry[of]
    return (by === 'eq' ? value === than : by === 'lt' ? value < than : value > than) === !not
  })
}

/** Protocols of ports that a `bitmap:port` looks at. */
const BITMAP_PORTS = [TCP, UDP]

/**
 * What the packet has for each part of the set's entries. Nothing: it lacks one, so it is in no entry.
 *
 * @param bits lengths for those parts that are networks
 */
export function elementsOf(
  table: SetTable,
  by: Sides,
  bits: readonly number[],
  probe: Probe,
): readonly SetElement[] | 'undecided' | undefined {
  const elements: SetElement[] = []
  let nets = 0
  for (const [i, kind] of table.dimensions.entries()) {
    const side = by[i] ?? 'src'
    const ip = probe.skb.packet[side]
    if (kind === 'net') elements.push({ kind, net: prefixOf(ip, bits[nets++] ?? 0) })
    else {
      const element = elementOf(table, kind, side, ip, probe)
      if (element === undefined || element === 'undecided') return element
      elements.push(element)
    }
  }
  return elements
}

function elementOf(
  { set }: SetTable,
  kind: Exclude<SetElement['kind'], 'net'>,
  side: 'src' | 'dst',
  ip: Ip,
  probe: Probe,
): SetElement | 'undecided' | undefined {
  switch (kind) {
    case 'ip': {
      const masked = set.netmask === undefined ? ip : prefixOf(ip, set.netmask).base
      return set.type === 'hash:ip' && isUnspecified(masked) ? undefined : { kind, ip: masked }
    }
    case 'port':
      return portOf(side, set.type === 'bitmap:port', probe)
    case 'iface': {
      const device = side === 'src' ? probe.in : probe.out
      return device === '' ? undefined : { kind, device }
    }
    case 'mac':
      if (side === 'dst') return undecided(probe, `the set ${set.name} asks for the frame's destination`)
      return probe.skb.source && { kind, mac: probe.skb.source }
    case 'mark':
      return { kind, mark: probe.mark & (set.markmask ?? -1) }
    case 'set':
      return undefined
  }
}

/** @see ip_set_get_ip4_port in net/netfilter/ipset/ip_set_getport.c of Linux */
function portOf(side: 'src' | 'dst', alone: boolean, probe: Probe): SetElement | undefined {
  const { protocol, sport, dport, icmpType, icmpCode, fragmentOffset } = probe
  if (alone && !BITMAP_PORTS.includes(protocol)) return undefined
  const icmp = protocol === ICMP || protocol === ICMPV6
  if (lacksPorts(probe) || (icmp && (icmpType === NONE || fragmentOffset > 0))) return undefined
  const port = icmp ? (icmpType << 8) | icmpCode : Math.max(0, side === 'src' ? sport : dport)
  return alone ? { kind: 'port', port } : { kind: 'port', port, protocol }
}

/** The lengths that a packet's networks get when it is put into a set: the longest that are there. */
export function bitsToAdd({ shapes, dimensions, family = 4 }: SetTable): readonly number[] {
  const used = shapes.filter(({ entries }) => [...entries.values()].some(list => list.length > 0))
  const nets = dimensions.filter(kind => kind === 'net')
  return nets.map((_, i) => Math.max(...used.map(({ bits }) => bits[i] ?? 0), used.length > 0 ? 0 : widthOf(family)))
}
