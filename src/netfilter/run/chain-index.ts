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
import { type Ip, isIpv4, type Prefix } from '../../base/ip.ts'
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

/** Asking for one of `keys`, which stand under one kind. */
interface Wish {
  readonly kind: string
  readonly read: (probe: Probe) => Key
  readonly keys: readonly Key[]
}

/** Takes time in proportion to the chain, once. Nothing for a chain that is better walked. */
export function indexChain(rules: readonly Rule[]): ChainIndex | undefined {
  if (rules.length <= SHORT) return undefined
  const wishes = rules.map(wishesOf)
  const asked = countWishes(wishes)
  const kinds = new Map<string, Kind>()
  const always: number[] = []
  for (const [number, own] of wishes.entries()) {
    const wish = rarest(own, asked)
    const kind = wish && kindFor(kinds, wish)
    if (wish && kind) for (const key of wish.keys) push(kind.rules, key, number)
    else always.push(number)
  }
  return { kinds: [...kinds.values()], always }
}

type Counts = Map<string, Map<Key, number>>

function countWishes(wishes: readonly (readonly Wish[])[]): Counts {
  const counts: Counts = new Map()
  for (const own of wishes) {
    for (const { kind, keys } of own) {
      const byKey = counts.get(kind) ?? new Map<Key, number>()
      counts.set(kind, byKey)
      for (const key of keys) byKey.set(key, (byKey.get(key) ?? 0) + 1)
    }
  }
  return counts
}

/** The wish that the rule shares with the fewest others. */
function rarest(wishes: readonly Wish[], asked: Counts): Wish | undefined {
  if (wishes.length < 2) return wishes[0]
  let [found, fewest] = [wishes[0], Number.POSITIVE_INFINITY]
  for (const wish of wishes) {
    const byKey = asked.get(wish.kind)
    const others = wish.keys.reduce<number>((sum, key) => sum + (byKey?.get(key) ?? 0), 0)
    if (others < fewest) [found, fewest] = [wish, others]
  }
  return found
}

function kindFor(kinds: Map<string, Kind>, { kind: name, read }: Wish): Kind | undefined {
  let kind = kinds.get(name)
  if (!kind && kinds.size < MOST_KINDS) {
    kind = { read, rules: new Map() }
    kinds.set(name, kind)
  }
  return kind
}

function push(rules: Map<Key, number[]>, key: Key, number: number): void {
  const list = rules.get(key)
  if (list) list.push(number)
  else rules.set(key, [number])
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

function wishesOf({ matches }: Rule): readonly Wish[] {
  const wishes: Wish[] = []
  let protocol = 0
  let free = true
  for (const match of matches) if (match.on === 'proto' && !match.not) protocol = match.is
  for (const match of matches) {
    if (free || isOwnCondition(match)) {
      const wish = wishOf(match, protocol)
      if (wish) wishes.push(wish)
    }
    if (mayIntervene(match)) free = false
  }
  return wishes
}

function wishOf(match: Match, protocol: number): Wish | undefined {
  switch (match.on) {
    case 'src':
    case 'dst':
      return match.not || match.in.bits === 0 ? undefined : addressWish(match.on, match.in)
    case 'in':
    case 'out':
      return match.not || match.device.endsWith('+') ? undefined : deviceWish(match)
    case 'tcp':
      return portWish(TCP, match)
    case 'udp':
      return portWish(UDP, match)
    case 'sctp':
      return portWish(SCTP, match)
    case 'multiport':
      return multiportWish(match, protocol)
    case 'mac':
      return match.not ? undefined : { kind: 'mac', read: readMac, keys: [match.source.low] }
    default:
      return undefined
  }
}

function deviceWish({ on, device }: MatchOn<'in' | 'out'>): Wish {
  return { kind: on, read: on === 'in' ? readIn : readOut, keys: [device] }
}

const readIn = (probe: Probe): Key => probe.in
const readOut = (probe: Probe): Key => probe.out
const readMac = (probe: Probe): Key => probe.skb.source?.low ?? ''
const readDport = (probe: Probe): Key => portKey(probe.protocol, probe.dport)
const readSport = (probe: Probe): Key => portKey(probe.protocol, probe.sport)

function portKey(protocol: number, port: number): number {
  return (protocol << 16) | port
}

function portWish(protocol: number, { dport, sport }: { readonly dport?: PortMatch; readonly sport?: PortMatch }) {
  if (isOne(dport)) return { kind: 'dport', read: readDport, keys: [portKey(protocol, dport.from)] }
  if (isOne(sport)) return { kind: 'sport', read: readSport, keys: [portKey(protocol, sport.from)] }
  return undefined
}

function isOne(port: PortMatch | undefined): port is PortMatch {
  return port !== undefined && !port.not && port.from === port.to
}

function multiportWish({ of, ports, not }: MatchOn<'multiport'>, protocol: number): Wish | undefined {
  if (not || of === 'ports' || protocol === 0 || !ports.every(({ from, to }) => from === to)) return undefined
  const keys = [...new Set(ports.map(({ from }) => portKey(protocol, from)))]
  return of === 'dports' ? { kind: 'dport', read: readDport, keys } : { kind: 'sport', read: readSport, keys }
}

function addressWish(on: 'src' | 'dst', { family, base, bits }: Prefix): Wish {
  return { kind: `${on}/${bits}`, read: addressReader(on, family, bits), keys: [addressKey(base)] }
}

/** Equal for equal addresses; different ones may share it, which only means that a rule is asked for nothing. */
function addressKey(ip: Ip): number {
  return isIpv4(ip) ? ip : mix(ip.w0, ip.w1, ip.w2, ip.w3)
}

function mix(w0: number, w1: number, w2: number, w3: number): number {
  const high = Math.imul(Math.imul(w0, 0x9e3779b1) ^ w1, 0x85ebca6b)
  return Math.imul(high ^ (high >>> 15) ^ w2, 0xc2b2ae35) ^ w3
}

function addressReader(on: 'src' | 'dst', family: 4 | 6, bits: number): (probe: Probe) => Key {
  if (family === 4) {
    const mask = mask4(bits)
    return on === 'src' ? probe => probe.src0 & mask : probe => probe.dst0 & mask
  }
  const { w0, w1, w2, w3 } = mask6(bits)
  return on === 'src'
    ? ({ src0, src1, src2, src3 }) => mix(src0 & w0, src1 & w1, src2 & w2, src3 & w3)
    : ({ dst0, dst1, dst2, dst3 }) => mix(dst0 & w0, dst1 & w1, dst2 & w2, dst3 & w3)
}
