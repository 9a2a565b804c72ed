/**
 * The kernel as judge of which rules a packet meets and which of them match.
 */
import fc from 'fast-check'
import t from 'tap'
import type { Packet } from '../../../src/packet/packet.ts'
import { CHAINS, SETS, tables } from './arbitrary-tables.ts'
import { ROWS } from './hold-rows.ts'
import { compareAll, compareCounters } from './kernel-rules.ts'
import { type Given, PACKETS } from './sample-packets.ts'
import { SET_RULES, SET_TYPES_HERE } from './set-rows.ts'

/** Packets that can be brought to a router as they are: all else about them is up to the router. */
function bringable(family: 4 | 6): Readonly<Record<string, Packet>> {
  const all: [string, Given][] = Object.entries(PACKETS)
  return Object.fromEntries(
    all.flatMap(([name, given]) =>
      Object.keys(given).length === 1 && Object.keys(given.skb).length === 2 && given.skb.packet.family === family
        ? [[name, given.skb.packet]]
        : [],
    ),
  )
}

/** What needs connection tracking, which would put fragments together, or what the kernel refuses in PREROUTING. */
const ELSEWHERE =
  /conntrack|state|connmark|nfacct|physdev|owner|psd|limit-iface-out|-o |^-m multiport|^-m ecn --ecn-tcp/

/** Rules that podwire decides. */
function decidable(family: 4 | 6): readonly string[] {
  const undecided = new Set(ROWS.flatMap(([rule, verb]) => (verb === 'is undecided for' ? [rule] : [])))
  const rules = ROWS.filter(([rule, , name]) => !undecided.has(rule) && PACKETS[name].skb.packet.family === family)
  return [...new Set(rules.map(([rule]) => rule))].filter(rule => !ELSEWHERE.test(rule) && !/-m (?:cpu|ah)/.test(rule))
}

for (const family of [4, 6] as const) {
  t.test(`the kernel says the same of each condition, IPv${family}`, t => {
    const rules = decidable(family)
    return compareCounters(t, { family, rules, packets: bringable(family) })
  })
}

const SEQUENCE: Readonly<Record<string, Packet>> = Object.fromEntries(
  [
    'a SYN',
    'a datagram',
    'a ping',
    'a SYN',
    'a packet from afar',
    'a SYN, ACK',
    'a SYN to 81',
    'a SYN',
    'GRE',
    'a datagram',
  ].map((name, i) => [`${i + 1}: ${name}`, PACKETS[name as keyof typeof PACKETS].skb.packet]),
)

t.test('the kernel meets the same rules of random tables', t =>
  compareAll(
    t,
    fc
      .sample(tables, { numRuns: 30, seed: 20261121 })
      .map(rules => ({ family: 4, rules, chains: CHAINS, sets: SETS, packets: SEQUENCE })),
  ),
)

t.test('the kernel finds the same packets in sets', t => {
  // What leaves the router is read again, which packets that are cut short would not stand.
  const whole = Object.entries(bringable(4)).filter(([name]) => !name.includes('cut short'))
  const packets = { ...Object.fromEntries(whole), ...SEQUENCE }
  return compareCounters(t, { family: 4, rules: SET_RULES, sets: SET_TYPES_HERE, packets })
})
