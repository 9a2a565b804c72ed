/** Addresses that people wrote: lenient reading, NodePort addresses, who is local. */
import fc from 'fast-check'
import t from 'tap'
import { formatIp, formatPrefix, parseIp } from '../../src/base/ip.ts'
import { formatIpv4, type Ipv4 } from '../../src/base/ipv4.ts'
import { localDetectorOf } from '../../src/kube-proxy/detect-local.ts'
import { findIpLeniently, findPrefixLeniently } from '../../src/kube-proxy/lenient-address.ts'
import { type NodePortAddresses, nodePortAddressesOf } from '../../src/kube-proxy/node-port-addresses.ts'
import { NEWEST_RELEASE, type Release } from '../../src/kube-proxy/release.ts'
import { settingsOf } from '../../src/kube-proxy/settings.ts'
import type { KubeProxyConfiguration } from '../../src/objects/kube-proxy-configuration.ts'
import { configuration, host } from './objects.ts'

// biome-ignore format: one case, one row
for (const [text, read] of [
  ['10.0.0.1', '10.0.0.1'],
  ['172.30.0.041', '172.30.0.41'],
  ['0000010.08.09.255', '10.8.9.255'],
  ['255.255.255.255', '255.255.255.255'],
  ['256.0.0.1', undefined],
  ['10.0.0', undefined],
  ['10.0.0.', undefined],
  ['10..0.1', undefined],
  ['.10.0.0.1', undefined],
  ['10.0.0.1.2', undefined],
  [' 10.0.0.1', undefined],
  ['10.0.0.1/24', undefined],
  ['', undefined],
  ['None', undefined],
  ['FD00::0:1', 'fd00::1'],
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['fd00::1%eth0', undefined],
] as const) {
  t.test(`${JSON.stringify(text)} is read as ${read ?? 'no address'}`, async t => {
    const ip = findIpLeniently(text)
    t.equal(ip === undefined ? undefined : formatIp(ip), read)
  })
}

t.test('what the strict reader takes, the lenient one reads alike', async () => {
  fc.assert(
    fc.property(fc.integer(), word => {
      const text = formatIpv4((word | 0) as Ipv4)
      return findIpLeniently(text) === parseIp(text)
    }),
  )
  fc.assert(
    fc.property(
      fc.ipV6(),
      text =>
        formatIp(findIpLeniently(text) ?? parseIp('::')) ===
        formatIp(findIpLeniently(formatIp(parseIp(text))) ?? parseIp('::1')),
    ),
  )
})

// biome-ignore format: one case, one row
for (const [text, read] of [
  ['10.0.0.0/8', '10.0.0.0/8'],
  [' 203.0.113.000/025\t', '203.0.113.0/25'],
  ['10.1.2.3/8', '10.0.0.0/8'],
  ['fd00::1/64', 'fd00::/64'],
  ['10.0.0.0/33', undefined],
  ['10.0.0.0', undefined],
  ['10.0.0.0/8/8', undefined],
  ['10.0.0.0/', undefined],
  ['10.0.0.0/-1', undefined],
  ['nonsense/8', undefined],
] as const) {
  t.test(`${JSON.stringify(text)} is read as ${read ?? 'no network'}`, async t => {
    const prefix = findPrefixLeniently(text)
    t.equal(prefix && formatPrefix(prefix), read)
  })
}

const shown = ({ at, loopback }: NodePortAddresses) =>
  `${at === 'any' ? 'any' : at.map(formatIp).join(' ')}${loopback ? ' and loopback' : ''}`

// biome-ignore format: one case, one row
for (const [list, family, answer] of [
  [undefined, 4, 'any and loopback'],
  [null, 4, 'any and loopback'],
  [[], 6, 'any and loopback'],
  [['0.0.0.0/0'], 4, 'any and loopback'],
  [['192.168.0.0/16', '0.0.0.0/0'], 4, 'any and loopback'],
  [['192.168.0.0/16'], 4, '192.168.64.11'],
  [['192.168.0.0/16'], 6, 'any and loopback'],
  [['192.168.0.0/16', '192.168.64.0/24', '10.0.0.0/8'], 4, '10.244.1.1 192.168.64.11'],
  [['172.16.0.0/12'], 4, ''],
  [['127.0.0.1/32'], 4, '127.0.0.1 and loopback'],
  [['64.0.0.0/2'], 4, '127.0.0.1 and loopback'],
  [['::1/128'], 6, '::1 and loopback'],
  [['fd00::/16'], 6, 'fd00:64::11'],
  [['primary'], 4, '192.168.64.11'],
  [['primary'], 6, 'fd00:64::11'],
  [['localhost'], 4, '127.0.0.1 and loopback'],
  [['localhost'], 6, '::1 and loopback'],
  [['primary', 'localhost'], 4, '127.0.0.1 192.168.64.11 and loopback'],
  [['all'], 4, 'any and loopback'],
  [['all'], 6, 'any and loopback'],
] as const) {
  t.test(`nodePortAddresses ${JSON.stringify(list)} is, in IPv${family}: ${answer || 'nothing'}`, async t => {
    t.equal(shown(nodePortAddressesOf(list, host(), family, NEWEST_RELEASE)), answer)
  })
}

