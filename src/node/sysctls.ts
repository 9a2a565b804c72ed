/**
 * Kernel settings by their dotted names, with what the kernel takes where none is given.
 *
 * @see Documentation/networking/ip-sysctl.rst of Linux
 * @module
 */
import type { Family } from '../base/ip.ts'
import type { Sysctl } from '../host/host.ts'

export type Sysctls = ReadonlyMap<string, string>

/** What the kernel keeps for each device. */
export interface DeviceSettings {
  /** Packets that came by the device may be sent on. IPv6 asks the machine, not the device. */
  readonly forwards4: boolean
  /** 0 off, 1 strict, 2 loose: the greater of the two values, of the device and of all, counts. */
  readonly rpFilter: 0 | 1 | 2
  /** Packets from an address of the machine itself may come in. */
  readonly acceptLocal: boolean
  /** 127.0.0.0/8 may come in and go out. */
  readonly routeLocalnet: boolean
  /** The way back is looked up with the packet's mark. */
  readonly srcValidMark: boolean
  readonly redirects: boolean
  readonly ipv6: boolean
}

/** What the kernel keeps for the whole namespace. */
export interface HostSettings {
  readonly forwards6: boolean
  /** Frames that cross a bridge meet the rules of the family. */
  readonly bridgeCalls: Readonly<Record<Family, boolean>>
  /** The TTL or hop limit of packets made here. */
  readonly ttl: Readonly<Record<Family, number>>
  /** Forwarded packets too are held to what was learned of their path. */
  readonly forwardsByPathMtu: boolean
  /** ICMP errors come from the device by which the packet came in. */
  readonly errorsFromInbound: boolean
  /** Answers that the kernel makes bear the mark of what they answer. */
  readonly reflectsMark: Readonly<Record<Family, boolean>>
  readonly ignoresEcho: Readonly<Record<Family, boolean>>
  /** For how long a path's MTU is remembered, in seconds. */
  readonly mtuExpires: Readonly<Record<Family, number>>
}

export function sysctlsOf(list: readonly Sysctl[]): Sysctls {
  return new Map(list.map(({ key, value }) => [key, value.trim()]))
}

/**
 * A setting of a device is its own, else that of `default`, which a device takes when it is made.
 *
 * @see include/linux/inetdevice.h of Linux: IN_DEV_ORCONF, IN_DEV_MAXCONF
 */
export function deviceSettings(sysctls: Sysctls, device: string): DeviceSettings {
  // A dot in a device's name is a slash in the setting's.
  const name = device.replaceAll('.', '/')
  const own = (family: Family, key: string) => {
    const under = `net.ipv${family}.conf.`
    return numberOf(sysctls.get(`${under}${name}.${key}`) ?? sysctls.get(`${under}default.${key}`))
  }
  const all = (key: string) => numberOf(sysctls.get(`net.ipv4.conf.all.${key}`))
  const either = (key: string, preset: number) => ((own(4, key) ?? preset) | (all(key) ?? preset)) !== 0
  return {
    // Writing to ip_forward writes to all devices at once.
    forwards4: (own(4, 'forwarding') ?? numberOf(sysctls.get('net.ipv4.ip_forward')) ?? all('forwarding') ?? 0) !== 0,
    rpFilter: filterOf(Math.max(own(4, 'rp_filter') ?? 0, all('rp_filter') ?? 0)),
    acceptLocal: either('accept_local', 0),
    routeLocalnet: either('route_localnet', 0),
    srcValidMark: either('src_valid_mark', 0),
    redirects: either('send_redirects', 1),
    ipv6: (own(6, 'disable_ipv6') ?? numberOf(sysctls.get('net.ipv6.conf.all.disable_ipv6')) ?? 0) === 0,
  }
}

export function hostSettings(sysctls: Sysctls): HostSettings {
  const on = (key: string) => (numberOf(sysctls.get(key)) ?? 0) !== 0
  const bridgeCalls = bridgeCallsOf(sysctls)
  return {
    forwards6: on('net.ipv6.conf.all.forwarding'),
    bridgeCalls: { 4: bridgeCalls('iptables'), 6: bridgeCalls('ip6tables') },
    ttl: {
      4: numberOf(sysctls.get('net.ipv4.ip_default_ttl')) ?? 64,
      6: numberOf(sysctls.get('net.ipv6.conf.all.hop_limit')) ?? 64,
    },
    forwardsByPathMtu: on('net.ipv4.ip_forward_use_pmtu'),
    errorsFromInbound: on('net.ipv4.icmp_errors_use_inbound_ifaddr'),
    reflectsMark: { 4: on('net.ipv4.fwmark_reflect'), 6: on('net.ipv6.fwmark_reflect') },
    ignoresEcho: { 4: on('net.ipv4.icmp_echo_ignore_all'), 6: on('net.ipv6.icmp.echo_ignore_all') },
    mtuExpires: {
      4: numberOf(sysctls.get('net.ipv4.route.mtu_expires')) ?? 600,
      6: numberOf(sysctls.get('net.ipv6.route.mtu_expires')) ?? 600,
    },
  }
}

/**
 * The module that shows bridged frames to the rules has settings once it is loaded, and is on
 * unless they say otherwise. Any setting under `net.bridge` tells that it is; none, that it is not.
 */
function bridgeCallsOf(sysctls: Sysctls): (tool: 'iptables' | 'ip6tables') => boolean {
  const loaded = [...sysctls.keys()].some(key => key.startsWith('net.bridge.'))
  return tool => loaded && (numberOf(sysctls.get(`net.bridge.bridge-nf-call-${tool}`)) ?? 1) !== 0
}

function filterOf(value: number): 0 | 1 | 2 {
  return value === 1 || value === 2 ? value : 0
}

/** Absent for a value that is no whole number, as the kernel never prints one. */
function numberOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  return text !== '' && Number.isInteger(value) ? value : undefined
}
