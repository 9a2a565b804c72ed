import t from 'tap'
import { formatIp, formatPrefix, parseInterfaceAddress, parseIp, parsePrefix } from '../../src/base/ip.ts'
import { formatMac, parseMac } from '../../src/base/mac.ts'
import { readAddresses } from '../../src/host/dump-addresses.ts'
import { readBridgePorts, readLinks, withPorts } from '../../src/host/dump-links.ts'
import { readRoutes } from '../../src/host/dump-routes.ts'
import { readRoutingRules } from '../../src/host/dump-rules.ts'
import { readBridgeEntries, readFdb, readNeighbours } from '../../src/host/dump-stations.ts'

const ether = (ifname: string, more: object = {}) => ({
  ifname,
  mtu: 1500,
  link_type: 'ether',
  address: '02:00:00:00:00:01',
  ...more,
})
const MAC = parseMac('02:00:00:00:00:01')
const vxlan = (info_data: object) => ({ linkinfo: { info_kind: 'vxlan', info_data } })
const port = (info_slave_data: object, more: object = {}) => ({
  master: 'cbr0',
  linkinfo: { info_kind: 'veth', info_slave_kind: 'bridge', info_slave_data },
  ...more,
})

t.test('readLinks() tells', async t => {
  const uplink = { kind: 'uplink', mtu: 1500, mac: MAC } as const
  const six = { id: 1, local6: 'fd00:64::11', link: 'eth0', port: 4789, learning: true, gbp: true }
  // biome-ignore format: one case, one row
  const rows = [
    ['the loopback device', { ifname: 'lo', mtu: 65536, link_type: 'loopback', address: '00:00:00:00:00:00' }, { kind: 'loopback', name: 'lo', mtu: 65536 }],
    ['an uplink', ether('eth0'), { ...uplink, name: 'eth0' }],
    ['one that is up', ether('eth0', { flags: ['BROADCAST', 'UP', 'LOWER_UP'] }), { ...uplink, name: 'eth0' }],
    ['one that its owner set down', ether('eth0', { flags: ['BROADCAST'] }), { ...uplink, name: 'eth0', down: true }],
    ['one written with its other end', ether('eth0@if7'), { ...uplink, name: 'eth0' }],
    ['a tunnel without a MAC', { ifname: 'wg0', mtu: 1420, link_type: 'none', linkinfo: { info_kind: 'wireguard' } }, { kind: 'uplink', name: 'wg0', mtu: 1420 }],
    ['a bridge', ether('cbr0', { linkinfo: { info_kind: 'bridge', info_data: {} } }), { kind: 'bridge', name: 'cbr0', mtu: 1500, mac: MAC }],
    ['a bridge without ports', ether('cbr0', { flags: ['NO-CARRIER', 'UP'], linkinfo: { info_kind: 'bridge' } }), { kind: 'bridge', name: 'cbr0', mtu: 1500, mac: MAC }],
    ['a port', ether('veth1', port({ hairpin: true })), { kind: 'port', name: 'veth1', mtu: 1500, mac: MAC, master: 'cbr0', hairpin: true }],
    ['a port whose other end is down', ether('veth1', port({ hairpin: false }, { flags: ['NO-CARRIER', 'UP'] })), { kind: 'port', name: 'veth1', mtu: 1500, mac: MAC, down: true, master: 'cbr0', hairpin: false }],
    ['a device in a bond', ether('eth1', { master: 'bond0', linkinfo: { info_slave_kind: 'bond' } }), { ...uplink, name: 'eth1' }],
    ['a bond', ether('bond0', { linkinfo: { info_kind: 'bond', info_data: {} } }), { ...uplink, name: 'bond0' }],
    ['the dummy device of IPVS', ether('kube-ipvs0', { flags: ['BROADCAST', 'NOARP'], linkinfo: { info_kind: 'dummy' } }), { ...uplink, name: 'kube-ipvs0', down: true }],
    ['a VXLAN device', ether('flannel.1', vxlan({ id: 1, local: '192.168.64.11', link: 'eth0', port: 8472, learning: false })),
      { kind: 'vxlan', name: 'flannel.1', mtu: 1500, mac: MAC, vni: 1, local: parseIp('192.168.64.11'), uplink: 'eth0', port: 8472, learning: false }],
    ['one over IPv6', ether('flannel-v6.1', vxlan(six)),
      { kind: 'vxlan', name: 'flannel-v6.1', mtu: 1500, mac: MAC, vni: 1, local: parseIp('fd00:64::11'), uplink: 'eth0', port: 4789, learning: true, gbp: true }],
  ] as const
  for (const [what, json, link] of rows) t.same(readLinks([json]), { values: [link], skipped: [] }, what)
  t.same(readLinks([{}, {}]), { values: [], skipped: [] }, 'nothing of what a filter hid')
})

