/** Every flow that a real kernel carried goes the same way in a trace. */
import { existsSync } from 'node:fs'
import t, { type Test } from 'tap'
import { isIpv4, parseIp } from '../../src/base/ip.ts'
import { protocolOf, SCTP, UDP } from '../../src/base/protocol.ts'
import { sctpInit, tcpSyn, udpDatagram } from '../../src/packet/first-packet.ts'
import type { Packet } from '../../src/packet/packet.ts'
import type { Memories } from '../../src/trace/carry.ts'
import { agree, triesOf } from './flow-agreement.ts'
import { type FlowCase, flowCases, senderOf, type TriedFlow } from './flow-case.ts'

const ALL = '../shared/oracle'

function check(t: Test, own: FlowCase) {
  t.test(`${own.name}: each flow goes as it went in the kernel`, async t => {
    let memories: Memories = new Map()
    let port = 40_000
    for (const flow of own.flows) {
      const world = own.worldVia(flow.via)
      const { machine, ip } = senderOf(flow, own, world)
      const send = (attempt: number, now: Memories) =>
        triesOf(machine, packetOf(flow, ip, port + attempt), world, now, port + attempt)
      const { problems, memories: after } = agree(flow.outcomes, send, memories)
      t.strictSame(problems, [], `${flow.from} to ${flow.to} ${flow.protocol} ${flow.via ?? ''}`)
      memories = after
      port += 12
    }
  })
}

function packetOf({ to, protocol }: TriedFlow, ip: Packet['src'] | undefined, sport: number): Packet {
  const at = to.lastIndexOf(':')
  const dst = parseIp(to.slice(0, at).replace(/[[\]]/g, ''))
  const src = ip ?? parseIp(isIpv4(dst) ? '0.0.0.0' : '::')
  const ports = { sport, dport: Number(to.slice(at + 1)) }
  const make = protocolOf(protocol) === UDP ? udpDatagram : protocolOf(protocol) === SCTP ? sctpInit : tcpSyn
  return make({ src, dst, ...ports })
}

const copied = flowCases('test/fixtures/flows', 'test/fixtures/kube-proxy')
t.ok(copied.length >= 10, 'a selection of flows is part of the project')
for (const own of copied) check(t, own)

const flows = `${ALL}/flows`
t.test('all flows', { skip: existsSync(flows) ? false : `${flows} is not there` }, async t => {
  const cases = flowCases(flows, `${ALL}/kube-proxy`)
  t.ok(cases.length > 0, 'there are cases')
  for (const own of cases) check(t, own)
})
