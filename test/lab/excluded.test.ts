/** What of two packets is not compared, and which packets are none that a trace tells of. */
import t from 'tap'
import { parseIp } from '../../src/base/ip.ts'
import { EXCLUDED, type FieldContext, isExcludedField, isExcludedPacket } from '../../src/lab/excluded.ts'
import { echoRequest, sctpInit, tcpSyn, udpDatagram } from '../../src/packet/first-packet.ts'
import { type Packet, type Payload, TCP_FLAG } from '../../src/packet/packet.ts'
import { tcpReset } from '../../src/packet/tcp-reset.ts'
import { encodeVxlan } from '../../src/packet/vxlan.ts'

const TUNNEL = 8472
const [SRC, DST] = [parseIp('10.0.0.1'), parseIp('10.0.0.2')]
const ends = { src: SRC, dst: DST, sport: 40_000, dport: 80 }

const syn = tcpSyn(ends)
const reset = tcpReset(syn) ?? syn
const synAck = withPayload(syn, { ...syn.payload, flags: TCP_FLAG.SYN | TCP_FLAG.ACK } as Payload)
const ack = withPayload(syn, { ...syn.payload, flags: TCP_FLAG.ACK } as Payload)
const datagram = udpDatagram(ends)
const echo = echoRequest({ src: SRC, dst: DST, id: 7 })
const init = sctpInit(ends)

function withPayload(packet: Packet, payload: Payload): Packet {
  return { ...packet, payload }
}

const MAC = { high: 2, low: 1 }

function carrying(packet: Packet): Packet {
  const data = encodeVxlan({ vni: 1, frame: { src: MAC, dst: MAC, body: { kind: 'ip', packet } } })
  return udpDatagram({ src: SRC, dst: DST, sport: 33_333, dport: TUNNEL, data })
}

const nobody = () => undefined
const plain: FieldContext = { tunnels: new Set([TUNNEL]), words: { model: nobody, kernel: nobody } }
const drawn = (model: string | undefined, kernel: string | undefined): FieldContext => ({
  ...plain,
  words: { model: () => model, kernel: () => kernel },
})

// biome-ignore format: one case, one row
const FIELDS: readonly (readonly [says: string, field: string, kernel: Packet, excluded: boolean, context?: FieldContext])[] = [
  ['the identification',                                'ip.id',             syn,              true],
  ['that of a packet in a tunnel',                      'inner.ip.id',       syn,              true],
  ['that of a crafted request: the kernel fills it in', 'ip.id',             syn,              true,  { ...plain, exact: true }],
  ['a TTL',                                             'ip.ttl',            syn,              false],
  ['an address',                                        'ip.src',            syn,              false],
  ['a class of service',                                'ip.tos',            syn,              false],
  ['"don\'t fragment"',                                 'ip.df',             syn,              false],
  ['a MAC',                                             'inner.eth.dst',     syn,              false],
  ['a network of VXLAN',                                'vxlan.vni',         carrying(syn),    false],
  ['the source port of a tunnel',                       'ip.sport',          carrying(syn),    true],
  ['a source port',                                     'ip.sport',          datagram,         false],
  ['a port that both drew',                             'ip.sport',          datagram,         true,  drawn('drawn', 'drawn')],
  ['a port that both drew, in an answer',               'ip.dport',          datagram,         true,  drawn('drawn', 'drawn')],
  ['a port that only the kernel drew',                  'ip.sport',          datagram,         false, drawn(undefined, 'drawn')],
  ['a port that only the model drew',                   'ip.sport',          datagram,         false, drawn('drawn', undefined)],
  ['another of two ports that were drawn',              'ip.sport',          datagram,         false, drawn('drawn', 'drawn-2')],
  ['an identifier that both drew',                      'ip.icmp-id',        echo,             true,  drawn('drawn', 'drawn')],
  ['an identifier',                                     'ip.icmp-id',        echo,             false],
  ['a sequence number that a socket drew',              'ip.seq',            synAck,           true],
  ['a window of a socket',                              'ip.window',         synAck,           true],
  ['options of a socket',                               'ip.tcp-options',    synAck,           true],
  ['what a socket acknowledges',                        'ip.ack',            synAck,           false],
  ['flags',                                             'ip.flags',          synAck,           false],
  ['a sequence number of a crafted request',            'ip.seq',            syn,              false, { ...plain, exact: true }],
  ['a sequence number of a reset',                      'ip.seq',            reset,            false],
  ['a tag',                                             'ip.tag',            init,             true],
  ['a tag of a crafted request',                        'ip.tag',            init,             false, { ...plain, exact: true }],
  ['what programs say',                                 'ip.data',           datagram,         true],
  ['what a crafted request says',                       'ip.data',           datagram,         false, { ...plain, exact: true }],
  ['what a tunnel carries that is no frame',            'ip.data',           carrying(syn),    false],
  ['what an echo holds',                                'ip.data',           echo,             false],
  ['whether there is a checksum, left to a device',     'ip.checksum',       datagram,         true],
  ['whether there is a checksum, computed',             'ip.checksum',       datagram,         false, { ...plain, computed: true }],
]

for (const [says, field, kernel, excluded, context = plain] of FIELDS) {
  t.test(`${says} is ${excluded ? 'not ' : ''}compared`, async t => {
    t.equal(isExcludedField(field, { model: kernel, kernel }, context), excluded)
  })
}

t.test('every field that is named was seen', async t => {
  const seen = new Set(FIELDS.map(([, field]) => field.split('.').at(-1)))
  t.strictSame(
    EXCLUDED.flatMap(({ fields }) => fields).filter(field => !seen.has(field)),
    ['chunks'],
  )
})

const echo6 = echoRequest({ src: parseIp('fd00::1'), dst: parseIp('fd00::2'), id: 7 })
const icmp6 = (type: number): Packet => ({ ...echo6, payload: { ...echo6.payload, type } as Payload })
const igmp: Packet = { ...echo, payload: { protocol: 2, raw: new Uint8Array(8) } }

// biome-ignore format: one case, one row
const PACKETS: readonly (readonly [says: string, packet: Packet, excluded: boolean, sent?: Packet])[] = [
  ['what opens a connection',             syn,                    false],
  ['its answer',                          synAck,                 false],
  ['a reset',                             reset,                  false],
  ['a later segment',                     ack,                    true],
  ['a later segment in a tunnel',         carrying(ack),          true],
  ['a later segment that was asked for',  ack,                    false, ack],
  ['one that was asked for, in a tunnel', carrying(ack),          false, ack],
  ['a datagram',                          datagram,               false],
  ['neighbour discovery',                 icmp6(135),             true],
  ['neighbour discovery in a tunnel',     carrying(icmp6(136)),   true],
  ['a report of listeners',               icmp6(143),             true],
  ['an error of IPv6',                    icmp6(1),               false],
  ['an echo of IPv6',                     icmp6(128),             false],
  ['membership of groups',                igmp,                   true],
]

for (const [says, packet, excluded, sent = syn] of PACKETS) {
  t.test(`${says} is ${excluded ? 'passed over' : 'compared'}`, async t => {
    t.equal(isExcludedPacket(packet, { tunnels: new Set([TUNNEL]), sent }), excluded)
  })
}