t.test('readLinks() says what it has no word for', async t => {
  const bridge = (info_data: object) => ({ linkinfo: { info_kind: 'bridge', info_data } })
  const plain = { id: 1, port: 4789 }
  // biome-ignore format: one case, one row
  const rows = [
    [ether('vxlan0', vxlan({ ...plain, external: true })), 'uplink', 'link vxlan0: a VXLAN device that is external counts as an uplink'],
    [ether('vxlan0', vxlan({ ...plain, local: '10.0.0.1' })), 'uplink', 'link vxlan0: a VXLAN device that has no uplink counts as an uplink'],
    [ether('vxlan0', vxlan({ ...plain, link: 'eth0' })), 'uplink', 'link vxlan0: a VXLAN device that has no local address counts as an uplink'],
    [ether('vxlan0', vxlan({ ...plain, link: 'eth0', local: '10.0.0.1', group: '239.1.1.1' })), 'vxlan', 'link vxlan0: its multicast group 239.1.1.1 is passed over'],
    [ether('vxlan0', { ...vxlan({ ...plain, link: 'eth0', local: '10.0.0.1' }), master: 'br0' }), 'vxlan', 'link vxlan0: that it is a port of br0 is passed over'],
    [ether('br0', bridge({ vlan_filtering: 1 })), 'bridge', 'link br0: its VLANs are passed over'],
    [ether('br0', bridge({ stp_state: 1 })), 'bridge', 'link br0: its spanning tree is passed over'],
    [ether('veth1', port({ isolated: true })), 'port', 'link veth1: that isolated is on is passed over'],
    [ether('veth1', port({ learning: false })), 'port', 'link veth1: that learning is off is passed over'],
    [ether('eth1', { flags: ['NO-CARRIER', 'UP'] }), 'uplink', 'link eth1: that it has no carrier is passed over'],
    [ether('eth1', { master: 'red', linkinfo: { info_slave_kind: 'vrf' } }), 'uplink', 'link eth1: its VRF red is passed over'],
  ] as const
  for (const [json, kind, reason] of rows) {
    const { values, skipped } = readLinks([json])
    t.same([values.map(link => link.kind), skipped], [[kind], [reason]], reason)
  }
})

t.test('withPorts() knows the ports of bridges where the links were told without details', async t => {
  const links = readLinks([ether('veth1', { master: 'cbr0' }), ether('cbr0'), ether('eth0')]).values
  const { values } = readBridgePorts([{ ifname: 'veth1', master: 'cbr0', hairpin: true }, { ifname: 'eth0' }])
  t.same(
    withPorts(links, values).map(link => [link.name, link.kind, link.kind === 'port' && link.hairpin]),
    [
      ['veth1', 'port', true],
      ['cbr0', 'bridge', false],
      ['eth0', 'uplink', false],
    ],
  )
})

