/**
 * The addresses of a node at which it answers for NodePorts.
 *
 * @see pkg/proxy/util/nodeport_addresses.go of Kubernetes
 * @module
 */
import { InputError } from '../base/error.ts'
import {
  compareIp,
  contains,
  type Family,
  familyOf,
  hostPrefix,
  type Ip,
  overlaps,
  type Prefix,
  parsePrefix,
} from '../base/ip.ts'
import { findPrefixLeniently } from './lenient-address.ts'
import { isSince, type Release } from './release.ts'

export interface NodePortAddresses {
  /** `any`: whatever address is the node's own. */
  readonly at: 'any' | readonly Ip[]
  /** Whether 127.0.0.0/8 was asked for, if only as part of a larger network. */
  readonly loopback: boolean
}

/** The machine, as far as its addresses go. */
export interface Addresses {
  /** The addresses by which the cluster knows the node: at most one of each family. */
  readonly nodeIps: readonly Ip[]
  /** All addresses of all interfaces. */
  readonly interfaceIps: readonly Ip[]
}

export const LOOPBACK: Readonly<Record<Family, Prefix>> = { 4: parsePrefix('127.0.0.0/8'), 6: parsePrefix('::1/128') }
const ALL: readonly Prefix[] = [parsePrefix('0.0.0.0/0'), parsePrefix('::/0')]

/**
 * Reads the configuration's list, which may hold networks and keywords.
 *
 * No entry for the family means any address, and so does a network that holds all of them. The
 * addresses found are given in address order (kube-proxy's own order is random).
 *
 * @throws {InputError} when an entry is neither a network nor a keyword that the release knows
 */
export function nodePortAddressesOf(
  list: readonly string[] | null | undefined,
  addresses: Addresses,
  family: Family,
  release: Release,
): NodePortAddresses {
  const prefixes = (list ?? [])
    .flatMap((entry, i) => readEntry(entry, i, addresses, release))
    .filter(prefix => prefix.family === family)
  if (prefixes.length === 0 || prefixes.some(prefix => prefix.bits === 0)) return { at: 'any', loopback: true }
  const matching = addresses.interfaceIps.filter(ip => prefixes.some(prefix => contains(prefix, ip)))
  const at = matching.sort(compareIp).filter((ip, i) => i === 0 || compareIp(ip, matching[i - 1] ?? ip) !== 0)
  return { at, loopback: prefixes.some(prefix => overlaps(prefix, LOOPBACK[family])) }
}

function readEntry(entry: string, index: number, addresses: Addresses, release: Release): readonly Prefix[] {
  if (entry === 'primary' && isSince(release, '1.31')) return addresses.nodeIps.map(hostPrefix)
  if (entry === 'localhost' && isSince(release, '1.37')) return [LOOPBACK[4], LOOPBACK[6]]
  if (entry === 'all' && isSince(release, '1.37')) return ALL
  const prefix = findPrefixLeniently(entry)
  if (prefix === undefined) {
    const problem = new Error(`"${entry}" is neither a network nor a keyword of kube-proxy ${release}`)
    throw new InputError(`KubeProxyConfiguration nodePortAddresses[${index}]`, problem)
  }
  return [prefix]
}

/** The node's own address of the family: loopback if the cluster knows none. */
export function nodeIpOf(addresses: Addresses, family: Family): Ip | undefined {
  return addresses.nodeIps.find(ip => familyOf(ip) === family)
}
