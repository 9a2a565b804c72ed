/**
 * A bridge with and without the rules of layer 3: what was measured of Linux 6.18, and what follows
 * from it.
 */
import t from 'tap'
import type { Machine } from '../../src/node/machine.ts'
import { createMachineMemory, type MachineMemory } from '../../src/node/memory.ts'
import { receive } from '../../src/node/receive.ts'
import type { Passage } from '../../src/node/step.ts'
import { fragmentPacket } from '../../src/packet/fragment.ts'
import type { Packet } from '../../src/packet/packet.ts'
import { AROUND, MACS, type NodeOptions, node, outcome, way } from './node.ts'
import { frame, packet, tcp, udp } from './world.ts'

/** A Service at 10.96.0.10 whose endpoint is pod b, then one whose endpoint is pod a itself. */
const SERVICE = `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 10.96.0.10/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.244.1.3:8080
-A PREROUTING -d 10.96.0.11/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.244.1.2:8080
-A PREROUTING -d 10.96.0.12/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.244.2.9:8080
-A PREROUTING -d 10.96.0.13/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.244.1.99:8080
-A POSTROUTING -s 10.244.1.2/32 -d 10.244.1.2/32 -j MASQUERADE
COMMIT
`

const toService = (dst: string) => packet('10.244.1.2', dst, { payload: tcp(40000, 80) })

function fromA(subject: Machine, memory: MachineMemory, sent: Packet, to = MACS.cbr0): Passage {
  return receive(subject, memory, { link: 'va', frame: frame(MACS.a, to, sent) }, AROUND)
}

function fromB(subject: Machine, memory: MachineMemory, sent: Packet, to = MACS.a): Passage {
  return receive(subject, memory, { link: 'vb', frame: frame(MACS.b, to, sent) }, AROUND)
}

/** How often each chain was passed. */
function passes(all: readonly Passage[]) {
  const count = (chain: string, table: string) =>
    all
      .flatMap(({ steps }) => steps)
      .filter(
        step =>
          step.component === 'netfilter' &&
          step.step.kind === 'policy' &&
          step.step.chain === chain &&
          step.step.table === table,
      ).length
  return { raw: count('PREROUTING', 'raw'), forward: count('FORWARD', 'filter') }
}

t.test('pod to Service to pod on one node, with rules on the bridge', async t => {
  const subject = node({ rules: SERVICE })
  const memory = createMachineMemory()
  const request = fromA(subject, memory, toService('10.96.0.10'))
  t.strictSame(
    outcome(request),
    ['out vb, a to b: 10.244.1.2:40000 > 10.244.1.3:8080 ttl 64, 40 bytes'],
    'TTL and source MAC stay',
  )
  t.equal(way(request), '<va PREROUTING route:forward neighbour:answered bridge:forward FORWARD POSTROUTING >vb')
  const reply = fromB(subject, memory, packet('10.244.1.3', '10.244.1.2', { payload: tcp(8080, 40000, 18) }))
  t.strictSame(
    outcome(reply),
    ['out va, b to a: 10.96.0.10:80 > 10.244.1.2:40000 ttl 64, 40 bytes'],
    'the pod sees the Service',
  )
  t.equal(way(reply), '<vb PREROUTING bridge:forward FORWARD POSTROUTING >va')
  t.strictSame(passes([request, reply]), { raw: 2, forward: 2 })
})

t.test('pod to Service to pod on one node, without rules on the bridge', async t => {
  const subject = node({ rules: SERVICE, nfCall: 0 })
  const memory = createMachineMemory()
  const request = fromA(subject, memory, toService('10.96.0.10'))
  t.strictSame(outcome(request), ['out vb, cbr0 to b: 10.244.1.2:40000 > 10.244.1.3:8080 ttl 63, 40 bytes'], 'routed')
  const reply = fromB(subject, memory, packet('10.244.1.3', '10.244.1.2', { payload: tcp(8080, 40000, 18) }))
  t.strictSame(
    outcome(reply),
    ['out va, b to a: 10.244.1.3:8080 > 10.244.1.2:40000 ttl 64, 40 bytes'],
    'nobody translates it back',
  )
  t.equal(way(reply), '<vb (no netfilter on the bridge) bridge:forward >va')
  t.strictSame(passes([request, reply]), { raw: 1, forward: 1 })
})

type Row = readonly [title: string, options: NodeOptions, sent: Packet, expected: string]