t.test('readAddresses() tells', async t => {
  const info = [
    { family: 'inet', local: '192.168.64.11', prefixlen: 24, scope: 'global' },
    { family: 'inet', local: '192.168.64.12', prefixlen: 24, scope: 'global', secondary: true },
    { family: 'inet', local: '10.0.0.1', address: '10.0.0.2', prefixlen: 32, scope: 'global' },
    { family: 'inet', local: '10.0.0.1', address: '10.9.0.0', prefixlen: 16, scope: 'global' },
    { family: 'inet6', local: 'fd00::1', prefixlen: 64, scope: 'global', deprecated: true },
    { family: 'inet6', local: 'fe80::1', prefixlen: 64, scope: 'link' },
    {},
  ]
  t.same(readAddresses([ether('eth0', { addr_info: info }), ether('eth1')]), {
    values: [
      { link: 'eth0', own: parseInterfaceAddress('192.168.64.11/24') },
      { link: 'eth0', own: parseInterfaceAddress('192.168.64.12/24') },
      { link: 'eth0', own: parseInterfaceAddress('10.0.0.1/32') },
      { link: 'eth0', own: parseInterfaceAddress('10.0.0.1/32') },
      { link: 'eth0', own: parseInterfaceAddress('fd00::1/64'), deprecated: true },
      { link: 'eth0', own: parseInterfaceAddress('fe80::1/64'), scope: 'link' },
    ],
    skipped: [],
  })
  const strange = [
    { family: 'inet6', local: 'fd00::1', prefixlen: 64, dadfailed: true },
    { family: 'mctp', local: '8' },
  ]
  t.same(readAddresses([ether('eth0', { addr_info: strange })]), {
    values: [],
    skipped: ['address fd00::1 of eth0: another machine has it', 'address of eth0: it is of family mctp'],
  })
})

t.test('readRoutes() tells', async t => {
  const dev = { dev: 'eth0', flags: [] }
  const all = parsePrefix('0.0.0.0/0')
  const net = parsePrefix('10.9.0.0/16')
  const hops = [
    { gateway: '10.0.0.2', dev: 'eth0', weight: 1, flags: [] },
    { dev: 'eth1', weight: 5, flags: ['onlink'] },
  ]
  // biome-ignore format: one case, one row
  const rows = [
    ['a default route', 4, { dst: 'default', gateway: '192.168.64.1', ...dev }, { to: all, via: parseIp('192.168.64.1'), link: 'eth0' }],
    ['one of IPv6', 6, { dst: 'default', gateway: 'fe80::1', ...dev, metric: 1024 }, { to: parsePrefix('::/0'), via: parseIp('fe80::1'), link: 'eth0', metric: 1024 }],
    ['one of IPv6 without gateway', 6, { dst: 'default', ...dev, metric: 1024, pref: 'medium' }, { to: parsePrefix('::/0'), link: 'eth0', metric: 1024 }],
    ['the kernel\'s own', 4, { dst: '10.244.1.0/24', ...dev, protocol: 'kernel', scope: 'link', prefsrc: '10.244.1.1' },
      { to: parsePrefix('10.244.1.0/24'), link: 'eth0', src: parseIp('10.244.1.1'), proto: 'kernel', scope: 'link' }],
    ['one that others made', 4, { dst: 'default', ...dev, protocol: 'dhcp' }, { to: all, link: 'eth0', proto: 'static' }],
    ['one that nobody owns up to', 4, { dst: 'default', ...dev, protocol: 'boot', scope: 'global' }, { to: all, link: 'eth0' }],
    ['one through a tunnel', 4, { dst: '10.244.2.0/24', gateway: '10.244.2.0', dev: 'flannel.1', flags: ['onlink'] },
      { to: parsePrefix('10.244.2.0/24'), via: parseIp('10.244.2.0'), link: 'flannel.1', onlink: true }],
    ['one to a single address', 4, { dst: '198.51.100.7', ...dev, scope: 'host' }, { to: parsePrefix('198.51.100.7/32'), link: 'eth0', scope: 'host' }],
    ['a black hole', 4, { type: 'blackhole', dst: '10.9.0.0/16', flags: [] }, { to: net, link: '', type: 'blackhole' }],
    ['one for the machine itself', 4, { type: 'local', dst: '10.9.0.0/16', dev: 'lo', table: 'local', scope: 'host', flags: [] }, { to: net, link: 'lo', type: 'local', table: 'local', scope: 'host' }],
    ['one of type unicast', 4, { type: 'unicast', dst: '10.9.0.0/16', ...dev, table: 'main' }, { to: net, link: 'eth0' }],
    ['one of another table', 4, { dst: '10.9.0.0/16', ...dev, table: '100' }, { to: net, link: 'eth0', table: '100' }],
    ['one of a table by number', 4, { dst: '10.9.0.0/16', ...dev, table: '255' }, { to: net, link: 'eth0', table: 'local' }],
    ['several ways', 4, { dst: '10.9.0.0/16', flags: [], nexthops: hops }, { to: net, link: 'eth0', hops: [{ via: parseIp('10.0.0.2'), link: 'eth0', weight: 1 }, { link: 'eth1', weight: 5, onlink: true }] }],
    ['a gateway of the other family', 4, { dst: '10.9.0.0/16', via: { family: 'inet6', host: 'fe80::1' }, ...dev }, { to: net, via: parseIp('fe80::1'), link: 'eth0' }],
    ['a default of that kind', 4, { dst: 'default', via: { family: 'inet6', host: 'fe80::1' }, ...dev }, { to: all, via: parseIp('fe80::1'), link: 'eth0' }],
    ['an MTU', 4, { dst: '10.9.0.0/16', ...dev, metrics: [{ advmss: 1200 }, { mtu: 1400 }] }, { to: net, link: 'eth0', mtu: 1400 }],
  ] as const
  for (const [what, family, json, route] of rows) {
    t.same(readRoutes([json], family), { values: [route], skipped: [] }, what)
    t.same(
      readRoutes([json], family === 4 ? 6 : 4).values.length,
      'pref' in json || json.dst !== 'default' || 'gateway' in json || 'via' in json ? 0 : 1,
      `${what}, and not of the other family`,
    )
  }
})

