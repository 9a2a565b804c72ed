/** The address that a machine gives to its own packets, where there are several. The kernel is asked in `kernel.test.ts`. */
import t from 'tap'
import { formatIp } from '../../src/base/ip.ts'
import type { LinkAddress } from '../../src/host/host.ts'
import { sourceAddress } from '../../src/node/source-address.ts'
import { surroundingsOf } from '../../src/node/surroundings.ts'
import { address, ip, mac, machine, packet, route, sysctls } from './world.ts'

const LINKS = [
  { kind: 'uplink', name: 'e0', mtu: 1500, mac: mac(1) },
  { kind: 'uplink', name: 'e1', mtu: 1500, mac: mac(2) },
] as const

function chosen(
  addresses: readonly LinkAddress[],
  peer: string,
  settings: Readonly<Record<string, number>> = {},
): string {
  const { devices } = machine({ links: LINKS, addresses, sysctls: sysctls(settings) })
  const device = devices.get('e0')
  if (!device) throw new RangeError('no e0')
  const source = sourceAddress(devices, device, ip(peer), undefined)
  return source === undefined ? 'none' : formatIp(source)
}

const e0 = (text: string, rest: Partial<LinkAddress> = {}) => ({ ...address('e0', text), ...rest })
const e1 = (text: string) => address('e1', text)

// biome-ignore format: one case, one row
const ROWS: readonly [title: string, addresses: readonly LinkAddress[], peer: string, expected: string][] = [
  ['the address of the peer\'s network', [e0('10.0.0.1/24'), e0('10.0.1.1/24')], '10.0.1.9', '10.0.1.1'],
  ['else the first', [e0('10.0.0.1/24'), e0('10.0.1.1/24')], '9.9.9.9', '10.0.0.1'],
  ['never a second one of a network', [e0('10.0.0.1/24'), e0('10.0.0.2/24')], '10.0.0.2', '10.0.0.1'],
  ['one that means something elsewhere', [e0('127.0.0.5/32'), e0('10.0.1.1/24')], '9.9.9.9', '10.0.1.1'],
  ['of another device, if this has none', [e1('10.1.0.1/16')], '9.9.9.9', '10.1.0.1'],
  ['none, if no device has one', [], '9.9.9.9', 'none'],
  ['IPv6: the peer\'s own', [e0('fd00::1/64'), e1('fd01::1/64')], 'fd01::1', 'fd01::1'],
  ['IPv6: one that reaches as far', [e0('fe80::5/64'), e1('2001:db8::1/64')], '2600::1', '2001:db8::1'],
  ['IPv6: on the link, the link\'s own', [e0('2001:db8::1/64'), e0('fe80::5/64')], 'fe80::9', 'fe80::5'],
  ['IPv6: not one that is on its way out', [e0('2001:db8::1/64', { deprecated: true }), e0('2001:db8::2/64')], '2001:db8::9', '2001:db8::2'],
  ['IPv6: of the device that it leaves by', [e1('2001:db8:0:1::1/64'), e0('2001:db8:9::1/64')], '2001:db8:0:1::9', '2001:db8:9::1'],
  ['IPv6: private to private', [e0('2001:db8::1/64'), e0('fd00::1/64')], 'fd99::1', 'fd00::1'],
  ['IPv6: what shares most with the peer', [e0('2001:db8:1::1/64'), e0('2001:db8:2::1/64')], '2001:db8:2:9::1', '2001:db8:2::1'],
  ['IPv6: but no more than the network is long', [e0('2001:db8::1/64'), e0('2001:db8::9:1/64')], '2001:db8::9:2', '2001:db8::1'],
  ['IPv6: every machine has one for the link', [], 'fe80::9', 'fe80::ff:fe00:1'],
]

for (const [title, addresses, peer, expected] of ROWS) {
  t.test(title, async t => t.equal(chosen(addresses, peer), expected))
}

const asked = surroundingsOf(
  machine({
    links: LINKS,
    addresses: [e0('10.0.0.1/24'), e1('10.1.0.1/16'), e0('fd00::1/64')],
    routes: [
      route('0.0.0.0/0', { link: 'e1', by: '10.1.0.254' }),
      route('::/0', { link: 'e0', by: 'fd00::fe' }),
      route('fd07::/16', { type: 'unreachable' }),
    ],
    sysctls: sysctls({ 'net.ipv6.conf.all.forwarding': 1, 'net.ipv4.ip_forward': 1 }),
  }),
)

// biome-ignore format: one case, one row
const TYPES: readonly [asked: string, device: string | undefined, expected: string][] = [
  ['10.0.0.1', undefined, 'LOCAL'], ['10.0.0.1', 'e0', 'LOCAL'], ['10.0.0.1', 'e1', 'UNICAST'],
  ['10.0.0.255', undefined, 'BROADCAST'], ['255.255.255.255', undefined, 'BROADCAST'], ['0.0.0.0', undefined, 'BROADCAST'],
  ['127.9.9.9', undefined, 'LOCAL'], ['224.0.0.1', undefined, 'MULTICAST'], ['8.8.8.8', undefined, 'UNICAST'],
  ['fd00::1', undefined, 'LOCAL'], ['fd00::1', 'e1', 'UNICAST'], ['fd00::1', 'e0', 'LOCAL'], ['fd00::', undefined, 'ANYCAST'],
  ['fd07::1', undefined, 'UNREACHABLE'], ['2600::1', undefined, 'UNICAST'], ['::', undefined, 'UNSPEC'], ['ff02::1', undefined, 'MULTICAST'],
]

for (const [what, device, expected] of TYPES) {
  t.test(`${what}${device ? ` seen through ${device}` : ''} is ${expected}`, async t => {
    t.equal(asked.addressType(ip(what), device), expected)
  })
}

// biome-ignore format: one case, one row
const BACK: readonly [src: string, device: string, loose: boolean, acceptLocal: boolean, expected: boolean][] = [
  ['10.0.0.9', 'e0', false, false, true],
  ['10.0.0.9', 'e1', false, false, false],
  ['10.0.0.9', 'e1', true, false, true],
  ['8.8.8.8', 'e1', false, false, true],
  ['10.0.0.1', 'e0', true, false, false],
  ['10.0.0.1', 'e0', true, true, true],
  ['10.0.0.9', 'lo', false, false, true],
  ['fd07::1', 'e0', true, false, false],
  ['2600::1', 'e0', false, false, true],
]

for (const [src, device, loose, acceptLocal, expected] of BACK) {
  t.test(`the way back to ${src} ${expected ? 'leads' : 'does not lead'} through ${device}`, async t => {
    const sent = packet(src, src.includes(':') ? 'fd00::1' : '10.0.0.1')
    t.equal(asked.reachesBack(sent, device, { loose, acceptLocal, mark: 0 }), expected)
  })
}

t.test('rules may ask for addresses and settings', async t => {
  t.strictSame(asked.addressesOf('e0').map(formatIp), ['10.0.0.1', 'fd00::1', 'fe80::ff:fe00:1'])
  t.strictSame(asked.addressesOf('nowhere'), [])
  t.equal(asked.sourceOf('e1', ip('10.1.0.9')), ip('10.1.0.1'))
  t.equal(asked.sourceOf('nowhere', ip('10.1.0.9')), undefined)
  t.equal(asked.sysctl('net.ipv4.ip_forward'), '1')
})
