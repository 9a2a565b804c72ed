/**
 * VXLAN: frames that a real kernel sent, byte for byte; what a node makes of those that go wrong.
 */
import fc from 'fast-check'
import t from 'tap'
import { parseIp } from '../../src/base/ip.ts'
import { parseMac } from '../../src/base/mac.ts'
import type { FdbEntry, HostNetwork, VxlanLink } from '../../src/host/host.ts'
import { type Decapsulation, decapsulate, encapsulate, fdbTargets } from '../../src/overlay/encapsulation.ts'
import { decodeFrame, encodeFrame } from '../../src/packet/ethernet.ts'
import { echoRequest, sctpInit, tcpSyn, udpDatagram } from '../../src/packet/first-packet.ts'
import { parseBytes } from '../../src/packet/octets.ts'
import { type Frame, isUdp, type Packet, portsOf } from '../../src/packet/packet.ts'
import { decodeVxlan } from '../../src/packet/vxlan.ts'

const NODE_1 = parseIp('192.168.64.11')
const NODE_2 = parseIp('192.168.64.12')
const VTEP_1 = parseMac('02:00:0a:f4:01:00')
const VTEP_2 = parseMac('02:00:0a:f4:02:00')

const device: VxlanLink = {
  kind: 'vxlan',
  name: 'flannel.1',
  mtu: 1450,
  mac: VTEP_1,
  vni: 1,
  local: NODE_1,
  uplink: 'eth0',
  port: 8472,
  learning: false,
}
const far: VxlanLink = { ...device, mac: VTEP_2, local: NODE_2 }
const device6: VxlanLink = { ...device, name: 'flannel-v6.1', local: parseIp('fd00::11') }
const options = { id: 1, seed: 7 }

/** Captured on a Linux host, with checksums computed in software. */
const GOLDEN = [
  {
    name: 'a ping of 16 bytes',
    hex: `46d2f89b69ce 62d7d13a28c8 0800
      4500005e483e0000401130e9 c0a8400b c0a8400c
      ca6d 2118 004a e483
      08000000 00000100
      02000af40200 02000af40100 0800
      4500002c74e440003f01ae01 0af40102 0af40202
      0800428c7fdb0001 12f8006b00000000 1f34030000000000`,
    id: 0x483e,
    sport: 0xca6d,
    inner: { src: '10.244.1.2', dst: '10.244.2.2', ttl: 63, df: true, protocol: 1 },
  },
  {
    name: 'a datagram "hello"',
    hex: `46d2f89b69ce 62d7d13a28c8 0800
      45000053484c0000401130e6 c0a8400b c0a8400c
      9e20 2118 003f 29f1   08000000 00000100
      02000af40200 02000af40100 0800
      45000021179240003f110b4f 0af40102 0af40202
      d5d5 1e61 000d aedf 68656c6c6f`,
    id: 0x484c,
    sport: 0x9e20,
    inner: { src: '10.244.1.2', dst: '10.244.2.2', ttl: 63, df: true, protocol: 17 },
  },
]

function bytesOf(hex: string): Uint8Array {
  return parseBytes(hex.replace(/\s/g, ''))
}

for (const { name, hex, id, sport, inner } of GOLDEN) {
  t.test(`${name}, as a kernel sent it`, async t => {
    const bytes = bytesOf(hex)
    const frame = decodeFrame(bytes)
    t.strictSame(encodeFrame(frame), bytes, 'is read and written the same')
    const outer = packetIn(frame)
    const got = decapsulate([far], outer)
    if (!('frame' in got)) {
      t.fail(got.why)
      return
    }
    const { src, dst, ttl, df, payload } = packetIn(got.frame)
    t.strictSame(
      { src, dst, ttl, df, protocol: payload.protocol },
      { ...inner, src: parseIp(inner.src), dst: parseIp(inner.dst) },
      'holds the pod’s packet',
    )
    // The kernel's hash has a key that nobody knows: of the port, only the range can be told.
    const again = encapsulate(device, got.frame, NODE_2, { id, seed: 0, sourcePorts: { from: sport, to: sport } })
    t.strictSame(again, outer, 'is encapsulated the same')
    t.strictSame(encodeFrame({ ...frame, body: { kind: 'ip', packet: again } }), bytes, 'to the last byte')
  })
}

function packetIn({ body }: Frame): Packet {
  if (body.kind !== 'ip') throw new RangeError('no packet')
  return body.packet
}

function framed(packet: Packet): Frame {
  return { src: VTEP_1, dst: VTEP_2, body: { kind: 'ip', packet } }
}

