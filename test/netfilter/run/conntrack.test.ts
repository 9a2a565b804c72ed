/** How long connections are remembered, and what ends them: a clock, and no kernel. */
import t from 'tap'
import { parseIp } from '../../../src/base/ip.ts'
import { expire } from '../../../src/netfilter/run/conntrack-table.ts'
import { formatConnection } from '../../../src/netfilter/run/conntrack-text.ts'
import { copyNetfilterMemory } from '../../../src/netfilter/run/netfilter.ts'
import type { Packet } from '../../../src/packet/packet.ts'
import { icmp, other, sctp, tcp, udp } from './packets.ts'
import { createRouter, type Router, receive } from './router.ts'

const AB = '10.1.0.2:1000 > 10.2.0.2:80'
const BA = '10.2.0.2:80 > 10.1.0.2:1000'
const CLIENT = parseIp('10.1.0.2')
const SHAKE = [tcp(AB, 'S'), tcp(BA, 'SA', { seq: 4999, ack: 1001 }), tcp(AB, 'A', { seq: 1001 })]

/** A packet, or so many seconds in which none comes. */
type Event = Packet | number

function play(router: Router, events: readonly Event[]): void {
  for (const event of events) {
    if (typeof event === 'number') router.now += event * 1000
    else receive(router, { by: event.src === CLIENT ? 'left' : 'right', packet: event })
  }
}

/** Phase or protocol, flags and seconds left, of all connections. */
function known(router: Router): string {
  expire(router.memory.connections, router.now)
  const lines = [...router.memory.connections.connections].map(connection => formatConnection(connection, router.now))
  return lines.map(line => line.replace(/(src|dst|sport|dport|type|code|id|mark)=\S+ ?/g, '').trim()).join(', ')
}

