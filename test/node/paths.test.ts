/** A packet's way through a node, case by case: what came in or was sent, and what became of it. */
import t from 'tap'
import { createMachineMemory } from '../../src/node/memory.ts'
import { receive } from '../../src/node/receive.ts'
import { send } from '../../src/node/send.ts'
import type { Passage } from '../../src/node/step.ts'
import type { Packet } from '../../src/packet/packet.ts'
import { AROUND, MACS, type NodeOptions, node, outcome, way } from './node.ts'
import { address, frame, ip, packet, route, skb, tcp, udp } from './world.ts'

const big = (bytes: number, df: boolean): Partial<Packet> => ({ payload: udp(1, 9, bytes - 28), df })

const viaBridge = (options: NodeOptions, sent: Packet): Passage =>
  receive(node(options), createMachineMemory(), { link: 'va', frame: frame(MACS.a, MACS.cbr0, sent) }, AROUND)

const viaUplink = (options: NodeOptions, sent: Packet, to = MACS.eth0): Passage =>
  receive(node(options), createMachineMemory(), { link: 'eth0', frame: frame(MACS.router, to, sent) }, AROUND)

const more = (...routes: ReturnType<typeof route>[]): NodeOptions => ({
  network: one => ({ ...one, routes: [...one.routes, ...routes] }),
})
const mtu = (link: string, bytes: number): NodeOptions => ({
  network: one => ({ ...one, links: one.links.map(each => (each.name === link ? { ...each, mtu: bytes } : each)) }),
})
const deaf: NodeOptions = { listens: () => ({ listens: 'no' }) }
const overhearing: NodeOptions = { listens: () => ({ listens: 'no', overheard: true }) }
const INIT = { protocol: 132, sport: 1, dport: 2, tag: 0, chunks: [] } as const

type Row = readonly [title: string, options: NodeOptions, sent: Packet, expected: string]

