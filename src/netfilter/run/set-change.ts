/**
 * What the target `SET` does: packets put into sets, taken out of them, and marked by them.
 *
 * @see net/netfilter/xt_set.c, net/netfilter/ipset/ip_set_core.c of Linux
 * @module
 */
import { compareIp } from '../../base/ip.ts'
import { parseMasked } from '../codec.ts'
import type { SetElement } from '../ipset.ts'
import type { ExtensionOption } from '../rule.ts'
import type { Probe } from './probe.ts'
import { changeMark } from './probe.ts'
import {
  bitsToAdd,
  elementsOf,
  findEntry,
  findTable,
  isGone,
  membersOf,
  nameOf,
  ownTable,
  type Sides,
  suits,
} from './set-lookup.ts'
import { addEntry, deviceOf, entriesWith, removeEntry, type SetTable, type TableEntry, wordsOf } from './set-table.ts'

/** A set and the sides of the packet, as two words of an option. */
interface Named {
  readonly set: string
  readonly by: Sides
}

/** What became of it, in words; `undecided`: podwire cannot know. */
export interface Change {
  readonly note?: string
  readonly undecided?: string
}

/** What a rule's options make of a packet. */
export function setChange(options: readonly ExtensionOption[]): (probe: Probe) => Change {
  const find = (name: string) => options.find(option => option.name === name)
  const [add, del, map] = ['add-set', 'del-set', 'map-set'].map(name => namedSet(find(name)))
  const timeout = find('timeout')?.words[0]
  const how: Adding = {
    renews: find('exist') !== undefined,
    ...(timeout !== undefined && { timeout: Number(timeout) }),
  }
  const marks = find('map-mark') !== undefined
  return probe => {
    const notes: string[] = []
    for (const [named, change] of [
      [add, (table: SetTable, by: Sides) => addTo(table, by, how, probe)],
      [del, (table: SetTable, by: Sides) => removeFrom(table, by, probe)],
      [marks ? map : undefined, (table: SetTable, by: Sides) => markBy(table, by, probe)],
    ] as const) {
      if (!named) continue
      const table = findTable(named.set, probe)
      if (!table) return { undecided: `the set ${named.set} is not known` }
      const note = change(table, named.by)
      if (note === 'undecided') return { undecided: probe.because }
      notes.push(note)
    }
    return { note: notes.join(', ') }
  }
}

function namedSet(option: ExtensionOption | undefined): Named | undefined {
  const [words] = [option?.words.join(' ').split(' ')]
  if (!words?.[0]) return undefined
  return { set: words[0], by: (words[1] ?? 'src').split(',').map(side => (side === 'dst' ? 'dst' : 'src')) }
}

interface Adding {
  /** An entry that is there already lives anew. */
  readonly renews: boolean
  /** In seconds; absent: as the set says. */
  readonly timeout?: number
}

/** Into a list of sets means into the first member that takes the packet. */
function addTo(table: SetTable, by: Sides, how: Adding, probe: Probe): string {
  if (table.set.type !== 'list:set') return addToSet(table, by, how, probe)
  for (const entry of membersOf(table)) {
    const member = findTable(nameOf(entry), probe)
    if (!member || isGone(entry, probe)) continue
    const note = addToSet(member, by, how, probe)
    if (note.startsWith(ADDED) || note === 'undecided') return note
  }
  return `not added to set ${table.set.name}`
}

const ADDED = 'added'

function addToSet(table: SetTable, by: Sides, { renews, timeout }: Adding, probe: Probe): string {
  const { name, maxelem = 65_536, type, forceadd } = table.set
  const elements = elementsToChange(table, by, probe)
  if (elements === 'undecided') return elements
  if (!elements) return `not added to set ${name}`
  const known = entryFor(table, elements)
  if (known && !isGone(known, probe) && !renews) return `in set ${name} already`
  const own = ownTable(name, probe)
  if (!own) return `not added to set ${name}`
  const old = entryFor(own, elements)
  if (old) removeEntry(own, old)
  else if (type.startsWith('hash:') && own.size >= maxelem) {
    if (!forceadd) return `set ${name} is full`
    probe.because = `the full set ${name} drops an entry at random`
    return 'undecided'
  }
  const lives = table.set.timeout === undefined ? 0 : (timeout ?? table.set.timeout)
  addEntry(own, {
    elements,
    words: wordsOf(own, elements),
    device: deviceOf(elements),
    nomatch: false,
    packets: 0,
    bytes: 0,
    ...(lives > 0 && { expires: probe.passing.circumstances.now + lives * 1000 }),
    ...(elements[1]?.kind === 'mac' && { mac: elements[1].mac }),
  })
  return `${ADDED} to set ${name}`
}

function removeFrom(table: SetTable, by: Sides, probe: Probe): string {
  if (table.set.type === 'list:set') {
    for (const entry of membersOf(table)) {
      const member = findTable(nameOf(entry), probe)
      const note = member ? removeFromSet(member, by, probe) : ''
      if (note.startsWith(REMOVED) || note === 'undecided') return note
    }
    return `not in set ${table.set.name}`
  }
  return removeFromSet(table, by, probe)
}

const REMOVED = 'removed'

function removeFromSet(table: SetTable, by: Sides, probe: Probe): string {
  const { name } = table.set
  const elements = elementsToChange(table, by, probe)
  if (elements === 'undecided') return elements
  if (!elements || !entryFor(table, elements)) return `not in set ${name}`
  const own = ownTable(name, probe)
  const entry = own && entryFor(own, elements)
  if (own && entry) removeEntry(own, entry)
  return `${REMOVED} from set ${name}`
}

/** What the packet stands for in the set, if it is such that the set can hold it. */
function elementsToChange(table: SetTable, by: Sides, probe: Probe): readonly SetElement[] | 'undecided' | undefined {
  if (!suits(table, by, probe.passing.family)) return undefined
  const elements = elementsOf(table, by, bitsToAdd(table), probe)
  if (!elements || elements === 'undecided') return elements
  const { addresses, ports } = table.set
  const [first] = elements
  if (first?.kind === 'ip' && addresses) {
    if (compareIp(first.ip, addresses.from) < 0 || compareIp(first.ip, addresses.to) > 0) return undefined
  }
  if (first?.kind === 'port' && ports && (first.port < ports.from || first.port > ports.to)) return undefined
  return elements
}

function entryFor(table: SetTable, elements: readonly SetElement[]): TableEntry | undefined {
  const bits = elements.flatMap(element => (element.kind === 'net' ? [element.net.bits] : []))
  const device = deviceOf(elements)
  const shape = table.shapes.find(known => known.bits.every((length, i) => length === bits[i]))
  return shape && entriesWith(shape, wordsOf(table, elements)).find(entry => entry.device === device)
}

function markBy(table: SetTable, by: Sides, probe: Probe): string {
  if (!table.set.skbinfo || !suits(table, by, probe.passing.family)) return 'not marked'
  const entry = findEntry(table, by, probe, () => true)
  if (entry === 'undecided') return entry
  if (!entry || entry.nomatch) return 'not marked'
  const { value, mask } = parseMasked(entry.skbmark ?? '0x0/0x0')
  changeMark(probe, (probe.mark & ~mask) ^ value)
  return `marked by set ${table.set.name}`
}
