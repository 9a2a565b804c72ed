import t from 'tap'
import { parseIp, parsePrefix } from '../../src/base/ip.ts'
import { formatFdbBatch, formatNeighBatch, formatRoutesBatch } from '../../src/host/forwarding-batches.ts'
import { type HostNetwork, joinHost, type Route } from '../../src/host/host.ts'
import { formatLinksBatch, peerName } from '../../src/host/links-batch.ts'
import { formatSysctlConf, swapSeparators, sysctlKey } from '../../src/host/sysctl-conf.ts'
import { deviceWord } from '../../src/host/word.ts'
import { SAMPLE, veth } from './sample.ts'

t.test('the files of a host read', async t => {
  t.equal(
    formatLinksBatch(SAMPLE),
    `# ip -batch links.batch
# Links whose names end in 0 are made once and kept; all others in group 28791 are made anew each time.
link add name cbr%d group 28791 mtu 1450 address 02:00:0a:f4:01:01 type bridge
link add name veth0000002%d group 28791 mtu 1450 address 02:00:00:00:01:02 type veth peer name peer0000002%d mtu 1450 address 0a:58:0a:f4:01:02
link add name veth0000003%d group 28791 mtu 1450 address 02:00:00:00:01:03 type veth peer name peer0000003%d mtu 1450 address 0a:58:0a:f4:01:03
link add name spare%d group 28791 type bridge
link set dev cbr0 group 0
link set dev veth00000020 group 0
link set dev veth00000030 group 0
link delete group 28791
link add name flannel.1 group 28791 mtu 1450 address 02:00:0a:f4:01:00 type vxlan id 1 local 192.168.64.11 dev eth0 dstport 8472 nolearning
link add name flannel-v6.1 group 28791 mtu 1430 address 02:00:0a:f4:01:06 type vxlan id 1 local fd00:64::11 dev eth0 dstport 8472 learning gbp
link set dev cbr0 mtu 1450 address 02:00:0a:f4:01:01 up
link set dev veth00000020 mtu 1450 address 02:00:00:00:01:02 master cbr0 up
link set dev veth00000020 type bridge_slave hairpin on
link set dev veth00000030 mtu 1450 address 02:00:00:00:01:03 master cbr0 up
link set dev veth00000030 type bridge_slave hairpin off
link set dev flannel.1 mtu 1450 address 02:00:0a:f4:01:00 up
link set dev flannel-v6.1 mtu 1430 address 02:00:0a:f4:01:06 up
addr replace 10.244.1.1/24 dev cbr0
addr replace fd00:10:244:1::1/64 dev cbr0 nodad
addr replace 10.244.1.0/32 dev flannel.1
addr replace fd00:10:244:1::/128 dev flannel-v6.1 nodad
`,
    'links.batch',
  )
  t.equal(
    formatRoutesBatch(SAMPLE),
    `# ip -batch routes.batch
route replace 10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink
route replace fd00:10:244:2::/64 via fd00:10:244:2:: dev flannel-v6.1 onlink
route replace 10.244.3.0/24 via 192.168.64.13 dev eth0
route replace 198.51.100.7 dev eth0 scope link src 192.168.64.11 metric 50
`,
    'routes.batch',
  )
  t.equal(
    formatNeighBatch(SAMPLE),
    `# ip -batch neigh.batch
neigh replace 10.244.2.0 dev flannel.1 lladdr 02:00:0a:f4:02:00 nud permanent
neigh replace fd00:10:244:2:: dev flannel-v6.1 lladdr 02:00:0a:f4:02:06 nud permanent
`,
    'neigh.batch',
  )
  t.equal(
    formatFdbBatch(SAMPLE),
    `# bridge -batch fdb.batch
fdb replace 02:00:0a:f4:02:00 dev flannel.1 dst 192.168.64.12 self permanent
fdb replace 02:00:0a:f4:02:06 dev flannel-v6.1 dst fd00:64::12 self permanent
`,
    'fdb.batch',
  )
  t.equal(
    formatSysctlConf(SAMPLE),
    `# sysctl -p sysctl.conf
# The settings of net.bridge are there once the module br_netfilter is loaded: modprobe br_netfilter
net.ipv4.ip_forward = 1
net.ipv6.conf.all.forwarding = 1
net.ipv4.conf.eth0.rp_filter = 0
net.bridge.bridge-nf-call-iptables = 1
`,
    'sysctl.conf',
  )
})

