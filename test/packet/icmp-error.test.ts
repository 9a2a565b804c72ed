/**
 * Of which packets no error tells. What errors look like is in `captured.test.ts`.
 */
import t from 'tap'
import { parseIp } from '../../src/base/ip.ts'
import { echoReply } from '../../src/packet/echo.ts'
import { echoRequest, tcpSyn, udpDatagram } from '../../src/packet/first-packet.ts'
import { hasErrorKind, type IcmpErrorKind, icmpError, rejectKind } from '../../src/packet/icmp-error.ts'
import { parseBytes } from '../../src/packet/octets.ts'
import { isIcmp, type Packet } from '../../src/packet/packet.ts'
import { tcpReset } from '../../src/packet/tcp-reset.ts'

const router = parseIp('10.0.0.9')
const router6 = parseIp('fd00::9')
const ends = { src: parseIp('10.0.0.1'), dst: parseIp('10.0.0.2'), sport: 1, dport: 2 }
const ends6 = { src: parseIp('fd00::1'), dst: parseIp('fd00::2'), sport: 1, dport: 2 }
const datagram = udpDatagram(ends)
const datagram6 = udpDatagram(ends6)

function to(packet: Packet, dst: string): Packet {
  return { ...packet, dst: parseIp(dst) }
}

function from(packet: Packet, src: string): Packet {
  return { ...packet, src: parseIp(src) }
}

function typed(packet: Packet, type: number): Packet {
  return isIcmp(packet.payload) ? { ...packet, payload: { ...packet.payload, type } } : packet
}

function piece(packet: Packet, offset: number, protocol = 17, first = 0): Packet {
  return {
    ...packet,
    fragment: { offset, more: true },
    payload: { protocol, raw: Uint8Array.of(first, 0, 0, 0, 0, 0, 0, 0) },
  }
}

const ping = echoRequest(ends)
const ping6 = echoRequest(ends6)

// biome-ignore format: one case, one row
const TOLD: readonly (readonly [name: string, packet: Packet, told: boolean, kind?: IcmpErrorKind])[] = [
  ['a datagram',                                    datagram,                               true],
  ['a ping',                                        ping,                                   true],
  ['a reply to a ping',                             typed(ping, 0),                         true],
  ['unreachable',                                   typed(ping, 3),                         false],
  ['source quench',                                 typed(ping, 4),                         false],
  ['a redirect',                                    typed(ping, 5),                         false],
  ['time exceeded',                                 typed(ping, 11),                        false],
  ['a parameter problem',                           typed(ping, 12),                        false],
  ['a timestamp request',                           typed(ping, 13),                        true],
  ['a type that Linux does not know',               typed(ping, 19),                        false],
  ['a first piece',                                 piece(datagram, 0),                     true],
  ['a later piece',                                 piece(datagram, 8),                     false],
  ['a first piece of a ping',                       piece(datagram, 0, 1, 8),               true],
  ['a first piece of an error',                     piece(datagram, 0, 1, 3),               false],
  ['a datagram to all on the link',                 to(datagram, '255.255.255.255'),        false],
  ['a datagram to a group',                         to(datagram, '224.0.0.251'),            false],
  ['a datagram from nowhere',                       from(datagram, '0.0.0.0'),              false],
  ['a datagram from a group',                       from(datagram, '239.1.1.1'),            false],
  ['a datagram from all on the link',               from(datagram, '255.255.255.255'),      false],
  ['a datagram from the machine itself',            from(datagram, '127.0.0.1'),            true],
  ['a datagram of IPv6',                            datagram6,                              true],
  ['a ping of IPv6',                                ping6,                                  true],
  ['an error of IPv6',                              typed(ping6, 1),                        false],
  ['an error of IPv6 of an unknown type',           typed(ping6, 127),                      false],
  ['a message of IPv6 of an unknown type',          typed(ping6, 255),                      true],
  ['a first piece of IPv6',                         piece(datagram6, 0),                    true],
  ['a later piece of IPv6',                         piece(datagram6, 8),                    true],
  ['a first piece of an error of IPv6',             piece(datagram6, 0, 58, 1),             false],
  ['a datagram to a group of IPv6',                 to(datagram6, 'ff02::1'),               false],
  ['a datagram to a group that is too long',        to(datagram6, 'ff02::1'),               true, 'too-big'],
  ['an option for a group that nobody knows',       to(datagram6, 'ff02::1'),               true, 'unknown-option'],
  ['a datagram from a group of IPv6',               from(datagram6, 'ff02::1'),             false],
  ['a datagram from a group that is too long',      from(datagram6, 'ff02::1'),             false, 'too-big'],
  ['a datagram from nowhere of IPv6',               from(datagram6, '::'),                  false],
  ['a long datagram to a group of IPv4',            to(datagram, '224.0.0.251'),            false, 'too-big'],
]
for (const [name, about, told, kind = 'port-unreachable'] of TOLD) {
  t.test(`${told ? 'an' : 'no'} error about ${name}`, async t => {
    const error = icmpError({ about, kind, src: about.family === 4 ? router : router6 })
    t.equal(error !== undefined, told)
    if (error) t.strictSame(error.dst, about.src)
  })
}

t.test('where the header is wrong', async t => {
  const pointer = (about: Packet, kind: IcmpErrorKind) => {
    const payload = icmpError({ about, kind, src: about.src, pointer: 20 })?.payload
    return payload && isIcmp(payload) ? payload.rest : undefined
  }
  t.equal(pointer(datagram, 'bad-header'), 20 << 24)
  t.equal(pointer(datagram6, 'bad-header'), 20)
  t.equal(pointer(datagram6, 'unknown-option'), 20)
  t.equal(pointer(datagram6, 'protocol-unreachable'), 6, 'where IPv6 names the protocol')
  const extended = { ...datagram6, options: parseBytes('00000104000000003c00010400000000') }
  t.equal(pointer(extended, 'protocol-unreachable'), 48, 'in the last header that names one')
})

t.test('not each family has each error', async t => {
  t.throws(() => icmpError({ about: datagram6, kind: 'host-prohibited', src: router6 }), RangeError)
  t.throws(() => icmpError({ about: datagram, kind: 'policy-fail', src: router }), RangeError)
  t.ok(hasErrorKind('policy-fail', 6))
  t.notOk(hasErrorKind('policy-fail', 4))
})

t.test('REJECT knows no other names', async t => {
  t.equal(rejectKind('tcp-reset'), undefined)
  t.equal(rejectKind('icmp-nonsense'), undefined)
})

t.test('pings that nobody answers', async t => {
  t.equal(echoReply(datagram), undefined, 'no ping')
  t.equal(echoReply(typed(ping, 0)), undefined, 'a reply')
  t.equal(echoReply(typed(ping6, 8)), undefined, 'a type of the other family')
  t.equal(echoReply(from(ping, '0.0.0.0')), undefined, 'from nowhere')
  t.equal(echoReply(to(ping, '255.255.255.255')), undefined, 'to all')
  t.match(echoReply(to(ping6, 'ff02::1'), router6), { src: router6, dst: ends6.src }, 'to a group, by a machine of it')
})

t.test('segments that nobody resets', async t => {
  const syn = tcpSyn(ends)
  t.equal(tcpReset(datagram), undefined, 'no segment')
  t.equal(tcpReset(to(syn, '224.0.0.1')), undefined, 'to a group')
  t.equal(tcpReset(from(syn, '0.0.0.0')), undefined, 'from nowhere')
  t.equal(tcpReset(piece(syn, 0, 6)), undefined, 'a piece')
})
