/** Bridged packets that rules send where no route leads: of IPv4 their sender is told, of IPv6 nobody is. */
import t from 'tap'
import type { Family } from '../../src/base/ip.ts'
import { readRuleset } from '../../src/netfilter/ruleset.ts'
import { createMachine } from '../../src/node/machine.ts'
import { createMachineMemory } from '../../src/node/memory.ts'
import { receive } from '../../src/node/receive.ts'
import { AROUND, MACS, node } from './node.ts'
import { frame, packet, tcp } from './world.ts'

const nat = (from: string, to: string) => `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d ${from} -p tcp -m tcp --dport 80 -j DNAT --to-destination ${to}
COMMIT
`

const RULES = { 4: nat('10.96.0.10/32', '9.9.9.9:80'), 6: nat('fd00:96::a/128', '[2600::1]:80') }

// biome-ignore format: one case, one row
const CASES: readonly (readonly [family: Family, src: string, dst: string, rewritten: boolean, answers: number])[] = [
  [4, '10.244.1.2', '10.96.0.10', true,  1],
  [6, 'fd00:1::2',  'fd00:96::a', true,  0],
  [4, '10.244.1.2', '9.9.9.9',    false, 1],
  [6, 'fd00:1::2',  '2600::1',    false, 1],
]

for (const [family, src, dst, rewritten, answers] of CASES) {
  t.test(`IPv${family}, ${rewritten ? 'rewritten' : 'as it came'}: ${answers} told`, async t => {
    const { config } = node({ network: one => ({ ...one, routes: [] }) })
    const subject = createMachine({ ...config, rules: { 4: readRuleset(RULES[4], 4), 6: readRuleset(RULES[6], 6) } })
    const sent = frame(MACS.a, MACS.cbr0, packet(src, dst, { payload: tcp(40000, 80) }))
    const passage = receive(subject, createMachineMemory(), { link: 'va', frame: sent }, AROUND)
    t.equal(passage.answers.length, answers)
    t.equal(passage.ended?.kind, 'no route')
  })
}
