import t from 'tap'
import { parseIp, parsePrefix } from '../../src/base/ip.ts'
import { parseMac } from '../../src/base/mac.ts'
import type { HostNetwork } from '../../src/host/host.ts'
import { breakNetwork, parseFault } from '../../src/trace/fault.ts'

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
  ['n link set eth0 mtu 1400', ({ links }) => links[0]?.mtu, 1400],
  ['n link set eth0 down', ({ links }) => links[0]?.down, true],
  ['n link set pod/a mtu 1400', ({ links: [, veth] }) => veth?.kind === 'veth' && [veth.mtu, veth.peer.mtu], [1400, 1450]],
  ['n link set pod/default/a hairpin off', ({ links: [, veth] }) => veth?.kind === 'veth' && veth.hairpin, false],
]
for (const [text, what, after] of CASES) {
  t.test(`"${text}" breaks that and nothing else`, async t => {
    const fault = parseFault(text)
    t.equal(fault.node, 'n')
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
