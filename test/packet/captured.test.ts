/**
 * Packets as a Linux kernel sent them: all codecs to the last byte, and all that podwire makes in
 * a kernel's place.
 */
import t from 'tap'
import { formatIp } from '../../src/base/ip.ts'
import { echoReply } from '../../src/packet/echo.ts'
import { decodeFrame, encodeFrame, frameLength } from '../../src/packet/ethernet.ts'
import { answerTo, echoRequest, tcpSyn, udpDatagram } from '../../src/packet/first-packet.ts'
import { fragmentPacket } from '../../src/packet/fragment.ts'
import { type IcmpErrorKind, icmpError, rejectKind } from '../../src/packet/icmp-error.ts'
import { lengthOf } from '../../src/packet/length.ts'
import { isIcmp, isTcp, isUdp, type Packet, type Payload } from '../../src/packet/packet.ts'
import { decodePacket, encodePacket } from '../../src/packet/packet-bytes.ts'
import { readQuote } from '../../src/packet/quote.ts'
import { reassemble } from '../../src/packet/reassembly.ts'
import { summaryOf } from '../../src/packet/summary.ts'
import { decodeTcpOptions, encodeTcpOptions } from '../../src/packet/tcp-options.ts'
import { tcpReset } from '../../src/packet/tcp-reset.ts'
import { CAPTURED, capturedPacket } from './captured.ts'

for (const [number, { line, bytes }] of CAPTURED) {
  t.test(`frame ${number}: ${line}`, async t => {
    const frame = decodeFrame(bytes)
    t.strictSame(encodeFrame(frame), bytes, 'is written as it was read')
    t.equal(frameLength(frame), bytes.length, 'and its length is known without that')
    t.strictSame(decodeFrame(new Uint8Array([...bytes, ...new Uint8Array(60)])), frame, 'padding is passed over')
    t.not(frame.body.kind, 'raw')
    const { body } = frame
    if (body.kind !== 'ip') return
    t.equal(lengthOf(body.packet), bytes.length - 14)
    t.strictSame(decodePacket(encodePacket(body.packet)), body.packet)
    const { payload } = body.packet
    if (isTcp(payload)) t.strictSame(encodeTcpOptions(decodeTcpOptions(payload.options)), payload.options)
  })
}

t.test('all protocols are among them', async t => {
  const kinds = new Set([...CAPTURED.keys()].map(number => kindOf(number)))
  t.strictSame([...kinds].sort(), ['arp', 'icmp', 'icmp6', 'raw 17', 'raw 253', 'tcp', 'udp'])
})

function kindOf(number: number): string {
  const { body } = decodeFrame(CAPTURED.get(number)?.bytes ?? new Uint8Array(0))
  if (body.kind !== 'ip') return body.kind
  const { payload } = body.packet
  if (isTcp(payload)) return 'tcp'
  if (isUdp(payload)) return 'udp'
  if (isIcmp(payload)) return payload.protocol === 1 ? 'icmp' : 'icmp6'
  return `raw ${payload.protocol}`
}

/** What a kernel draws is no matter here. */
function withId(packet: Packet | undefined, id: number): Packet | undefined {
  return packet && { ...packet, id }
}

/** A packet as the next machine has it, which took one from its TTL. */
function forwarded(packet: Packet): Packet {
  return { ...packet, ttl: packet.ttl - 1 }
}