const POD_1 = parseIp('10.244.1.2')
const POD_2 = parseIp('10.244.2.2')
const ends = { src: POD_1, dst: POD_2, sport: 40_000, dport: 80 }
const ends6 = { src: parseIp('fd00:1::2'), dst: parseIp('fd00:2::2'), sport: 40_000, dport: 80 }

function sportOf(frame: Frame, seed = 7, own = device): number {
  return (
    portsOf(encapsulate(own, frame, own === device6 ? parseIp('fd00::12') : NODE_2, { id: 1, seed }).payload)?.sport ??
    0
  )
}

t.test('the outer packet', async t => {
  const outer = encapsulate(device, framed(tcpSyn({ ...ends, ttl: 3 })), NODE_2, options)
  t.match(outer, { src: NODE_1, dst: NODE_2, ttl: 64, tos: 0, id: 1, df: false }, 'is one of the node’s own')
  t.ok(isUdp(outer.payload) && outer.payload.dport === 8472 && !outer.payload.noChecksum)
  const outer6 = encapsulate(device6, framed(tcpSyn(ends6)), parseIp('fd00::12'), options)
  t.match(outer6, { family: 6, src: parseIp('fd00::11'), ttl: 64, tos: 0, id: 0 }, 'has no flow label in IPv6')
  const other = encapsulate(device, framed(tcpSyn(ends)), NODE_2, { ...options, port: 4789, vni: 42 })
  t.equal(portsOf(other.payload)?.dport, 4789, 'goes to the port that the forwarding entry says')
  t.equal(isUdp(other.payload) && decodeVxlan(other.payload.data).vni, 42, 'in the network that it says')
  t.equal(
    encapsulate(device, framed(tcpSyn(ends)), parseIp('239.1.1.1'), options).ttl,
    1,
    'stays on the link if multicast',
  )
  t.throws(() => encapsulate(device, framed(tcpSyn(ends)), parseIp('fd00::12'), options), RangeError)
})

t.test('the source port', async t => {
  const other = { ...ends, sport: 40_001 }
  // biome-ignore format: one case, one row
  const same: readonly (readonly [why: string, one: Packet, other: Packet, same: boolean])[] = [
    ['of one flow is one',                                tcpSyn(ends),                    tcpSyn({ ...ends, ttl: 9 }),                 true],
    ['of another port is another',                        tcpSyn(ends),                    tcpSyn(other),                               false],
    ['of another protocol is another',                    tcpSyn(ends),                    udpDatagram(ends),                           false],
    ['of SCTP depends on ports too',                      sctpInit(ends),                  sctpInit(other),                             false],
    ['of the way back is the same',                       tcpSyn(ends),                    tcpSyn({ src: POD_2, dst: POD_1, sport: 80, dport: 40_000 }), true],
    ['of all pings between two machines is one',          echoRequest({ ...ends, id: 1 }), echoRequest({ ...ends, id: 2 }),             true],
    ['of another pair of machines is another',            echoRequest(ends),               echoRequest({ ...ends, src: NODE_1 }),       false],
    ['of pieces of packets does not look at ports',       piece(ends),                     piece(other),                                true],
  ]
  for (const [why, one, two, is] of same) t.equal(sportOf(framed(one)) === sportOf(framed(two)), is, why)
  t.not(sportOf(framed(tcpSyn(ends)), 7), sportOf(framed(tcpSyn(ends)), 8), 'differs from node to node')
  const labelled = { ...ends6, identification: 5 }
  t.equal(
    sportOf(framed(tcpSyn(labelled)), 7, device6),
    sportOf(framed(tcpSyn({ ...labelled, sport: 1 })), 7, device6),
    'follows the flow label where there is one',
  )
  t.not(sportOf(framed(tcpSyn(ends6)), 7, device6), sportOf(framed(tcpSyn({ ...ends6, sport: 1 })), 7, device6))
  const arp = (operation: 'request' | 'reply'): Frame => {
    const end = { mac: VTEP_1, ip: POD_1 }
    return { src: VTEP_1, dst: VTEP_2, body: { kind: 'arp', operation, sender: end, target: end } }
  }
  t.equal(sportOf(arp('request')), sportOf(arp('reply')), 'of all ARP is one')
})

function piece({ sport }: { readonly sport: number }): Packet {
  const raw = Uint8Array.of(sport >> 8, sport & 255, 0, 80, 0, 16, 0, 0)
  return { ...udpDatagram(ends), fragment: { offset: 0, more: true }, payload: { protocol: 17, raw } }
}

