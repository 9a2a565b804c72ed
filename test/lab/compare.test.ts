/** Whether a comparison of model and kernel finds nothing where there is nothing, and everything where there is something. */
import fc from 'fast-check'
import t from 'tap'
import { formatIp, parseIp } from '../../src/base/ip.ts'
import { ratio } from '../../src/base/ratio.ts'
import { isInPieces } from '../../src/lab/compare.ts'
import type { Observation, PacketSight, RuleSight } from '../../src/lab/observation.ts'
import { tracedOf } from '../../src/lab/observed-packet.ts'
import { predict } from '../../src/lab/predict.ts'
import type { Answer } from '../../src/lab/probe.ts'
import { settleRandom, randomCluster as wideCluster } from '../../src/lab/random-cluster.ts'
import { randomFlows } from '../../src/lab/random-flows.ts'
import { type Happening, threadsOf } from '../../src/lab/threads.ts'
import { isIcmp, isTcp, type Packet, TCP_FLAG } from '../../src/packet/packet.ts'
import { rewriteQuote } from '../../src/packet/quote.ts'
import { formatEnds } from '../../src/packet/summary.ts'
import { clusterWorld } from '../../src/trace/cluster-world.ts'
import type { Flow } from '../../src/trace/journey.ts'
import { createWorld } from '../../src/trace/wiring.ts'
import type { World } from '../../src/trace/world.ts'
import { clusterOfText } from '../trace/cluster-of.ts'
import { FEATURES } from '../trace/flow-case.ts'
import { randomCluster } from '../trace/random-cluster.ts'
import type { Asking } from '../trace/tell.ts'
import { ask } from '../trace/tell.ts'
import { judged, type Predicted, played, predicted, told } from './judged.ts'
import { MUTATIONS, OTHER_DEVICE } from './mutations.ts'
import { observationOf, VXLAN_PORTS, withSight } from './observation-of.ts'

interface Setting {
  readonly world: World
  readonly flows: readonly Flow[]
}

const options = { seed: 1, most: 200 }

/** A cluster and a few flows through it, one after the other. */
const settings: fc.Arbitrary<Setting> = randomCluster.map(({ cluster, flows }) => ({
  world: createWorld(clusterWorld(cluster, { features: FEATURES })),
  flows: flows.map(({ sender, packet }, i) => ({ from: sender, to: '', sender, packet, at: i * 1000 })),
}))

/** Clusters of all kinds, and flows of all kinds: of both families, pings, SCTP, with sizes and few hops to go. */
const wideSettings: fc.Arbitrary<Setting> = fc.integer({ min: 0, max: 10_000 }).map(seed => {
  const cluster = settleRandom(wideCluster(seed))
  const drawn = randomFlows(cluster, seed, 6).flatMap(({ asked }) => {
    const { trace, context } = ask(cluster, asked)
    return trace.flows.map((flow, i) => ({ flow: { ...flow, at: i * 1000 }, world: context.world }))
  })
  const [first] = drawn
  if (!first) throw new Error(`no flows in cluster ${seed}`)
  return { world: createWorld(clusterWorld(cluster, { features: FEATURES })), flows: drawn.map(({ flow }) => flow) }
})

/** Every flow with the memories that the ways taken before left behind. */
function* predictedIn({ world, flows }: Setting): Generator<Predicted> {
  let memories = new Map()
  for (const flow of flows) {
    const { predictions } = predict(flow, world, memories, options)
    yield { flow, world, predictions }
    memories = predictions.at(-1)?.memories ?? memories
  }
}

