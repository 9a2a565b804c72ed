/**
 * The way through chains: which rules a packet meets, in which order, and what it is then.
 */
import t from 'tap'
import { readRuleset } from '../../../src/netfilter/ruleset.ts'
import { compileRuleset } from '../../../src/netfilter/run/compiled.ts'
import type { Circumstances } from '../../../src/netfilter/run/hook.ts'
import { traverse } from '../../../src/netfilter/run/traverse.ts'
import { tcp } from './packets.ts'
import { type Around, passingOf, runTable, skbOf, wordsOf } from './table-run.ts'

const web = skbOf(tcp('10.1.0.2:1000 > 10.2.0.3:80', 'S'))

const A_B = [':A - [0:0]', ':B - [0:0]']
const WEB = '-p tcp -m tcp --dport 80'
const SSH = '-p tcp -m tcp --dport 22'

// biome-ignore format: one case, one row
const ROWS: readonly (readonly [says: string, rules: readonly string[], decision: string, steps: readonly string[], around?: Around])[] = [
  ['meets the policy of an empty chain', [':PREROUTING DROP [0:0]'], 'drop', ['PREROUTING policy drop']],
  ['takes the first verdict', ['-j ACCEPT', '-j DROP'], 'accept', ['PREROUTING 1 accept']],
  ['passes rules that do not match', [`${SSH} -j DROP`, `${WEB} -j ACCEPT`], 'accept', ['PREROUTING 2 accept']],
  ['counts in a rule without a target', [WEB, '-j DROP'], 'drop', ['PREROUTING 1 continue', 'PREROUTING 2 drop']],
  ['comes back behind a jump', [...A_B, '-A PREROUTING -j A', '-A PREROUTING -j DROP', '-A A -j RETURN', '-A A -j ACCEPT'], 'drop', ['PREROUTING 1 jump', 'A 1 return', 'PREROUTING 2 drop']],
  ['comes back from the end of a chain', [...A_B, '-A PREROUTING -j A', '-A PREROUTING -j DROP', `-A A ${SSH} -j ACCEPT`], 'drop', ['PREROUTING 1 jump', 'PREROUTING 2 drop']],
  ['comes back from a chain in a chain', [...A_B, '-A PREROUTING -j A', '-A A -j B', '-A A -j DROP', '-A B -j RETURN'], 'drop', ['PREROUTING 1 jump', 'A 1 jump', 'B 1 return', 'A 2 drop']],
  ['does not come back to a goto', [...A_B, '-A PREROUTING -j A', '-A PREROUTING -j DROP', '-A A -g B', '-A A -j ACCEPT', '-A B -j RETURN'], 'drop', ['PREROUTING 1 jump', 'A 1 goto', 'B 1 return', 'PREROUTING 2 drop']],
  ['goes from a goto over a goto to the caller', [...A_B, ':C - [0:0]', '-A PREROUTING -j A', '-A PREROUTING -j DROP', '-A A -g B', '-A B -g C'], 'drop', ['PREROUTING 1 jump', 'A 1 goto', 'B 1 goto', 'PREROUTING 2 drop']],
  ['meets the policy after a goto from a built-in chain', [...A_B, ':PREROUTING DROP [0:0]', '-A PREROUTING -g A', '-A PREROUTING -j ACCEPT'], 'drop', ['PREROUTING 1 goto', 'PREROUTING policy drop']],
  ['returns to the policy', [':PREROUTING DROP [0:0]', '-A PREROUTING -j RETURN', '-A PREROUTING -j ACCEPT'], 'drop', ['PREROUTING 1 return', 'PREROUTING policy drop']],
  ['visits a chain twice', [...A_B, '-A PREROUTING -j A', '-A PREROUTING -j A', '-A A -j MARK --set-xmark 0x1/0x0'], 'accept', ['PREROUTING 1 jump', 'A 1 continue (mark 0x1/0x0 set)', 'PREROUTING 2 jump', 'A 1 continue (mark 0x1/0x0 set)', 'PREROUTING policy accept']],
  ['visits a chain again that it left by a goto', [...A_B, '-A PREROUTING -j A', '-A PREROUTING -j A', '-A A -g B'], 'accept', ['PREROUTING 1 jump', 'A 1 goto', 'PREROUTING 2 jump', 'A 1 goto', 'PREROUTING policy accept']],
  ['sees a mark that was set before', ['-j MARK --set-xmark 0x4000/0x4000', '-m mark --mark 0x4000/0x4000 -j DROP'], 'drop', ['PREROUTING 1 continue (mark 0x4000 set)', 'PREROUTING 2 drop']],
  ['stops at a loop of jumps', [...A_B, '-A PREROUTING -j A', '-A A -j B', '-A B -j A'], 'undecided: chains jump in a circle: A, B, A', ['PREROUTING 1 jump', 'A 1 jump']],
  ['stops at a loop of gotos', [...A_B, '-A PREROUTING -g A', '-A A -g B', '-A B -g A'], 'undecided: chains jump in a circle: A, B, A', ['PREROUTING 1 goto', 'A 1 goto']],
  ['stops at a chain that jumps to itself', [...A_B, '-A PREROUTING -j A', '-A A -j A'], 'undecided: chains jump in a circle: A, A', ['PREROUTING 1 jump']],
  ['stops at a jump to its beginning', ['-j PREROUTING'], 'undecided: chains jump in a circle: PREROUTING, PREROUTING', []],
  ['stops at a chain that is not there', ['-j A'], 'undecided: there is no chain A', []],
  ['ends with a queue', ['-j QUEUE', '-j DROP'], 'queue', ['PREROUTING 1 queue']],
  ['hands on a rejection', ['-p tcp -j REJECT --reject-with tcp-reset'], 'reject tcp-reset', ['INPUT 1 reject'], { table: 'filter', chain: 'INPUT', hook: 'input' }],
  ['hands on NAT', ['-p tcp -j DNAT --to-destination 10.3.0.1:8080'], 'nat dnat', ['PREROUTING 1 dnat'], { table: 'nat' }],
  ['stops at NAT in the wrong table', ['-p tcp -j DNAT --to-destination 10.3.0.1:8080'], 'undecided: the kernel takes no dnat in table mangle at prerouting', []],
  ['stops at NAT at the wrong hook', ['-j MASQUERADE'], 'undecided: the kernel takes no masquerade in table nat at prerouting', [], { table: 'nat' }],
  ['stops at a rule that it cannot decide', ['-m cpu --cpu 1 -j DROP', '-j ACCEPT'], 'undecided: the match cpu is not run', []],
  ['takes such a rule for a match', ['-m cpu --cpu 1 -j DROP', '-j ACCEPT'], 'drop', ['PREROUTING 1 drop'], { assume: 'match' }],
  ['takes such a rule for a miss', ['-m cpu --cpu 1 -j DROP', '-j ACCEPT'], 'accept', ['PREROUTING 1 continue (taken for one that does not match)', 'PREROUTING 2 accept'], { assume: 'miss' }],
  ['passes such a rule if another condition does not hold', [`-m cpu --cpu 1 ${SSH} -j DROP`, '-j ACCEPT'], 'accept', ['PREROUTING 2 accept']],
  ['asks the other conditions of a rule taken for a match', [`-m cpu --cpu 1 ${SSH} -j DROP`, '-j ACCEPT'], 'accept', ['PREROUTING 2 accept'], { assume: 'match' }],
  ['does not ask what remembers behind a condition that it cannot decide', ['-m cpu --cpu 1 -m recent --rcheck --name a -j DROP'], 'undecided: the match cpu is not run', []],
  ['stops at a target that it cannot carry out', ['-p tcp -j TPROXY --on-port 80 --on-ip 0.0.0.0 --tproxy-mark 0x0/0x0'], 'undecided: the target TPROXY is not carried out', []],
  ['goes on behind such a target if told to assume', ['-j BOGUS --x 1', '-j DROP'], 'drop', ['PREROUTING 1 continue (taken to let the packet go on)', 'PREROUTING 2 drop'], { assume: 'match' }],
  ['says what is wrong with a target that it does not know', ['-j BOGUS --x 1'], 'undecided: the target BOGUS is not known', []],
]

