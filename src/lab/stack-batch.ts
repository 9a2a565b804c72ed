/**
 * The network of a machine around the nodes as lines for `ip -batch`: of pods, the router, clients.
 *
 * What a trace takes such a machine to be is what is made.
 *
 * @module
 */
import { type Family, formatInterfaceAddress, formatIp, formatPrefix, isIpv4 } from '../base/ip.ts'
import { formatMac, type Mac } from '../base/mac.ts'
import { formatRoutesBatch } from '../host/forwarding-batches.ts'
import type { HostNetwork, Link, Neighbour, RoutingRule } from '../host/host.ts'
import { deviceWord } from '../host/word.ts'
import { NEIGHBOUR_MILLIS } from './baseline.ts'
import type { Job } from './lab.ts'

/** Bytes of the smallest packet that a link with IPv6 must carry. @see RFC 8200 section 5 */
export const LEAST_MTU6 = 1280

/** A veth pair made in one namespace, with its other end in another. */
export interface Wire {
  /** This end. */
  readonly link: string
  readonly mac?: Mac
  readonly mtu: number
  /** The other end. */
  readonly peer: { readonly namespace: string; readonly link: string; readonly mac: Mac }
}

/** A call of `ip` in the namespace with the lines as its batch. */
export function batchJob(namespace: string, lines: readonly string[], about: string): Job {
  return { namespace, tool: 'ip', args: ['-batch', '-'], input: textOf(lines), about }
}

export function textOf(lines: readonly string[]): string {
  return lines.map(line => `${line}\n`).join('')
}

/** No end of it is ever seen in the namespace of the machine that runs the lab. */
export function wireLine({ link, mac, mtu, peer }: Wire): string {
  const own = mac ? ` address ${formatMac(mac)}` : ''
  const other = `name ${peer.link} address ${formatMac(peer.mac)} mtu ${mtu} netns ${peer.namespace}`
  return `link add name ${link}${own} mtu ${mtu} type veth peer ${other}`
}

/** Devices up, addresses, permanent neighbours and routes of a machine whose devices are there, under their names. */
export function stackLines({ links, addresses, routes, neighbours, ...rest }: HostNetwork): readonly string[] {
  return [
    ...links.map(({ name }) => `link set dev ${deviceWord(name)} up`),
    ...patienceLines(links.filter(({ kind }) => kind !== 'loopback')),
    ...addresses.map(
      ({ link, own }) =>
        `addr replace ${formatInterfaceAddress(own)} dev ${link}${isIpv4(own.address) ? '' : ' nodad'}`,
    ),
    ...neighbours.map(neighbourLine),
    ...formatRoutesBatch({ links, addresses, routes, neighbours, ...rest })
      .split('\n')
      .filter(line => line !== '' && !line.startsWith('#')),
  ]
}

/** The whole answer of a neighbourhood in which nobody is waits for no longer than need be. */
export function patienceLines(links: readonly Link[]): readonly string[] {
  return links.flatMap(({ name, mtu }) =>
    [...(mtu < LEAST_MTU6 ? [] : ['ndisc_cache']), 'arp_cache'].map(
      table => `ntable change name ${table} dev ${deviceWord(name)} retrans ${NEIGHBOUR_MILLIS}`,
    ),
  )
}

export function neighbourLine({ ip, link, mac }: Neighbour): string {
  return `neigh replace ${formatIp(ip)} dev ${deviceWord(link)} lladdr ${formatMac(mac)} nud permanent`
}

/** Of those that look a table up. `ip` takes IPv6 rules only from a batch of that family. */
export function ruleLines(rules: readonly RoutingRule[], family: Family): readonly string[] {
  return rules
    .filter(rule => rule.family === family)
    .map(({ priority, from, in: device, table = 'main' }) =>
      [
        'rule add',
        ...(from ? [`from ${formatPrefix(from)}`] : []),
        ...(device === undefined ? [] : [`iif ${deviceWord(device)}`]),
        `lookup ${table} priority ${priority}`,
      ].join(' '),
    )
}

/** As {@link batchJob}, for lines of IPv6 that do not say so themselves. */
export function batchJob6(namespace: string, lines: readonly string[], about: string): Job {
  return { ...batchJob(namespace, lines, about), args: ['-6', '-batch', '-'] }
}
