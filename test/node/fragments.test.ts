/** Pieces of packets, routes with several ways, and what a machine learns of the paths of its packets. */
import t from 'tap'
import type { Around, Machine } from '../../src/node/machine.ts'
import { createMachine } from '../../src/node/machine.ts'
import { copyMachineMemory, createMachineMemory, type MachineMemory } from '../../src/node/memory.ts'
import { receive } from '../../src/node/receive.ts'
import { send } from '../../src/node/send.ts'
import type { Passage } from '../../src/node/step.ts'
import { fragmentPacket } from '../../src/packet/fragment.ts'
import { icmpError } from '../../src/packet/icmp-error.ts'
import { lengthOf } from '../../src/packet/length.ts'
import type { Packet } from '../../src/packet/packet.ts'
import { AROUND, MACS, node, outcome, way } from './node.ts'
import { frame, ip, mac, machine, packet, route, skb, udp } from './world.ts'

const NAT = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 192.168.64.11/32 -p udp -m udp --dport 30053 -j DNAT --to-destination 10.244.1.2:53
COMMIT
`

const take = (subject: Machine, memory: MachineMemory, sent: Packet, now = 0): Passage =>
  receive(subject, memory, { link: 'eth0', frame: frame(MACS.router, MACS.eth0, sent) }, { ...AROUND, now })

const sent = packet('192.168.64.1', '192.168.64.11', { payload: udp(40000, 30053, 1000), id: 7 })
const [first, second, third] = fragmentPacket(sent, 400)
if (!first || !second || !third) throw new RangeError('three pieces')

t.test('where connections are tracked, pieces meet the rules as one and leave as they came', async t => {
  const subject = node({ rules: NAT })
  const memory = createMachineMemory()
  t.strictSame(outcome(take(subject, memory, third)), ['consumed: the piece waits for the rest of its packet'])
  t.equal(way(take(subject, memory, first)), '<eth0 fragment:wait')
  const whole = take(subject, memory, second)
  t.equal(
    way(whole),
    '<eth0 fragment:reassemble PREROUTING route:forward ttl:decrement POSTROUTING neighbour:answered fragment:split >cbr0 bridge:forward >va >cbr0 bridge:forward >va >cbr0 bridge:forward >va',
  )
  t.strictSame(
    whole.departures.map(({ frame: { body } }) => (body.kind === 'ip' ? lengthOf(body.packet) : 0)),
    [first, second, third].map(lengthOf),
  )
  t.strictSame(memory.fragments.pending, [])
})

t.test('elsewhere they travel each for itself', async t => {
  const memory = createMachineMemory()
  const piece = { ...second, dst: ip('10.244.1.2') }
  t.strictSame(outcome(take(node(), memory, piece)), [
    'out va, cbr0 to a: 192.168.64.1 > 10.244.1.2 ttl 63 piece at 376, 396 bytes',
  ])
})

t.test('but are put together for the machine itself', async t => {
  const memory = createMachineMemory()
  const subject = node()
  take(subject, memory, first)
  t.equal(way(take(subject, memory, third)), '<eth0 route:local fragment:wait')
  const copy = copyMachineMemory(memory)
  t.strictSame(outcome(take(subject, memory, second)), ['delivered: 192.168.64.1:40000 > 192.168.64.11:30053 ttl 64'])
  t.ok(take(subject, copy, second).delivered, 'a copy of the memory had them too')
  t.notOk(take(subject, createMachineMemory(), second, 31_000).delivered)
})

t.test('a packet that cannot be put together is dropped', async t => {
  const memory = createMachineMemory()
  const subject = node()
  take(subject, memory, first)
  t.match(take(subject, memory, { ...second, fragment: { offset: 368, more: true } }).ended, {
    kind: 'consumed',
    why: /overlap/,
  })
})

t.test('an error about a packet that was too long is remembered, for a while', async t => {
  const subject = node()
  const memory = createMachineMemory()
  const long = skb('0.0.0.0', '9.9.9.9', { payload: udp(1, 9, 1300), df: true })
  const out = (now: number) => outcome(send(subject, memory, long, { ...AROUND, now })).join()
  t.match(out(0), /^out eth0/)
  const about = packet('192.168.64.11', '9.9.9.9', long.packet)
  const told = icmpError({
    about: { ...about, src: ip('192.168.64.11'), dst: ip('9.9.9.9') },
    kind: 'too-big',
    src: ip('8.8.8.8'),
    mtu: 1200,
  })
  if (!told) throw new RangeError('no message')
  const taken = take(subject, memory, told)
  t.match(taken.delivered, { listener: { what: 'the sender of the packet that the error is about' } })
  t.equal(out(1000), 'too big: the packet has 1328 bytes, eth0 carries 1200')
  take(subject, memory, { ...told, payload: { ...told.payload, rest: 1400 } as Packet['payload'] }, 2000)
  t.equal(out(3000), 'too big: the packet has 1328 bytes, eth0 carries 1200', 'a greater one changes nothing')
  t.match(out(601_000), /^out eth0/)
})

t.test('of several ways each pair of addresses takes one and keeps it', async t => {
  const subject = machine({
    links: [
      { kind: 'uplink', name: 'e0', mtu: 1500, mac: mac(1) },
      { kind: 'uplink', name: 'e1', mtu: 1500, mac: mac(2) },
      { kind: 'uplink', name: 'e2', mtu: 1500, mac: mac(3), down: true },
    ],
    routes: [
      route('0.0.0.0/0', {
        hops: [
          { link: 'e0', via: ip('10.0.0.1'), weight: 1 },
          { link: 'e1', via: ip('10.1.0.1'), weight: 3 },
          { link: 'e2', via: ip('10.2.0.1'), weight: 9 },
        ],
      }),
    ],
  })
  const asked: (readonly number[])[] = []
  const choosing = (way: number): Around => ({
    ...AROUND,
    neighbourhood: { whoHas: () => mac(9), portOf: () => undefined },
    choose: ({ by, weights }) => {
      t.equal(by, 'next hop')
      asked.push(weights)
      return way
    },
  })
  const memory = createMachineMemory()
  const out = (dst: string, way: number) =>
    send(subject, memory, skb('10.0.0.9', dst), choosing(way)).departures[0]?.link
  t.equal(out('9.9.9.9', 1), 'e1')
  t.equal(out('9.9.9.9', 0), 'e1', 'once taken, it stays')
  t.equal(out('8.8.8.8', 0), 'e0')
  t.strictSame(
    asked,
    [
      [1, 3],
      [1, 3],
    ],
    'a way by a device that is down is none',
  )
})

t.test('a machine without a loopback device is given one', async t => {
  const bare = createMachine({ ...node().config, network: { ...node().config.network, links: [] } })
  t.equal(bare.loopback.name, 'lo')
})
