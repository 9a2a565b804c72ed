/**
 * The kernel settings that a node needs to carry its pods' packets.
 *
 * @module
 */
import type { Family } from '../base/ip.ts'
import type { Sysctl } from '../host/host.ts'

/** Which packets are dropped because the way back to their source leads elsewhere. */
export type ReversePathFilter = 'off' | 'strict' | 'loose'

/** @see ip-sysctl.rst of Linux, rp_filter */
const RP_FILTER: Readonly<Record<ReversePathFilter, string>> = { off: '0', strict: '1', loose: '2' }

export interface SysctlOptions {
  readonly families: readonly Family[]
  /**
   * Off unless said otherwise: what a node sends to a remote pod may come back by another device,
   * and a strict filter drops it.
   */
  readonly reversePathFilter?: ReversePathFilter
}

/**
 * The settings, each of which can be made before any link of podwire is there. What lets 127.0.0.1
 * leave the node, `route_localnet`, is kube-proxy's.
 */
export function nodeSysctls({ families, reversePathFilter = 'off' }: SysctlOptions): readonly Sysctl[] {
  const rpFilter = RP_FILTER[reversePathFilter]
  const sysctls: Sysctl[] = []
  if (families.includes(4)) {
    sysctls.push(
      { key: 'net.ipv4.ip_forward', value: '1' },
      // Of `all` and the device's own value the greater counts; a device takes its own from `default`.
      { key: 'net.ipv4.conf.all.rp_filter', value: rpFilter },
      { key: 'net.ipv4.conf.default.rp_filter', value: rpFilter },
    )
  }
  if (families.includes(6)) sysctls.push({ key: 'net.ipv6.conf.all.forwarding', value: '1' })
  // Packets that stay on the bridge meet the rules of Services and policies too.
  sysctls.push({ key: 'net.bridge.bridge-nf-call-iptables', value: '1' })
  sysctls.push({ key: 'net.bridge.bridge-nf-call-ip6tables', value: '1' })
  return sysctls
}
