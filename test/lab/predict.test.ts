/** What is predicted of a flow, and the probe that sends it. */
import t from 'tap'
import { formatIp } from '../../src/base/ip.ts'
import { add, formatRatio, ZERO } from '../../src/base/ratio.ts'
import type { Prediction } from '../../src/lab/agreement.ts'
import { isCrafted, predict, probeOf } from '../../src/lab/predict.ts'
import { isTcp, portsOf } from '../../src/packet/packet.ts'
import { decodePacket } from '../../src/packet/packet-bytes.ts'
import { tcpFlags } from '../../src/packet/summary.ts'
import type { Memories } from '../../src/trace/carry.ts'
import type { Journey } from '../../src/trace/journey.ts'
import type { Asking } from '../trace/tell.ts'
import { predicted } from './judged.ts'

const WEB = { from: 'pod/client', to: 'svc/web:80' }

t.test('all ways, and whether they are all', async t => {
  const { flow, world, predictions } = predicted(WEB)
  t.equal(predictions.length, 2)
  t.equal(formatRatio(predictions.map(({ probability }) => probability).reduce(add, ZERO)), '1')
  t.equal(predict(flow, world, new Map(), { seed: 1, most: 2 }).complete, true)
  const some = predict(flow, world, new Map(), { seed: 1, most: 1 })
  t.strictSame([some.predictions.length, some.complete], [1, false])
})

t.test('what machines remember stays as it is, and each way has its own', async t => {
  const { flow, world } = predicted(WEB)
  const before: Memories = new Map()
  const [first, second] = predict(flow, world, before, { seed: 1, most: 10 }).predictions
  if (!first || !second) throw new Error('not two ways')
  t.equal(before.size, 0)
  t.not(first.memories.get('node-1'), second.memories.get('node-1'))
  const entries = (memories: Memories) => memories.get('default/client')?.sockets.length
  const known = entries(first.memories)
  const later = predict({ ...flow, at: 1000 }, world, first.memories, { seed: 1, most: 10 })
  t.equal(known, 1)
  t.equal(entries(first.memories), known, 'not changed by what is asked later')
  t.equal(later.predictions.length, 1, 'the connection is known: it goes where it went')
  t.equal(
    later.predictions[0]?.memories.get('node-3'),
    first.memories.get('node-3'),
    'machines that are not met share theirs',
  )
})

t.test('a raw socket has no connection: its machine resets the answer', async t => {
  const { flow, world } = predicted({ from: 'pod/client', to: 'pod/web-1:8080' })
  const [way] = predict(flow, world, new Map(), { seed: 1, most: 1, crafted: true }).predictions
  const [reset, ...more] = way?.exchange.aftermath ?? []
  t.strictSame(more, [])
  const payload = reset?.journey.packet.payload
  t.equal(payload && isTcp(payload) && tcpFlags(payload.flags), 'rst', 'the kernel knows of no connection')
  t.equal(way?.exchange.experience, 'answered')
  const [plain] = predict(flow, world, new Map(), { seed: 1, most: 1 }).predictions
  t.equal(plain?.exchange.aftermath, undefined, "a program's socket takes it")
})

t.test('flows that share the source port of a tunnel are one connection to the machines at its ends', async t => {
  const { flow, world } = predicted({ from: 'pod/client', to: 'pod/web-1:8080' })
  const options = { seed: 1, most: 1 }
  const tunnelPorts = new Map([['node-1', [50_000]]])
  const [first] = predict(flow, world, new Map(), { ...options, tunnelPorts }).predictions
  if (!first) throw new Error('no way')
  t.strictSame(outerPorts(first.exchange.request), [50_000], 'the port is that which is said')
  const other = { ...flow, packet: { ...flow.packet, payload: { ...flow.packet.payload, sport: 40_001 } }, at: 10 }
  const rulesWith = (ports: Map<string, number[]>) =>
    outerRules(predict(other, world, first.memories, { ...options, tunnelPorts: ports }).predictions[0])
  t.ok(rulesWith(new Map([['node-1', [50_001]]])).includes('nat'), 'another port is another connection')
  t.notOk(rulesWith(tunnelPorts).includes('nat'), 'the same port is one that nat has decided about')
  t.ok(rulesWith(tunnelPorts).includes('filter'))
})

