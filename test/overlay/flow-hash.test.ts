/** What tunnels take for one flow. */
import t from 'tap'
import { parseIp } from '../../src/base/ip.ts'
import { flowHash } from '../../src/overlay/flow-hash.ts'
import { echoRequest, tcpSyn, udpDatagram } from '../../src/packet/first-packet.ts'
import { icmpError } from '../../src/packet/icmp-error.ts'
import type { Packet } from '../../src/packet/packet.ts'

const FAMILIES = {
  4: [parseIp('10.244.1.2'), parseIp('10.244.2.2')],
  6: [parseIp('fd00::1'), parseIp('fd00::2')],
} as const

function hash(packet: Packet | undefined): number {
  if (!packet) throw new Error('no packet')
  return flowHash({ src: { high: 2, low: 1 }, dst: { high: 2, low: 2 }, body: { kind: 'ip', packet } }, 7)
}

for (const family of [4, 6] as const) {
  const [a, b] = FAMILIES[family]
  const there = { src: a, dst: b, sport: 40_000, dport: 80 }
  const back = { src: b, dst: a, sport: 80, dport: 40_000 }
  const unreachable = icmpError({ about: udpDatagram(there), kind: 'port-unreachable', src: b })

  // biome-ignore format: one case, one row
  const CASES: readonly (readonly [says: string, one: Packet | undefined, other: Packet | undefined, same: boolean])[] = [
    ['a connection and its answers',           tcpSyn(there),                              tcpSyn(back),                                         true],
    ['two connections',                        tcpSyn(there),                              tcpSyn({ ...there, sport: 40_001 }),                  false],
    ['a connection and datagrams',             tcpSyn(there),                              udpDatagram(there),                                   false],
    ['pings with other identifiers',           echoRequest({ src: a, dst: b, id: 1 }),     echoRequest({ src: a, dst: b, id: 2 }),               true],
    ['a ping and one the other way',           echoRequest({ src: a, dst: b, id: 1 }),     echoRequest({ src: b, dst: a, id: 1 }),               true],
    ['a ping and an error',                    echoRequest({ src: a, dst: b, id: 1 }),     unreachable,                                          family === 4],
    ['a connection with a label and without', tcpSyn(there),                              tcpSyn({ ...there, identification: 5 }),              family === 4],
  ]

  for (const [says, one, other, same] of CASES) {
    t.test(`IPv${family}: ${says} are ${same ? 'one flow' : 'two flows'}`, async t => {
      t.equal(hash(one) === hash(other), same)
    })
  }
}
