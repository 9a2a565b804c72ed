import t from 'tap'
import { formatPrefix, parseInterfaceAddress, parseIp, parsePrefix } from '../../src/base/ip.ts'
import { parseMac } from '../../src/base/mac.ts'
import type { HostNetwork } from '../../src/host/host.ts'
import { createMachine } from '../../src/node/machine.ts'
import { consult } from '../../src/node/routing-rules.ts'
import { breakNetwork } from '../../src/trace/broken-network.ts'
import { formatFault, parseFault } from '../../src/trace/fault.ts'

const MAC = parseMac('02:00:00:00:00:01')
const NETWORK: HostNetwork = {
  links: [
    { kind: 'uplink', name: 'eth0', mtu: 1500 },
    {
      kind: 'veth',
      name: 'veth1',
      mtu: 1450,
      master: 'cbr0',
      hairpin: true,
      peer: { pod: 'default/a', name: 'eth0', mac: MAC, addresses: [], routes: [] },
    },
  ],
  addresses: [],
  routes: [{ to: parsePrefix('10.244.2.0/24'), link: 'eth0' }],
  neighbours: [{ ip: parseIp('10.244.2.0'), link: 'flannel.1', mac: MAC }],
  fdb: [{ mac: MAC, link: 'flannel.1', dst: parseIp('192.168.64.12') }],
  sysctls: [{ key: 'net.ipv4.ip_forward', value: '1' }],
}

// biome-ignore format: one case, one row
const CASES: readonly (readonly [fault: string, what: (network: HostNetwork) => unknown, after: unknown])[] = [
  ['n sysctl net.ipv4.ip_forward=0', ({ sysctls }) => sysctls, [{ key: 'net.ipv4.ip_forward', value: '0' }]],
  ['n sysctl net.bridge.bridge-nf-call-iptables=0', ({ sysctls }) => sysctls.length, 2],
  ['n fdb del 192.168.64.12', ({ fdb }) => fdb, []],
  ['n neigh del 10.244.2.0', ({ neighbours }) => neighbours, []],
  ['n route del 10.244.2.0/24', ({ routes }) => routes, []],
  ['n sysctl net.ipv4.conf.default.rp_filter=1', ({ sysctls }) => sysctls.slice(1), [
    { key: 'net.ipv4.conf.eth0.rp_filter', value: '0' },
    { key: 'net.ipv4.conf.veth1.rp_filter', value: '0' },
    { key: 'net.ipv4.conf.default.rp_filter', value: '1' },
  ]],
  ['n sysctl net.ipv4.conf.all.forwarding=0', ({ sysctls }) => sysctls[0]?.value, '0'],
  ['n link set eth0 mtu 1400', ({ links }) => links[0]?.mtu, 1400],
  ['n link set pod/a mtu 1400', ({ links: [, veth] }) => veth?.kind === 'veth' && [veth.mtu, veth.peer.mtu], [1400, 1450]],
  ['n link set pod/default/a hairpin off', ({ links: [, veth] }) => veth?.kind === 'veth' && veth.hairpin, false],
]
for (const [text, what, after] of CASES) {
  t.test(`"${text}" breaks that and nothing else`, async t => {
    const fault = parseFault(text)
    t.equal(fault.node, 'n')
    t.equal(formatFault(fault), text)
    const broken = breakNetwork(NETWORK, fault)
    t.strictSame(what(broken), after)
    const changed = Object.keys(NETWORK).filter(
      key => broken[key as keyof HostNetwork] !== NETWORK[key as keyof HostNetwork],
    )
    t.equal(changed.length, 1, changed.join())
  })
}

for (const text of [
  '',
  'n',
  'n fdb',
  'n fdb add 1.2.3.4',
  'n sysctl a',
  'n sysctl =1',
  'n link set eth0 mtu x',
  'n link set eth0 up',
]) {
  t.test(`"${text}" is refused with the forms that there are`, async t => {
    t.throws(() => parseFault(text), { message: /not of the form NODE sysctl/ })
  })
}

for (const text of ['n fdb del 10.0.0.1', 'n route del 10.9.0.0/24', 'n link set eth9 down', 'n neigh del 10.0.0.1']) {
  t.test(`"${text}" is refused where there is nothing to break`, async t => {
    t.throws(() => breakNetwork(NETWORK, parseFault(text)), { message: /nothing of the kind/ })
  })
}

