/**
 * Conditions that remember: what they say of packets one after the other, as time passes.
 */
import t from 'tap'
import { type Ip, parseIp } from '../../../src/base/ip.ts'
import { readRuleset } from '../../../src/netfilter/ruleset.ts'
import { compileRuleset } from '../../../src/netfilter/run/compiled.ts'
import { copyRuleMemory, createRuleMemory, type RuleMemory } from '../../../src/netfilter/run/rule-memory.ts'
import { traverse } from '../../../src/netfilter/run/traverse.ts'
import type { Packet } from '../../../src/packet/packet.ts'
import { tcp, udp } from './packets.ts'
import { passingOf, runTable, skbOf } from './table-run.ts'

const syn = tcp('10.1.0.2:1000 > 10.2.0.3:80', 'S')
const other = tcp('10.1.0.3:1000 > 10.2.0.3:80', 'S')
const datagram = udp('10.1.0.2:1000 > 10.2.0.3:53')
const LIMIT = '-m limit --limit 1/sec --limit-burst 2'
const FLOWS = '-m hashlimit --hashlimit-upto 1/sec --hashlimit-burst 2 --hashlimit-mode srcip --hashlimit-name a'
const SEEN = '-m recent --rcheck --seconds 10 --hitcount 2 --name a'
const SET = '-m recent --set --name a'

/** A packet, and when it comes, in seconds. */
type Coming = readonly [seconds: number, packet?: Packet]

// biome-ignore format: one case, one row
const ROWS: readonly (readonly [says: string, rules: readonly string[], packets: readonly Coming[], matched: readonly string[]])[] = [
  ['nth takes turns', ['-m statistic --mode nth --every 3 --packet 1'], [[0], [0], [0], [0], [0]], ['-', '1', '-', '-', '1']],
  ['nth denies a turn', ['-m statistic --mode nth ! --every 2 --packet 0'], [[0], [0], [0]], ['-', '1', '-']],
  ['nth counts for each rule by itself', ['-m statistic --mode nth --every 2 --packet 0', '-p tcp -m statistic --mode nth --every 2 --packet 0'], [[0, datagram], [0], [0]], ['1', '2', '1']],
  ['limit lets a burst through, then one at a time', [LIMIT], [[0], [0], [0], [0.5], [1], [1.2]], ['1', '1', '-', '-', '1', '-']],
  ['limit saves no more than the burst', [LIMIT], [[0], [100], [100], [100]], ['1', '1', '1', '-']],
  ['limit is not asked of packets that fail before', [`-p tcp ${LIMIT}`], [[0, datagram], [0, datagram], [0], [0], [0]], ['-', '-', '1', '1', '-']],
  ['what iptables itself asks comes first, wherever it stands', [`${LIMIT} -p tcp`], [[0, datagram], [0, datagram], [0], [0], [0]], ['-', '-', '1', '1', '-']],
  ['hashlimit has a bucket for each flow', [FLOWS], [[0], [0], [0], [0, other], [0, other], [0, other]], ['1', '1', '-', '1', '1', '-']],
  ['hashlimit forgets flows', [`${FLOWS} --hashlimit-htable-expire 1500`], [[0], [0], [0.1], [1.2], [3], [3]], ['1', '1', '-', '1', '1', '1']],
  ['hashlimit above a rate', [FLOWS.replace('upto', 'above')], [[0], [0], [0], [1]], ['-', '-', '1', '-']],
  ['hashlimit takes networks for one', [`${FLOWS} --hashlimit-srcmask 24`], [[0], [0, other], [0, other]], ['1', '1', '-']],
  ['hashlimit is as the first rule says', [FLOWS, FLOWS.replace('upto 1/sec --hashlimit-burst 2', 'above 1/sec --hashlimit-burst 9')], [[0], [0], [0]], ['1', '2', '2']],
  ['quota runs out', ['-m quota --quota 100'], [[0], [0], [0], [0]], ['1', '1', '-', '-']],
  ['recent finds whom it has seen', ['-m recent --rcheck --name a', SET], [[0], [0], [0, other]], ['2', '1 2', '2']],
  ['recent keeps lists apart', ['-m recent --rcheck --name b', SET], [[0], [0]], ['2', '2']],
  ['recent goes by the destination', ['-m recent --rcheck --name a --rdest', '-m recent --set --name a --rdest'], [[0], [0, other]], ['2', '1 2']],
  ['recent goes by networks', ['-m recent --rcheck --name a --mask 255.255.255.0', '-m recent --set --name a --mask 255.255.255.0'], [[0], [0, other]], ['2', '1 2']],
  ['recent takes the mask of the rule that made the list', ['-m recent --rcheck --name a --mask 255.255.255.0', SET], [[0], [0, other]], ['2', '1 2']],
  ['recent counts hits in a span of time', [SEEN, SET], [[0], [5], [9], [16], [40]], ['2', '2', '1 2', '2', '2']],
  ['recent takes a stamp of the very second in', ['-m recent --rcheck --seconds 10 --name a', SET], [[0], [10], [20.001]], ['2', '1 2', '2']],
  ['recent updates if it holds', ['-m recent --update --seconds 10 --name a', '-m statistic --mode nth --every 100 --packet 0 -m recent --set --name a'], [[0], [8], [16], [27]], ['2', '1', '1', '-']],
  ['recent denied by update still stamps', ['-m recent ! --update --seconds 10 --name a', '-m statistic --mode nth --every 100 --packet 0 -m recent --set --name a'], [[0], [20], [25]], ['1 2', '1', '-']],
  ['recent removes', ['-m recent --remove --name a', SET], [[0], [0], [0]], ['2', '1 2', '1 2']],
  ['recent removes and denies it', ['-m recent ! --remove --name a', SET], [[0], [0]], ['1 2', '2']],
  ['recent reaps the oldest', ['-m recent --rcheck --seconds 10 --reap --name a', '-m recent ! --rcheck --name a', SET], [[0], [1, other], [20, other], [20]], ['2 3', '2 3', '3', '2 3']],
  ['recent keeps as many stamps as the rules ask for', [SET, '-m recent --rcheck --hitcount 3 --name a'], [[0], [0], [0], [0]], ['1', '1', '1 2', '1 2']],
  ['recent keeps 32 stamps otherwise', [SET, '-m recent --rcheck --seconds 100 --name a'], [...Array.from({ length: 40 }, (): Coming => [0]), [101]], [...new Array<string>(41).fill('1 2')]],
  ['recent tells senders apart by TTL', ['-m recent --rcheck --rttl --name a', SET], [[0], [0, { ...syn, ttl: 9 }], [0, { ...syn, ttl: 9 }]], ['2', '2', '1 2']],
]

