/** What happens at each hook, in which order, and what is told of it. */
import t from 'tap'
import { equalIp, formatIp, parseIp } from '../../../src/base/ip.ts'
import { readRuleset } from '../../../src/netfilter/ruleset.ts'
import type { HookStep } from '../../../src/netfilter/run/hook.ts'
import { atHook, createNetfilter } from '../../../src/netfilter/run/netfilter.ts'
import { formatTuple } from '../../../src/netfilter/run/tuple.ts'
import { icmpError } from '../../../src/packet/icmp-error.ts'
import { describePacket, describeWhole } from './describe.ts'
import { contextOf, nat, table } from './hook-context.ts'
import { icmp, tcp, udp } from './packets.ts'
import { createRouter, type Router, receive, send, surroundingsOf } from './router.ts'

const AB = '10.1.0.2:1000 > 10.2.0.2:80'
const AV = '10.1.0.2:1000 > 10.1.9.9:80'

/** `postrouting nat:POSTROUTING:1 masquerade, 10.1.0.2 becomes …` */
function tell({ hook, ...step }: Router['steps'][number]): string {
  const changed =
    step.before.packet === step.after.packet
      ? ''
      : `: ${describePacket(step.before.packet)} becomes ${describePacket(step.after.packet)}`
  return `${hook} ${told(step)}${changed}`
}

function told(step: HookStep): string {
  switch (step.kind) {
    case 'rule':
      return `${step.table}:${step.chain}:${step.number} ${step.effect}`
    case 'miss':
      return `${step.table}:${step.chain}:${step.number} misses`
    case 'policy':
      return `${step.table}:${step.chain} ${step.policy}s`
    case 'track':
      return `tracks ${step.tracked.state} ${step.tracked.direction}${step.tuples ? ` ${formatTuple(step.tuples.original)}` : ''}`
    case 'rewrite':
      return `rewrites the ${step.of} by ${step.by}`
    case 'confirm':
      return `confirms ${formatTuple(step.tuples.reply)}`
  }
}

const everywhere =
  ['raw', 'mangle', 'filter', 'security']
    .map(name => {
      const chains =
        {
          raw: 'PREROUTING OUTPUT',
          mangle: 'PREROUTING INPUT FORWARD OUTPUT POSTROUTING',
          filter: 'INPUT FORWARD OUTPUT',
          security: 'INPUT FORWARD OUTPUT',
        }[name] ?? ''
      return table(
        name,
        chains
          .split(' ')
          .map(chain => `${chain} ACCEPT`)
          .join(', '),
      )
    })
    .join('') + nat()

t.test('the tables are asked in the kernel’s order, on the way through', async t => {
  const router = createRouter({ rules: { 4: everywhere } })
  receive(router, { by: 'left', packet: udp(AB) })
  t.strictSame(router.steps.map(tell), [
    'prerouting raw:PREROUTING accepts',
    'prerouting tracks NEW original src=10.1.0.2 dst=10.2.0.2 sport=1000 dport=80',
    'prerouting mangle:PREROUTING accepts',
    'prerouting nat:PREROUTING accepts',
    'forward mangle:FORWARD accepts',
    'forward filter:FORWARD accepts',
    'forward security:FORWARD accepts',
    'postrouting mangle:POSTROUTING accepts',
    'postrouting nat:POSTROUTING accepts',
    'postrouting confirms src=10.2.0.2 dst=10.1.0.2 sport=80 dport=1000',
  ])
})

t.test('the tables are asked in the kernel’s order, to and from the machine', async t => {
  const router = createRouter({ rules: { 4: everywhere } })
  receive(router, { by: 'left', packet: icmp('10.1.0.2 > 10.1.0.1', 8) })
  t.strictSame(router.steps.map(tell).slice(4), [
    'input mangle:INPUT accepts',
    'input filter:INPUT accepts',
    'input security:INPUT accepts',
    'input nat:INPUT accepts',
    'input confirms src=10.1.0.1 dst=10.1.0.2 type=0 code=0 id=1',
    'output raw:OUTPUT accepts',
    'output tracks ESTABLISHED reply src=10.1.0.2 dst=10.1.0.1 type=8 code=0 id=1',
    'output mangle:OUTPUT accepts',
    'output filter:OUTPUT accepts',
    'output security:OUTPUT accepts',
    'postrouting mangle:POSTROUTING accepts',
  ])
})