const LINUX: HostNetwork = {
  links: [
    { kind: 'loopback', name: 'lo', mtu: 65536 },
    { kind: 'uplink', name: 'eth0', mtu: 1500 },
    { kind: 'uplink', name: 'eth1', mtu: 1500 },
    { kind: 'bridge', name: 'cbr0', mtu: 1450 },
    { kind: 'port', name: 'port1', mtu: 1450, master: 'cbr0', hairpin: false },
    { kind: 'port', name: 'port2', mtu: 1450, master: 'cbr0', hairpin: false },
  ],
  addresses: [
    { link: 'eth0', own: parseInterfaceAddress('192.168.64.11/24') },
    { link: 'eth0', own: parseInterfaceAddress('fd00:64::11/64') },
  ],
  routes: [
    { to: parsePrefix('0.0.0.0/0'), via: parseIp('192.168.64.1'), link: 'eth0', metric: 100 },
    { to: parsePrefix('0.0.0.0/0'), via: parseIp('10.0.0.1'), link: 'eth1', metric: 50 },
    { to: parsePrefix('0.0.0.0/0'), link: 'eth0', table: '100' },
    {
      to: parsePrefix('10.9.0.0/16'),
      link: 'eth0',
      hops: [
        { link: 'eth0', weight: 1 },
        { link: 'eth1', weight: 1 },
      ],
    },
    { to: parsePrefix('10.8.0.0/16'), link: 'eth0', hops: [{ link: 'eth0', weight: 1 }] },
    { to: parsePrefix('192.168.64.11/32'), link: 'eth0', type: 'local', table: 'local' },
  ],
  neighbours: [
    { ip: parseIp('192.168.64.12'), link: 'eth0', mac: MAC },
    { ip: parseIp('10.0.0.1'), link: 'eth1', mac: MAC },
  ],
  fdb: [],
  sysctls: [],
}

const routesOf = ({ routes }: HostNetwork) =>
  routes.map(({ to, link, hops, table }) => {
    const ways = hops?.map(hop => hop.link).join('+') ?? link
    return `${formatPrefix(to)} ${ways}${table === undefined ? '' : ` ${table}`}`
  })
const mtusOf = ({ links }: HostNetwork) => links.slice(3).map(({ mtu }) => mtu)
const after = (text: string, network = LINUX) => breakNetwork(network, parseFault(text))

// biome-ignore format: one case, one row
const AFTERMATH: readonly (readonly [says: string, seen: unknown, is: unknown])[] = [
  ['a link that is down is down', after('n link set eth0 down').links[1]?.down, true],
  ['it takes its routes along, and leaves the other ways of those with several', routesOf(after('n link set eth0 down')), ['0.0.0.0/0 eth1', '10.9.0.0/16 eth1', '192.168.64.11/32 eth0 local']],
  ['it takes its neighbours along, permanent ones too', after('n link set eth0 down').neighbours.map(({ link }) => link), ['eth1']],
  ['it keeps its IPv4 addresses alone', after('n link set eth0 down').addresses.length, 1],
  ['of the main table the route with the lowest metric is deleted', routesOf(after('n route del 0.0.0.0/0')).filter(text => text.startsWith('0')), ['0.0.0.0/0 eth0', '0.0.0.0/0 eth0 100']],
  ['a bridge has the least MTU of its ports', mtusOf(after('n link set port1 mtu 1300')), [1300, 1300, 1450]],
  ['and the next one when that port has more again', mtusOf(after('n link set port1 mtu 1450', after('n link set port1 mtu 1300'))), [1450, 1450, 1450]],
  ['a bridge that was given one keeps it', mtusOf(after('n link set port1 mtu 1300', after('n link set cbr0 mtu 1440'))), [1440, 1300, 1450]],
]
for (const [says, seen, is] of AFTERMATH) t.test(says, async t => t.strictSame(seen, is))

t.test('a route that the kernel made of an address stays deleted', async t => {
  const ask = (network: HostNetwork) => {
    const listenerAt = () => ({ listens: 'no', what: 'nothing' }) as const
    const { routing } = createMachine({ name: 'n', kind: 'node', network, listenerAt })
    const ends = { src: parseIp('0.0.0.0'), dst: parseIp('192.168.64.12'), protocol: 6, sport: 1, dport: 1 }
    return consult(routing[4], { ...ends, in: 'lo', mark: 0, tos: 0 }).kind
  }
  const whole = { ...LINUX, routes: [] }
  t.equal(ask(whole), 'route')
  t.equal(ask(after('n route del 192.168.64.0/24', whole)), 'none')
})
