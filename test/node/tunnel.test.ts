/** VXLAN on one node: in, out, and every way in which it fails on Linux. */
import t from 'tap'
import type { HostNetwork } from '../../src/host/host.ts'
import type { Machine } from '../../src/node/machine.ts'
import { createMachineMemory, type MachineMemory } from '../../src/node/memory.ts'
import { receive } from '../../src/node/receive.ts'
import { send } from '../../src/node/send.ts'
import type { Passage } from '../../src/node/step.ts'
import type { Packet } from '../../src/packet/packet.ts'
import { encodeVxlan } from '../../src/packet/vxlan.ts'
import { AROUND, MACS, node, outcome, way } from './node.ts'
import { around, frame, ip, packet, route, skb, udp } from './world.ts'

const toRemote = packet('10.244.1.2', '10.244.2.9')

function fromPod(subject: Machine, sent: Packet, memory: MachineMemory = createMachineMemory()): Passage {
  return receive(subject, memory, { link: 'va', frame: frame(MACS.a, MACS.cbr0, sent) }, AROUND)
}

/** What the remote node sends: a frame to this one's device, inside a packet. */
function carried(inner: Packet, { vni = 1, port = 8472, to = MACS.flannel, dst = '192.168.64.11' } = {}): Packet {
  const data = encodeVxlan({ vni, frame: frame(MACS.remote, to, inner) })
  return packet('192.168.64.12', dst, {
    payload: { ...udp(50000, port), protocol: 17, sport: 50000, dport: port, data },
  })
}

function fromLan(subject: Machine, sent: Packet, memory: MachineMemory = createMachineMemory()): Passage {
  return receive(subject, memory, { link: 'eth0', frame: frame(MACS.lan, MACS.eth0, sent) }, AROUND)
}

const changed = (network: (one: HostNetwork) => HostNetwork) => node({ network })

t.test('out: the inner packet loses a hop, the outer one is new', async t => {
  const passage = fromPod(node(), toRemote)
  t.strictSame(outcome(passage), ['out eth0, eth0 to lan: 192.168.64.11:* > 192.168.64.12:8472 ttl 64, 78 bytes'])
  t.equal(
    way(passage),
    '<va bridge:local <cbr0 (no PREROUTING) route:forward ttl:decrement neighbour:permanent >flannel.1 vxlan:encapsulate route:output neighbour:answered >eth0',
  )
  const wrap = passage.steps.find(({ component }) => component === 'vxlan')
  t.equal(wrap?.before.ttl, 63)
  t.match(wrap?.after, { df: false, src: ip('192.168.64.11') })
})

t.test('in: the frame comes in by the device and goes on', async t => {
  const passage = fromLan(node(), carried(packet('10.244.2.9', '10.244.1.2', { ttl: 63 })))
  t.strictSame(outcome(passage), ['out va, cbr0 to a: 10.244.2.9:40000 > 10.244.1.2:53 ttl 62, 28 bytes'])
  t.equal(
    way(passage),
    '<eth0 route:local vxlan:decapsulate <flannel.1 route:forward ttl:decrement neighbour:answered >cbr0 bridge:forward >va',
  )
})

t.test("the node itself speaks from the device's address", async t => {
  const passage = send(node(), createMachineMemory(), skb('0.0.0.0', '10.244.2.9'), AROUND)
  t.equal(passage.steps.find(({ component }) => component === 'vxlan')?.before.src, ip('10.244.1.0'))
})

type Row = readonly [title: string, passage: Passage, expected: string]

// biome-ignore format: one case, one row
const OUT: readonly Row[] = [
  ['no forwarding entry: silence', fromPod(changed(one => ({ ...one, fdb: [] })), toRemote), 'no forwarding entry: flannel.1 has no forwarding entry for 02:00:00:00:00:25'],
  ['no neighbour: nobody answers through the tunnel', fromPod(changed(one => ({ ...one, neighbours: [] })), toRemote), 'answer 0.0.0.0 > 10.244.1.2 icmp 3/1 ttl 64; no neighbour: nobody on flannel.1 answers for 10.244.2.0'],
  ['a default entry takes what no other does', fromPod(changed(one => ({ ...one, fdb: [{ mac: { high: 0, low: 0 }, link: 'flannel.1', dst: ip('192.168.64.1') }] })), toRemote), 'out eth0, eth0 to router: 192.168.64.11:* > 192.168.64.1:8472 ttl 64, 78 bytes'],
  ['no device: the default route takes it', fromPod(changed(one => ({ ...one, links: one.links.filter(({ name }) => name !== 'flannel.1') })), toRemote), 'out eth0, eth0 to router: 10.244.1.2:40000 > 10.244.2.9:53 ttl 63, 28 bytes'],
  ['no way to the other node', fromPod(changed(one => ({ ...one, fdb: [{ mac: MACS.remote, link: 'flannel.1', dst: ip('192.168.99.1') }], routes: one.routes.filter(({ to }) => to.bits > 0) })), toRemote), 'no route: no route holds the destination'],
  ['too long for the device, not to be cut', fromPod(node({ network: one => ({ ...one, links: one.links.map(each => (each.name === 'flannel.1' ? { ...each, mtu: 1400 } : each)) }) }), packet('10.244.1.2', '10.244.2.9', { payload: udp(1, 9, 1400), df: true })), 'answer 0.0.0.0 > 10.244.1.2 icmp 3/4 ttl 64; too big: the packet has 1428 bytes, flannel.1 carries 1400'],
]

