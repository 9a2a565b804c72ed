/**
 * Kernel settings that kube-proxy makes for its rules.
 *
 * @module
 */
import type { Sysctl } from '../host/host.ts'
import type { Settings } from './settings.ts'

/**
 * What the rules need from the kernel: without route_localnet, packets to 127.0.0.1 that DNAT
 * sends elsewhere are dropped on the way out.
 *
 * @see pkg/proxy/iptables/proxier.go of Kubernetes: NewProxier
 */
export function iptablesSysctls({ localhostNodePorts }: Settings): Sysctl[] {
  return localhostNodePorts ? [{ key: 'net.ipv4.conf.all.route_localnet', value: '1' }] : []
}