for (const [name, arbitrary, numRuns, changes] of [
  ['clusters with Services of all kinds', settings, 40, 200],
  ['clusters and flows of all kinds', wideSettings, 20, 60],
] as const) {
  t.test(`a kernel that does as the model says agrees: ${name}`, async t => {
    fc.assert(
      fc.property(arbitrary, setting => {
        for (const one of predictedIn(setting)) {
          for (const [way] of one.predictions.slice(0, 12).entries()) {
            const judgement = judged(one, played(one, way))
            if (!judgement.taken) throw new Error(told(judgement).join('\n'))
          }
        }
      }),
      { numRuns },
    )
    t.pass('whichever way it takes')
  })

  t.test(`every single change is told: ${name}`, async t => {
    const met = new Map<string, number>()
    fc.assert(
      fc.property(arbitrary, fc.nat(), fc.nat({ max: 40 }), (setting, pick, which) => {
        for (const one of predictedIn(setting)) {
          const way = pick % one.predictions.length
          const seen = played(one, way)
          const mutation = MUTATIONS[which % MUTATIONS.length]
          const changed = mutation?.change(seen, pick)
          if (!mutation || !changed) continue
          met.set(mutation.name, (met.get(mutation.name) ?? 0) + 1)
          const judgement = judged(one, changed)
          if (judgement.differences.some(({ what }) => what === mutation.what)) continue
          // A port that was drawn and is seen but once may be any.
          if (mutation.name === 'another source port' && isDrawnOnce(seen, changed)) continue
          // Of packets that are on their way at once any may come first.
          const pieces = one.predictions[way]?.exchange
          if (pieces && isInPieces(pieces) && isOfTurns(seen, changed)) continue
          throw new Error(`${mutation.name} is not told: ${told(judgement).join('\n')}`)
        }
      }),
      { numRuns: changes },
    )
    t.ok(met.size > 10, 'of many kinds')
  })
}

/** Whether the source that was changed is met nowhere else: then nothing says which one it is to be. */
function isDrawnOnce(seen: Observation, changed: Observation): boolean {
  const before = [...seen.machines.values()].flatMap(({ packets }) => packets)
  const after = new Set([...changed.machines.values()].flatMap(({ packets }) => packets))
  const lost = before.find(one => !after.has(one))
  const ends = before.flatMap(({ packet }) => formatEnds(packet).split(' > '))
  const [own] = lost ? formatEnds(lost.packet).split(' > ') : []
  return ends.filter(end => end === own).length === 1
}

/** Whether the same still happens to each packet in the same order: then the change is one of turns alone. */
function isOfTurns(seen: Observation, changed: Observation): boolean {
  const lives = ({ machines }: Observation) =>
    [...machines].map(([machine, { packets, rules }]) => [
      machine,
      livesOf(packets.map(one => ({ packet: tracedOf(one.packet), mark: one.hook }))),
      livesOf(rules.map(({ packet, table, chain, number }) => ({ packet, mark: `${table} ${chain} ${number}` }))),
    ])
  return JSON.stringify(lives(seen)) === JSON.stringify(lives(changed))
}

function livesOf(happenings: readonly Happening[]): readonly string[] {
  const told = ({ packet, mark }: Happening) => `${formatIp(packet.src)} ${formatIp(packet.dst)} ${mark}`
  return threadsOf(happenings)
    .map(life => life.map(i => told(happenings[i] as Happening)).join(', '))
    .sort()
}

const CLIENT = { from: 'pod/client', to: 'svc/web:80' }
const OUTSIDE = { from: 'ip:198.51.100.7', to: 'node/node-1:30080' }
const EMPTY = { from: 'pod/client', to: 'svc/empty:80' }
const PING = { from: 'pod/client', to: 'pod/web-1', protocol: 1 }

/** Someone asks who has an address. */
const SOLICITATION: PacketSight = {
  hook: 'output',
  out: 'eth0',
  mark: 0,
  packet: {
    family: 6,
    src: parseIp('fe80::1'),
    dst: parseIp('ff02::1:ff00:2'),
    ttl: 255,
    tos: 0,
    id: 0,
    df: true,
    payload: { protocol: 58, type: 135, code: 0, rest: 0, data: new Uint8Array(16) },
  },
}