// biome-ignore format: one case, one row
const ERRORS: readonly (readonly [name: string, about: Packet, error: number, kind: IcmpErrorKind | undefined, mtu?: number])[] = [
  ['a closed port, about a long datagram with all bits of TOS set', capturedPacket(20), 21, 'port-unreachable'],
  ['a closed port, about a datagram that came in pieces',           whole(22, 23),      24, 'port-unreachable'],
  ['a packet that is too long for the next link',                   capturedPacket(25), 26, 'too-big', 1280],
  ['a packet whose time is up',                                     capturedPacket(27), 28, 'ttl-exceeded'],
  ['REJECT, net unreachable',                            forwarded(capturedPacket(31)), 32, rejectKind('icmp-net-unreachable')],
  ['REJECT, host unreachable',                           forwarded(capturedPacket(33)), 34, rejectKind('icmp-host-unreachable')],
  ['REJECT, protocol unreachable',                       forwarded(capturedPacket(35)), 36, rejectKind('icmp-proto-unreachable')],
  ['REJECT, port unreachable',                           forwarded(capturedPacket(37)), 38, rejectKind('icmp-port-unreachable')],
  ['REJECT, net prohibited',                             forwarded(capturedPacket(39)), 40, rejectKind('icmp-net-prohibited')],
  ['REJECT, host prohibited',                            forwarded(capturedPacket(41)), 42, rejectKind('icmp-host-prohibited')],
  ['REJECT, admin prohibited',                           forwarded(capturedPacket(43)), 44, rejectKind('icmp-admin-prohibited')],
  ['a protocol that the machine lacks',                             capturedPacket(100), 101, 'protocol-unreachable'],
  ['a closed port, IPv6',                                           capturedPacket(61), 62, 'port-unreachable'],
  ['a closed port, about a datagram that came in pieces, IPv6',     whole(65, 66),      67, 'port-unreachable'],
  ['a packet that is too long for the next link, IPv6',             capturedPacket(68), 69, 'too-big', 1280],
  ['a packet whose time is up, IPv6',                               capturedPacket(70), 71, 'ttl-exceeded'],
  ['no route, IPv6',                                                capturedPacket(72), 73, 'net-unreachable'],
  ['a prohibited route, IPv6',                                      capturedPacket(74), 75, 'admin-prohibited'],
  ['REJECT, no route',                                   forwarded(capturedPacket(76)), 77, rejectKind('icmp6-no-route')],
  ['REJECT, prohibited',                                 forwarded(capturedPacket(78)), 79, rejectKind('icmp6-adm-prohibited')],
  ['REJECT, address unreachable',                        forwarded(capturedPacket(80)), 81, rejectKind('icmp6-addr-unreachable')],
  ['REJECT, port unreachable, IPv6',                     forwarded(capturedPacket(82)), 83, rejectKind('icmp6-port-unreachable')],
  ['REJECT, policy fail',                                forwarded(capturedPacket(84)), 85, rejectKind('icmp6-policy-fail')],
  ['REJECT, route rejected',                             forwarded(capturedPacket(86)), 87, rejectKind('icmp6-reject-route')],
  ['a protocol that the machine lacks, IPv6',                       capturedPacket(102), 103, 'protocol-unreachable'],
  ['a protocol that it lacks, behind an extension header',          capturedPacket(104), 105, 'protocol-unreachable'],
]
for (const [name, about, number, kind, mtu] of ERRORS) {
  t.test(`an error: ${name}`, async t => {
    const sent = capturedPacket(number)
    if (!kind) throw new RangeError('no such kind')
    const made = icmpError({ about, kind, src: sent.src, ...(mtu === undefined ? {} : { mtu }), id: sent.id })
    t.strictSame(made, sent)
    const { protocol } = about.payload
    const quote = isIcmp(sent.payload) && readQuote(sent.payload, sent.family)
    t.match(quote, { src: about.src, dst: about.dst, protocol, ...portsIn(about.payload) }, 'its quote can be read')
  })
}

function portsIn(payload: Payload) {
  return 'sport' in payload ? { sport: payload.sport, dport: payload.dport } : {}
}

/** What was split into captured pieces. */
function whole(...numbers: readonly number[]): Packet {
  const packet = reassemble(numbers.map(capturedPacket))
  if (!packet) throw new RangeError(`frames ${numbers} are not one packet`)
  return packet
}

