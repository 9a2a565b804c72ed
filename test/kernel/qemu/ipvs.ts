/**
 * What an emulated machine needs that is to be a node whose kube-proxy is in IPVS mode.
 *
 * @module
 */
import type { Equipment } from './machine.ts'

const SCHEDULERS = ['rr', 'wrr', 'lc', 'wlc', 'lblc', 'lblcr', 'sh', 'mh', 'dh', 'sed', 'nq', 'fo', 'ovf']

/** To make virtual servers of any kind. */
export const IPVS: Equipment = {
  programs: ['ipvsadm'],
  modules: ['ip_vs', 'ip_vs_pe_sip', ...SCHEDULERS.map(name => `ip_vs_${name}`)],
}

const SETS = ['bitmap_port', 'hash_ip', 'hash_ipport', 'hash_ipportip', 'hash_ipportnet']
const MATCHES = [
  'addrtype',
  'comment',
  'conntrack',
  'ipvs',
  'mark',
  'multiport',
  'physdev',
  'recent',
  'set',
  'statistic',
]
const TARGETS = ['xt_tcpudp', 'xt_nat', 'xt_MASQUERADE', 'xt_REDIRECT', 'ipt_REJECT', 'ip6t_REJECT']
const TABLES = ['filter', 'nat', 'mangle']
const LINKS = ['bridge', 'br_netfilter', 'dummy', 'veth', 'vxlan']

/** To load everything that `render` writes for a node. */
export const IPVS_NODE: Equipment = {
  programs: [
    ...IPVS.programs,
    'bridge',
    'ip',
    'ipset',
    'sysctl',
    ...['iptables', 'ip6tables'].flatMap(tool => [`${tool}-legacy-restore`, `${tool}-legacy-save`]),
  ],
  modules: [
    ...IPVS.modules,
    ...SETS.map(name => `ip_set_${name}`),
    ...MATCHES.map(name => `xt_${name}`),
    ...TARGETS,
    ...TABLES.flatMap(name => [`iptable_${name}`, `ip6table_${name}`]),
    ...LINKS,
  ],
}
