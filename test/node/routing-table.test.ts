import fc from 'fast-check'
import t from 'tap'
import { compareIp, contains, type Ip, type Prefix, prefixOf } from '../../src/base/ip.ts'
import type { Ipv4 } from '../../src/base/ipv4.ts'
import { ipv6 } from '../../src/base/ipv6.ts'
import { IpMap } from '../../src/node/ip-map.ts'
import { consult } from '../../src/node/routing-rules.ts'
import { createRoutingTable, findRoute, refuses, type TableRoute } from '../../src/node/routing-table.ts'
import { ip, mac, machine, route } from './world.ts'

const devices = machine({
  links: ['e0', 'e1'].map((name, i) => ({ kind: 'uplink', name, mtu: 1500, mac: mac(i) }) as const),
}).devices

/** Few different bits, so that networks hold each other and lookups meet several. */
const nibble = fc.constantFrom(0, 1, 0x10, 0x11)
const four = fc
  .tuple(nibble, nibble, nibble, nibble)
  .map(([a, b, c, d]): Ip => ((a << 24) | (b << 16) | (c << 8) | d) as Ipv4)
const six = fc.tuple(nibble, nibble, nibble, nibble).map(([a, b, c, d]): Ip => ipv6(a << 24, b, c << 28, d))

const types = fc.constantFrom<TableRoute['type']>('unicast', 'unicast', 'unicast', 'local', 'throw', 'prohibit')

function tables(address: fc.Arbitrary<Ip>, width: number) {
  const route = fc.record({
    address,
    bits: fc.integer({ min: 0, max: width }),
    metric: fc.nat(3),
    type: types,
    by: fc.constantFrom('e0', 'e1'),
  })
  return fc.array(route, { maxLength: 40 }).map(all =>
    all.map(({ address: at, bits, metric, type, by }): TableRoute => {
      const to: Prefix = prefixOf(at, bits)
      const device = devices.get(by)
      const ways = refuses(type) || !device ? [] : [{ device, weight: 1 }]
      return { route: { to, link: by }, table: 'main', type, metric, ways }
    }),
  )
}

/** All routes, one after the other. */
function slowly(routes: readonly TableRoute[], dst: Ip, out?: string): TableRoute | undefined {
  const fitting = routes.filter(
    ({ route, type, ways }) =>
      contains(route.to, dst) && (refuses(type) || out === undefined || ways.some(({ device }) => device.name === out)),
  )
  return fitting.reduce<TableRoute | undefined>((best, one) => {
    if (!best || one.route.to.bits !== best.route.to.bits)
      return best && best.route.to.bits > one.route.to.bits ? best : one
    return one.metric < best.metric ? one : best
  }, undefined)
}

for (const [name, family, address, width] of [
  ['IPv4', 4, four, 32],
  ['IPv6', 6, six, 128],
] as const) {
  t.test(`${name}: a lookup finds what a walk through all routes finds`, async () => {
    fc.assert(
      fc.property(
        tables(address, width),
        fc.array(address, { minLength: 1 }),
        fc.option(fc.constantFrom('e0', 'e1'), { nil: undefined }),
        (routes, asked, out) => {
          const table = createRoutingTable(family, routes)
          return asked.every(dst => findRoute(table, dst, out)?.found === slowly(routes, dst, out))
        },
      ),
    )
  })

  t.test(`${name}: a map from addresses is a map`, async () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(address, fc.nat())), fc.array(address), (entries, asked) => {
        const map = new IpMap<number>()
        for (const [ip, value] of entries) map.set(ip, value)
        const copy = map.copy()
        for (const [ip, value] of entries) map.set(ip, value + 1)
        return asked.every(ip => {
          const last = entries.findLast(([key]) => compareIp(key, ip) === 0)?.[1]
          return copy.get(ip) === last && map.get(ip) === (last === undefined ? undefined : last + 1)
        })
      }),
    )
  })
}

t.test('while nobody writes rules, local and main table are one', async t => {
  const subject = machine({
    links: [{ kind: 'uplink', name: 'e0', mtu: 1500, mac: mac(1) }],
    routes: [
      route('10.0.0.0/8', { type: 'local', table: 'local', link: 'lo', metric: 5 }),
      route('10.0.0.0/8', { link: 'e0' }),
      route('10.1.0.0/16', { link: 'e0' }),
    ],
  })
  const found = (dst: string) => {
    const query = { dst: ip(dst), src: ip('0.0.0.0'), in: 'lo', mark: 0, tos: 0, protocol: 0, sport: 0, dport: 0 }
    const { found: one, table } = consult(subject.routing[4], query)
    return `${one?.type} ${table}`
  }
  t.equal(found('10.1.2.3'), 'unicast main', 'the longer prefix wins wherever it stands')
  t.equal(found('10.2.2.3'), 'local local', 'and of equal ones the local, whatever their metrics')
})
