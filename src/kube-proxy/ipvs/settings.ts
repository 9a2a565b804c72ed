/**
 * What decides a proxy's work in IPVS mode besides Services and endpoints.
 *
 * @module
 */
import { ParseError, within } from '../../base/error.ts'
import {
  compareIp,
  contains,
  type Family,
  familyOf,
  type Ip,
  isLinkLocal,
  isLoopback,
  type Prefix,
} from '../../base/ip.ts'
import type { IpvsTimeouts } from '../../netfilter/ipvs/ipvsadm-text.ts'
import { findPrefixLeniently } from '../lenient-address.ts'
import { type ProxyOptions, type Settings, settingsOf } from '../settings.ts'
import { parseGoDuration } from './go-duration.ts'

export interface IpvsSettings extends Settings {
  readonly scheduler: string
  /** Of either family: virtual servers with such addresses are left alone, once they are there. */
  readonly excluded: readonly Prefix[]
  /** Answer to ARP only for addresses of the link that is asked. */
  readonly strictArp: boolean
  /** Absent: the kernel's own. */
  readonly timeouts?: IpvsTimeouts
  /** The machine's addresses in the family, apart from loopback and IPv6 link-local ones, in address order. */
  readonly localIps: readonly Ip[]
  /** Where NodePorts have virtual servers. */
  readonly nodePortIps: readonly Ip[]
  /** Whether the kernel has the match `-m ipvs`, without which it refuses a table that uses it. */
  readonly ipvsMatch: boolean
}

/** @see pkg/proxy/ipvs/proxier.go of Kubernetes: defaultScheduler */
const DEFAULT_SCHEDULER = 'rr'

/** @throws {InputError} when a field of the configuration cannot be used */
export function ipvsSettingsOf(options: ProxyOptions, family: Family): IpvsSettings {
  const { config, host } = options
  const settings = settingsOf(options, family, 'ipvs')
  const { at } = settings.nodePortAddresses
  const localIps = localIpsOf(host.interfaceIps, family)
  const timeouts = timeoutsOf(config.ipvs)
  return {
    ...settings,
    scheduler: config.ipvs?.scheduler || DEFAULT_SCHEDULER,
    excluded: (config.ipvs?.excludeCIDRs ?? []).map(readExcluded),
    strictArp: config.ipvs?.strictARP ?? false,
    ...(timeouts && { timeouts }),
    localIps,
    nodePortIps: at === 'any' ? localIps : at.filter(ip => !isLoopback(ip)),
    ipvsMatch: host.features.ipvsMatch ?? true,
  }
}

/** @see pkg/proxy/ipvs/netlink_linux.go of Kubernetes: isValidForSet */
function localIpsOf(ips: readonly Ip[], family: Family): readonly Ip[] {
  const own = ips.filter(ip => familyOf(ip) === family && !isLoopback(ip) && !(family === 6 && isLinkLocal(ip)))
  return own.sort(compareIp).filter((ip, i) => i === 0 || compareIp(ip, own[i - 1] ?? ip) !== 0)
}

function readExcluded(text: string, index: number): Prefix {
  return within(`KubeProxyConfiguration ipvs.excludeCIDRs[${index}]`, () => {
    const prefix = findPrefixLeniently(text)
    if (!prefix) throw new ParseError('network', text, 'not "ADDRESS/LENGTH"')
    return prefix
  })
}

/** All three are set if one is; of those that are not, the kernel keeps its own. */
function timeoutsOf({ tcpTimeout, tcpFinTimeout, udpTimeout }: NonNullable<ProxyOptions['config']['ipvs']> = {}) {
  const seconds = (field: string, text = '0s') =>
    within(`KubeProxyConfiguration ipvs.${field}`, () => Math.floor(parseGoDuration(text)))
  const timeouts: IpvsTimeouts = {
    tcp: seconds('tcpTimeout', tcpTimeout),
    tcpFin: seconds('tcpFinTimeout', tcpFinTimeout),
    udp: seconds('udpTimeout', udpTimeout),
  }
  return timeouts.tcp > 0 || timeouts.tcpFin > 0 || timeouts.udp > 0 ? timeouts : undefined
}

export function isExcluded(ip: Ip, { excluded }: IpvsSettings): boolean {
  return excluded.some(prefix => prefix.family === familyOf(ip) && contains(prefix, ip))
}