t.test('readRoutes() leaves out', async t => {
  const dev = { dst: '10.9.0.0/16', dev: 'eth0', flags: [] }
  // biome-ignore format: one case, one row
  const rows = [
    [{ ...dev, type: 'xresolve' }, 'route 10.9.0.0/16 is of type xresolve'],
    [{ ...dev, tos: '0x10', table: '7' }, 'route 10.9.0.0/16 of table 7 is for one TOS only'],
    [{ ...dev, from: '10.0.0.0/8' }, 'route 10.9.0.0/16 is for some sources only'],
    [{ ...dev, encap: 'ip', id: 7 }, 'route 10.9.0.0/16 encapsulates'],
    [{ ...dev, nexthops: [{ dev: 'eth0', encap: 'mpls' }] }, 'route 10.9.0.0/16 encapsulates'],
    [{ ...dev, flags: ['dead', 'linkdown'] }, 'route 10.9.0.0/16 is dead: its link eth0 is down'],
    [{ ...dev, nexthops: [{ dev: 'eth0', flags: ['dead'] }] }, 'route 10.9.0.0/16: 1 of its 1 ways are dead'],
  ] as const
  for (const [json, reason] of rows) t.same(readRoutes([json], 4), { values: [], skipped: [reason] }, reason)
})

t.test('readRoutingRules() tells', async t => {
  const all = { priority: 7, src: 'all' }
  const to = { action: 'lookup', table: '100' } as const
  // biome-ignore format: one case, one row
  const rows = [
    ['one for all', { ...all, table: 'local' }, { action: 'lookup', table: 'local' }],
    ['a table by number', { ...all, table: '254' }, { action: 'lookup', table: 'main' }],
    ['a mark', { ...all, fwmark: '0x1', table: '100' }, { mark: { is: 1, mask: -1 }, ...to }],
    ['a mark under a mask', { ...all, fwmark: '0x80000000', fwmask: '0xf0000000', table: '100' }, { mark: { is: 0x80000000 | 0, mask: 0xf0000000 | 0 }, ...to }],
    ['networks and links', { priority: 7, src: '10.1.0.0', srclen: 16, dst: '10.2.0.5', iif: 'cbr0', oif: 'eth0', table: '100' },
      { from: parsePrefix('10.1.0.0/16'), to: parsePrefix('10.2.0.5/32'), in: 'cbr0', out: 'eth0', ...to }],
    ['the opposite', { priority: 7, not: null, src: '10.1.0.0', srclen: 16, table: 'main', suppress_prefixlen: 0 },
      { not: true, from: parsePrefix('10.1.0.0/16'), action: 'lookup', table: 'main', suppressBits: 0 }],
    ['ports', { ...all, ipproto: 'tcp', sport: 80, dport_start: 1000, dport_end: 2000, table: '100' },
      { protocol: 6, sport: { from: 80, to: 80 }, dport: { from: 1000, to: 2000 }, ...to }],
    ['a protocol by number', { ...all, ipproto: '89', table: '100' }, { protocol: 89, ...to }],
    ['a TOS', { ...all, tos: '0x10', table: '100' }, { tos: 16, ...to }],
    ['a refusal', { ...all, action: 'prohibit' }, { action: 'prohibit' }],
    ['one as older versions write it', { ...all, to_tbl: 'blackhole' }, { action: 'blackhole' }],
    ['a jump', { ...all, goto: 300 }, { action: 'goto', target: 300 }],
    ['a jump to nowhere', { ...all, goto: 'none', unresolved: null }, { action: 'nop' }],
    ['a target of jumps', { ...all, nop: null }, { action: 'nop' }],
  ] as const
  for (const [what, json, rule] of rows) {
    t.same(readRoutingRules([json], 4), { values: [{ family: 4, priority: 7, ...rule }], skipped: [] }, what)
  }
})

