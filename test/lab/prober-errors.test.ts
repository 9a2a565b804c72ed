import t from 'tap'
import { parseIp } from '../../src/base/ip.ts'
import { ICMP, ICMPV6, SCTP, TCP, UDP } from '../../src/base/protocol.ts'
import { errorAbout } from '../../src/lab/agent/ears.ts'
import { codeOf, experienceOf } from '../../src/lab/agent/errno.ts'
import { probePacket } from '../../src/lab/agent/probe-packet.ts'
import type { Probe } from '../../src/lab/probe.ts'
import { type IcmpErrorKind, icmpError } from '../../src/packet/icmp-error.ts'
import { isIcmp } from '../../src/packet/packet.ts'
import { encodePacket } from '../../src/packet/packet-bytes.ts'

t.setTimeout(900_000)

const OWN = parseIp('10.1.0.2')
const ROUTER = parseIp('10.1.0.1')

const PROBE: Probe = { machine: 'a', protocol: UDP, dst: parseIp('10.2.0.2'), sport: 1000, dport: 53, patience: 1 }

/** What `probe` is told by an error about the packet of `other`. */
function told(probe: Probe, other: Probe, kind: IcmpErrorKind): string {
  const [src, router] = other.protocol === ICMPV6 ? [parseIp('fd01::2'), parseIp('fd01::1')] : [OWN, ROUTER]
  const error = icmpError({ about: probePacket(other, src), kind, src: router })
  if (!error || !isIcmp(error.payload)) return 'no error'
  const heard = errorAbout(probe, { from: router, family: error.family, message: error.payload })
  return heard ? `${heard.experience}, ${heard.detail}` : 'not about it'
}

t.test('an error is about a probe if it quotes its packet', async t => {
  const ping = { ...PROBE, protocol: ICMP }
  const ping6 = { ...PROBE, protocol: ICMPV6, dst: parseIp('fd02::2') }
  const bytes = encodePacket(probePacket(PROBE, OWN))
  // biome-ignore format: one case, one row
  const rows: readonly [string, Probe, Probe, IcmpErrorKind, string][] = [
    ['the same', PROBE, PROBE, 'port-unreachable', 'refused, icmp 3/3 from 10.1.0.1'],
    ['the same bytes', { ...PROBE, bytes }, PROBE, 'port-unreachable', 'refused, icmp 3/3 from 10.1.0.1'],
    ['what a datagram does not tell its program', PROBE, PROBE, 'ttl-exceeded', 'timeout, icmp 11/0 from 10.1.0.1'],
    ['TCP', { ...PROBE, protocol: TCP }, { ...PROBE, protocol: TCP }, 'ttl-exceeded', 'host unreachable, icmp 11/0 from 10.1.0.1'],
    ['SCTP', { ...PROBE, protocol: SCTP }, { ...PROBE, protocol: SCTP }, 'ttl-exceeded', 'time exceeded, icmp 11/0 from 10.1.0.1'],
    ['a ping', ping, ping, 'host-prohibited', 'prohibited, icmp 3/10 from 10.1.0.1'],
    ['a ping of IPv6', ping6, ping6, 'too-big', 'message too long, icmp 2/0 from fd01::1'],
    ['another source port', PROBE, { ...PROBE, sport: 1001 }, 'port-unreachable', 'not about it'],
    ['another destination port', PROBE, { ...PROBE, dport: 54 }, 'port-unreachable', 'not about it'],
    ['another destination', PROBE, { ...PROBE, dst: parseIp('10.2.0.3') }, 'port-unreachable', 'not about it'],
    ['another protocol', PROBE, { ...PROBE, protocol: TCP }, 'port-unreachable', 'not about it'],
    ['another identifier', ping, { ...ping, sport: 1001 }, 'host-unreachable', 'not about it'],
    ['another family', ping, ping6, 'host-unreachable', 'not about it'],
  ]
  for (const [name, probe, other, kind, wanted] of rows) t.equal(told(probe, other, kind), wanted, name)
})

t.test('what is no error is about nothing', async t => {
  const message = { protocol: ICMP, type: 0, code: 0, rest: 1000 << 16, data: new Uint8Array(0) } as const
  t.equal(errorAbout(PROBE, { from: ROUTER, family: 4, message }), undefined, 'an echo reply')
  const cut = { ...message, type: 3, data: Uint8Array.of(0x45, 0, 0) }
  t.equal(errorAbout(PROBE, { from: ROUTER, family: 4, message: cut }), undefined, 'a quote that is cut short')
})

t.test('words of the system', async t => {
  t.equal(codeOf(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })), 'ECONNREFUSED')
  t.equal(codeOf(new Error('Operation not permitted')), 'EPERM', "raw-socket's")
  t.equal(codeOf(new Error('something else')), 'something else')
  t.equal(codeOf('text'), 'text')
  t.equal(experienceOf('EHOSTDOWN'), 'host unreachable')
  t.equal(experienceOf('EADDRINUSE'), undefined, 'says nothing of the network')
})