function outerPorts({ hops }: Journey): readonly number[] {
  return hops.flatMap(({ steps }) =>
    steps.flatMap(step => {
      if (step.component !== 'vxlan' || step.action !== 'encapsulate' || !step.outer) return []
      return portsOf(step.outer.payload)?.sport ?? []
    }),
  )
}

/** The tables whose rules the outer packet matched where it was made. */
function outerRules(way: Prediction | undefined): readonly string[] {
  const steps = way?.exchange.request.hops.find(({ machine }) => machine === 'node-1')?.steps ?? []
  return steps.flatMap(step => {
    if (step.component !== 'netfilter' || portsOf(step.before.payload)?.dport !== 8472) return []
    return step.step.kind === 'rule' ? [step.step.table] : []
  })
}

// biome-ignore format: one case, one row
const PROBES: readonly [says: string, asking: Asking, crafted: boolean, wanted: object][] = [
  ['TCP by a socket',                { from: 'pod/client', to: 'pod/web-1:8080' },                          false, { machine: 'default/client', protocol: 6, dst: '10.244.1.2', sport: 40000, dport: 8080 }],
  ['TCP with few hops, as bytes',    { from: 'pod/client', to: 'pod/web-1:8080', ttl: 2 },                  true,  { machine: 'default/client', protocol: 6, src: '10.244.0.2', dst: '10.244.1.2', sport: 40000, dport: 8080, ttl: 2 }],
  ['UDP by a socket, of any size',   { from: 'pod/client', to: 'pod/web-1:53', protocol: 17, size: 900, ttl: 3 }, false, { machine: 'default/client', protocol: 17, dst: '10.244.1.2', sport: 40000, dport: 53, ttl: 3, size: 900 }],
  ['a ping, its identifier',         { from: 'pod/client', to: 'pod/web-1', protocol: 1, sport: 77 },       false, { machine: 'default/client', protocol: 1, dst: '10.244.1.2', sport: 77 }],
  ['a large ping',                   { from: 'node/node-1', to: 'pod/web-1', protocol: 1, size: 1300 },     false, { machine: 'node-1', protocol: 1, dst: '10.244.1.2', sport: 40000, size: 1300 }],
  ['a ping from a chosen address',   { from: 'ip:198.51.100.7', to: 'node/node-2', protocol: 1 },           true,  { machine: '198.51.100.7', protocol: 1, src: '198.51.100.7', dst: '192.168.64.12', sport: 40000 }],
  ['SCTP, as bytes',                 { from: 'pod/client', to: 'pod/web-1:8080', protocol: 132 },           true,  { machine: 'default/client', protocol: 132, src: '10.244.0.2', dst: '10.244.1.2', sport: 40000, dport: 8080 }],
]

for (const [says, asking, crafted, wanted] of PROBES) {
  t.test(`a probe: ${says}`, async t => {
    const { flow, predictions } = predicted(asking)
    t.equal(isCrafted(flow), crafted)
    const { bytes, src, dst, patience, ...probe } = probeOf(flow, predictions, { patience: 800 })
    t.equal(patience, 800)
    t.strictSame({ ...probe, ...(src === undefined ? {} : { src: formatIp(src) }), dst: formatIp(dst) }, wanted)
    t.equal(bytes !== undefined, crafted)
    if (bytes)
      t.equal(
        formatIp(decodePacket(bytes).src),
        formatIp(src ?? flow.packet.src),
        'with the source that the checksum covers',
      )
    t.not(probeOf(flow, predictions, { patience: 1, crafted: true }).bytes, undefined, 'as bytes when asked to be')
  })
}

t.test('a machine that has no route sends what it was asked to', async t => {
  const { flow, predictions } = predicted({ from: 'pod/client', to: 'pod/web-1:8080', ttl: 2 })
  t.equal(probeOf(flow, [], { patience: 1 }).src, undefined)
  t.not(probeOf(flow, predictions, { patience: 1 }).src, undefined)
})
