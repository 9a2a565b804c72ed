/**
 * A dual-stack node with two pods and two other nodes: one of everything that a host can have.
 *
 * @module
 */
import { parseInterfaceAddress, parseIp, parsePrefix } from '../../src/base/ip.ts'
import { parseMac } from '../../src/base/mac.ts'
import type { HostNetwork, Link, LinkAddress, VethLink } from '../../src/host/host.ts'

export function veth(number: number, hairpin = true): VethLink {
  const tail = `${number.toString(16).padStart(7, '0')}0`
  return {
    kind: 'veth',
    name: `veth${tail}`,
    mtu: 1450,
    mac: parseMac(`02:00:00:00:01:${number.toString(16).padStart(2, '0')}`),
    master: 'cbr0',
    hairpin,
    peer: {
      pod: `default/pod-${number}`,
      name: 'eth0',
      mac: parseMac(`0a:58:0a:f4:01:${number.toString(16).padStart(2, '0')}`),
      addresses: [parseInterfaceAddress(`10.244.1.${number}/24`)],
      routes: [{ via: parseIp('10.244.1.1') }],
    },
  }
}

const LINKS: readonly Link[] = [
  { kind: 'loopback', name: 'lo', mtu: 65536 },
  { kind: 'uplink', name: 'eth0', mtu: 1500 },
  {
    kind: 'vxlan',
    name: 'flannel.1',
    mtu: 1450,
    mac: parseMac('02:00:0a:f4:01:00'),
    vni: 1,
    local: parseIp('192.168.64.11'),
    uplink: 'eth0',
    port: 8472,
    learning: false,
  },
  {
    kind: 'vxlan',
    name: 'flannel-v6.1',
    mtu: 1430,
    mac: parseMac('02:00:0a:f4:01:06'),
    vni: 1,
    local: parseIp('fd00:64::11'),
    uplink: 'eth0',
    port: 8472,
    learning: true,
    gbp: true,
  },
  veth(2),
  veth(3, false),
  { kind: 'bridge', name: 'cbr0', mtu: 1450, mac: parseMac('02:00:0a:f4:01:01') },
]

const address = (link: string, text: string): LinkAddress => ({ link, own: parseInterfaceAddress(text) })

export const SAMPLE: HostNetwork = {
  links: LINKS,
  addresses: [
    address('lo', '127.0.0.1/8'),
    address('eth0', '192.168.64.11/24'),
    address('cbr0', '10.244.1.1/24'),
    address('cbr0', 'fd00:10:244:1::1/64'),
    address('flannel.1', '10.244.1.0/32'),
    address('flannel-v6.1', 'fd00:10:244:1::/128'),
  ],
  routes: [
    { to: parsePrefix('192.168.64.0/24'), link: 'eth0', proto: 'kernel', scope: 'link', src: parseIp('192.168.64.11') },
    { to: parsePrefix('10.244.2.0/24'), via: parseIp('10.244.2.0'), link: 'flannel.1', onlink: true },
    { to: parsePrefix('fd00:10:244:2::/64'), via: parseIp('fd00:10:244:2::'), link: 'flannel-v6.1', onlink: true },
    { to: parsePrefix('10.244.3.0/24'), via: parseIp('192.168.64.13'), link: 'eth0' },
    { to: parsePrefix('198.51.100.7/32'), link: 'eth0', scope: 'link', src: parseIp('192.168.64.11'), metric: 50 },
  ],
  neighbours: [
    { ip: parseIp('10.244.2.0'), link: 'flannel.1', mac: parseMac('02:00:0a:f4:02:00') },
    { ip: parseIp('fd00:10:244:2::'), link: 'flannel-v6.1', mac: parseMac('02:00:0a:f4:02:06') },
  ],
  fdb: [
    { mac: parseMac('02:00:0a:f4:02:00'), link: 'flannel.1', dst: parseIp('192.168.64.12') },
    { mac: parseMac('02:00:0a:f4:02:06'), link: 'flannel-v6.1', dst: parseIp('fd00:64::12') },
  ],
  sysctls: [
    { key: 'net.ipv4.ip_forward', value: '1' },
    { key: 'net.ipv6.conf.all.forwarding', value: '1' },
    { key: 'net.ipv4.conf.eth0.rp_filter', value: '0' },
    { key: 'net.bridge.bridge-nf-call-iptables', value: '1' },
  ],
}