// biome-ignore format: one case, one row
const FROM_A: readonly Row[] = [
  ['a pod to its own Service: hairpin on, rules on the bridge', {}, toService('10.96.0.11'),
    'out va, a to a: 10.244.1.1:40000 > 10.244.1.2:8080 ttl 64, 40 bytes'],
  ['a pod to its own Service: hairpin off, rules on the bridge', { hairpin: false }, toService('10.96.0.11'),
    'bridge: the frame would leave by the port that it came in by, and hairpin is off on va'],
  ['a pod to its own Service: hairpin off, no rules on the bridge', { hairpin: false, nfCall: 0 }, toService('10.96.0.11'),
    'out va, cbr0 to a: 10.244.1.1:40000 > 10.244.1.2:8080 ttl 63, 40 bytes'],
  ['a Service whose endpoint is elsewhere is routed', {}, toService('10.96.0.12'),
    'out eth0, eth0 to lan: 192.168.64.11:* > 192.168.64.12:8472 ttl 64, 90 bytes'],
  ['a Service whose endpoint is gone', {}, toService('10.96.0.13'),
    'answer 0.0.0.0 > 10.244.1.2 icmp 3/1 ttl 64; no neighbour: nobody on cbr0 answers for 10.244.1.99'],
  ['a Service on the bridge, of a node that does not forward', { sysctls: { 'net.ipv4.ip_forward': 0 } }, toService('10.96.0.10'),
    'not forwarding: cbr0 does not forward: net.ipv4.ip_forward is 0'],
  ['a TTL of 1 is enough to cross a bridge', {}, { ...toService('10.96.0.10'), ttl: 1 },
    'out vb, a to b: 10.244.1.2:40000 > 10.244.1.3:8080 ttl 1, 40 bytes'],
]

for (const [title, options, sent, expected] of FROM_A) {
  t.test(title, async t => {
    t.equal(outcome(fromA(node({ rules: SERVICE, ...options }), createMachineMemory(), sent)).join('; '), expected)
  })
}

/** A bridge with rules on it or not, whose port to pod b carries 1400 bytes. */
function bridgeOf(nfCall: 0 | 1, bridge: number) {
  const mtus: Readonly<Record<string, number>> = { vb: 1400, cbr0: bridge }
  return node({
    nfCall,
    rules: SERVICE,
    network: network => ({
      ...network,
      links: network.links.map(link => ({ ...link, mtu: mtus[link.name] ?? link.mtu })),
    }),
  })
}

/** UDP from pod a to pod b, with so many bytes of data. */
function sized(nfCall: 0 | 1, bridge: number, bytes: number, df: boolean): string {
  const subject = bridgeOf(nfCall, bridge)
  const sent = packet('10.244.1.2', '10.244.1.3', { payload: udp(1, 9, bytes), df })
  const { departures, ended, answers } = fromA(subject, createMachineMemory(), sent, MACS.b)
  return ended ? `${ended.kind}, ${answers.length} answers` : `${departures.length} out`
}

// biome-ignore format: one case, one row
const SIZES: readonly [nfCall: 0 | 1, bridge: number, bytes: number, df: boolean, expected: string][] = [
  [1, 1400, 1372, true,  '1 out'],
  [1, 1400, 1373, true,  'too big, 0 answers'],
  [1, 1400, 1372, false, '1 out'],
  [1, 1400, 1373, false, '2 out'],
  [1, 1300, 1322, false, '1 out'],
  [1, 1300, 1373, false, '2 out'],
  [1, 1450, 1373, true,  'too big, 0 answers'],
  [1, 1450, 1373, false, '1 out'],
  [1, 1450, 1377, false, 'too big, 0 answers'],
  [0, 1450, 1376, true,  '1 out'],
  [0, 1450, 1377, true,  'too big, 0 answers'],
  [0, 1450, 1376, false, '1 out'],
  [0, 1450, 1377, false, 'too big, 0 answers'],
]

for (const [nfCall, bridge, bytes, df, expected] of SIZES) {
  const kind = `${bytes + 28} bytes ${df ? 'that must not be cut' : 'that may be cut'}`
  t.test(`a port of 1400 bytes on a bridge of ${bridge}, rules on it ${nfCall ? 'on' : 'off'}: ${kind}`, async t => {
    t.equal(sized(nfCall, bridge, bytes, df), expected)
  })
}

// biome-ignore format: one case, one row
const SIZES_6: readonly [bytes: number, expected: string][] = [
  [1352, '1 out'],
  [1353, 'too big, 1 answers'],
]
for (const [bytes, expected] of SIZES_6) {
  t.test(`IPv6 on a bridge of 1400, ${bytes + 48} bytes: the sender is told`, async t => {
    const sent = packet('fd00:1::2', 'fd00:1::3', { payload: udp(1, 9, bytes) })
    const { departures, ended, answers } = fromA(bridgeOf(1, 1400), createMachineMemory(), sent, MACS.b)
    t.equal(ended ? `${ended.kind}, ${answers.length} answers` : `${departures.length} out`, expected)
  })
}