function later(one: PacketSight): PacketSight {
  const { payload } = one.packet
  return isTcp(payload) ? { ...one, packet: { ...one.packet, payload: { ...payload, flags: TCP_FLAG.ACK } } } : one
}

type Change = (seen: Observation) => Observation

/** The packets of a machine at one hook, each changed. */
function packetsAt(machine: string, hook: PacketSight['hook'], change: (packet: Packet) => Packet): Change {
  return seen =>
    withSight(seen, machine, sight => ({
      ...sight,
      packets: sight.packets.map(one => (one.hook === hook ? { ...one, packet: change(one.packet) } : one)),
    }))
}

function rulesOf(machine: string, change: (rules: readonly RuleSight[]) => readonly RuleSight[]): Change {
  return seen => withSight(seen, machine, sight => ({ ...sight, rules: change(sight.rules) }))
}

const at = ({ table, chain, number }: RuleSight) => `${table}:${chain}:${number}`
const met =
  (experience: Observation['met']['experience'], detail?: string): Change =>
  seen => ({
    ...seen,
    met: { experience, ...(detail === undefined ? {} : { detail }) },
  })
const answering =
  (change: Partial<Answer>): Change =>
  seen => ({
    ...seen,
    met: { ...seen.met, ...(seen.met.answer ? { answer: { ...seen.met.answer, ...change } } : {}) },
  })
const traced = {
  protocol: 6,
  src: parseIp('10.244.0.2'),
  dst: parseIp('10.244.1.2'),
  sport: 40_000,
  dport: 8080,
  ttl: 63,
}
const ports =
  (change: { readonly sport?: number; readonly dport?: number }) =>
  (packet: Packet): Packet =>
    'sport' in packet.payload && !VXLAN_PORTS.includes(packet.payload.dport)
      ? { ...packet, payload: { ...packet.payload, ...change } }
      : packet

