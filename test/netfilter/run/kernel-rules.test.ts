/**
 * The kernel as judge of which rules a packet meets and which of them match.
 */
import t from 'tap'
import type { Packet } from '../../../src/packet/packet.ts'
import { ROWS } from './hold-rows.ts'
import { compareCounters } from './kernel-rules.ts'
import { type Given, PACKETS } from './sample-packets.ts'

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

/** Rules that podwire decides and that need no connection tracking, which would put fragments together. */
function decidable(family: 4 | 6): readonly string[] {
  const undecided = new Set(ROWS.flatMap(([rule, verb]) => (verb === 'is undecided for' ? [rule] : [])))
  const rules = ROWS.filter(([rule, , name]) => !undecided.has(rule) && PACKETS[name].skb.packet.family === family)
  return [...new Set(rules.map(([rule]) => rule))].filter(
    rule => !/conntrack|state|connmark|nfacct|physdev|-m cpu|-m ah/.test(rule),
  )
}

for (const family of [4, 6] as const) {
  t.test(`the kernel says the same of each condition, IPv${family}`, t => {
    const rules = decidable(family)
    return compareCounters(t, { family, rules, packets: bringable(family) })
  })
}
