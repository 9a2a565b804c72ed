import t from 'tap'
import { formatIp, formatPrefix, parseIp, parsePrefix } from '../../src/base/ip.ts'
import { parseMac } from '../../src/base/mac.ts'
import { readAddresses, readFdb, readLinks, readNeighbours, readRoutes } from '../../src/host/dump.ts'

const ether = (ifname: string, more: object = {}) => ({
  ifname,
  mtu: 1500,
  link_type: 'ether',
  address: '02:00:00:00:00:01',
  ...more,
})
const MAC = parseMac('02:00:00:00:00:01')
const vxlan = (info_data: object) => ({ linkinfo: { info_kind: 'vxlan', info_data } })

t.test('readLinks() tells', async t => {
  const port = { linkinfo: { info_kind: 'veth', info_slave_kind: 'bridge', info_slave_data: { hairpin: true } } }
  const six = { id: 1, local6: 'fd00:64::11', link: 'eth0', port: 4789, learning: true, gbp: true }
  // biome-ignore format: one case, one row
  const rows = [
    ['the loopback device', { ifname: 'lo', mtu: 65536, link_type: 'loopback', address: '00:00:00:00:00:00' }, { kind: 'loopback', name: 'lo', mtu: 65536 }],
    ['an uplink', ether('eth0'), { kind: 'uplink', name: 'eth0', mtu: 1500, mac: MAC }],
    ['a tunnel without a MAC', { ifname: 'wg0', mtu: 1420, link_type: 'none', linkinfo: { info_kind: 'wireguard' } }, { kind: 'uplink', name: 'wg0', mtu: 1420 }],
    ['a bridge', ether('cbr0', { linkinfo: { info_kind: 'bridge', info_data: {} } }), { kind: 'bridge', name: 'cbr0', mtu: 1500, mac: MAC }],
    ['a port', ether('veth1', { master: 'cbr0', ...port }), { kind: 'port', name: 'veth1', mtu: 1500, mac: MAC, master: 'cbr0', hairpin: true }],
    ['a device in a bond', ether('eth1', { master: 'bond0', linkinfo: { info_slave_kind: 'bond' } }), { kind: 'uplink', name: 'eth1', mtu: 1500, mac: MAC }],
    ['a VXLAN device', ether('flannel.1', vxlan({ id: 1, local: '192.168.64.11', link: 'eth0', port: 8472, learning: false })),
      { kind: 'vxlan', name: 'flannel.1', mtu: 1500, mac: MAC, vni: 1, local: parseIp('192.168.64.11'), uplink: 'eth0', port: 8472, learning: false }],
    ['one over IPv6', ether('flannel-v6.1', vxlan(six)),
      { kind: 'vxlan', name: 'flannel-v6.1', mtu: 1500, mac: MAC, vni: 1, local: parseIp('fd00:64::11'), uplink: 'eth0', port: 4789, learning: true, gbp: true }],
    ['one that is told about each packet', ether('vxlan0', vxlan({ external: true, id: 0, port: 4789 })), { kind: 'uplink', name: 'vxlan0', mtu: 1500, mac: MAC }],
  ] as const
  for (const [what, json, link] of rows) t.same(readLinks([json]), { values: [link], skipped: [] }, what)
  t.same(readLinks([{}, {}]), { values: [], skipped: [] }, 'nothing of what a filter hid')
})

t.test('readAddresses() leaves out what a device makes itself', async t => {
  const info = [
    { family: 'inet', local: '10.244.1.1', prefixlen: 24 },
    { family: 'inet6', local: 'fe80::1', prefixlen: 64 },
    { family: 'inet6', local: 'fd00::1', prefixlen: 64 },
  ]
  t.same(readAddresses([ether('cbr0', { addr_info: info }), ether('eth1')]).values, [
    { link: 'cbr0', own: { address: parseIp('10.244.1.1'), bits: 24 } },
    { link: 'cbr0', own: { address: parseIp('fd00::1'), bits: 64 } },
  ])
})