function decisionOf({ decision }: ReturnType<typeof runTable>): string {
  switch (decision.kind) {
    case 'undecided':
      return `undecided: ${decision.undecided.why}`
    case 'reject':
      return `reject ${decision.with}`
    case 'nat':
      return `nat ${decision.target.do}`
    default:
      return decision.kind
  }
}

for (const [says, rules, decision, steps, around] of ROWS) {
  t.test(`traverse() ${says}`, async t => {
    for (const index of [true, false]) {
      const ran = runTable(rules, web, { ...around, index })
      t.equal(decisionOf(ran), decision)
      t.strictSame(ran.steps.map(wordsOf), steps)
    }
  })
}

t.test('traverse() accepts in a table or chain that is not there', async t => {
  const rules = compileRuleset(readRuleset('*filter\n:INPUT DROP [0:0]\nCOMMIT\n', 4))
  const accepts = { decision: { kind: 'accept' }, skb: web, steps: [] }
  t.strictSame(traverse(rules, 'nat', 'INPUT', web, passingOf(web.packet)), accepts)
  t.strictSame(traverse(rules, 'filter', 'MY-OWN', web, passingOf(web.packet)), accepts)
})

t.test('traverse() says what a rule did, and what was assumed of it', async t => {
  const rules = ['-m cpu --cpu 1 -j MARK --set-xmark 0x1/0xffffffff']
  const { steps, skb } = runTable(rules, web, { assume: 'match' })
  const [step] = steps
  t.equal(skb.mark, 1)
  t.equal(step?.before, web)
  t.equal(step?.after, skb)
  t.match(step, { assumed: { table: 'mangle', chain: 'PREROUTING', number: 1, why: 'the match cpu is not run' } })
})

