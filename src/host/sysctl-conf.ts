/**
 * `sysctl.conf`: a host's kernel settings, for `sysctl -p`.
 *
 * @module
 */
import type { HostNetwork, Sysctl } from './host.ts'

const ABOUT = '# sysctl -p sysctl.conf\n'
const BRIDGE_ABOUT =
  '# The settings of net.bridge are there once the module br_netfilter is loaded: modprobe br_netfilter\n'

/** The text for one host, in the order of its settings. */
export function formatSysctlConf(host: HostNetwork): string {
  const bridged = host.sysctls.some(({ key }) => key.startsWith('net.bridge.'))
  return ABOUT + (bridged ? BRIDGE_ABOUT : '') + host.sysctls.map(formatSysctl).join('')
}

/**
 * A key in which a device's name holds a dot is written with slashes between its parts: then the
 * first separator is a slash and `sysctl` leaves the dots alone.
 */
function formatSysctl({ key, value }: Sysctl): string {
  return `${key.includes('/') ? swapSeparators(key) : key} = ${value}\n`
}

/** `net.ipv4.conf.flannel/1.rp_filter` to `net/ipv4/conf/flannel.1/rp_filter` and back. */
export function swapSeparators(key: string): string {
  return key.replace(/[./]/g, separator => (separator === '.' ? '/' : '.'))
}

/** The key with these parts, any of which may be a device's name: dots in them become slashes. */
export function sysctlKey(...parts: readonly string[]): string {
  return parts.map(part => part.replaceAll('.', '/')).join('.')
}