// biome-ignore format: one case, one row
const PIECED: readonly [bridge: number, most: number, departures: number][] = [
  [1400, 1396, 2],
  [1400, 1404, 0],
  [1450, 1404, 2],
  [1450, 1444, 1],
]

for (const [bridge, most, departures] of PIECED) {
  t.test(`a port of 1400 bytes on a bridge of ${bridge}: what came in pieces of up to ${most}`, async t => {
    const whole = packet('10.244.1.2', '10.244.1.3', { payload: udp(1, 9, 1472), df: false, id: 7 })
    const memory = createMachineMemory()
    const subject = bridgeOf(1, bridge)
    const out = fragmentPacket(whole, most).flatMap(piece => fromA(subject, memory, piece, MACS.b).departures)
    t.equal(out.length, departures, departures === 1 ? 'the first is lost at the port' : '')
  })
}

// biome-ignore format: one case, one row
const DECISIONS: readonly [title: string, to: typeof MACS.a, dst: string, expected: string][] = [
  ['a frame to another pod crosses', MACS.b, '10.244.1.3', '<va PREROUTING bridge:forward FORWARD POSTROUTING >vb'],
  ['a frame to the bridge goes up, and PREROUTING is not run again', MACS.cbr0, '192.168.64.1', '<va PREROUTING bridge:local <cbr0 (no PREROUTING) route:forward ttl:decrement FORWARD POSTROUTING neighbour:answered >eth0'],
  ['a frame to the port\'s own MAC goes up', MACS.va, '10.244.1.1', '<va PREROUTING bridge:local <cbr0 (no PREROUTING) route:local INPUT socket:deliver'],
  ['a frame to another port\'s MAC goes up and is dropped there', MACS.vb, '10.244.1.1', '<va PREROUTING bridge:local <cbr0'],
  ['a frame to nobody known leaves by all other ports', MACS.lan, '10.244.1.9', '<va PREROUTING bridge:flood FORWARD POSTROUTING >vb'],
]

for (const [title, to, dst, expected] of DECISIONS) {
  t.test(title, async t => {
    t.equal(
      way(fromA(node({ rules: SERVICE, hairpin: false }), createMachineMemory(), packet('10.244.1.2', dst), to)),
      expected,
    )
  })
}

t.test('a broadcast leaves by the other ports and goes up', async t => {
  const passage = fromA(node({ hairpin: false }), createMachineMemory(), packet('10.244.1.2', '10.244.1.255'), {
    high: 0xffff,
    low: -1,
  })
  t.strictSame(
    passage.departures.map(({ link }) => link),
    ['vb'],
  )
  t.equal(passage.ended?.kind, 'consumed')
})

t.test('a bridge that is down takes nothing', async t => {
  const subject = node({
    network: one => ({ ...one, links: one.links.map(link => (link.name === 'cbr0' ? { ...link, down: true } : link)) }),
  })
  t.equal(fromA(subject, createMachineMemory(), toService('10.96.0.10')).ended?.kind, 'link down')
})

t.test('rules are not shown that a frame is for another station', async t => {
  const rules = `*mangle
:PREROUTING ACCEPT [0:0]
-A PREROUTING -m pkttype --pkt-type unicast -j ACCEPT
COMMIT
`
  const { steps, departures } = fromA(
    node({ rules }),
    createMachineMemory(),
    packet('10.244.1.2', '10.244.1.3'),
    MACS.b,
  )
  t.ok(steps.some(step => step.component === 'netfilter' && step.step.kind === 'rule'))
  t.equal(departures.length, 1)
})

t.test('rules see the port on every hook of a packet that came by one', async t => {
  const rules = `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m physdev --physdev-in va -j ACCEPT
-A FORWARD -i cbr0 -o eth0 -m physdev --physdev-in va -j ACCEPT
-A FORWARD -i cbr0 -o cbr0 -m physdev --physdev-in va --physdev-out vb --physdev-is-bridged -j ACCEPT
COMMIT
`
  const matched = (to: typeof MACS.a, dst: string) =>
    fromA(node({ rules }), createMachineMemory(), packet('10.244.1.2', dst), to).steps.flatMap(step =>
      step.component === 'netfilter' && step.step.kind === 'rule' ? [`${step.step.chain}:${step.step.number}`] : [],
    )
  t.strictSame(matched(MACS.cbr0, '10.244.1.1'), ['INPUT:1'])
  t.strictSame(matched(MACS.cbr0, '192.168.64.1'), ['FORWARD:1'])
  t.strictSame(matched(MACS.b, '10.244.1.3'), ['FORWARD:2'])
})