t.test('source ports are spread over the whole range but for its last', async t => {
  const seen = new Set<number>()
  fc.assert(
    fc.property(fc.nat(65_535), fc.nat(65_535), fc.integer(), (sport, dport, seed) => {
      const port = sportOf(framed(tcpSyn({ ...ends, sport, dport })), seed)
      seen.add(port)
      return port >= 32_768 && port < 60_999
    }),
    { numRuns: 400, seed: 1 },
  )
  t.ok(seen.size > 380, `${seen.size} ports for 400 flows`)
  const narrow = new Set<number>()
  for (let sport = 0; sport < 200; sport++) {
    const to = encapsulate(device, framed(tcpSyn({ ...ends, sport })), NODE_2, {
      ...options,
      sourcePorts: { from: 10, to: 13 },
    })
    narrow.add(portsOf(to.payload)?.sport ?? 0)
  }
  t.strictSame([...narrow].sort(), [10, 11, 12], 'of a narrow one')
})

// biome-ignore format: one case, one row
const ECN: readonly (readonly [inner: number, outer: number])[] = [[0x00, 0], [0x01, 1], [0x02, 2], [0x03, 2], [0xb8, 0], [0xbb, 2]]
for (const [inner, outer] of ECN) {
  t.test(`a packet with TOS ${inner} is carried with TOS ${outer}`, async t => {
    t.equal(encapsulate(device, framed(tcpSyn({ ...ends, tos: inner })), NODE_2, options).tos, outer)
  })
}

// biome-ignore format: one case, one row
const ARRIVING_ECN: readonly (readonly [inner: number, outer: number, after: number | 'congestion'])[] = [
  [0x00, 0, 0x00], [0x00, 1, 0x00], [0x00, 2, 0x00], [0x00, 3, 'congestion'],
  [0x01, 0, 0x01], [0x01, 1, 0x01], [0x01, 2, 0x01], [0x01, 3, 0x03],
  [0x02, 0, 0x02], [0x02, 1, 0x01], [0x02, 2, 0x02], [0x02, 3, 0x03],
  [0x03, 0, 0x03], [0x03, 1, 0x03], [0x03, 2, 0x03], [0x03, 3, 0x03],
  [0xba, 3, 0xbb],
]
for (const [inner, tos, after] of ARRIVING_ECN) {
  t.test(`a packet with TOS ${inner} carried with TOS ${tos} comes out with ${after}`, async t => {
    const outer = encapsulate(device, framed(tcpSyn({ ...ends, tos: inner })), NODE_2, options)
    const got = decapsulate([far], { ...outer, tos })
    t.equal('frame' in got ? packetIn(got.frame).tos : got.drop, after)
  })
}

t.test('ARP carries no mark', async t => {
  const end = { mac: VTEP_1, ip: POD_1 }
  const frame: Frame = {
    src: VTEP_1,
    dst: VTEP_2,
    body: { kind: 'arp', operation: 'request', sender: end, target: end },
  }
  const outer = encapsulate(device, frame, NODE_2, options)
  t.equal(outer.tos, 0)
  t.strictSame(decapsulate([far], { ...outer, tos: 3 }), { device: far, frame })
})

const sound = encapsulate(device, framed(tcpSyn(ends)), NODE_2, options)
const sound6 = encapsulate(device6, framed(tcpSyn(ends6)), parseIp('fd00::12'), options)

function withData(change: (data: Uint8Array) => Uint8Array): Packet {
  if (!isUdp(sound.payload)) throw new RangeError('no datagram')
  return { ...sound, payload: { ...sound.payload, data: change(sound.payload.data.slice()) } }
}

/** The packet with one byte of its VXLAN header or frame set. */
function withByte(at: number, value: number): Packet {
  return withData(data => data.fill(value, at, at + 1))
}

const ports = { protocol: 17, sport: 1, data: new Uint8Array(60) } as const

