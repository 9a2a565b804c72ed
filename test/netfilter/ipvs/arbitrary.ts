/** Virtual servers at random: every kind that ipvsadm takes. */
import fc from 'fast-check'
import { type Family, type Ip, prefixOf } from '../../../src/base/ip.ts'
import type { Ipv4 } from '../../../src/base/ipv4.ts'
import { ipv6 } from '../../../src/base/ipv6.ts'
import { UDP } from '../../../src/base/protocol.ts'
import {
  familyAt,
  formatRealAddress,
  formatVirtualAddress,
  IPVS_PROTOCOLS,
  type RealServer,
  type SchedulerFlag,
  type VirtualAddress,
  type VirtualServer,
} from '../../../src/netfilter/ipvs/virtual-server.ts'

const word32 = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff })
const anyIpv4 = word32.map(word => word as Ipv4)
const anyIpv6 = fc.tuple(word32, word32, word32, word32).map(([a, b, c, d]) => ipv6(a, b, c, d))
const ipOf = (family: Family): fc.Arbitrary<Ip> => (family === 4 ? anyIpv4 : anyIpv6)
const anyIp = fc.oneof(anyIpv4, anyIpv6)
const anyPort = fc.integer({ min: 1, max: 0xffff })

const anyAddress: fc.Arbitrary<VirtualAddress> = fc.oneof(
  fc.record({
    by: fc.constant('address' as const),
    protocol: fc.constantFrom(...IPVS_PROTOCOLS),
    ip: anyIp,
    port: anyPort,
  }),
  fc.record({
    by: fc.constant('mark' as const),
    mark: word32.filter(mark => mark !== 0),
    family: fc.constantFrom<Family>(4, 6),
  }),
)

const anyScheduling = fc.oneof(
  fc.record({ scheduler: fc.constantFrom('rr', 'wlc', 'sed') }),
  fc
    .record({
      scheduler: fc.constantFrom('sh', 'mh'),
      bits: fc.subarray(['fallback', 'port'] as const, { minLength: 1 }),
    })
    .map(({ scheduler, bits }) => ({ scheduler, flags: bits.map(bit => `${scheduler}-${bit}` as SchedulerFlag) })),
  fc.record({
    scheduler: fc.constant('lblc'),
    flags: fc.subarray<SchedulerFlag>(['flag-1', 'flag-2', 'flag-3'], { minLength: 1 }),
  }),
)

const ALL_ONES = ipv6(-1, -1, -1, -1)

function anyMask(family: Family): fc.Arbitrary<Ip> {
  if (family === 4) return anyIpv4.filter(mask => mask !== -1)
  return fc.integer({ min: 1, max: 127 }).map(bits => prefixOf(ALL_ONES, bits).base)
}

const anyTunnel: fc.Arbitrary<NonNullable<RealServer['tunnel']>> = fc.oneof(
  fc.constant({ type: 'ipip' as const }),
  fc.record({ type: fc.constant('gre' as const), checksum: fc.constantFrom('none' as const, 'full' as const) }),
  fc.record({
    type: fc.constant('gue' as const),
    port: anyPort,
    checksum: fc.constantFrom('none' as const, 'full' as const, 'remote' as const),
  }),
)

const anyWeight = fc.integer({ min: 0, max: 65_535 })
const threshold = fc.integer({ min: 0, max: 1000 })

/** Who does not rewrite packets has the port of the virtual server. */
function anyReal(at: VirtualAddress): fc.Arbitrary<RealServer> {
  const same = at.by === 'address' ? fc.constant(at.port) : anyPort
  const own = { ip: ipOf(familyAt(at)), weight: anyWeight }
  return fc.oneof(
    fc.record(
      { ...own, port: anyPort, forwarding: fc.constant('masquerade' as const), upper: threshold, lower: threshold },
      { requiredKeys: ['ip', 'weight', 'port', 'forwarding'] },
    ),
    fc.record({ ...own, port: same, forwarding: fc.constant('route' as const) }),
    fc.record(
      { ...own, ip: anyIp, port: same, forwarding: fc.constant('tunnel' as const), tunnel: anyTunnel },
      { requiredKeys: ['ip', 'weight', 'port', 'forwarding'] },
    ),
  )
}

const anyServer: fc.Arbitrary<VirtualServer> = anyAddress.chain(at => {
  const persistence = fc.record(
    { timeout: fc.integer({ min: 1, max: 86_400 * 31 }), mask: anyMask(familyAt(at)) },
    { requiredKeys: ['timeout'] },
  )
  const maySendOne = at.by === 'mark' || at.protocol === UDP
  return fc
    .tuple(
      anyScheduling,
      fc.record(
        {
          persistence,
          engine: fc.constant('sip'),
          ...(maySendOne ? { onePacket: fc.constant(true as const) } : {}),
          unknown: fc.constantFrom('--new', '--new thing -w 5'),
        },
        { requiredKeys: [] },
      ),
      fc.uniqueArray(anyReal(at), { maxLength: 4, selector: formatRealAddress }),
    )
    .map(([scheduling, more, reals]) => plain({ at, ...scheduling, ...more, reals }))
})

/** Records at random have no prototype, which counts for strict comparison. */
function plain<T>(value: T): T {
  return structuredClone(value)
}

export const anyServers = fc.uniqueArray(anyServer, { maxLength: 5, selector: ({ at }) => formatVirtualAddress(at) })