/** Measured on Linux 6.18: which message comes from where. */
// biome-ignore format: one case, one row
const FROM_POD: readonly Row[] = [
  ['a pod\'s packet leaves with one hop less', {}, packet('10.244.1.2', '192.168.64.1'), 'out eth0, eth0 to router: 10.244.1.2:40000 > 192.168.64.1:53 ttl 63, 28 bytes'],
  ['TTL 1 ends here', {}, packet('10.244.1.2', '192.168.64.1', { ttl: 1 }), 'answer 0.0.0.0 > 10.244.1.2 icmp 11/0 ttl 64; ttl exceeded: the packet came with a TTL of 1'],
  ['too long for the uplink, not to be cut', mtu('eth0', 1000), packet('10.244.1.2', '192.168.64.1', big(1200, true)), 'answer 0.0.0.0 > 10.244.1.2 icmp 3/4 ttl 64; too big: the packet has 1200 bytes, eth0 carries 1000'],
  ['too long for the uplink, to be cut', mtu('eth0', 1000), packet('10.244.1.2', '192.168.64.1', big(1200, false)), 'out eth0, eth0 to router: 10.244.1.2 > 192.168.64.1 ttl 63 piece at 0, 996 bytes; out eth0, eth0 to router: 10.244.1.2 > 192.168.64.1 ttl 63 piece at 976, 224 bytes'],
  ['the route says less than the device', more(route('192.168.64.1/32', { link: 'eth0', mtu: 900 })), packet('10.244.1.2', '192.168.64.1', big(901, true)), 'answer 0.0.0.0 > 10.244.1.2 icmp 3/4 ttl 64; too big: the packet has 901 bytes, eth0 carries 900'],
  ['no route', { network: one => ({ ...one, routes: [] }) }, packet('10.244.1.2', '9.9.9.9'), 'answer 0.0.0.0 > 10.244.1.2 icmp 3/0 ttl 64; no route: no route holds the destination'],
  ['an unreachable route', more(route('9.9.9.0/24', { type: 'unreachable' })), packet('10.244.1.2', '9.9.9.9'), 'answer 0.0.0.0 > 10.244.1.2 icmp 3/1 ttl 64; no route: the route to it is of type unreachable'],
  ['a prohibited one', more(route('9.9.9.0/24', { type: 'prohibit' })), packet('10.244.1.2', '9.9.9.9'), 'answer 0.0.0.0 > 10.244.1.2 icmp 3/13 ttl 64; no route: the route to it is of type prohibit'],
  ['a black hole says nothing', more(route('9.9.9.0/24', { type: 'blackhole' })), packet('10.244.1.2', '9.9.9.9'), 'no route: the route to it is of type blackhole'],
  ['a machine that does not forward says nothing', { sysctls: { 'net.ipv4.ip_forward': 0 } }, packet('10.244.1.2', '9.9.9.9'), 'not forwarding: cbr0 does not forward: net.ipv4.ip_forward is 0'],
  ['nobody answers on the link', {}, packet('10.244.1.2', '192.168.64.77'), 'answer 0.0.0.0 > 10.244.1.2 icmp 3/1 ttl 64; no neighbour: nobody on eth0 answers for 192.168.64.77'],
  ['IPv6: one hop less', {}, packet('fd00:1::2', '2600::1'), 'out eth0, eth0 to router: fd00:1::2:40000 > 2600::1:53 ttl 63, 48 bytes'],
  ['IPv6: hop limit 1', {}, packet('fd00:1::2', '2600::1', { ttl: 1 }), 'answer fd00:1::1 > fd00:1::2 icmp 3/0 ttl 64; ttl exceeded: the packet came with a hop limit of 1'],
  ['IPv6: too long is never cut', mtu('eth0', 1300), packet('fd00:1::2', '2600::1', { payload: udp(1, 9, 1300) }), 'answer fd00:1::1 > fd00:1::2 icmp 2/0 ttl 64; too big: the packet has 1348 bytes, eth0 carries 1300'],
  ['IPv6: no route', { network: one => ({ ...one, routes: [] }) }, packet('fd00:1::2', '2600::1'), 'answer fd00:1::1 > fd00:1::2 icmp 1/0 ttl 64; no route: no route holds the destination'],
  ['IPv6: prohibited', more(route('2600::/16', { type: 'prohibit' })), packet('fd00:1::2', '2600::1'), 'answer fd00:1::1 > fd00:1::2 icmp 1/1 ttl 64; no route: the route to it is of type prohibit'],
  ['IPv6: nobody answers', {}, packet('fd00:1::2', 'fd00:64::77'), 'answer fd00:1::1 > fd00:1::2 icmp 1/3 ttl 64; no neighbour: nobody on eth0 answers for fd00:64::77'],
  ['IPv6: no error goes to the address that all routers of a network have', {}, packet('fd00:1::', '2600::1', { ttl: 1 }), 'ttl exceeded: the packet came with a hop limit of 1'],
  ['IPv6: nor to that of a network which is on the link', more(route('fd00:7::/64', { link: 'eth0' })), packet('fd00:7::', '2600::1', { ttl: 1 }), 'ttl exceeded: the packet came with a hop limit of 1'],
  ['IPv6: it does where a gateway leads there', more(route('fd00:7::/64', { link: 'eth0', by: 'fd00:64::1' })), packet('fd00:7::', '2600::1', { ttl: 1 }), 'answer fd00:1::1 > fd00:7:: icmp 3/0 ttl 64; ttl exceeded: the packet came with a hop limit of 1'],
  ['IPv6: a machine that does not forward', { sysctls: { 'net.ipv6.conf.all.forwarding': 0 } }, packet('fd00:1::2', '2600::1'), 'not forwarding: net.ipv6.conf.all.forwarding is 0'],
  ['IPv6: ::1 comes from nowhere else', {}, packet('::1', 'fd00:64::11'), 'martian: such an address does not come in from outside'],
  ['a closed TCP port resets', deaf, packet('10.244.1.2', '10.244.1.1', { payload: tcp(40000, 81) }), 'answer 10.244.1.1:81 > 10.244.1.2:40000 ttl 64; refused: nothing listens on TCP port 81'],
  ['a reset to a closed port is not answered', deaf, packet('10.244.1.2', '10.244.1.1', { payload: tcp(40000, 81, 4) }), 'refused: nothing listens on TCP port 81'],
  ['a closed UDP port says so', deaf, packet('10.244.1.2', '10.244.1.1'), 'answer 10.244.1.1 > 10.244.1.2 icmp 3/3 ttl 64; refused: nothing listens on UDP port 53'],
  ['SCTP that nobody speaks', deaf, packet('10.244.1.2', '10.244.1.1', { payload: INIT }), 'answer 10.244.1.1 > 10.244.1.2 icmp 3/2 ttl 64; refused: nothing listens on SCTP port 2'],
  ['SCTP that a raw socket takes', overhearing, packet('10.244.1.2', '10.244.1.1', { payload: INIT }), 'consumed: a raw socket took it, and nobody answers'],
  ['a raw socket takes nothing away from UDP', overhearing, packet('10.244.1.2', '10.244.1.1'), 'answer 10.244.1.1 > 10.244.1.2 icmp 3/3 ttl 64; refused: nothing listens on UDP port 53'],
  ['a ping is answered by the address that was meant', {}, packet('10.244.1.2', '192.168.64.11', { payload: { protocol: 1, type: 8, code: 0, rest: 7, data: new Uint8Array(8) } }), 'answer 192.168.64.11 > 10.244.1.2 icmp 0/0 ttl 64; delivered: 10.244.1.2 > 192.168.64.11 icmp 8/0 ttl 64'],
]

