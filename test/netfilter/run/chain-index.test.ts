/**
 * The index of long chains changes nothing but the time that a packet takes.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import type { Fork } from '../../../src/base/choice.ts'
import { type Ip, parseIp } from '../../../src/base/ip.ts'
import { seededRandom } from '../../../src/base/random.ts'
import { BUILT_IN, type Match, type Rule, type Ruleset, type TableName } from '../../../src/netfilter/rule.ts'
import { readRuleset } from '../../../src/netfilter/ruleset.ts'
import { compileRuleset } from '../../../src/netfilter/run/compiled.ts'
import type { Passing } from '../../../src/netfilter/run/passing.ts'
import { createRuleMemory } from '../../../src/netfilter/run/rule-memory.ts'
import type { Skb } from '../../../src/netfilter/run/skb.ts'
import { traverse } from '../../../src/netfilter/run/traverse.ts'
import type { Packet } from '../../../src/packet/packet.ts'
import { rule as arbitraryRule } from '../arbitrary.ts'
import { CHAINS, SETS, tables } from './arbitrary-tables.ts'
import { icmp, sctp, tcp, udp } from './packets.ts'
import { type Given, PACKETS } from './sample-packets.ts'
import { passingOf, skbOf } from './table-run.ts'

const HOOKS = {
  PREROUTING: 'prerouting',
  INPUT: 'input',
  FORWARD: 'forward',
  OUTPUT: 'output',
  POSTROUTING: 'postrouting',
} as const

/** Runs packets one after the other, and says all that can be seen of it. */
function runAll(
  ruleset: Ruleset,
  table: TableName,
  chain: string,
  packets: readonly Skb[],
  seed: number,
  index: boolean,
) {
  const rules = compileRuleset(ruleset, { index })
  const memory = createRuleMemory(0)
  const draw = seededRandom(seed)
  const forks: Fork[] = []
  // Connections are marked on the way: each run has its own.
  const results = structuredClone(packets).map((skb, i) => {
    const choose = (fork: Fork) => {
      forks.push(fork)
      return draw() * 0x8000_0000 < (fork.weights[0] ?? 0) ? 0 : 1
    }
    const around = { choose, memory, now: i * 1500, sets: SETS, hook: HOOKS[chain as keyof typeof HOOKS] }
    const assume = seed % 3 === 0 ? 'match' : seed % 3 === 1 ? 'miss' : undefined
    const passing: Passing = passingOf(skb.packet, {
      ...around,
      ...(assume && { assume }),
      devices: DEVICES[chain] ?? {},
    })
    return traverse(rules, table, chain, skb, passing)
  })
  return { results, forks, memory }
}

const DEVICES: Readonly<Record<string, Passing['devices']>> = {
  PREROUTING: { in: 'left' },
  INPUT: { in: 'left' },
  FORWARD: { in: 'cbr0', out: 'eth0', physIn: 'veth1' },
  OUTPUT: { out: 'lo' },
  POSTROUTING: { out: 'eth0' },
}

const samples: readonly Given[] = Object.values(PACKETS)
const ofFamily = (family: 4 | 6) => samples.filter(({ skb }) => skb.packet.family === family).map(({ skb }) => skb)

t.test('random tables run the same with and without the index', async () => {
  const packets = fc.array(fc.constantFrom(...ofFamily(4)), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(tables, packets, fc.nat(99), (rules, packets, seed) => {
      // Rules repeated make chains long enough for an index.
      const lines = [...rules, ...rules]
      const text = ['*mangle', ...CHAINS.map(chain => `:${chain} - [0:0]`), ...lines, 'COMMIT', ''].join('\n')
      const ruleset = readRuleset(text, 4)
      const [a, b] = [true, false].map(index => runAll(ruleset, 'mangle', 'PREROUTING', packets, seed, index))
      return isDeepStrictEqual(a, b)
    }),
    { numRuns: 200 },
  )
})

for (const family of [4, 6] as const) {
  t.test(`chains of random rules of every kind run the same, IPv${family}`, async () => {
    const packets = fc.array(fc.constantFrom(...ofFamily(family)), { minLength: 1, maxLength: 4 })
    for (const table of ['filter', 'mangle', 'nat', 'raw'] as const) {
      const own = fc.array(arbitraryRule(family, table, 'save'), { minLength: 10, maxLength: 25 })
      fc.assert(
        fc.property(own, packets, fc.nat(99), fc.constantFrom(...BUILT_IN[table]), (rules, packets, seed, chain) => {
          const ruleset = rulesetOf(family, table, chain, rules.map(nearer))
          const [a, b] = [true, false].map(index => runAll(ruleset, table, chain, packets, seed, index))
          return isDeepStrictEqual(a, b)
        }),
        { numRuns: 60 },
      )
    }
  })
}

/** Random addresses hardly ever are a packet's: takes those conditions away at times, so that the others count. */
function nearer(rule: Rule, i: number): Rule {
  return i % 3 === 0
    ? rule
    : {
        ...rule,
        matches: rule.matches.filter(({ on }) => !(on === 'src' || on === 'dst' || on === 'in' || on === 'out')),
      }
}