t.test(
  'a rule of NAT is one step with the packet before and behind it; what follows is rewritten by the connection',
  async t => {
    const rules = nat(
      '-A PREROUTING -d 10.1.9.9/32 -p tcp -j DNAT --to-destination 10.2.0.3:8080',
      '-A POSTROUTING -o right -j MASQUERADE',
    )
    const router = createRouter({ rules: { 4: rules } })
    receive(router, { by: 'left', packet: tcp(AV, 'S') })
    t.strictSame(router.steps.map(tell), [
      'prerouting tracks NEW original src=10.1.0.2 dst=10.1.9.9 sport=1000 dport=80',
      'prerouting nat:PREROUTING:1 dnat: 10.1.0.2:1000 > 10.1.9.9:80 becomes 10.1.0.2:1000 > 10.2.0.3:8080',
      'postrouting nat:POSTROUTING:1 masquerade: 10.1.0.2:1000 > 10.2.0.3:8080 becomes 10.2.0.1:1000 > 10.2.0.3:8080',
      'postrouting confirms src=10.2.0.3 dst=10.2.0.1 sport=8080 dport=1000',
    ])
    receive(router, { by: 'right', packet: tcp('10.2.0.3:8080 > 10.2.0.1:1000', 'SA', { ack: 1001 }) })
    t.strictSame(router.steps.map(tell), [
      'prerouting tracks ESTABLISHED reply src=10.1.0.2 dst=10.1.9.9 sport=1000 dport=80',
      'prerouting rewrites the destination by connection: 10.2.0.3:8080 > 10.2.0.1:1000 becomes 10.2.0.3:8080 > 10.1.0.2:1000',
      'postrouting rewrites the source by connection: 10.2.0.3:8080 > 10.1.0.2:1000 becomes 10.1.9.9:80 > 10.1.0.2:1000',
    ])
    receive(router, { by: 'left', packet: tcp(AV, 'A') })
    t.strictSame(router.steps.map(tell).slice(1), [
      'prerouting rewrites the destination by connection: 10.1.0.2:1000 > 10.1.9.9:80 becomes 10.1.0.2:1000 > 10.2.0.3:8080',
      'postrouting rewrites the source by connection: 10.1.0.2:1000 > 10.2.0.3:8080 becomes 10.2.0.1:1000 > 10.2.0.3:8080',
    ])
  },
)

t.test('packets of the machine’s own are rewritten on their way out', async t => {
  const router = createRouter({
    rules: {
      4: nat(
        '-A OUTPUT -d 10.1.9.9/32 -j DNAT --to-destination 10.2.0.3',
        '-A POSTROUTING -j SNAT --to-source 10.2.0.1',
      ),
    },
  })
  const sent = send(router, { packet: udp('10.1.0.1:1000 > 10.1.9.9:80'), mark: 0 })
  t.strictSame(
    sent.map(({ by, packet }) => `${by} ${describePacket(packet)}`),
    ['right 10.2.0.1:1000 > 10.2.0.3:80'],
  )
})

t.test('a port that another flow has is changed without a rule, and says so', async t => {
  const router = createRouter({
    rules: { 4: nat('-A PREROUTING -d 10.1.9.9/32 -j DNAT --to-destination 10.2.0.2') },
    random: () => 0.25,
  })
  receive(router, { by: 'left', packet: udp(AB) })
  receive(router, { by: 'left', packet: udp(AV) })
  t.strictSame(router.steps.map(tell).slice(2), [
    'postrouting nat:POSTROUTING accepts',
    'postrouting rewrites the source by clash: 10.1.0.2:1000 > 10.2.0.2:80 becomes 10.1.0.2:872 > 10.2.0.2:80',
    'postrouting confirms src=10.2.0.2 dst=10.1.0.2 sport=80 dport=872',
  ])
})

t.test('an error about a rewritten packet is rewritten end by end, as is its quote', async t => {
  const rules = nat(
    '-A PREROUTING -d 10.1.9.9/32 -j DNAT --to-destination 10.2.0.3',
    '-A POSTROUTING -o right -j MASQUERADE',
  )
  const router = createRouter({ rules: { 4: rules } })
  receive(router, { by: 'left', packet: udp(AV) })
  const about = udp('10.2.0.1:1000 > 10.2.0.3:80')
  const packet = icmpError({ about, kind: 'port-unreachable', src: parseIp('10.2.0.3') })
  if (!packet) throw new RangeError('no error')
  receive(router, { by: 'right', packet })
  const rewritten = router.steps.filter(({ kind }) => kind === 'rewrite')
  t.strictSame(
    rewritten.map(({ after }) => describeWhole(after.packet)),
    [
      '10.2.0.3 > 10.1.0.2 icmp 3/3 ttl 64 about 10.1.0.2:1000 > 10.2.0.3:80',
      '10.1.9.9 > 10.1.0.2 icmp 3/3 ttl 63 about 10.1.0.2:1000 > 10.1.9.9:80',
    ],
  )
  t.strictSame(rewritten.map(told), ['rewrites the destination by related', 'rewrites the source by related'])
})

t.test('who has no address yet is not masqueraded', async t => {
  const router = createRouter({ rules: { 4: nat('-A POSTROUTING -j MASQUERADE') } })
  const context = contextOf(router)
  const sent = atHook(context, 'output', { packet: udp('0.0.0.0:68 > 255.255.255.255:67'), mark: 0 }, { out: 'right' })
  const left = atHook(context, 'postrouting', sent.skb, { out: 'right' })
  t.equal(describePacket(left.skb.packet), '0.0.0.0:68 > 255.255.255.255:67')
})

