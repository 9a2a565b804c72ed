/**
 * Which rules of a long chain a packet need not be asked about.
 *
 * Each rule stands under the one exact thing that it asks for and that the fewest others ask for: a
 * destination, a source, a port, a device, a hardware address. A packet visits, in the order of the
 * chain, the rules that stand under what it has, and those that ask for nothing of the kind.
 *
 * Only conditions are used that change nothing, that are asked before any that does, and that read
 * what no rule of a table can change.
 *
 * @module
 */
import { type Family, type Ip, isIpv4, type Prefix } from '../../base/ip.ts'
import { mask4 } from '../../base/ipv4.ts'
import { mask6 } from '../../base/ipv6.ts'
import { SCTP, TCP, UDP } from '../../base/protocol.ts'
import type { Match, MatchOn, PortMatch, Rule } from '../rule.ts'
import { isOwnCondition, mayIntervene } from './holds.ts'
import { lacksHeader, type Probe } from './probe.ts'

type Key = number | string

/** One thing that packets have and rules ask for. */
interface Kind {
  readonly read: (probe: Probe) => Key
  /** Rules by what they ask for, in the order of the chain. */
  readonly rules: Map<Key, number[]>
}

export interface ChainIndex {
  readonly kinds: readonly Kind[]
  /** Rules that every packet is asked about. */
  readonly always: readonly number[]
}

/** Chains of no more rules than these are walked. */
const SHORT = 8
/** More kinds would cost each packet more than they spare: rules of further ones are always asked. */
const MOST_KINDS = 16

/** Takes time in proportion to the chain, once. Nothing for a chain that is better walked. */
export function indexChain(rules: readonly Rule[]): ChainIndex | undefined {
  if (rules.length <= SHORT) return undefined
  const wishes = wishesOf(rules)
  const kinds = new Map<number, Kind>()
  const always: number[] = []
  for (let number = 0; number < rules.length; number++) {
    const at = rarest(wishes, number)
    const kind = at === undefined ? undefined : kindFor(kinds, wishes.kinds[at] ?? 0)
    if (kind && at !== undefined) add(kind.rules, wishes.keys[at] ?? [], number)
    else always.push(number)
  }
  return { kinds: [...kinds.values()], always }
}

/** Lists of the rules that the packet may match, each in order; nothing: it may match any. */
export function candidatesOf({ kinds, always }: ChainIndex, probe: Probe): readonly (readonly number[])[] | undefined {
  if (lacksHeader(probe)) return undefined
  const lists: (readonly number[])[] = always.length > 0 ? [always] : []
  for (const { read, rules } of kinds) {
    const list = rules.get(read(probe))
    if (list) lists.push(list)
  }
  return lists
}

/** One key, or several of which the packet has to have one. */
type Keys = Key | readonly Key[]
type Wish = (kind: number, keys: Keys) => void

/** What all rules of a chain ask for, in one list: rules lie far apart in memory and are read once. */
interface Wishes {
  readonly kinds: readonly number[]
  readonly keys: readonly Keys[]
  /** Where the wishes of each rule begin, and at last where those of the last one end. */
  readonly starts: readonly number[]
  /** How many ask for a thing, by kind. */
  readonly counts: ReadonlyMap<number, ReadonlyMap<Key, number>>
}

function wishesOf(rules: readonly Rule[]): Wishes {
  const kinds: number[] = []
  const keys: Keys[] = []
  const starts: number[] = []
  const counts = new Map<number, Map<Key, number>>()
  const wish: Wish = (kind, asked) => {
    kinds.push(kind)
    keys.push(asked)
    let byKey = counts.get(kind)
    if (!byKey) {
      byKey = new Map()
      counts.set(kind, byKey)
    }
    if (isOneKey(asked)) byKey.set(asked, (byKey.get(asked) ?? 0) + 1)
    else for (const key of asked) byKey.set(key, (byKey.get(key) ?? 0) + 1)
  }
  for (const rule of rules) {
    starts.push(kinds.length)
    eachWish(rule, wish)
  }
  starts.push(kinds.length)
  return { kinds, keys, starts, counts }
}

/** Of the wishes of a rule, the one that it shares with the fewest others, by its place in the list. */
function rarest({ kinds, keys, starts, counts }: Wishes, number: number): number | undefined {
  const [start = 0, end = 0] = [starts[number], starts[number + 1]]
  if (end - start < 2) return end > start ? start : undefined
  let found: number | undefined
  let fewest = Number.POSITIVE_INFINITY
  for (let at = start; at < end; at++) {
    const others = countOf(counts.get(kinds[at] ?? 0), keys[at] ?? [])
    if (others >= fewest) continue
    found = at
    fewest = others
  }
  return found
}

function isOneKey(keys: Keys): keys is Key {
  return typeof keys !== 'object'
}

function countOf(byKey: ReadonlyMap<Key, number> | undefined, keys: Keys): number {
  if (isOneKey(keys)) return byKey?.get(keys) ?? 0
  return keys.reduce<number>((sum, key) => sum + (byKey?.get(key) ?? 0), 0)
}