// biome-ignore format: one case, one row
const ROWS: readonly [says: string, asking: Asking, change: Change, lines: readonly string[]][] = [
  ['nothing is told where all is as the model says', CLIENT, seen => seen, []],
  ['silence in place of an answer', CLIENT, met('timeout'), ['verdict: answered | timeout']],
  ['a refusal in place of an answer, in the system\'s word', CLIENT, met('refused', 'ECONNREFUSED'), ['verdict: answered | refused (ECONNREFUSED)']],
  ['an answer in place of a refusal', EMPTY, met('answered'), ['verdict: refused | answered']],
  ['a silent drop in place of a refusal', EMPTY, met('timeout'), ['verdict: refused | timeout']],
  ['another machine answers', CLIENT, answering({ machine: 'default/web-9' }), ['endpoint: default/web-1 at 10.244.1.2:8080 | default/web-9 at 10.244.1.2:8080']],
  ['another address answers', CLIENT, answering({ dst: parseIp('10.244.1.3') }), ['endpoint: default/web-1 at 10.244.1.2:8080 | default/web-1 at 10.244.1.3:8080']],
  ['another port answers', CLIENT, answering({ dport: 8081 }), ['endpoint: default/web-1 at 10.244.1.2:8080 | default/web-1 at 10.244.1.2:8081']],
  ['a connection on which nothing is said', CLIENT, ({ machines }) => ({ met: { experience: 'answered', detail: 'reset' }, machines }), ['answer: default/web-1 says who it is | nothing was said (reset)']],
  ['an error that quotes more', { from: 'pod/client', to: 'pod/web-1:9', protocol: 17 }, packetsAt('default/client', 'input', packet => isIcmp(packet.payload) ? { ...packet, payload: { ...packet.payload, data: new Uint8Array([...packet.payload.data, 0, 0]) } } : packet), ['packet default/client input: input  10.244.1.2 > 10.244.0.2 icmp port unreachable (about 10.244.0.2:40000 > 10.244.1.2:9 udp)  ttl 62 tos 0xc0 mark 0x0 length 56 | input  10.244.1.2 > 10.244.0.2 icmp port unreachable (about 10.244.0.2:40000 > 10.244.1.2:9 udp)  ttl 62 tos 0xc0 mark 0x0 length 58']],
  ['the far end sees another client', CLIENT, answering({ src: parseIp('10.244.0.1') }), ['answer: seen as 10.244.0.2:40000 | seen as 10.244.0.1:40000']],
  ['the far end sees another port', CLIENT, answering({ sport: 40_001 }), ['answer: seen as 10.244.0.2:40000 | seen as 10.244.0.2:40001']],
  ['the far end sees a port that was not drawn', OUTSIDE, answering({ sport: 40_000 }), ['answer: seen as 10.244.0.0, port drawn | seen as 10.244.0.0:40000']],
  ['a rule did not match', CLIENT, rulesOf('node-1', rules => rules.filter(one => at(one) !== 'nat:KUBE-SERVICES:2')), ['rules node-1: nat:KUBE-SERVICES:rule:2 | nothing']],
  ['a rule too many', CLIENT, rulesOf('default/web-1', () => [{ family: 4, table: 'filter', chain: 'INPUT', number: 1, packet: traced }]), ['rules default/web-1: nothing | filter:INPUT:rule:1']],
  ['the next rule', CLIENT, rulesOf('node-1', rules => rules.map(one => at(one) === 'nat:KUBE-SERVICES:2' ? { ...one, number: 3 } : one)), ['rules node-1: nat:KUBE-SERVICES:rule:2 | nat:KUBE-SERVICES:rule:3']],
  ['IPv6 in place of IPv4', CLIENT, rulesOf('node-1', rules => rules.map(one => at(one) === 'nat:KUBE-SERVICES:2' ? { ...one, family: 6 } : one)), ['rules node-1: nat:KUBE-SERVICES:rule:2 | ip6 nat:KUBE-SERVICES:rule:2']],
  ['accepting policies are not compared', CLIENT, rulesOf('node-1', rules => [...rules.filter(({ number }) => number !== 'policy'), { family: 4, table: 'raw', chain: 'PREROUTING', number: 'policy', packet: traced }]), []],
  ['TTL off by one', CLIENT, packetsAt('default/web-1', 'input', one => ({ ...one, ttl: 61 })), ['packet default/web-1 input: input  10.244.0.2:40000 > 10.244.1.2:8080 tcp syn  ttl 62 tos 0x00 df mark 0x0 | input  10.244.0.2:40000 > 10.244.1.2:8080 tcp syn  ttl 61 tos 0x00 df mark 0x0']],
  ['the answer keeps the address of the pod', CLIENT, packetsAt('default/client', 'input', one => ({ ...one, src: parseIp('10.244.1.2') })), ['packet default/client input: input  10.108.106.193:80 > 10.244.0.2:40000 tcp syn ack  ttl 62 tos 0x00 df mark 0x0 | input  10.244.1.2:80 > 10.244.0.2:40000 tcp syn ack  ttl 62 tos 0x00 df mark 0x0']],
  ['the answer keeps the port of the pod', CLIENT, packetsAt('default/client', 'input', ports({ sport: 8080 })), ['packet default/client input: input  10.108.106.193:80 > 10.244.0.2:40000 tcp syn ack  ttl 62 tos 0x00 df mark 0x0 | input  10.108.106.193:8080 > 10.244.0.2:40000 tcp syn ack  ttl 62 tos 0x00 df mark 0x0']],
  ['a node that nothing should come to saw a packet', CLIENT, seen => withSight(seen, 'node-3', sight => ({ ...sight, packets: (seen.machines.get('default/web-1')?.packets ?? []).slice(0, 1) })), ['packet node-3 prerouting: nothing | prerouting eth0  10.244.0.2:40000 > 10.244.1.2:8080 tcp syn  ttl 62 tos 0x00 df mark 0x0']],
  ['a machine saw nothing at all', CLIENT, seen => withSight(seen, 'default/client', () => ({ packets: [], rules: [] })), [
    'packet default/client output: output  10.244.0.2:40000 > 10.108.106.193:80 tcp syn  ttl 64 tos 0x00 df mark 0x0 | nothing',
    'packet default/client postrouting: postrouting  10.244.0.2:40000 > 10.108.106.193:80 tcp syn  ttl 64 tos 0x00 df mark 0x0 | nothing',
    'packet default/client prerouting: prerouting  10.108.106.193:80 > 10.244.0.2:40000 tcp syn ack  ttl 62 tos 0x00 df mark 0x0 | nothing',
    'packet default/client input: input  10.108.106.193:80 > 10.244.0.2:40000 tcp syn ack  ttl 62 tos 0x00 df mark 0x0 | nothing',
  ]],
  ['a packet keeps its source where it should be masqueraded', OUTSIDE, packetsAt('node-1', 'postrouting', one => formatIp(one.src) === '10.244.0.0' ? { ...one, src: parseIp('198.51.100.7') } : one), [
    'packet node-1 postrouting: postrouting flannel.1  10.244.0.0:drawn > 10.244.1.2:8080 tcp syn  ttl 62 tos 0x00 df mark 0x0 | postrouting flannel.1  198.51.100.7:7628 > 10.244.1.2:8080 tcp syn  ttl 62 tos 0x00 df mark 0x0',
  ]],
  ['the packets of later segments are not compared', CLIENT, seen => withSight(seen, 'default/web-1', sight => ({ ...sight, packets: [...sight.packets, ...sight.packets.map(one => later(one))] })), []],
  ['nor are questions for neighbours', CLIENT, seen => withSight(seen, 'default/web-1', sight => ({ ...sight, packets: [...sight.packets, SOLICITATION] })), []],
  ['an error about other addresses', EMPTY, packetsAt('default/client', 'input', one => isIcmp(one.payload) ? { ...one, payload: rewriteQuote(one.payload, 4, { dst: parseIp('10.244.1.2') }) } : one), ['packet default/client input: input  10.244.0.1 > 10.244.0.2 icmp port unreachable (about 10.244.0.2:40000 > 10.107.160.197:80 tcp)  ttl 64 tos 0xc0 mark 0x0 | input  10.244.0.1 > 10.244.0.2 icmp port unreachable (about 10.244.0.2:40000 > 10.244.1.2:80 tcp)  ttl 64 tos 0xc0 mark 0x0']],
  ['a ping of another length', PING, packetsAt('default/web-1', 'prerouting', one => isIcmp(one.payload) ? { ...one, payload: { ...one.payload, data: new Uint8Array(55) } } : one), ['packet default/web-1 prerouting: prerouting  10.244.0.2 > 10.244.1.2 icmp echo request id 40000  ttl 62 tos 0x00 df mark 0x0 length 84 | prerouting  10.244.0.2 > 10.244.1.2 icmp echo request id 40000  ttl 62 tos 0x00 df mark 0x0 length 83']],
]