for (const [title, options, sent, expected] of FROM_POD) {
  t.test(`from a pod: ${title}`, async t => t.equal(outcome(viaBridge(options, sent)).join('; '), expected))
}

const strict = { 'net.ipv4.conf.all.rp_filter': 1 }
const loose = { 'net.ipv4.conf.all.rp_filter': 2 }

// biome-ignore format: one case, one row
const FROM_UPLINK: readonly Row[] = [
  ['a strict filter drops what would be answered by another device', { sysctls: strict }, packet('10.244.2.9', '192.168.64.11'), 'reverse path: the way back to the source does not lead through eth0 (rp_filter 1)'],
  ['a loose one lets it in', { sysctls: loose }, packet('10.244.2.9', '192.168.64.11'), 'delivered: 10.244.2.9:40000 > 192.168.64.11:53 ttl 64'],
  ['a loose one drops what cannot be answered', { sysctls: loose, network: one => ({ ...one, routes: [] }) }, packet('9.9.9.9', '192.168.64.11'), 'reverse path: there is no way back to the source (rp_filter 2)'],
  ['its own address does not come in from outside', {}, packet('192.168.64.11', '10.244.1.2'), 'martian: the source is not one that may come in by eth0'],
  ['unless that is allowed', { sysctls: { 'net.ipv4.conf.eth0.accept_local': 1 } }, packet('192.168.64.11', '10.244.1.1'), 'delivered: 192.168.64.11:40000 > 10.244.1.1:53 ttl 64'],
  ['127.0.0.1 does not come in from outside', {}, packet('192.168.64.1', '127.0.0.1'), 'martian: packets to 127.0.0.0/8 do not come in by eth0: route_localnet is 0'],
  ['nor from there', {}, packet('127.0.0.1', '192.168.64.11'), 'martian: packets from 127.0.0.0/8 do not come in by eth0: route_localnet is 0'],
  ['unless that is allowed', { sysctls: { 'net.ipv4.conf.all.route_localnet': 1 } }, packet('192.168.64.1', '127.0.0.1'), 'delivered: 192.168.64.1:40000 > 127.0.0.1:53 ttl 64'],
  ['a group as source', {}, packet('224.0.0.5', '192.168.64.11'), 'martian: the source is a group or all'],
  ['nobody as source', {}, packet('0.0.0.0', '192.168.64.11'), 'martian: the source is 0.0.0.0'],
  ['to all on the network', {}, packet('192.168.64.1', '192.168.64.255'), 'consumed: it went to all, or to a group'],
  ['to all of everybody', {}, packet('0.0.0.0', '255.255.255.255'), 'consumed: it went to all, or to a group'],
  ['to a group that the machine is not in', {}, packet('192.168.64.1', '224.0.0.251'), 'not for this machine: the machine is in no such group'],
  ['to all hosts', {}, packet('192.168.64.1', '224.0.0.1'), 'consumed: it went to all, or to a group'],
  ['to the group of an address', {}, packet('fd00:64::1', 'ff02::1:ff00:11', { payload: { protocol: 58, type: 135, code: 0, rest: 0, data: new Uint8Array(16) } }), 'consumed: the kernel takes such messages itself'],
  ['an echo reply that nobody waits for', deaf, packet('192.168.64.1', '192.168.64.11', { payload: { protocol: 1, type: 0, code: 0, rest: 7, data: new Uint8Array(0) } }), 'consumed: no program waits for the echo reply'],
  ['a frame longer than the device takes', {}, packet('192.168.64.1', '192.168.64.11', big(1505, true)), 'too big: the packet has 1505 bytes, eth0 carries 1500'],
]

