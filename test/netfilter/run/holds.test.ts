/**
 * Which packets each condition holds for.
 *
 * What the kernel says to such questions is asked in `kernel-rules.test.ts`.
 */
import t from 'tap'
import { OTHER_MATCHES } from '../../../src/netfilter/matches/other.ts'
import type { Match } from '../../../src/netfilter/rule.ts'
import { readRuleset } from '../../../src/netfilter/ruleset.ts'
import { ROWS, type Verb } from './hold-rows.ts'
import { type Given, PACKETS } from './sample-packets.ts'
import { runTable } from './table-run.ts'

function verbOf(rule: string, { skb, ...around }: Given): Verb {
  const { decision, steps } = runTable([`${rule} -j RETURN`], skb, {
    ...around,
    devices: around.devices ?? { in: 'eth0' },
  })
  if (decision.kind === 'undecided') return 'is undecided for'
  if (decision.kind === 'drop') return 'drops'
  return steps.some(step => step.kind === 'rule') ? 'holds for' : 'does not hold for'
}

for (const [rule, verb, ...names] of ROWS) {
  for (const name of names) t.test(`${rule} ${verb} ${name}`, async t => t.equal(verbOf(rule, PACKETS[name]), verb))
}

t.test('every kind of condition was asked', async t => {
  const seen = new Set<string>()
  for (const [rule, , name] of ROWS)
    for (const match of matchesOf(rule, PACKETS[name].skb.packet.family)) seen.add(match)
  const kinds: Readonly<Record<Match['on'], true>> = {
    src: true,
    dst: true,
    in: true,
    out: true,
    proto: true,
    fragment: true,
    comment: true,
    tcp: true,
    udp: true,
    sctp: true,
    icmp: true,
    icmp6: true,
    conntrack: true,
    state: true,
    mark: true,
    connmark: true,
    addrtype: true,
    statistic: true,
    recent: true,
    multiport: true,
    set: true,
    physdev: true,
    iprange: true,
    limit: true,
    mac: true,
    rpfilter: true,
    nfacct: true,
    length: true,
    pkttype: true,
    extension: true,
    unknown: true,
  }
  t.strictSame(
    [...Object.keys(kinds), ...OTHER_MATCHES.keys()].filter(kind => !seen.has(kind)),
    [],
  )
})

function matchesOf(rule: string, family: 4 | 6): readonly string[] {
  const ruleset = readRuleset(`*mangle\n-A X ${rule}\nCOMMIT\n`, family)
  const matches = ruleset.tables.get('mangle')?.chains.get('X')?.rules[0]?.matches ?? []
  return matches.flatMap(match => (match.on === 'extension' ? [match.on, match.module] : [match.on]))
}