t.test('readRoutingRules() leaves out', async t => {
  const all = { priority: 7, src: 'all', table: '100' }
  const rows = [
    [{ ...all, uid_start: 0, uid_end: 5 }, 'routing rule 7 asks for the user'],
    [{ ...all, tun_id: 5 }, 'routing rule 7 asks for the tunnel'],
    [{ ...all, l3mdev: null }, 'routing rule 7 asks for the VRF'],
    [{ ...all, suppress_ifgroup: 'default' }, 'routing rule 7 asks for the group of links'],
    [{ ...all, ipproto: 'rdp' }, 'routing rule 7 asks for protocol rdp'],
  ] as const
  for (const [json, reason] of rows) t.same(readRoutingRules([json], 4), { values: [], skipped: [reason] }, reason)
})

t.test('readNeighbours() tells those that the kernel sends to', async t => {
  const lladdr = '02:00:00:00:00:01'
  const { values, skipped } = readNeighbours([
    { dst: '10.244.2.0', dev: 'flannel.1', lladdr, state: ['PERMANENT'] },
    { dst: '192.168.64.1', dev: 'eth0', lladdr, state: ['REACHABLE'] },
    { dst: '192.168.64.4', dev: 'eth0', lladdr, router: null, state: ['STALE'] },
    { dst: '192.168.64.2', dev: 'eth0', state: ['FAILED'] },
    { dst: '192.168.64.5', dev: 'eth0', state: ['INCOMPLETE'] },
    { dst: '192.168.64.6', dev: 'eth0', proxy: null, state: [] },
    { dst: '192.168.64.3', dev: 'wg0', state: ['PERMANENT'] },
    { dst: '10.0.0.1', dev: 'gre0', lladdr: '10.0.0.9', state: ['PERMANENT'] },
  ])
  t.same(
    values.map(({ ip, link, learned }) => [formatIp(ip), link, learned]),
    [
      ['10.244.2.0', 'flannel.1', undefined],
      ['192.168.64.1', 'eth0', true],
      ['192.168.64.4', 'eth0', true],
    ],
  )
  t.same(skipped, [
    'neighbour 192.168.64.3 has no link-layer address',
    'neighbour 10.0.0.1 has another kind of link-layer address',
  ])
})

t.test('readFdb() keeps what leads into a tunnel', async t => {
  const mac = '02:00:00:00:00:01'
  const { values, skipped } = readFdb([
    { mac: '33:33:00:00:00:01', ifname: 'cbr0', flags: ['self'], state: 'permanent' },
    { mac, ifname: 'veth1', flags: [], master: 'cbr0', state: 'permanent' },
    { mac, ifname: 'flannel.1', dst: '192.168.64.12', flags: ['self'], state: 'permanent' },
    { mac, dev: 'vxlan0', dst: 'fd00::12', port: 9999, vni: 77, flags: ['self'], state: '' },
    { mac, ifname: 'vxlan1', dst: '192.168.64.12', src_vni: 7, flags: ['self'], state: '' },
    { mac, ifname: 'vxlan2', nhid: 7, flags: ['self'], state: '' },
  ])
  t.same(values, [
    { mac: MAC, link: 'flannel.1', dst: parseIp('192.168.64.12') },
    { mac: MAC, link: 'vxlan0', dst: parseIp('fd00::12'), port: 9999, vni: 77 },
  ])
  t.same(skipped, [
    `forwarding entry ${mac} of vxlan1 is for one network of an external device`,
    `forwarding entry ${mac} of vxlan2 leads to a group of ends`,
  ])
})