for (const [says, asking, change, lines] of ROWS) {
  t.test(`told: ${says}`, async t => {
    const one = predicted(asking)
    t.strictSame(told(judged(one, change(played(one)))), lines)
  })
}

t.test('devices are told apart where both sides have names for them: at nodes', async t => {
  const one = predicted(CLIENT)
  const seen = played(one)
  const uplinks = [...Array(40).keys()].flatMap(pick => told(judged(one, OTHER_DEVICE.change(seen, pick) ?? seen)))
  t.ok(
    uplinks.includes(
      'packet node-1 prerouting: prerouting cbr0  10.244.0.2:40000 > 10.108.106.193:80 tcp syn  ttl 64 tos 0x00 df mark 0x0 | prerouting cbr0x  10.244.0.2:40000 > 10.108.106.193:80 tcp syn  ttl 64 tos 0x00 df mark 0x0',
    ),
  )
  t.notOk(
    uplinks.some(line => line.includes('default/')),
    'how a lab calls the devices of others is its own affair',
  )
})

t.test('of several ways the one that was taken is found', async t => {
  const one = predicted(CLIENT)
  t.equal(one.predictions.length, 2)
  for (const [way, prediction] of one.predictions.entries()) t.equal(judged(one, played(one, way)).taken, prediction)
})

