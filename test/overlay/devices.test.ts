import t from 'tap'
import { formatIp, formatPrefix, parseInterfaceAddress, parseIp, parsePrefix } from '../../src/base/ip.ts'
import { parseMac } from '../../src/base/mac.ts'
import { deviceMtu, overlayPart, podMtu, type Uplink } from '../../src/overlay/devices.ts'
import type { Lease } from '../../src/overlay/leases.ts'
import { DEFAULT_BACKEND, type FlannelNetwork, readFlannelNetwork } from '../../src/overlay/network.ts'
import { FLANNEL_DEFAULTS, flannelRules } from '../../src/overlay/rules.ts'

t.test('the MTU of', async t => {
  const backend = (mtu?: number) => (mtu === undefined ? DEFAULT_BACKEND : { ...DEFAULT_BACKEND, mtu })
  // biome-ignore format: one case, one row
  const rows = [
    ['a plain underlay', backend(), 1500, 1450, 1450, 1430],
    ['jumbo frames', backend(), 9001, 8951, 8951, 8931],
    ['an underlay said to carry less', backend(1400), 1500, 1350, 1350, 1350],
    ['one said to carry 20 bytes less', backend(1480), 1500, 1430, 1430, 1430],
    ['one said to carry more than it does', backend(9000), 1500, 8950, 1450, 1430],
  ] as const
  for (const [what, vxlan, uplink, pods, four, six] of rows) {
    t.same([podMtu(vxlan, uplink), deviceMtu(vxlan, 4, uplink), deviceMtu(vxlan, 6, uplink)], [pods, four, six], what)
  }
  t.equal(podMtu({ kind: 'host-gw' }, 1500), 1500, 'host-gw')
})

const UPLINK: Uplink = {
  link: { kind: 'uplink', name: 'ens3', mtu: 1500 },
  addresses: [parseInterfaceAddress('192.168.64.11/24'), parseInterfaceAddress('fd00:64::11/64')],
}

function lease(node: number, publicIp: string, withMac = true): Lease {
  const mac = withMac ? { mac: parseMac(`02:00:00:00:00:0${node}`) } : {}
  return {
    node: `node-${node}`,
    families: { 4: { subnet: parsePrefix(`10.244.${node}.0/24`), publicIp: parseIp(publicIp), ...mac } },
  }
}

function routes(network: FlannelNetwork, leases: readonly Lease[]): readonly string[] {
  const [own] = leases
  if (own === undefined) throw new Error('no lease')
  return overlayPart(network, own, UPLINK, leases).routes.map(
    ({ to, via, link, onlink }) =>
      `${formatPrefix(to)} via ${via && formatIp(via)} dev ${link}${onlink ? ' onlink' : ''}`,
  )
}

const conf = (Backend: object) => readFlannelNetwork({ Network: '10.244.0.0/16', Backend })
const NEAR_AND_FAR = [lease(1, '192.168.64.11'), lease(2, '192.168.64.12'), lease(3, '172.16.0.13')]

t.test('overlayPart() leads', async t => {
  t.same(
    routes(conf({ Type: 'vxlan' }), NEAR_AND_FAR),
    ['10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink', '10.244.3.0/24 via 10.244.3.0 dev flannel.1 onlink'],
    'through the device',
  )
  t.same(
    routes(conf({ Type: 'vxlan', DirectRouting: true }), NEAR_AND_FAR),
    ['10.244.2.0/24 via 192.168.64.12 dev ens3', '10.244.3.0/24 via 10.244.3.0 dev flannel.1 onlink'],
    'past it to a node in the same network, if told so',
  )
  t.same(
    routes(
      conf({ Type: 'host-gw' }),
      NEAR_AND_FAR.map((one, i) => lease(i + 1, formatIp(one.families[4]?.publicIp ?? parseIp('0.0.0.0')), false)),
    ),
    ['10.244.2.0/24 via 192.168.64.12 dev ens3', '10.244.3.0/24 via 172.16.0.13 dev ens3 onlink'],
    'over the uplink with host-gw, which takes every node for a neighbour',
  )
})

t.test('overlayPart() makes no neighbour of a node that it reaches directly', async t => {
  const network = conf({ Type: 'vxlan', DirectRouting: true })
  const [own = lease(1, '192.168.64.11')] = NEAR_AND_FAR
  const part = overlayPart(network, own, UPLINK, NEAR_AND_FAR)
  t.same(
    part.neighbours.map(({ ip }) => formatIp(ip)),
    ['10.244.3.0'],
  )
  t.same(
    part.fdb.map(({ dst }) => formatIp(dst)),
    ['172.16.0.13'],
  )
})

t.test('overlayPart() has the device speak', async t => {
  const local = (publicIp: string, uplink: Uplink) => {
    const own = lease(1, publicIp)
    const [link] = overlayPart(conf({ Type: 'vxlan', GBP: true, Learning: true }), own, uplink, [own]).links
    return link?.kind === 'vxlan' ? [formatIp(link.local), link.learning, link.gbp] : undefined
  }
  t.same(local('203.0.113.1', UPLINK), ['192.168.64.11', true, true], 'from the uplink whatever others are told')
  t.same(
    local('203.0.113.1', { ...UPLINK, addresses: [] }),
    ['203.0.113.1', true, true],
    'from the public address if that is all there is',
  )
})

t.test('overlayPart() passes over', async t => {
  const own = lease(1, '192.168.64.11')
  const without: Lease = { node: 'node-2', families: {} }
  t.same(
    routes(conf({ Type: 'vxlan' }), [own, without, lease(3, '192.168.64.13', false)]),
    [],
    'leases that lack the family or the MAC',
  )
  t.same(overlayPart(conf({ Type: 'vxlan' }), without, UPLINK, [own]).links, [], 'a family that the node itself lacks')
})

t.test('flannelRules() leaves out', async t => {
  const network = conf({ Type: 'vxlan' })
  const own = lease(1, '192.168.64.11')
  const tables = (options: Partial<typeof FLANNEL_DEFAULTS>, family: 4 | 6 = 4) => [
    ...flannelRules(network, own, family, { ...FLANNEL_DEFAULTS, ...options }).tables.keys(),
  ]
  t.same(tables({}), ['filter', 'nat'], 'nothing')
  t.same(tables({ ipMasq: false }), ['filter'], 'masquerading')
  t.same(tables({ forward: false }), ['nat'], 'forwarding')
  t.same(tables({}, 6), [], 'a family that the network lacks')
  const nat = flannelRules(network, own, 4, { ...FLANNEL_DEFAULTS, randomFully: false }).tables.get('nat')
  const targets = nat?.chains.get('FLANNEL-POSTRTG')?.rules.map(rule => rule.target)
  t.same(targets?.slice(-2), [{ do: 'masquerade' }, { do: 'masquerade' }], '--random-fully where iptables is too old')
})