// biome-ignore format: one case, one row
const cases: readonly [name: string, events: readonly Event[], known: string, settings?: readonly string[]][] = [
  ['a SYN is remembered for two minutes',                     [tcp(AB, 'S')],                                        'tcp 120 SYN_SENT [UNREPLIED]'],
  ['and then forgotten',                                      [tcp(AB, 'S'), 120],                                   ''],
  ['asking again in vain does not lengthen that',             [tcp(AB, 'S'), 100, tcp(AB, 'S')],                     'tcp 20 SYN_SENT [UNREPLIED]'],
  ['a SYN that is answered, for one minute',                  SHAKE.slice(0, 2),                                     'tcp 60 SYN_RECV'],
  ['a connection, for five days',                             SHAKE,                                                 'tcp 432000 ESTABLISHED [ASSURED]'],
  ['or for as long as the machine is told to',                SHAKE,                                                 'tcp 86400 ESTABLISHED [ASSURED]', ['net.netfilter.nf_conntrack_tcp_timeout_established=86400']],
  ['a setting that is no number does not count',              [udp(AB)],                                             'udp 30 [UNREPLIED]', ['net.netfilter.nf_conntrack_udp_timeout=soon']],
  ['with data that nobody acknowledged, for five minutes',    [...SHAKE, tcp(AB, 'PA', { seq: 1001, data: new Uint8Array(9) })], 'tcp 300 ESTABLISHED [ASSURED]'],
  ['once acknowledged, for five days again',                  [...SHAKE, tcp(AB, 'PA', { seq: 1001, data: new Uint8Array(9) }), tcp(BA, 'A', { seq: 5000, ack: 1010 })], 'tcp 432000 ESTABLISHED [ASSURED]'],
  ['one that was picked up, for five minutes',                [tcp(AB, 'A')],                                        'tcp 300 ESTABLISHED [UNREPLIED]'],
  ['one that is being closed, for two minutes',               [...SHAKE, tcp(AB, 'FA', { seq: 1001 })],              'tcp 120 FIN_WAIT [ASSURED]'],
  ['whose close is acknowledged, for one',                    [...SHAKE, tcp(AB, 'FA', { seq: 1001 }), tcp(BA, 'A', { seq: 5000, ack: 1002 })], 'tcp 60 CLOSE_WAIT [ASSURED]'],
  ['closed from both sides, for half a minute',               [...SHAKE, tcp(AB, 'FA', { seq: 1001 }), tcp(BA, 'FA', { seq: 5000, ack: 1002 })], 'tcp 30 LAST_ACK [ASSURED]'],
  ['closed for good, for two minutes',                        [...SHAKE, tcp(AB, 'FA', { seq: 1001 }), tcp(BA, 'FA', { seq: 5000, ack: 1002 }), tcp(AB, 'A', { seq: 1002, ack: 5001 })], 'tcp 120 TIME_WAIT [ASSURED]'],
  ['a reset one, for ten seconds',                            [...SHAKE, tcp(BA, 'R', { seq: 5000 })],               'tcp 10 CLOSE [ASSURED]'],
  ['a reset with a wrong number only shortens the time',      [...SHAKE, tcp(BA, 'R', { seq: 5001 })],               'tcp 10 ESTABLISHED [ASSURED]'],
  ['a reset from the past does nothing',                      [...SHAKE, tcp(BA, 'R', { seq: 4000 })],               'tcp 432000 ESTABLISHED [ASSURED]'],
  ['unless the machine is told not to mind',                  [...SHAKE, tcp(BA, 'R', { seq: 4000 })],               'tcp 10 ESTABLISHED [ASSURED]', ['net.netfilter.nf_conntrack_tcp_ignore_invalid_rst=1']],
  ['a reset that is the only answer ends it at once',         [tcp(AB, 'S'), tcp(BA, 'RA', { seq: 0, ack: 1001 })],  ''],
  ['a SYN after a reset begins another',                      [...SHAKE, tcp(AB, 'R', { seq: 1001 }), tcp(AB, 'S', { seq: 9 })], 'tcp 120 SYN_SENT [UNREPLIED]'],
  ['both ends may open at once',                              [tcp(AB, 'S'), tcp(BA, 'S', { seq: 4999 }), tcp(AB, 'SA', { ack: 5000 }), tcp(BA, 'A', { seq: 5000, ack: 1001 })], 'tcp 432000 ESTABLISHED [ASSURED]'],
  ['a SYN in a connection that the far end has lost is believed when it is answered', [...SHAKE, tcp(AB, 'S', { seq: 77 }), tcp(BA, 'SA', { seq: 88, ack: 78 })], 'tcp 60 SYN_RECV [ASSURED]'],
  ['a challenge is no acknowledgement of the last FIN',       [...SHAKE, tcp(BA, 'FA', { seq: 5000, ack: 1001 }), tcp(AB, 'FA', { seq: 1001, ack: 5001 }), tcp(AB, 'S', { seq: 77 }), tcp(BA, 'A', { seq: 5001, ack: 1002 })], 'tcp 30 LAST_ACK [ASSURED]'],
  ['a UDP packet, for half a minute',                         [udp(AB)],                                             'udp 30 [UNREPLIED]'],
  ['its answer too',                                          [udp(AB), udp(BA), udp(AB)],                           'udp 30'],
  ['UDP that goes on for longer than two seconds, for two minutes', [udp(AB), udp(BA), 3, udp(AB)],                  'udp 120 [ASSURED]'],
  ['a ping, for half a minute',                               [icmp('10.1.0.2 > 10.2.0.2', 8)],                      'icmp 30 [UNREPLIED]'],
  ['GRE, for half a minute',                                  [other('10.1.0.2 > 10.2.0.2', 47)],                    'gre 30 [UNREPLIED]'],
  ['GRE both ways, for three',                                [other('10.1.0.2 > 10.2.0.2', 47), other('10.2.0.2 > 10.1.0.2', 47), other('10.1.0.2 > 10.2.0.2', 47)], 'gre 180 [ASSURED]'],
  ['other protocols, for ten minutes',                        [other('10.1.0.2 > 10.2.0.2', 99)],                    'unknown 600 [UNREPLIED]'],
  ['an SCTP association, for three and a half minutes',       [sctp(AB, [1], 0, 7), sctp(BA, [2], 7, 9), sctp(AB, [10], 9), sctp(BA, [11], 7)], 'sctp 210 ESTABLISHED [ASSURED]'],
  ['a fragment that is not the first belongs to nobody',      [{ ...udp(AB), fragment: { offset: 8, more: false } }], ''],
  ['a TCP header that is cut off neither',                    [{ ...other('10.1.0.2 > 10.2.0.2', 6) }],              ''],
]

for (const [name, events, expected, settings = []] of cases) {
  t.test(name, async t => {
    const router = createRouter({ rules: {}, settings })
    play(router, events)
    t.equal(known(router), expected)
  })
}

t.test('a copy of the memory goes its own way', async t => {
  const router = createRouter({ rules: {} })
  play(router, [...SHAKE, sctp(AB, [1], 0, 7)])
  const before = known(router)
  const copy: Router = { ...router, memory: copyNetfilterMemory(router.memory) }
  t.equal(known(copy), before, 'the copy is equal')
  play(copy, [tcp(BA, 'R', { seq: 5000 }), sctp(BA, [2], 7, 9), udp(AB)])
  t.equal(known(router), before, 'what happens to the copy leaves the first as it was')
  t.not(known(copy), before)
  play(router, [tcp(AB, 'FA', { seq: 1001 })])
  t.match(known(router), /FIN_WAIT/)
  t.match(known(copy), /CLOSE/)
})