t.test('of several ways that are not it, the one that differs least is told of', async t => {
  const one = predicted(CLIENT)
  const seen = rulesOf('node-1', rules => rules.filter(rule => at(rule) !== 'nat:KUBE-SERVICES:2'))(played(one, 1))
  const judgement = judged(one, seen)
  t.equal(judgement.taken, undefined)
  t.equal(judgement.nearest, one.predictions[1])
  t.equal(judgement.differences.length, 1)
})

t.test('of ways that look alike, the likeliest was taken', async t => {
  const one = predicted(CLIENT)
  const [first] = one.predictions
  if (!first) throw new Error('no way')
  const likelier = { ...first, probability: ratio(2, 3) }
  t.equal(judged({ ...one, predictions: [first, likelier] }, played(one)).taken, likelier)
})

const BALANCED = `
apiVersion: v1
kind: Pod
metadata: { name: web, labels: { app: web } }
spec: { nodeName: node-2, containers: [{ name: web, image: web:1, ports: [{ containerPort: 8080 }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { type: LoadBalancer, selector: { app: web }, ports: [{ port: 80, targetPort: 8080 }] }
status: { loadBalancer: { ingress: [{ ip: 203.0.113.10 }] } }
`

// biome-ignore format: one case, one row
const HOPS: readonly [says: string, ttl: number, remembered: number][] = [
  ['what was seen to go by a next hop goes by it again',             64, 1],
  ['what ended before one could see by which it went may go by any', 1,  0],
]
for (const [says, ttl, remembered] of HOPS) {
  t.test(says, async t => {
    const one = predicted({ from: 'ip:198.51.100.7', to: '203.0.113.10:80', protocol: 6, ttl }, clusterOfText(BALANCED))
    t.equal(one.predictions.length, 3, 'there are three nodes to go by')
    const { taken } = judged(one, played(one, 1))
    t.equal(taken?.memories.get('(router)')?.ways.length, remembered)
  })
}

t.test('where the model knows of no way, that is the difference', async t => {
  const one = predicted(CLIENT)
  t.strictSame(told(judged({ ...one, predictions: [] }, played(one))), ['verdict: no way at all | answered'])
})

t.test('clients outside are one machine of a lab', async t => {
  const one = predicted(OUTSIDE)
  const [way] = one.predictions
  if (!way) throw new Error('no way')
  const nameOf = (machine: string) => (machine === '198.51.100.7' ? 'outside' : machine)
  t.strictSame(told(judged(one, observationOf(way.exchange, { nameOf }))), [])
})

t.test('each kind of change is told wherever it is made', async t => {
  const flows = [CLIENT, OUTSIDE, EMPTY, PING].map(asking => predicted(asking))
  for (const mutation of MUTATIONS) {
    let made = 0
    for (const one of flows) {
      const seen = played(one)
      for (let pick = 0; pick < 60; pick += 3) {
        const changed = mutation.change(seen, pick)
        if (!changed) continue
        made++
        const judgement = judged(one, changed)
        if (judgement.taken || !judgement.differences.some(({ what }) => what === mutation.what))
          t.fail(`${mutation.name}, ${one.flow.to}, ${pick}`)
      }
    }
    t.ok(made > 0, `${mutation.name}: ${made} times`)
  }
})
