/**
 * The kernel settings that every namespace starts from, whatever the machine's own are.
 *
 * A fresh namespace takes some of its settings from the machine: on one that filters reverse paths a lab would
 * behave unlike on another. And a kernel is patient with neighbours and stingy with errors, where a lab wants to
 * hear of both at once.
 *
 * @see Documentation/networking/ip-sysctl.rst and Documentation/admin-guide/sysctl/net.rst
 * (devconf_inherit_init_net) of Linux
 * @module
 */
import type { Sysctl } from '../host/host.ts'
import type { LabKind } from './lab.ts'

/** How long a neighbour is waited for before it is asked again; three times in vain and it is not there. */
export const NEIGHBOUR_MILLIS = 100

/** What devices take from `default` when they are made; `lo` and those of `all` are there before. */
const DEVICES4: Readonly<Record<string, string>> = {
  accept_local: '0',
  accept_redirects: '0',
  accept_source_route: '0',
  arp_accept: '0',
  arp_announce: '0',
  arp_filter: '0',
  arp_ignore: '0',
  drop_gratuitous_arp: '0',
  drop_unicast_in_l2_multicast: '0',
  log_martians: '0',
  proxy_arp: '0',
  proxy_arp_pvlan: '0',
  route_localnet: '0',
  rp_filter: '0',
  secure_redirects: '1',
  // The sender would be told of a shorter way, and a trace tells of no packets that nobody waits for.
  send_redirects: '0',
  shared_media: '1',
  src_valid_mark: '0',
}

const DEVICES6: Readonly<Record<string, string>> = {
  accept_dad: '0',
  accept_ra: '0',
  accept_redirects: '0',
  accept_source_route: '0',
  autoconf: '0',
  dad_transmits: '0',
  disable_ipv6: '0',
  router_solicitations: '0',
}

const WHOLE: readonly Sysctl[] = [
  { key: 'net.ipv4.ip_forward', value: '0' },
  { key: 'net.ipv6.conf.all.forwarding', value: '0' },
  // Every error is sent, however many there are.
  { key: 'net.ipv4.icmp_ratelimit', value: '0' },
  { key: 'net.ipv4.icmp_ratemask', value: '0' },
  { key: 'net.ipv6.icmp.ratelimit', value: '0' },
  { key: 'net.ipv4.icmp_msgs_per_sec', value: '1000000' },
  { key: 'net.ipv4.icmp_msgs_burst', value: '1000000' },
  // An answer whose way is broken is sent once.
  { key: 'net.ipv4.tcp_synack_retries', value: '0' },
  // What is late because the machine is busy is not sent again: whoever has closed its end would answer with a reset.
  { key: 'net.ipv4.tcp_early_retrans', value: '0' },
  { key: 'net.ipv4.tcp_rto_min_us', value: '5000000' },
  { key: 'net.ipv4.ping_group_range', value: '0 2147483647' },
]

const OWN: Readonly<Partial<Record<LabKind, readonly Sysctl[]>>> = {
  // It has every address, and yet none of its devices does.
  outside: [
    { key: 'net.ipv4.ip_nonlocal_bind', value: '1' },
    { key: 'net.ipv6.ip_nonlocal_bind', value: '1' },
  ],
  // A wire speaks no IP and asks no rules.
  switch: [
    { key: 'net.ipv6.conf.all.disable_ipv6', value: '1' },
    { key: 'net.ipv6.conf.default.disable_ipv6', value: '1' },
    { key: 'net.bridge.bridge-nf-call-iptables', value: '0' },
    { key: 'net.bridge.bridge-nf-call-ip6tables', value: '0' },
    { key: 'net.bridge.bridge-nf-call-arptables', value: '0' },
  ],
}

/**
 * The settings of a fresh namespace, before anything else is made in it. A kernel that lacks one of them has nothing to
 * be told there.
 */
export function baselineOf(kind: LabKind): readonly Sysctl[] {
  const devices = (family: number, settings: Readonly<Record<string, string>>) =>
    Object.entries(settings).flatMap(([key, value]) =>
      ['all', 'default', 'lo'].map(device => ({ key: `net.ipv${family}.conf.${device}.${key}`, value })),
    )
  return [...WHOLE, ...devices(4, DEVICES4), ...devices(6, DEVICES6), ...(OWN[kind] ?? [])]
}
