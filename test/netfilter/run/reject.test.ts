/** What REJECT sends back, and how; `router-cases.ts` has every answer that it can give. */
import t from 'tap'
import { parseIp } from '../../../src/base/ip.ts'
import { atHook } from '../../../src/netfilter/run/netfilter.ts'
import type { Skb } from '../../../src/netfilter/run/skb.ts'
import { describePacket } from './describe.ts'
import { contextOf, nat, table } from './hook-context.ts'
import { tcp, udp } from './packets.ts'
import { createRouter, receive } from './router.ts'

const AB = '10.1.0.2:1000 > 10.2.0.2:80'
const AV = '10.1.0.2:1000 > 10.1.9.9:80'

t.test('an answer of REJECT carries the connection of what it is about', async t => {
  const router = createRouter({
    rules: {
      4:
        table('filter', 'FORWARD ACCEPT', '-A FORWARD -j REJECT --reject-with icmp-host-prohibited') +
        nat('-A PREROUTING -d 10.1.9.9/32 -j DNAT --to-destination 10.2.0.3'),
    },
  })
  const [answer] = receive(router, { by: 'left', packet: udp(AV) })
  t.equal(answer && describePacket(answer.packet), '10.1.9.9 > 10.1.0.2 icmp 3/10', 'as if from the service')
  t.equal(router.memory.connections.connections.size, 0, 'the connection does not come to be')
  t.ok(router.steps.some(step => step.kind === 'rule' && step.effect === 'reject'))
})

t.test('a reset of what came in by a bridge leaves by its port, and an error does not', async t => {
  const rules = table(
    'filter',
    'FORWARD ACCEPT',
    '-A FORWARD -p tcp -j REJECT --reject-with tcp-reset',
    '-A FORWARD -j REJECT',
  )
  const router = createRouter({ rules: { 4: rules } })
  const context = contextOf(router)
  const devices = { in: 'left', out: 'right', physIn: 'veth1' }
  const reset = atHook(context, 'forward', { packet: tcp(AB, 'S'), mark: 0 }, devices)
  t.match(reset, { answerBy: 'veth1', answer: { packet: { dst: parseIp('10.1.0.2') } } })
  const error = atHook(context, 'forward', { packet: udp(AB), mark: 0 }, devices)
  t.ok(error.verdict === 'drop' && error.answer && error.answerBy === undefined)
})

t.test('marks come back with answers where the machine reflects them', async t => {
  const rules = { 4: table('filter', 'FORWARD ACCEPT', '-A FORWARD -j REJECT') }
  for (const [settings, mark] of [
    [[], 0],
    [['net.ipv4.fwmark_reflect=1'], 7],
  ] as const) {
    const router = createRouter({ rules, settings })
    const context = contextOf(router)
    const result = atHook(context, 'forward', { packet: udp(AB), mark: 7 }, { in: 'left', out: 'right' })
    t.equal(result.verdict === 'drop' && result.answer?.mark, mark)
  }
})

// biome-ignore format: one case, one row
const frames: readonly [addressed: NonNullable<Skb['addressed']>, bridged: boolean, answered: boolean][] = [
  ['unicast',    false, true],
  ['broadcast',  false, false],
  ['multicast',  false, false],
  ['other host', false, false],
  ['other host', true,  true],
]

for (const [addressed, bridged, answered] of frames) {
  t.test(
    `what was ${bridged ? 'bridged' : 'routed'} and for ${addressed} is ${answered ? '' : 'not '}answered`,
    async t => {
      const router = createRouter({ rules: { 4: table('filter', 'FORWARD ACCEPT', '-A FORWARD -j REJECT') } })
      const context = contextOf(router)
      const devices = { in: 'left', out: 'right', ...(bridged && { bridged }) }
      const result = atHook(context, 'forward', { packet: udp(AB), mark: 0, addressed }, devices)
      t.equal(result.verdict === 'drop' && result.answer !== undefined, answered)
    },
  )
}
