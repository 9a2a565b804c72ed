/** Why a source was not rewritten, for chains of any name. */
import t from 'tap'
import { parsePrefix } from '../../src/base/ip.ts'
import type { Rule, Ruleset } from '../../src/netfilter/rule.ts'
import type { Hook, HookStep } from '../../src/netfilter/run/hook.ts'
import { skippedMasquerade } from '../../src/trace/skipped.ts'
import { createWorld } from '../../src/trace/wiring.ts'
import { SYN } from './sample.ts'

const BETWEEN_PODS: Rule = {
  matches: [
    { on: 'src', in: parsePrefix('10.244.0.0/16') },
    { on: 'dst', in: parsePrefix('10.244.0.0/16') },
  ],
  target: { do: 'return' },
}
const OUTWARD: Rule = { matches: [{ on: 'out', device: 'eth0' }], target: { do: 'masquerade' } }
const COUNTED: Rule = { matches: [] }

/** MINE rewrites with its last rule, BARE never does. */
const RULES: Ruleset = {
  family: 4,
  tables: new Map([
    [
      'nat',
      {
        name: 'nat',
        chains: new Map([
          ['MINE', { name: 'MINE', rules: [BETWEEN_PODS, OUTWARD, BETWEEN_PODS] }],
          ['BARE', { name: 'BARE', rules: [BETWEEN_PODS, COUNTED] }],
        ]),
      },
    ],
  ]),
}

const network = { links: [], addresses: [], routes: [], neighbours: [], fdb: [], sysctls: [] }
const world = createWorld({
  nodes: [{ name: 'node-1', uplinks: [], inner: [], host: () => ({ network, rules: { 4: RULES }, sets: [] }) }],
  pods: [],
  vips: [],
  hidden: [],
  mtu: 1500,
  listenerAt: () => ({ listens: 'unknown' }),
})

const AROUND = { before: { packet: SYN, mark: 0 }, after: { packet: SYN, mark: 0 } }

function matched(chain: string, number: number, rule: Rule, effect: 'return' | 'accept' | 'masquerade'): HookStep {
  return { kind: 'rule', table: 'nat', chain, number, rule, effect, ...AROUND }
}

function missed(chain: string, number: number, rule: Rule, why: string): HookStep {
  const [match = { on: 'comment', text: '' }] = rule.matches
  return { kind: 'miss', table: 'nat', chain, number, to: number, rule, match, why, ...AROUND }
}

const RETURNED = 'MINE:1 from 10.244.0.0/16 to 10.244.0.0/16'

// biome-ignore format: one case, one row
const CASES: readonly (readonly [name: string, hook: Hook, steps: readonly HookStep[], why: readonly string[] | undefined])[] = [
  ['names the rule that returned just before', 'postrouting', [matched('MINE', 1, BETWEEN_PODS, 'return')], [RETURNED]],
  ['names a rule that accepted before',        'postrouting', [matched('MINE', 1, BETWEEN_PODS, 'accept')], [RETURNED]],
  ['says why the rule itself did not match',   'postrouting', [missed('MINE', 2, OUTWARD, 'device out cbr0 is not eth0')], ['MINE:2 device out cbr0 is not eth0']],
  ['passes over what stands behind the rule',  'postrouting', [matched('MINE', 3, BETWEEN_PODS, 'return')], undefined],
  ['passes over chains that never rewrite',    'postrouting', [matched('BARE', 1, BETWEEN_PODS, 'return')], undefined],
  ['has nothing to say where it was done',     'postrouting', [missed('MINE', 1, BETWEEN_PODS, 'x'), matched('MINE', 2, OUTWARD, 'masquerade')], undefined],
  ['has nothing to say at other hooks',        'prerouting',  [matched('MINE', 1, BETWEEN_PODS, 'return')], undefined],
  ['has nothing to say where no rule was met', 'postrouting', [], undefined],
]

for (const [name, hook, steps, why] of CASES) {
  t.test(`skippedMasquerade() ${name}`, async t => {
    const skipped = skippedMasquerade({ hook, machine: 'node-1', family: 4, steps }, { world })
    t.strictSame(skipped?.why, why)
  })
}