// biome-ignore format: one case, one row
const IN: readonly Row[] = [
  ['another network number: silence', fromLan(node(), carried(toRemote, { vni: 2 })), 'bad vxlan: no device at UDP port 8472 has network 2'],
  ['another port: the sending node is told', fromLan(node({ listens: () => ({ listens: 'no' }) }), carried(toRemote, { port: 4789 })), 'answer 192.168.64.11 > 192.168.64.12 icmp 3/3 ttl 64; refused: nothing listens on UDP port 4789'],
  ['a frame to the MAC that the device had before', fromLan(node(), carried(packet('10.244.2.9', '10.244.1.2'), { to: MACS.lan })), 'not for this machine: flannel.1 has another MAC than the frame is for'],
  ['a device that is down', fromLan(node({ network: one => ({ ...one, links: one.links.map(each => (each.name === 'flannel.1' ? { ...each, down: true } : each)) }), listens: () => ({ listens: 'no' }) }), carried(toRemote)), 'answer 192.168.64.11 > 192.168.64.12 icmp 3/3 ttl 64; refused: nothing listens on UDP port 8472'],
]

for (const [title, passage, expected] of [...OUT, ...IN]) {
  t.test(title, async t => t.equal(outcome(passage).join('; '), expected))
}

t.test('to one of its own addresses no packet is made', async t => {
  const own = node({
    network: one => ({ ...one, fdb: [{ mac: MACS.remote, link: 'flannel.1', dst: ip('192.168.64.11') }] }),
  })
  t.strictSame(outcome(fromPod(own, toRemote)), [
    'not for this machine: flannel.1 has another MAC than the frame is for',
  ])
})

t.test('an uplink that is smaller than flannel thought cuts the outer packet', async t => {
  const subject = node({
    network: one => ({ ...one, links: one.links.map(each => (each.name === 'eth0' ? { ...each, mtu: 1400 } : each)) }),
  })
  const memory = createMachineMemory()
  const inner = packet('10.244.1.2', '10.244.2.9', { payload: udp(1, 9, 1422), df: true })
  t.strictSame(outcome(fromPod(subject, inner, memory)), [
    'out eth0, eth0 to lan: 192.168.64.11 > 192.168.64.12 ttl 64 piece at 0, 1396 bytes',
    'out eth0, eth0 to lan: 192.168.64.11 > 192.168.64.12 ttl 64 piece at 1376, 124 bytes',
  ])
  t.equal(memory.pathMtus.get(ip('10.244.2.9'))?.mtu, 1350, 'which the node remembers for itself')
  t.equal(fromPod(subject, inner, memory).departures.length, 2, 'but not for what it forwards')
  const own = send(subject, memory, skb('0.0.0.0', '10.244.2.9', { payload: udp(1, 9, 1400), df: true }), AROUND)
  t.equal(own.ended?.kind, 'too big')
})

t.test('over IPv6 the outer packet is not cut but dropped, and nobody is told', async t => {
  const subject = node({
    network: one => ({
      ...one,
      links: one.links.map(link =>
        link.kind === 'vxlan'
          ? { ...link, local: ip('fd00:64::11'), mtu: 1430 }
          : link.name === 'eth0'
            ? { ...link, mtu: 1300 }
            : link,
      ),
      fdb: [{ mac: MACS.remote, link: 'flannel.1', dst: ip('fd00:64::1') }],
    }),
  })
  const sized = (bytes: number) =>
    outcome(fromPod(subject, packet('10.244.1.2', '10.244.2.9', { payload: udp(1, 9, bytes - 28) }))).join()
  t.equal(sized(1230), 'out eth0, eth0 to router: fd00:64::11:* > fd00:64::1:8472 ttl 64, 1300 bytes')
  t.equal(sized(1231), 'too big: the packet has 1301 bytes, eth0 carries 1300')
})

t.test('tunnels in tunnels come to an end', async t => {
  const loop = node({
    network: one => ({
      ...one,
      routes: [...one.routes, route('192.168.64.12/32', { link: 'flannel.1', by: '10.244.2.0', onlink: true })],
    }),
  })
  t.match(fromPod(loop, toRemote).ended, { kind: 'bad vxlan', why: /into flannel.1 itself/ })
  const second = { vni: 2, port: 8473 }
  const knot = node({
    network: one => ({
      ...one,
      links: [
        ...one.links,
        {
          kind: 'vxlan',
          name: 'other',
          mtu: 1450,
          mac: MACS.lan,
          local: ip('192.168.64.11'),
          uplink: 'eth0',
          learning: false,
          ...second,
        },
      ],
      neighbours: [...one.neighbours, { ip: ip('10.244.2.0'), link: 'other', mac: MACS.remote }],
      fdb: [...one.fdb, { mac: MACS.remote, link: 'other', dst: ip('192.168.64.13') }],
      routes: [
        ...one.routes,
        route('192.168.64.12/32', { link: 'other', by: '10.244.2.0', onlink: true }),
        route('192.168.64.13/32', { link: 'flannel.1', by: '10.244.2.0', onlink: true }),
      ],
    }),
  })
  t.match(fromPod(knot, toRemote).ended, { kind: 'bad vxlan', why: /rounds/ })
})

t.test('a device without an Ethernet address needs no neighbour', async t => {
  const subject = node({
    network: one => ({
      ...one,
      links: [...one.links, { kind: 'uplink', name: 'tun0', mtu: 1400 }],
      routes: [...one.routes, route('10.8.0.0/16', { link: 'tun0' })],
    }),
  })
  const { departures, ended } = send(subject, createMachineMemory(), skb('10.244.1.1', '10.8.0.1'), around())
  t.strictSame([departures.map(({ link }) => link), ended], [['tun0'], undefined])
})
