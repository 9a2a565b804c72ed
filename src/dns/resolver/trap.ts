/**
 * What users trip over when they look names up, found in a lookup.
 *
 * @module
 */
import { findIp, formatIp } from '../../base/ip.ts'
import type { PodResolver } from '../../kubelet/pod-resolver.ts'
import type { Pod } from '../../objects/pod.ts'
import type { DnsObjects, Zone } from '../zone.ts'
import type { Lookup, Sought } from './lookup.ts'

export interface Trap {
  /** One word, which does not change. */
  readonly code: string
  /** `note`: worth knowing; nothing is wrong. */
  readonly level: 'warning' | 'note'
  readonly message: string
}

/** What was looked up by whom, and what is there. */
export interface Ground {
  readonly sought: Sought
  /** One a library. */
  readonly lookups: readonly Lookup[]
  readonly pod: Pod
  readonly resolver: PodResolver
  readonly zone: Zone
  readonly objects: DnsObjects
  /** The text of the addresses at which the cluster's DNS answers. */
  readonly dnsAddresses: readonly string[]
}

export function warning(code: string, message: string): Trap {
  return { code, level: 'warning', message }
}

export function note(code: string, message: string): Trap {
  return { code, level: 'note', message }
}

/** Each trap once. */
export function onceEach(traps: readonly Trap[]): readonly Trap[] {
  return [...new Map(traps.map(trap => [`${trap.code} ${trap.message}`, trap])).values()]
}

/** The name without a dot at its end. */
export function bareName({ name }: Sought): string {
  return name.replace(/\.$/, '')
}

export function isAddress({ name }: Sought): boolean {
  return findIp(name) !== undefined
}

export function didFail({ result }: Lookup): boolean {
  return result.kind === 'failed'
}

/** Whether an address is the cluster's DNS. */
export function isClusterDns(server: string, { dnsAddresses }: Pick<Ground, 'dnsAddresses'>): boolean {
  const ip = findIp(server)
  return ip !== undefined && dnsAddresses.includes(formatIp(ip))
}

/** `1 name`, `3 names` */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