t.test('an address that two interfaces have counts once', async t => {
  const interfaceIps = ['192.168.64.11', '192.168.64.10', '192.168.64.11'].map(parseIp)
  t.equal(
    shown(nodePortAddressesOf(['192.168.0.0/16'], host({ interfaceIps }), 4, NEWEST_RELEASE)),
    '192.168.64.10 192.168.64.11',
  )
})

t.test('entries that the release does not know are refused with their place', async t => {
  const read = (entry: string, release: Release) => () => nodePortAddressesOf(['10.0.0.0/8', entry], host(), 4, release)
  t.throws(read('secondary', '1.37'), {
    message:
      'KubeProxyConfiguration nodePortAddresses[1]: "secondary" is neither a network nor a keyword of kube-proxy 1.37',
  })
  t.throws(read('localhost', '1.36'), { code: 'ERR_INPUT' })
  t.throws(read('all', '1.36'), { code: 'ERR_INPUT' })
  t.throws(read('primary', '1.30'), { code: 'ERR_INPUT' })
  t.doesNotThrow(read('primary', '1.31'))
})

const DETECT = { bridgeInterface: 'cbr0', interfaceNamePrefix: 'veth' }
// biome-ignore format: one case, one row
for (const [title, fields, family, match] of [
  ['the cluster CIDR', {}, 4, { on: 'src', in: { bits: 16 } }],
  ['the cluster CIDR of the family', {}, 6, { on: 'src', in: { bits: 56 } }],
  ['the first cluster CIDR of the family', { clusterCIDR: '10.0.0.0/9, 10.128.0.0/10' }, 4, { on: 'src', in: { bits: 9 } }],
  ['no cluster CIDR', { clusterCIDR: '' }, 4, undefined],
  ['no cluster CIDR of the family', { clusterCIDR: 'fd00::/48' }, 4, undefined],
  ['the node\'s own pod CIDR', { detectLocalMode: 'NodeCIDR' }, 4, { on: 'src', in: { bits: 24 } }],
  ['the node\'s own pod CIDR, IPv6', { detectLocalMode: 'NodeCIDR' }, 6, { on: 'src', in: { bits: 64 } }],
  ['the bridge', { detectLocalMode: 'BridgeInterface', detectLocal: DETECT }, 6, { on: 'in', device: 'cbr0' }],
  ['names of interfaces', { detectLocalMode: 'InterfaceNamePrefix', detectLocal: DETECT }, 4, { on: 'in', device: 'veth+' }],
] as const) {
  t.test(`local is told by ${title} in IPv${family}`, async t => {
    const detector = localDetectorOf(configuration(fields), host().podPrefixes, family)
    if (match === undefined) t.equal(detector, undefined)
    else {
      t.match(detector?.isLocal, match)
      t.match(detector?.isNotLocal, { ...match, not: true })
    }
  })
}

t.test('a cluster CIDR that is none is refused', async t => {
  t.throws(() => localDetectorOf(configuration({ clusterCIDR: '10.244.0.0' }), [], 4), {
    message: 'KubeProxyConfiguration clusterCIDR: "10.244.0.0" is not a network',
  })
})

// biome-ignore format: one case, one row
for (const [title, fields, message] of [
  ['a bridge without a name', { detectLocalMode: 'BridgeInterface' }, 'detectLocal.bridgeInterface: detectLocalMode BridgeInterface needs it'],
  ['an empty prefix of names', { detectLocalMode: 'InterfaceNamePrefix', detectLocal: { interfaceNamePrefix: '' } }, 'detectLocal.interfaceNamePrefix: detectLocalMode InterfaceNamePrefix needs it'],
  ['a mode of its own', { detectLocalMode: 'Guess' }, 'detectLocalMode: "Guess" is none of ClusterCIDR, NodeCIDR, BridgeInterface, InterfaceNamePrefix'],
  ['a bit beyond the mark', { iptables: { masqueradeBit: 32 } }, 'iptables.masqueradeBit: 32 is not within [0, 31]'],
  ['a bit before it', { iptables: { masqueradeBit: -1 } }, 'iptables.masqueradeBit: -1 is not within [0, 31]'],
] as const) {
  t.test(`a proxy told of ${title} is not made`, async t => {
    const config = { ...configuration(), ...fields } as KubeProxyConfiguration
    t.throws(() => settingsOf({ config, host: host() }, 4), { message: `KubeProxyConfiguration ${message}` })
  })
}
