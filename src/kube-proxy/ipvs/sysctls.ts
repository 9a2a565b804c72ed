/**
 * Kernel settings that kube-proxy makes in IPVS mode.
 *
 * Left out is `net.ipv4.vs.conn_reuse_mode`, which it sets to 0 on kernels of 4.1 to 5.8.
 *
 * @see pkg/proxy/ipvs/proxier.go of Kubernetes: NewProxier
 * @module
 */
import type { Sysctl } from '../../host/host.ts'
import type { IpvsSettings } from './settings.ts'

/** Those of `net.ipv4.vs` are there, for both families, once the module ip_vs is loaded. */
const SYSCTLS: readonly Sysctl[] = [
  // Masquerading needs to know the connections that IPVS makes.
  { key: 'net.ipv4.vs.conntrack', value: '1' },
  { key: 'net.ipv4.vs.expire_nodest_conn', value: '1' },
  { key: 'net.ipv4.vs.expire_quiescent_template', value: '1' },
  { key: 'net.ipv4.ip_forward', value: '1' },
]

const STRICT_ARP: readonly Sysctl[] = [
  { key: 'net.ipv4.conf.all.arp_ignore', value: '1' },
  { key: 'net.ipv4.conf.all.arp_announce', value: '2' },
]

export function ipvsSysctls({ strictArp }: IpvsSettings): readonly Sysctl[] {
  return strictArp ? [...SYSCTLS, ...STRICT_ARP] : SYSCTLS
}