for (const [title, options, sent, expected] of FROM_UPLINK) {
  t.test(`from outside: ${title}`, async t => t.equal(outcome(viaUplink(options, sent)).join('; '), expected))
}

t.test('a frame for another station is passed over', async t => {
  t.equal(viaUplink({}, packet('192.168.64.1', '192.168.64.11'), MACS.b).ended?.kind, 'not for this machine')
})

t.test('ARP and other frames have done their work', async t => {
  const body = {
    kind: 'arp',
    operation: 'request',
    sender: { mac: MACS.lan, ip: ip('192.168.64.1') },
    target: { mac: MACS.eth0, ip: ip('192.168.64.11') },
  } as const
  const arp = receive(
    node(),
    createMachineMemory(),
    { link: 'eth0', frame: { src: MACS.lan, dst: MACS.eth0, body } },
    AROUND,
  )
  t.equal(arp.ended?.kind, 'consumed')
  t.throws(
    () =>
      receive(
        node(),
        createMachineMemory(),
        { link: 'nowhere', frame: { src: MACS.lan, dst: MACS.eth0, body } },
        AROUND,
      ),
    RangeError,
  )
})

// biome-ignore format: one case, one row
const OWN: readonly Row[] = [
  ['to a neighbour, from the address of its network', {}, packet('0.0.0.0', '192.168.64.1'), 'out eth0, eth0 to router: 192.168.64.11:40000 > 192.168.64.1:53 ttl 64, 28 bytes'],
  ['to a pod, from the bridge\'s address', {}, packet('0.0.0.0', '10.244.1.2'), 'out va, cbr0 to a: 10.244.1.1:40000 > 10.244.1.2:53 ttl 64, 28 bytes'],
  ['to itself', {}, packet('0.0.0.0', '10.244.1.1'), 'delivered: 10.244.1.1:40000 > 10.244.1.1:53 ttl 64'],
  ['to 127.0.0.1', {}, packet('0.0.0.0', '127.0.0.1'), 'delivered: 127.0.0.1:40000 > 127.0.0.1:53 ttl 64'],
  ['to ::1', {}, packet('::', '::1'), 'delivered: ::1:40000 > ::1:53 ttl 64'],
  ['from the address that the route names', more(route('9.9.9.0/24', { link: 'eth0', by: '192.168.64.1', src: ip('10.244.1.1') })), packet('0.0.0.0', '9.9.9.9'), 'out eth0, eth0 to router: 10.244.1.1:40000 > 9.9.9.9:53 ttl 64, 28 bytes'],
  ['127.0.0.1 does not leave', {}, packet('127.0.0.1', '192.168.64.1'), 'martian: a packet from 127.0.0.0/8 does not leave by eth0: route_localnet is 0'],
  ['too long, not to be cut', {}, packet('0.0.0.0', '192.168.64.1', big(1501, true)), 'too big: the packet has 1501 bytes, eth0 carries 1500'],
  ['too long, to be cut', {}, packet('0.0.0.0', '192.168.64.1', big(1501, false)), 'out eth0, eth0 to router: 192.168.64.11 > 192.168.64.1 ttl 64 piece at 0, 1500 bytes; out eth0, eth0 to router: 192.168.64.11 > 192.168.64.1 ttl 64 piece at 1480, 21 bytes'],
  ['IPv6, too long, is cut by the sender', {}, packet('::', 'fd00:64::1', { payload: udp(1, 9, 1500) }), 'out eth0, eth0 to router: fd00:64::11 > fd00:64::1 ttl 64 piece at 0, 1496 bytes; out eth0, eth0 to router: fd00:64::11 > fd00:64::1 ttl 64 piece at 1448, 108 bytes'],
  ['nobody answers: the machine sends itself a message, by which the program hears it', {}, packet('0.0.0.0', '192.168.64.77'), 'answer 0.0.0.0 > 192.168.64.11 icmp 3/1 ttl 64; no neighbour: nobody on eth0 answers for 192.168.64.77'],
  ['no route', { network: one => ({ ...one, routes: [] }) }, packet('0.0.0.0', '9.9.9.9'), 'no route: no route holds the destination'],
  ['to all on the network', {}, packet('0.0.0.0', '192.168.64.255'), 'out eth0, eth0 to ff:ff:ff:ff:ff:ff: 192.168.64.11:40000 > 192.168.64.255:53 ttl 64, 28 bytes'],
  ['to a group', {}, packet('0.0.0.0', '224.0.0.251'), 'out eth0, eth0 to 01:00:5e:00:00:fb: 192.168.64.11:40000 > 224.0.0.251:53 ttl 64, 28 bytes'],
  ['to a group of IPv6', more(route('ff00::/8', { link: 'eth0', type: 'multicast', table: 'local', metric: 1 })), packet('fd00:64::11', 'ff02::fb'), 'out eth0, eth0 to 33:33:00:00:00:fb: fd00:64::11:40000 > ff02::fb:53 ttl 64, 48 bytes'],
]