t.test('traverse() draws by what the kernel keeps of a probability', async t => {
  const third = '-m statistic --mode random --probability 0.3333333333 -j DROP'
  const drawn: unknown[] = []
  const choose =
    (way: number): Circumstances['choose'] =>
    fork => {
      drawn.push(fork)
      return way
    }
  const won = runTable([third], web, { choose: choose(0) })
  t.equal(won.decision.kind, 'drop')
  t.match(won.steps, [{ chance: { taken: 715_827_883, of: 0x8000_0000 } }])
  const lost = runTable([third], web, { choose: choose(1) })
  t.equal(lost.decision.kind, 'accept')
  const denied = runTable([third.replace('--prob', '! --prob')], web, { choose: choose(1) })
  t.match(denied.steps, [{ chance: { taken: 0x8000_0000 - 715_827_883, of: 0x8000_0000 } }])
  t.strictSame(drawn, new Array(3).fill({ by: 'statistic', weights: [715_827_883, 0x8000_0000 - 715_827_883] }))
})

t.test('traverse() gives up on chains that multiply', async t => {
  const doubling = Array.from({ length: 40 }, (_, i) => [`-A C${i} -j C${i + 1}`, `-A C${i} -j C${i + 1}`]).flat()
  const chains = Array.from({ length: 41 }, (_, i) => `:C${i} - [0:0]`)
  const ran = runTable([...chains, '-A PREROUTING -j C0', ...doubling], web)
  t.equal(decisionOf(ran), 'undecided: the packet meets more rules than podwire follows')
})

t.test('traverse() follows a long line of chains', async t => {
  const count = 3000
  const line = Array.from({ length: count }, (_, i) => `-A C${i} -j C${i + 1}`)
  const chains = Array.from({ length: count + 1 }, (_, i) => `:C${i} - [0:0]`)
  const { decision, steps } = runTable([...chains, '-A PREROUTING -j C0', ...line, '-A PREROUTING -j DROP'], web)
  t.equal(decision.kind, 'drop')
  t.equal(steps.length, count + 2)
})

t.test('traverse() says in a verbose run which rules did not match, and why', async t => {
  const rules = [
    ...A_B,
    '-A PREROUTING -d 10.96.0.1/32 -j DROP',
    '-A PREROUTING -d 10.96.0.2/32 -p tcp -j DROP',
    '-A PREROUTING -d 10.96.0.0/24 -j DROP',
    `-A PREROUTING ${SSH} -j DROP`,
    '-A PREROUTING ! -s 10.1.0.0/16 -j DROP',
    '-A PREROUTING -j A',
    '-A PREROUTING -m mark --mark 0x4000/0x4000 -j DROP',
    '-A PREROUTING -m mark --mark 0x4000/0x4000 -j DROP',
    '-A A -m statistic --mode random --probability 0.5 -j DROP',
    '-A A -m statistic --mode random --probability 0.5 -j DROP',
  ]
  const { steps } = runTable(rules, web, { verbose: true, choose: () => 1 })
  t.strictSame(steps.map(wordsOf), [
    'PREROUTING 1..3 misses: other destinations',
    'PREROUTING 4 misses: destination port 80 is not 22',
    'PREROUTING 5 misses: source 10.1.0.2 is in 10.1.0.0/16',
    'PREROUTING 6 jump',
    'A 1 misses: the draw fell on another way (1/2)',
    'A 2 misses: the draw fell on another way (1/2)',
    'PREROUTING 7..8 misses: mark 0x4000 is not set',
    'PREROUTING policy accept',
  ])
})