/** As Linux 6.18 was seen to do with packets of such bytes, as were all rows of `ARRIVING_ECN`. */
// biome-ignore format: one case, one row
const ARRIVALS: readonly (readonly [name: string, devices: readonly VxlanLink[], packet: Packet, outcome: Outcome])[] = [
  ['a frame comes out',                                        [far],                                  sound,                                  'frame'],
  ['a frame comes out of a datagram without checksum',         [far],                                  unsummed(sound),                        'frame'],
  ['but not in IPv6',                                          [device6],                              unsummed(sound6),                       'header'],
  ['of several devices, the one of the network has it',        [{ ...far, vni: 2, name: 'other' }, far], sound,                                'frame'],
  ['a datagram to another port is not for the device',         [far],                                  { ...sound, payload: { ...ports, dport: 4789 } }, 'port'],
  ['nor is one of the other family',                           [device6],                              sound,                                  'port'],
  ['a device that is down does not listen',                    [{ ...far, down: true }],               sound,                                  'port'],
  ['without devices nobody listens',                           [],                                     sound,                                  'port'],
  ['TCP is not for the device',                                [far],                                  tcpSyn({ ...ends, dport: 8472 }),       'port'],
  ['another network is dropped',                               [{ ...far, vni: 2 }],                   sound,                                  'vni'],
  ['a header without network identifier is dropped',           [far],                                  withByte(0, 0x00),                      'header'],
  ['a header with an unknown flag is dropped',                 [far],                                  withByte(0, 0x0c),                      'header'],
  ['a header with something behind the network is dropped',    [far],                                  withByte(7, 1),                         'header'],
  ['a group policy is dropped',                                [far],                                  withByte(0, 0x88),                      'header'],
  ['a group policy is taken by a device that knows them',      [{ ...far, gbp: true }],                withByte(0, 0x88),                      'frame'],
  ['also one without its flag',                                [{ ...far, gbp: true }],                withByte(3, 5),                         'frame'],
  ['but no flag that is none of theirs',                       [{ ...far, gbp: true }],                withByte(0, 0x89),                      'header'],
  ['a cut header is dropped',                                  [far],                                  withData(data => data.slice(0, 7)),     'header'],
  ['a cut frame is dropped',                                   [far],                                  withData(data => data.slice(0, 15)),    'frame'],
  ['a frame with a damaged packet is dropped',                 [far],                                  withByte(30, 99),                       'frame'],
  ['a frame of the device itself is dropped',                  [{ ...far, mac: VTEP_1 }],              sound,                                  'own frame'],
]
type Outcome = Extract<Decapsulation, { drop: string }>['drop'] | 'frame'

function unsummed(packet: Packet): Packet {
  return { ...packet, payload: { ...packet.payload, noChecksum: true } as Packet['payload'] }
}

const seen = new Set<string>()
for (const [name, devices, packet, outcome] of ARRIVALS) {
  t.test(name, async t => {
    const got = decapsulate(devices, packet)
    t.equal('drop' in got ? got.drop : 'frame', outcome, 'drop' in got ? got.why : '')
    if ('frame' in got) t.strictSame(got.frame, framed(tcpSyn(ends)))
  })
  seen.add(outcome)
}
t.test('each reason to drop was seen', async t => {
  t.strictSame([...seen, 'congestion'].sort(), ['congestion', 'frame', 'header', 'own frame', 'port', 'vni'])
})

t.test('whatever bytes come, they yield a frame or a reason', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), fc.boolean(), (bytes, flagged) => {
      const packet = withData(() => (flagged ? Uint8Array.from([8, 0, 0, 0, 0, 0, 1, 0, ...bytes]) : bytes))
      const got = decapsulate([far], packet)
      return 'frame' in got || got.why.length > 0
    }),
  )
})

t.test('a frame goes where the forwarding entries say', async t => {
  const entry = (mac: string, dst: string, more: Partial<FdbEntry> = {}): FdbEntry => {
    return { mac: parseMac(mac), link: 'flannel.1', dst: parseIp(dst), ...more }
  }
  const [a, b, c, any] = ['02:00:00:00:00:0a', '02:00:00:00:00:0b', '02:00:00:00:00:0c', '00:00:00:00:00:00']
  const fdb = [
    entry(a, '192.168.64.12'),
    entry(a, '192.168.64.12', { link: 'flannel.2' }),
    entry(b, '192.168.64.13', { port: 4789, vni: 9 }),
    entry(b, '192.168.64.14'),
    entry(b, 'fd00::13'),
    entry(any, '192.168.64.15'),
    entry(any, '192.168.64.16'),
  ]
  const network: HostNetwork = { links: [], addresses: [], routes: [], neighbours: [], fdb, sysctls: [] }
  const to = (mac: string, own = device) => fdbTargets(network, own, parseMac(mac))
  t.strictSame(to(a), [fdb[0]], 'those of the address and the device')
  t.strictSame(to(b), [fdb[2], fdb[3]], 'all of them that the device’s address can reach')
  t.strictSame(to(c), [fdb[5], fdb[6]], 'or the default ones')
  t.strictSame(to(c, { ...device, name: 'flannel.2' }), [], 'or none')
  t.strictSame(to(b, { ...device6, name: 'flannel.1' }), [fdb[4]], 'of the other family')
})