function rulesetOf(family: 4 | 6, table: TableName, chain: string, rules: readonly Rule[]): Ruleset {
  const chains = new Map([
    [chain, { name: chain, rules, policy: 'accept' as const }],
    ['Y', { name: 'Y', rules: rules.filter(({ target }) => !(target && 'chain' in target)).toReversed() }],
  ])
  return { family, tables: new Map([[table, { name: table, chains }]]) }
}

t.test('no packet is asked about what it cannot match', async t => {
  let asked = 0
  const text = Array.from(
    { length: 500 },
    (_, i) => `-A PREROUTING -d 10.${i >> 8}.${i & 255}.1/32 -p tcp -m tcp --dport 80 -j A`,
  )
  const ruleset = readRuleset(
    ['*mangle', ':A - [0:0]', ...text, '-A PREROUTING -m recent --set --name a', 'COMMIT', ''].join('\n'),
    4,
  )
  const rules = compileRuleset(ruleset)
  const skb = skbOf(tcp('10.1.0.2:1000 > 10.1.7.1:80', 'S'))
  const passing = passingOf(skb.packet)
  traverse(rules, 'mangle', 'PREROUTING', skb, passing)
  const { compiled } = rules.tables.get('mangle')?.chains.get('PREROUTING') ?? { compiled: [] }
  for (const rule of compiled) if (rule) asked++
  t.equal(asked, 2)
})

/** Runs packets for a ruleset through all of its built-in chains. @returns the rules that were not decided */
function compareAll(t: Test, ruleset: Ruleset, name: string): readonly string[] {
  const packets = packetsFor(ruleset)
  const undecided = new Set<string>()
  for (const [table, { chains }] of ruleset.tables) {
    for (const chain of BUILT_IN[table].filter(chain => chains.has(chain))) {
      const [a, b] = [true, false].map(index => runAll(ruleset, table, chain, packets, 2, index))
      t.ok(isDeepStrictEqual(a, b), `${name} ${table} ${chain}`)
      for (const { decision } of a?.results ?? [])
        if (decision.kind === 'undecided') undecided.add(decision.undecided.why)
    }
  }
  return [...undecided]
}

const CASES = '../shared/oracle/kube-proxy'

t.test('what kube-proxy wrote runs the same', { skip: !existsSync(CASES) && `${CASES} is not here` }, async t => {
  for (const name of readdirSync(CASES)) {
    for (const [family, file] of [
      [4, 'iptables-save.txt'],
      [6, 'ip6tables-save.txt'],
    ] as const) {
      const path = join(CASES, name, 'iptables', file)
      if (!existsSync(path)) continue
      const undecided = compareAll(t, readRuleset(readFileSync(path, 'utf8'), family), `${name} ${file}`)
      t.strictSame(undecided, [], `${name} ${file} leaves nothing undecided`)
    }
  }
})

const DUMPS = '../shared/dumps'

t.test('what other machines have runs the same', { skip: !existsSync(DUMPS) && `${DUMPS} is not here` }, async t => {
  for (const name of readdirSync(DUMPS).filter(name => name.endsWith('.save'))) {
    t.comment(`${name}: ${compareAll(t, readRuleset(readFileSync(join(DUMPS, name), 'utf8'), 4), name).join(', ')}`)
  }
})

/** To addresses and ports that rules name, from a pod and from outside. */
function packetsFor(ruleset: Ruleset): readonly Skb[] {
  const { family } = ruleset
  const [near, far] = (family === 4 ? ['10.244.1.5', '192.0.2.1'] : ['fd00:10:244:1::5', '2001:db8::1']).map(parseIp)
  const ping = family === 4 ? icmp('10.0.0.2 > 10.0.0.1', 8) : icmp('fd00::2 > fd00::1', 128)
  const ends = [...endsOf(ruleset)].flatMap(([dst, dport]): Packet[] => {
    const text = family === 4 ? `10.0.0.2:1000 > 10.0.0.1:${dport}` : `[fd00::2]:1000 > [fd00::1]:${dport}`
    return [near, far].flatMap(src =>
      src === undefined ? [] : [tcp(text, 'S'), udp(text), sctp(text, [1], 0)].map(packet => ({ ...packet, src, dst })),
    )
  })
  return [...new Map(ends.map(packet => [JSON.stringify(packet), packet])).values(), ping].slice(0, 25).map(skbOf)
}

function* endsOf({ tables }: Ruleset): Iterable<readonly [dst: Ip, dport: number]> {
  for (const { chains } of tables.values()) {
    for (const { rules } of chains.values()) for (const { matches } of rules) yield* endOf(matches)
  }
}

function endOf(matches: readonly Match[]): readonly (readonly [dst: Ip, dport: number])[] {
  let end: Ip | undefined
  let port = 80
  for (const match of matches) {
    if (match.on === 'dst') end = match.in.base
    if (match.on === 'tcp' || match.on === 'udp') port = match.dport?.from ?? port
  }
  return end === undefined ? [] : [[end, port]]
}