t.test('routes of every kind read', async t => {
  const to = parsePrefix('10.9.0.0/16')
  const by = (text: string, link: string) => ({ via: parseIp(text), link })
  // biome-ignore format: one case, one row
  const rows: readonly (readonly [route: Route, line: string])[] = [
    [{ to, link: '', type: 'blackhole' }, 'blackhole 10.9.0.0/16'],
    [{ to, link: 'lo', type: 'local', table: 'local', scope: 'host' }, 'local 10.9.0.0/16 dev lo table local scope host'],
    [{ to, ...by('192.168.64.1', 'eth0'), table: '100', metric: 5, mtu: 1400 }, '10.9.0.0/16 via 192.168.64.1 dev eth0 table 100 metric 5 mtu 1400'],
    [{ to, ...by('fe80::1', 'eth0') }, '10.9.0.0/16 via inet6 fe80::1 dev eth0'],
    [{ to, link: 'eth0', hops: [{ ...by('192.168.64.2', 'eth0'), weight: 1 }, { ...by('10.244.2.0', 'flannel.1'), weight: 5, onlink: true }] },
      '10.9.0.0/16 nexthop via 192.168.64.2 dev eth0 weight 1 nexthop via 10.244.2.0 dev flannel.1 weight 5 onlink'],
  ]
  for (const [route, line] of rows) {
    const [, written] = formatRoutesBatch({ ...SAMPLE, routes: [route] }).split('\n')
    t.equal(written, `route replace ${line}`)
  }
})

t.test('what only a look at a machine tells is not written', async t => {
  const [neighbour] = SAMPLE.neighbours
  const [entry] = SAMPLE.fdb
  if (!neighbour || !entry) throw new Error('the sample has both')
  const learned = { ...SAMPLE, neighbours: [{ ...neighbour, learned: true as const }] }
  t.equal(formatNeighBatch(learned), '# ip -batch neigh.batch\n')
  t.equal(
    formatFdbBatch({ ...SAMPLE, fdb: [{ ...entry, port: 9999, vni: 7 }] }),
    '# bridge -batch fdb.batch\nfdb replace 02:00:0a:f4:02:00 dev flannel.1 dst 192.168.64.12 port 9999 vni 7 self permanent\n',
  )
  const down = formatLinksBatch({ ...SAMPLE, links: [{ kind: 'bridge', name: 'cbr0', mtu: 1500, down: true }] })
  t.match(down, /^link set dev cbr0 mtu 1500 down$/m, 'a link that is down stays so')
})

t.test('a host without links of its own gets an empty file', async t => {
  const lines = formatLinksBatch({ ...SAMPLE, links: SAMPLE.links.slice(0, 2) }).split('\n')
  t.same(
    lines.filter(line => line !== '' && !line.startsWith('#')),
    [],
  )
})

t.test('a bridge or a pair whose name does not end in 0 is made anew', async t => {
  const one = veth(2)
  const host = joinHost([
    {
      links: [
        { kind: 'bridge', name: 'br1', mtu: 1500 },
        { ...one, name: 'lxc5', master: 'br1' },
      ],
    },
  ])
  const lines = formatLinksBatch(host).split('\n')
  t.ok(lines.indexOf('link add name br1 group 28791 mtu 1500 type bridge') > lines.indexOf('link delete group 28791'))
  t.match(
    lines.find(line => line.includes('lxc5')),
    / type veth peer name peer-lxc5 mtu 1450 /,
  )
})

t.test('peerName() keeps the digits of', async t => {
  t.equal(peerName('veth1a2b3c40'), 'peer1a2b3c40', 'our own names')
  t.equal(peerName('cali123'), 'peer-cali123', 'other names')
})

t.test('sysctlKey() tells the dots of a device from the others', async t => {
  const key = sysctlKey('net', 'ipv4', 'conf', 'flannel.1', 'rp_filter')
  t.equal(key, 'net.ipv4.conf.flannel/1.rp_filter')
  t.equal(swapSeparators(key), 'net/ipv4/conf/flannel.1/rp_filter')
  t.equal(swapSeparators(swapSeparators(key)), key)
  const host: HostNetwork = joinHost([{ sysctls: [{ key, value: '0' }] }])
  t.match(formatSysctlConf(host), /^net\/ipv4\/conf\/flannel\.1\/rp_filter = 0$/m)
})

t.test('deviceWord() takes', async t => {
  for (const name of ['eth0', 'flannel-v6.1', 'd', 'enp0s31f6', 'a-b_c@d', 'x'.repeat(15)])
    t.equal(deviceWord(name), name)
})

t.test('deviceWord() refuses', async t => {
  for (const name of [
    '',
    'x'.repeat(16),
    'a b',
    'a#b',
    '"a',
    "'a",
    'a/b',
    'a%d',
    'a:b',
    'a\\b',
    '.',
    '..',
    'ü'.repeat(8),
  ]) {
    t.throws(() => deviceWord(name), { name: 'RangeError' }, JSON.stringify(name))
  }
})

t.test('joinHost() puts parts in a row', async t => {
  const both = joinHost([SAMPLE, {}, { sysctls: [{ key: 'net.ipv4.ip_forward', value: '0' }], links: [veth(4)] }])
  t.same(both.links, [...SAMPLE.links, veth(4)])
  t.same(both.sysctls[0], { key: 'net.ipv4.ip_forward', value: '0' }, 'of a setting made twice the later one counts')
  t.equal(both.sysctls.length, SAMPLE.sysctls.length)
})