for (const [title, options, sent, expected] of OWN) {
  t.test(`the machine's own: ${title}`, async t => {
    t.equal(outcome(send(node(options), createMachineMemory(), { packet: sent, mark: 0 }, AROUND)).join('; '), expected)
  })
}

const NODE_PORT = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A OUTPUT -p tcp -m tcp --dport 30080 -j DNAT --to-destination 10.244.1.2:8080
-A POSTROUTING -s 127.0.0.0/8 ! -o lo -j MASQUERADE
COMMIT
`

t.test('a node port by way of loopback', async t => {
  const allowed = node({ rules: NODE_PORT, sysctls: { 'net.ipv4.conf.all.route_localnet': 1 } })
  const memory = createMachineMemory()
  const request = send(allowed, memory, skb('0.0.0.0', '127.0.0.1', { payload: tcp(40000, 30080) }), AROUND)
  t.strictSame(outcome(request), ['out va, cbr0 to a: 10.244.1.1:40000 > 10.244.1.2:8080 ttl 64, 40 bytes'])
  t.equal(
    way(request),
    'route:local source:choose OUTPUT route:output POSTROUTING neighbour:answered >cbr0 bridge:forward >va',
  )
  const reply = packet('10.244.1.2', '10.244.1.1', { payload: tcp(8080, 40000, 18) })
  const back = receive(allowed, memory, { link: 'va', frame: frame(MACS.a, MACS.cbr0, reply) }, AROUND)
  t.strictSame(outcome(back), ['delivered: 127.0.0.1:30080 > 127.0.0.1:40000 ttl 64'])
  const refused = send(
    node({ rules: NODE_PORT }),
    createMachineMemory(),
    skb('0.0.0.0', '127.0.0.1', { payload: tcp(40000, 30080) }),
    AROUND,
  )
  t.equal(refused.ended?.kind, 'martian', 'not without route_localnet')
})

const MARKS = (table: string, chains: string) => `*${table}
${chains}
-A OUTPUT -d 9.9.9.9/32 -j MARK --set-xmark 0x1/0xffffffff
COMMIT
`

t.test('a mark leads elsewhere if table mangle sets it, and not if another does', async t => {
  const marked = (rules: string) =>
    outcome(
      send(
        node({
          rules,
          network: one => ({
            ...one,
            addresses: [...one.addresses, address('eth0', '10.9.0.1/24')],
            routes: [...one.routes, route('0.0.0.0/0', { link: 'cbr0', by: '10.244.1.3', table: '100' })],
            routingRules: [
              { family: 4, priority: 0, action: 'lookup', table: 'local' },
              { family: 4, priority: 100, mark: { is: 1, mask: -1 }, action: 'lookup', table: '100' },
              { family: 4, priority: 32766, action: 'lookup', table: 'main' },
            ],
          }),
        }),
        createMachineMemory(),
        skb('0.0.0.0', '9.9.9.9'),
        AROUND,
      ),
    ).join()
  const mangle = MARKS('mangle', ':OUTPUT ACCEPT [0:0]')
  const filter = MARKS('filter', ':OUTPUT ACCEPT [0:0]')
  t.equal(marked(mangle), 'out vb, cbr0 to b: 192.168.64.11:40000 > 9.9.9.9:53 ttl 64, 28 bytes', 'its source stays')
  t.equal(marked(filter), 'out eth0, eth0 to router: 192.168.64.11:40000 > 9.9.9.9:53 ttl 64, 28 bytes')
})

t.test('each step begins with the packet that the one before it left', async t => {
  for (const [title, options, sent] of FROM_POD) {
    const { steps, departures } = viaBridge(options, sent)
    // Behind a cut each piece goes its own way.
    if (departures.length > 1) continue
    t.ok(
      steps.every((step, i) => i === 0 || step.before === steps[i - 1]?.after),
      title,
    )
  }
})