t.test('readRoutes() tells', async t => {
  const dev = { dev: 'eth0', flags: [] }
  const all = parsePrefix('0.0.0.0/0')
  // biome-ignore format: one case, one row
  const rows = [
    ['a default route', 4, { dst: 'default', gateway: '192.168.64.1', ...dev }, { to: all, via: parseIp('192.168.64.1'), link: 'eth0' }],
    ['one of IPv6', 6, { dst: 'default', gateway: 'fe80::1', ...dev, metric: 1024 }, { to: parsePrefix('::/0'), via: parseIp('fe80::1'), link: 'eth0', metric: 1024 }],
    ['the kernel\'s own', 4, { dst: '10.244.1.0/24', ...dev, protocol: 'kernel', scope: 'link', prefsrc: '10.244.1.1' },
      { to: parsePrefix('10.244.1.0/24'), link: 'eth0', src: parseIp('10.244.1.1'), proto: 'kernel', scope: 'link' }],
    ['one that others made', 4, { dst: 'default', ...dev, protocol: 'dhcp' }, { to: all, link: 'eth0', proto: 'static' }],
    ['one that nobody owns up to', 4, { dst: 'default', ...dev, protocol: 'boot', scope: 'global' }, { to: all, link: 'eth0' }],
    ['one through a tunnel', 4, { dst: '10.244.2.0/24', gateway: '10.244.2.0', dev: 'flannel.1', flags: ['onlink'] },
      { to: parsePrefix('10.244.2.0/24'), via: parseIp('10.244.2.0'), link: 'flannel.1', onlink: true }],
    ['one to a single address', 4, { dst: '198.51.100.7', ...dev, scope: 'host' }, { to: parsePrefix('198.51.100.7/32'), link: 'eth0', scope: 'host' }],
  ] as const
  for (const [what, family, json, route] of rows)
    t.same(readRoutes([json], family), { values: [route], skipped: [] }, what)
  const strange = [
    { type: 'blackhole', dst: '10.9.0.0/16', flags: [] },
    { dst: '10.8.0.0/16', flags: [], nexthops: [] },
    { dst: '10.7.0.0/16', via: { family: 'inet6', host: 'fe80::1' }, ...dev },
  ]
  t.same(
    readRoutes(strange, 4),
    {
      values: [],
      skipped: [
        'route 10.9.0.0/16 is of type blackhole',
        'route 10.8.0.0/16 has several next hops',
        'route 10.7.0.0/16 has a gateway of the other family',
      ],
    },
    'what it leaves out, and why',
  )
})

t.test('readNeighbours() keeps what is permanent', async t => {
  const { values, skipped } = readNeighbours([
    { dst: '10.244.2.0', dev: 'flannel.1', lladdr: '02:00:00:00:00:01', state: ['PERMANENT'] },
    { dst: '192.168.64.1', dev: 'eth0', lladdr: '02:00:00:00:00:01', state: ['REACHABLE'] },
    { dst: '192.168.64.2', dev: 'eth0', state: ['FAILED'] },
    { dst: '192.168.64.3', dev: 'wg0', state: ['PERMANENT'] },
  ])
  t.same(
    values.map(({ ip, link }) => [formatIp(ip), link]),
    [['10.244.2.0', 'flannel.1']],
  )
  t.same(skipped, ['neighbour 192.168.64.3 has no link-layer address'])
})

t.test('readFdb() keeps what leads into a tunnel', async t => {
  const { values } = readFdb([
    { mac: '33:33:00:00:00:01', ifname: 'cbr0', flags: ['self'], state: 'permanent' },
    { mac: '02:00:00:00:00:01', ifname: 'veth1', flags: [], master: 'cbr0', state: 'permanent' },
    { mac: '02:00:00:00:00:01', ifname: 'flannel.1', dst: '192.168.64.12', flags: ['self'], state: 'permanent' },
  ])
  t.same(values, [{ mac: MAC, link: 'flannel.1', dst: parseIp('192.168.64.12') }])
})

t.test('a dump that the tools did not write is refused', async t => {
  // biome-ignore format: one case, one row
  const rows = [
    [() => readLinks({}), 'Cannot parse JSON of ip link "{}": not a list'],
    [() => readLinks(undefined), 'Cannot parse JSON of ip link "": not a list'],
    [() => readLinks([7]), 'ip link 0: Cannot parse field entry "7": not an object'],
    [() => readLinks([ether('eth0'), { ifname: 'eth1' }]), 'ip link 1: Cannot parse field mtu "nothing": not a number'],
    [() => readAddresses([{ ifname: 'eth0', addr_info: 'none' }]), 'ip addr 0: Cannot parse field addr_info "\\"none\\"": not a list'],
    [() => readRoutes([{ dst: 7 }], 4), 'ip route 0: Cannot parse field dst "7": not a text'],
    [() => readRoutes([{ dst: '10.0.0/8', dev: 'eth0' }], 4), 'ip route 0: Cannot parse IPv4 address "10.0.0": 3 octets, not 4'],
    [() => readFdb([{ mac: 'me', ifname: 'a', dst: '1.2.3.4' }]), 'bridge fdb 0: Cannot parse MAC address "me": not six octets such as 02:00:0a:f4:01:00'],
  ] as const
  for (const [act, message] of rows) t.throws(act, { message }, message)
})

t.test('prefixes of routes read back as written', async t => {
  const [route] = readRoutes([{ dst: 'fd00:10:244:2::/64', dev: 'flannel-v6.1' }], 6).values
  t.equal(route && formatPrefix(route.to), 'fd00:10:244:2::/64')
})