function kindFor(kinds: Map<number, Kind>, name: number): Kind | undefined {
  let kind = kinds.get(name)
  if (!kind && kinds.size < MOST_KINDS) {
    kind = { read: readerOf(name), rules: new Map() }
    kinds.set(name, kind)
  }
  return kind
}

function add(rules: Map<Key, number[]>, keys: Keys, number: number): void {
  for (const key of isOneKey(keys) ? [keys] : keys) {
    const list = rules.get(key)
    if (list) list.push(number)
    else rules.set(key, [number])
  }
}

/** Kinds are numbers: those of addresses say their length too, in the family that is added to them. */
const [IN, OUT, MAC, DPORT, SPORT] = [1, 2, 3, 4, 5]
const [SRC, DST] = [0x1000, 0x2000]
const OF_IPV6 = 0x100

/** Tells `wish` each exact thing that the rule asks for. */
function eachWish({ matches }: Rule, wish: Wish): void {
  let free = true
  for (const match of matches) {
    if (free || isOwnCondition(match)) tellWish(match, matches, wish)
    if (free && mayIntervene(match)) free = false
  }
}

function tellWish(match: Match, matches: readonly Match[], wish: Wish): void {
  switch (match.on) {
    case 'src':
    case 'dst':
      if (!match.not && match.in.bits > 0) wish(addressKind(match.on, match.in), addressKey(match.in.base))
      return
    case 'in':
    case 'out':
      if (!match.not && !match.device.endsWith('+')) wish(match.on === 'in' ? IN : OUT, match.device)
      return
    case 'tcp':
      tellPort(TCP, match, wish)
      return
    case 'udp':
      tellPort(UDP, match, wish)
      return
    case 'sctp':
      tellPort(SCTP, match, wish)
      return
    case 'multiport':
      tellPorts(match, matches, wish)
      return
    case 'mac':
      if (!match.not) wish(MAC, match.source.low)
      return
    default:
      return
  }
}

interface Ports {
  readonly dport?: PortMatch
  readonly sport?: PortMatch
}

function tellPort(protocol: number, { dport, sport }: Ports, wish: Wish): void {
  if (isOnePort(dport)) wish(DPORT, portKey(protocol, dport.from))
  if (isOnePort(sport)) wish(SPORT, portKey(protocol, sport.from))
}

function isOnePort(port: PortMatch | undefined): port is PortMatch {
  return port !== undefined && !port.not && port.from === port.to
}

function tellPorts({ of, ports, not }: MatchOn<'multiport'>, matches: readonly Match[], wish: Wish): void {
  const protocol = matches.find((match): match is MatchOn<'proto'> => match.on === 'proto')
  if (!protocol || protocol.not || protocol.is === 0) return
  if (not || of === 'ports' || !ports.every(({ from, to }) => from === to)) return
  const keys = new Set(ports.map(({ from }) => portKey(protocol.is, from)))
  wish(of === 'dports' ? DPORT : SPORT, [...keys])
}

function portKey(protocol: number, port: number): number {
  return (protocol << 16) | port
}

function addressKind(on: 'src' | 'dst', { family, bits }: Prefix): number {
  return (on === 'src' ? SRC : DST) + (family === 4 ? 0 : OF_IPV6) + bits
}

/** Equal for equal addresses; different ones may share it, which only means that a rule is asked for nothing. */
function addressKey(ip: Ip): number {
  return isIpv4(ip) ? ip : mix(ip.w0, ip.w1, ip.w2, ip.w3)
}

function mix(w0: number, w1: number, w2: number, w3: number): number {
  const high = Math.imul(Math.imul(w0, 0x9e3779b1) ^ w1, 0x85ebca6b)
  return Math.imul(high ^ (high >>> 15) ^ w2, 0xc2b2ae35) ^ w3
}

function readerOf(kind: number): (probe: Probe) => Key {
  switch (kind) {
    case IN:
      return probe => probe.in
    case OUT:
      return probe => probe.out
    case MAC:
      return probe => probe.skb.source?.low ?? ''
    case DPORT:
      return probe => portKey(probe.protocol, probe.dport)
    case SPORT:
      return probe => portKey(probe.protocol, probe.sport)
    default:
      return addressReader(kind >= DST ? 'dst' : 'src', kind & OF_IPV6 ? 6 : 4, kind & 0xff)
  }
}

function addressReader(on: 'src' | 'dst', family: Family, bits: number): (probe: Probe) => Key {
  if (family === 4) {
    const mask = mask4(bits)
    return on === 'src' ? probe => probe.src0 & mask : probe => probe.dst0 & mask
  }
  const { w0, w1, w2, w3 } = mask6(bits)
  return on === 'src'
    ? ({ src0, src1, src2, src3 }) => mix(src0 & w0, src1 & w1, src2 & w2, src3 & w3)
    : ({ dst0, dst1, dst2, dst3 }) => mix(dst0 & w0, dst1 & w1, dst2 & w2, dst3 & w3)
}