t.test('readBridgeEntries() keeps where stations were found', async t => {
  const mac = '02:00:00:00:00:01'
  const { values } = readBridgeEntries([
    { mac: '33:33:00:00:00:01', ifname: 'veth1', flags: ['self'], state: 'permanent' },
    { mac: '02:00:00:00:00:05', ifname: 'veth1', flags: [], master: 'cbr0', state: 'permanent' },
    { mac, ifname: 'veth1', flags: [], master: 'cbr0', state: '' },
    { mac, ifname: 'veth1', vlan: 1, flags: [], master: 'cbr0', state: '' },
    { mac: '02:00:00:00:00:02', ifname: 'veth2', flags: [], master: 'cbr0', state: 'static' },
    { mac: '02:00:00:00:00:03', ifname: 'cbr0', flags: [], master: 'cbr0', state: '' },
    { mac, ifname: 'flannel.1', dst: '192.168.64.12', flags: ['self'], master: 'br1', state: '' },
  ])
  t.same(
    values.map(entry => `${formatMac(entry.mac)} ${entry.bridge} ${entry.port}`),
    ['02:00:00:00:00:01 cbr0 veth1', '02:00:00:00:00:02 cbr0 veth2'],
  )
})

t.test('a dump that the tools did not write is refused', async t => {
  const nested = { ifname: { a: [] }, mtu: 1 }
  // biome-ignore format: one case, one row
  const rows = [
    [() => readLinks({}), 'Cannot parse JSON of ip link "{}": not a list'],
    [() => readLinks(undefined), 'Cannot parse JSON of ip link "nothing": not a list'],
    [() => readLinks([7]), 'ip link 0: Cannot parse field entry "7": not an object'],
    [() => readLinks([nested]), 'ip link 0: Cannot parse field ifname "{…}": not a text'],
    [() => readLinks([ether('eth0'), { ifname: 'eth1' }]), 'ip link 1: Cannot parse field mtu "nothing": not a number'],
    [() => readLinks([ether('eth0', { mtu: -1 })]), 'ip link 0: Cannot parse field mtu "-1": not a number from 0 to 4294967295'],
    [() => readAddresses([{ ifname: 'eth0', addr_info: 'none' }]), 'ip addr 0: Cannot parse field addr_info "\\"none\\"": not a list'],
    [() => readRoutes([{ dst: 7 }], 4), 'ip route 0: Cannot parse field dst "7": not a text'],
    [() => readRoutes([{ dst: '10.0.0/8', dev: 'eth0' }], 4), 'ip route 0: Cannot parse IPv4 address "10.0.0": 3 octets, not 4'],
    [() => readRoutes([{ dst: '10.0.0.0/8', nexthops: [{ dev: 'eth0', weight: 0 }] }], 4), 'ip route 0: Cannot parse weight "0": not from 1'],
    [() => readRoutingRules([{ src: 'all' }], 4), 'ip rule 0: Cannot parse field priority "nothing": not a number'],
    [() => readRoutingRules([{ priority: 1, src: 'fd00::', table: 'main' }], 4), 'ip rule 0: Cannot parse field src "fd00::": not an IPv4 address'],
    [() => readRoutingRules([{ priority: 1, fwmark: 'red', table: 'main' }], 4), 'ip rule 0: Cannot parse field fwmark "red": not a number of 32 bits'],
    [() => readRoutingRules([{ priority: 1, action: 'dance' }], 4), 'ip rule 0: Cannot parse field action "dance": not an action of a routing rule'],
    [() => readFdb([{ mac: 'me', ifname: 'a', dst: '1.2.3.4' }]), 'bridge fdb 0: Cannot parse MAC address "me": not six octets such as 02:00:0a:f4:01:00'],
  ] as const
  for (const [act, message] of rows) t.throws(act, { message }, message)
})

t.test('prefixes of routes read back as written', async t => {
  const [route] = readRoutes([{ dst: 'fd00:10:244:2::/64', dev: 'flannel-v6.1' }], 6).values
  t.equal(route && formatPrefix(route.to), 'fd00:10:244:2::/64')
})