t.test('what is for a link is redirected to an address of the link', async t => {
  const router = createRouter({ rules: { 6: nat('-A PREROUTING -j REDIRECT') } })
  const own = ['fd01::1', 'fe80::1', '::1'].map(parseIp)
  const surroundings = { ...surroundingsOf(router), addressesOf: () => own }
  const context = { ...contextOf(router), surroundings }
  // biome-ignore format: one case, one row
  for (const [to, redirected] of [['fd02::2', 'fd01::1'], ['fe80::2', 'fe80::1'], ['::1', '::1']] as const) {
    const result = atHook(context, 'prerouting', { packet: udp(`[fd01::2]:1 > [${to}]:2`), mark: 0 }, { in: 'left' })
    t.equal(formatIp(result.skb.packet.dst), redirected, to)
  }
})

// biome-ignore format: one case, one row
const drops: readonly [name: string, rules: string, packet: ReturnType<typeof udp>, why: string][] = [
  ['a rule',       table('filter', 'FORWARD ACCEPT', '-A FORWARD -p udp -j DROP'),   udp(AB), 'rule 1 of FORWARD in table filter'],
  ['a policy',     table('filter', 'FORWARD DROP'),                                  udp(AB), 'the policy of FORWARD in table filter'],
  ['a lack of an address', nat('-A POSTROUTING -o nowhere -j MASQUERADE'),           udp('10.1.0.2:1 > 10.2.0.2:2'), 'nowhere has no address to masquerade with'],
  ['a lack of an address to redirect to', nat('-A PREROUTING -i nowhere -j REDIRECT'), udp(AB), 'nowhere has no address to redirect to'],
]

for (const [name, rules, packet, why] of drops) {
  t.test(`a drop says why: ${name}`, async t => {
    const router = createRouter({ rules: { 4: rules } })
    const context = contextOf(router)
    const devices = why.startsWith('nowhere') ? { in: 'nowhere', out: 'nowhere' } : { in: 'left', out: 'right' }
    let skb = { packet, mark: 0 }
    for (const hook of ['prerouting', 'forward', 'postrouting'] as const) {
      const result = atHook(context, hook, skb, devices)
      if (result.verdict !== 'accept') {
        t.match(result, { verdict: 'drop', why })
        return
      }
      skb = result.skb
    }
    t.fail('it came through')
  })
}

t.test('what only a program knows is undecided', async t => {
  const netfilter = createNetfilter({
    rules: { 4: readRuleset(table('filter', 'FORWARD ACCEPT', '-A FORWARD -j NFQUEUE --queue-num 1'), 4) },
  })
  const router = createRouter({ rules: {} })
  const context = { ...contextOf(router), netfilter }
  const result = atHook(context, 'forward', { packet: udp(AB), mark: 0 }, { in: 'left', out: 'right' })
  t.match(result, { verdict: 'undecided', undecided: { table: 'filter', chain: 'FORWARD', number: 1 } })
})

t.test('a masqueraded connection ends when it would leave by another device', async t => {
  const router = createRouter({ rules: { 4: nat('-A POSTROUTING -j MASQUERADE') } })
  const context = contextOf(router)
  const once = (out: string) => {
    const entered = atHook(context, 'prerouting', { packet: udp(AB), mark: 0 }, { in: 'left' })
    return atHook(context, 'postrouting', entered.skb, { out })
  }
  t.equal(once('right').verdict, 'accept')
  t.match(once('left'), { verdict: 'drop', why: 'masqueraded for right, it would leave by left' })
  t.equal(router.memory.connections.connections.size, 0)
})

t.test('two packets of one flow on their way at once share a connection in the end', async t => {
  const router = createRouter({ rules: {} })
  const context = contextOf(router)
  const entered = [1, 2].map(() => atHook(context, 'prerouting', { packet: udp(AB), mark: 0 }, { in: 'left' }))
  const left = entered.map(({ skb }) => atHook(context, 'postrouting', skb, { out: 'right' }))
  t.strictSame(
    left.map(({ verdict }) => verdict),
    ['accept', 'accept'],
  )
  t.equal(left[0]?.skb.tracked?.connection, left[1]?.skb.tracked?.connection)
  t.equal(router.memory.connections.connections.size, 1)
})

t.test('a packet that was seen before is not looked up again', async t => {
  const router = createRouter({ rules: { 4: nat('-A OUTPUT -d 10.2.0.2/32 -j REDIRECT') } })
  const context = contextOf(router)
  const sent = atHook(context, 'output', { packet: udp(AB), mark: 0 }, { out: 'right' })
  t.ok(equalIp(sent.skb.packet.dst, parseIp('127.0.0.1')))
  const left = atHook(context, 'postrouting', sent.skb, { out: 'lo' })
  const back = atHook(context, 'prerouting', left.skb, { in: 'lo' })
  t.strictSame(back.steps, [], 'its way through loopback changes nothing')
  t.equal(atHook(context, 'input', back.skb, { in: 'lo' }).skb, back.skb)
})