for (const [family, ...numbers] of [
  [4, 22, 23],
  [6, 65, 66],
] as const) {
  t.test(`a datagram of IPv${family} is split as the kernel split it`, async t => {
    const pieces = numbers.map(capturedPacket)
    const packet = whole(...numbers)
    t.ok(isUdp(packet.payload) && packet.payload.data.length === 1500)
    t.strictSame(fragmentPacket(packet, 1400, pieces[0]?.fragment?.id), pieces)
  })
}

// biome-ignore format: one case, one row
const RESETS: readonly (readonly [name: string, by: 'rule' | 'socket', segment: number, reset: number | undefined])[] = [
  ['a SYN to a closed port',                          'socket',  45,  46],
  ['an ACK to a closed port',                         'socket', 106, 107],
  ['data to a closed port',                           'socket', 108, 109],
  ['FIN and data without ACK to a closed port',       'socket', 110, 111],
  ['no flags to a closed port',                       'socket', 112, 113],
  ['a SYN with data to a closed port',                'socket', 114, 115],
  ['a reset to a closed port',                        'socket', 116, undefined],
  ['FIN, PSH, URG and data to a closed port',         'socket', 117, 118],
  ['a reset with ACK to a closed port',               'socket', 119, undefined],
  ['a SYN to a closed port, IPv6',                    'socket',  90,  91],
  ['a SYN that a rule rejects',                       'rule',    47,  48],
  ['an ACK that a rule rejects',                      'rule',   120, 121],
  ['data that a rule rejects',                        'rule',   122, 123],
  ['FIN and data without ACK that a rule rejects',    'rule',   124, 125],
  ['no flags that a rule rejects',                    'rule',   126, 127],
  ['a SYN with data that a rule rejects',             'rule',   128, 129],
  ['a reset that a rule rejects',                     'rule',   130, undefined],
  ['FIN, PSH, URG and data that a rule rejects',      'rule',   131, 132],
  ['a reset with ACK that a rule rejects',            'rule',   133, undefined],
  ['a SYN that a rule rejects, IPv6',                 'rule',    92,  93],
]
for (const [name, by, segment, reset] of RESETS) {
  t.test(`the answer to ${name}`, async t => {
    t.strictSame(tcpReset(capturedPacket(segment), by), reset === undefined ? undefined : capturedPacket(reset))
  })
}

for (const [name, request, reply] of [
  ['a ping', 94, 95],
  ['a ping with a code', 96, 97],
  ['a ping of IPv6', 98, 99],
] as const) {
  t.test(`the answer to ${name}`, async t => {
    const sent = capturedPacket(reply)
    t.strictSame(withId(echoReply(capturedPacket(request)), sent.id), { ...sent, ttl: sent.ttl + 1 })
  })
}

for (const [family, number, mtu] of [
  [4, 8, 1400],
  [6, 51, 1400],
  [4, 47, 1280],
  [6, 92, 1280],
] as const) {
  t.test(`a first segment of IPv${family} through an MTU of ${mtu}`, async t => {
    const { payload, ...header } = capturedPacket(number)
    if (!isTcp(payload)) throw new RangeError('no segment')
    const { sport, dport, seq } = payload
    const { mss, timestamps } = decodeTcpOptions(payload.options)
    const start = { ...header, sport, dport, seq, mtu, identification: header.id, timestamp: timestamps?.value ?? 0 }
    // That kernel's buffers call for a scale of 10, as it has more memory than most.
    const made = tcpSyn(start)
    t.strictSame(made, { ...header, payload: { ...payload, options: scaledBy7(payload.options) } })
    t.equal(mss, mtu - (family === 4 ? 40 : 60))
  })
}

function scaledBy7(options: Uint8Array): Uint8Array {
  return encodeTcpOptions({ ...decodeTcpOptions(options), windowScale: 7 })
}