function matchedOf(rules: readonly string[], packets: readonly Coming[]): readonly string[] {
  const text = ['*mangle', ...rules.map(rule => `-A PREROUTING ${rule}`), 'COMMIT', ''].join('\n')
  const compiled = compileRuleset(readRuleset(text, 4))
  const memory = createRuleMemory()
  return packets.map(([seconds, packet = syn]) => {
    const passing = passingOf(packet, { now: 1_000_000 + seconds * 1000, memory })
    const { steps } = traverse(compiled, 'mangle', 'PREROUTING', skbOf(packet), passing)
    return steps.flatMap(step => (step.kind === 'rule' ? [step.number] : [])).join(' ') || '-'
  })
}

for (const [says, rules, packets, matched] of ROWS) {
  t.test(says, async t => t.strictSame(matchedOf(rules, packets), matched))
}

t.test('recent holds a hundred addresses, and lets the oldest go', async t => {
  const from = (i: number): Packet => ({ ...syn, src: parseIp(`10.1.1.${i}`) as Ip })
  const all = Array.from({ length: 101 }, (_, i): Coming => [i, from(i)])
  const matched = matchedOf(['-m recent --rcheck --name a', SET], [...all, [200, from(1)], [200, from(0)]])
  t.strictSame(matched.slice(-2), ['1 2', '2'])
})

t.test('recent adds the hop that a forwarded packet has lost', async t => {
  const memory = createRuleMemory()
  const before = { memory, hook: 'prerouting' as const }
  runTable([SET], skbOf(syn), before)
  const rule = '-m recent --rcheck --rttl --name a'
  const held = (packet: Packet, hook: 'forward' | 'output' | 'postrouting', devices: object) =>
    runTable([rule], skbOf(packet), { memory, hook, devices }).steps.length > 1
  const aged = { ...syn, ttl: syn.ttl - 1 }
  t.ok(held(aged, 'forward', { in: 'eth0', out: 'eth1' }))
  t.notOk(held(syn, 'forward', { in: 'eth0', out: 'eth1' }))
  t.ok(held(syn, 'output', { out: 'eth1' }))
  t.ok(held(syn, 'postrouting', { out: 'eth1' }))
})

const SETS = 'create s hash:ip family inet timeout 60\nadd s 10.9.9.9 timeout 5\n'

t.test('a copied memory goes its own way', async t => {
  const rules = [
    LIMIT,
    FLOWS,
    '-m statistic --mode nth --every 3 --packet 0',
    SEEN,
    SET,
    '-m quota --quota 90',
    '-j SET --add-set s src',
  ]
  const run = (memory: RuleMemory) => runTable(rules, skbOf(syn), { memory, sets: SETS }).steps.length
  const first = createRuleMemory()
  run(first)
  const copy = copyRuleMemory(first)
  t.strictSame(copy, first)
  const frozen = structuredClone({ ...first, sets: [...first.sets.values()].map(({ size }) => size) })
  for (let i = 0; i < 5; i++) run(copy)
  copy.sets.clear()
  t.strictSame({ ...first, sets: [...first.sets.values()].map(({ size }) => size) }, frozen)
  t.notSame(copy, first)
})

t.test('entries of sets live as long as they say', async t => {
  const to = skbOf(tcp('10.1.0.2:1 > 10.9.9.9:1', 'S'))
  const memory = createRuleMemory()
  const holds = (rule: string, now: number) =>
    runTable([rule], to, { memory, sets: SETS, now }).steps.some(({ kind }) => kind === 'rule')
  const found = '-m set --match-set s dst'
  t.ok(holds(found, 1000), 'its time counts from the first run on')
  t.ok(holds(found, 6000))
  t.notOk(holds(found, 6001))
  t.ok(holds('-j SET --add-set s dst', 7000))
  t.ok(holds(found, 67_000), 'an entry that a rule made lives as the set says')
  t.notOk(holds(found, 67_001))
  holds('-j SET --add-set s dst --exist --timeout 10', 70_000)
  t.notOk(holds(found, 80_001), 'or as the rule says')
  const told = createRuleMemory(1000)
  t.notOk(runTable([found], to, { memory: told, sets: SETS, now: 6001 }).steps.some(({ kind }) => kind === 'rule'))
})
