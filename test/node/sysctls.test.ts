import t from 'tap'
import {
  type DeviceSettings,
  deviceSettings,
  type HostSettings,
  hostSettings,
  sysctlsOf,
} from '../../src/node/sysctls.ts'
import { sysctls } from './world.ts'

type Values = Readonly<Record<string, number>>

// biome-ignore format: one case, one row
const ofDevice: readonly [title: string, given: Values, expected: Partial<DeviceSettings>][] = [
  ['nothing is set: neither forwarded nor filtered', {}, { forwards4: false, rpFilter: 0, acceptLocal: false, routeLocalnet: false, redirects: true, ipv6: true }],
  ['ip_forward is for all devices', { 'net.ipv4.ip_forward': 1 }, { forwards4: true }],
  ['a device may be left out of forwarding', { 'net.ipv4.ip_forward': 1, 'net.ipv4.conf.flannel/1.forwarding': 0 }, { forwards4: false }],
  ['of two filters the greater number counts', { 'net.ipv4.conf.all.rp_filter': 1, 'net.ipv4.conf.flannel/1.rp_filter': 2 }, { rpFilter: 2 }],
  ['a filter for all is for this one', { 'net.ipv4.conf.all.rp_filter': 1, 'net.ipv4.conf.flannel/1.rp_filter': 0 }, { rpFilter: 1 }],
  ['a device is made with the default', { 'net.ipv4.conf.default.rp_filter': 1 }, { rpFilter: 1 }],
  ['its own setting replaces the default', { 'net.ipv4.conf.default.rp_filter': 1, 'net.ipv4.conf.flannel/1.rp_filter': 0 }, { rpFilter: 0 }],
  ['route_localnet of either lets 127.0.0.0/8 through', { 'net.ipv4.conf.all.route_localnet': 1, 'net.ipv4.conf.flannel/1.route_localnet': 0 }, { routeLocalnet: true }],
  ['another device is another', { 'net.ipv4.conf.flannel/2.accept_local': 1 }, { acceptLocal: false }],
  ['IPv6 may be off', { 'net.ipv6.conf.all.disable_ipv6': 1 }, { ipv6: false }],
]

for (const [title, given, expected] of ofDevice) {
  t.test(title, async t => t.match(deviceSettings(sysctlsOf(sysctls(given)), 'flannel.1'), expected))
}

// biome-ignore format: one case, one row
const ofHost: readonly [title: string, given: Values, expected: Partial<HostSettings>][] = [
  ['without br_netfilter bridged frames meet no rules', { 'net.ipv4.ip_forward': 1 }, { bridgeCalls: { 4: false, 6: false } }],
  ['with it they do, unless it is said', { 'net.bridge.bridge-nf-call-iptables': 0 }, { bridgeCalls: { 4: false, 6: true } }],
  ['any of its settings tells that it is there', { 'net.bridge.bridge-nf-filter-vlan-tagged': 0 }, { bridgeCalls: { 4: true, 6: true } }],
  ['IPv6 forwards by the setting for all', { 'net.ipv6.conf.all.forwarding': 1, 'net.ipv6.conf.eth0.forwarding': 0 }, { forwards6: true }],
  ['an own TTL', { 'net.ipv4.ip_default_ttl': 128 }, { ttl: { 4: 128, 6: 64 } }],
]

for (const [title, given, expected] of ofHost) {
  t.test(title, async t => t.match(hostSettings(sysctlsOf(sysctls(given))), expected))
}

t.test('what is no number counts as not set', async t => {
  t.match(hostSettings(sysctlsOf([{ key: 'net.ipv4.ip_default_ttl', value: '' }])), { ttl: { 4: 64 } })
  t.match(hostSettings(sysctlsOf([{ key: 'net.ipv6.conf.all.forwarding', value: ' 1\n' }])), { forwards6: true })
})