for (const [family, syn, answer] of [
  [4, 8, 9],
  [6, 51, 52],
] as const) {
  t.test(`the answer to a first segment of IPv${family}`, async t => {
    const sent = capturedPacket(answer)
    const first = capturedPacket(syn)
    if (!isTcp(sent.payload) || !isTcp(first.payload)) throw new RangeError('no segments')
    // As if it had come from a machine with the link of the answering one.
    const near = { ...decodeTcpOptions(first.payload.options), mss: decodeTcpOptions(sent.payload.options).mss ?? 0 }
    const made = answerTo({ ...first, payload: { ...first.payload, options: encodeTcpOptions(near) } })
    if (!made || !isTcp(made.payload)) throw new RangeError('no answer')
    const timestamps = { ...decodeTcpOptions(sent.payload.options).timestamps, value: 1000 }
    const { seq } = made.payload
    t.strictSame(made, {
      ...sent,
      ttl: 64,
      payload: {
        ...sent.payload,
        seq,
        options: encodeTcpOptions({
          ...decodeTcpOptions(scaledBy7(sent.payload.options)),
          timestamps: { echo: 0, ...timestamps },
        }),
      },
    })
  })
}

t.test('a datagram, its answer, and a ping', async t => {
  for (const [there, back] of [
    [16, 19],
    [59, 60],
  ] as const) {
    const { payload, id, ...header } = capturedPacket(there)
    if (!isUdp(payload)) throw new RangeError('no datagram')
    t.strictSame(
      udpDatagram({ ...header, ...payload, identification: id }),
      capturedPacket(there),
      formatIp(header.src),
    )
    const answer = capturedPacket(back)
    t.strictSame(withId(answerTo(capturedPacket(there)), answer.id), { ...answer, ttl: 64 })
  }
  for (const number of [94, 98]) {
    const { payload, id, ...header } = capturedPacket(number)
    if (!isIcmp(payload)) throw new RangeError('no message')
    const start = { ...header, identification: id, id: 0x1234, seq: 1 }
    t.strictSame(echoRequest(start), capturedPacket(number))
    t.strictSame(echoRequest({ ...start, data: payload.data }), capturedPacket(number))
    t.strictSame(echoRequest({ ...start, size: lengthOf(capturedPacket(number)) }), capturedPacket(number))
  }
})

// biome-ignore format: one case, one row
const SUMMARIES: readonly (readonly [number: number, text: string])[] = [
  [1,   ':: > ff02::16 icmp6 type 143 code 0'],
  [8,   '10.0.0.1:40000 > 10.0.1.1:8080 tcp syn'],
  [9,   '10.0.1.1:8080 > 10.0.0.1:40000 tcp syn ack'],
  [11,  '10.0.0.1:40000 > 10.0.1.1:8080 tcp psh ack 5 bytes'],
  [22,  '10.0.0.1 > 10.0.0.2 udp fragment at byte 0, more follow'],
  [23,  '10.0.0.1 > 10.0.0.2 udp fragment at byte 1376'],
  [26,  '10.0.0.2 > 10.0.0.1 icmp fragmentation needed mtu 1280 (about 10.0.0.1:40003 > 10.0.1.1:9 udp)'],
  [59,  '[fd00::1]:40000 > [fd01::1]:5353 udp 4 bytes'],
  [69,  'fd00::2 > fd00::1 icmp6 packet too big mtu 1280 (about [fd00::1]:40003 > [fd01::1]:9 udp)'],
  [83,  'fd00::2 > fd00::1 icmp6 port unreachable (about [fd00::1]:40007 > [fd01::1]:6004 udp)'],
  [94,  '10.0.0.1 > 10.0.1.1 icmp echo request id 4660 seq 1'],
  [99,  'fd01::1 > fd00::1 icmp6 echo reply id 4660 seq 1'],
  [100, '10.0.0.1 > 10.0.0.2 protocol 253 8 bytes'],
  [101, '10.0.0.2 > 10.0.0.1 icmp protocol unreachable (about 10.0.0.1 > 10.0.0.2 protocol 253)'],
]
for (const [number, text] of SUMMARIES) {
  t.test(text, async t => {
    t.equal(summaryOf(capturedPacket(number)), text)
  })
}
