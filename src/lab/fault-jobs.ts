/**
 * Faults of a trace, as calls of the stock tools that break the same in a lab.
 *
 * @module
 */
import { familyOf, formatIp, formatPrefix } from '../base/ip.ts'
import { formatMac } from '../base/mac.ts'
import type { HostNetwork } from '../host/host.ts'
import { fdbEntriesTo, linkNamed, neighboursAt } from '../trace/broken-network.ts'
import { type Fault, formatFault } from '../trace/fault.ts'
import type { Job } from './lab.ts'

/**
 * What `breakNetwork` does to the network, done to a namespace in which that network is. One after the
 * other.
 *
 * @throws {ParseError} when there is nothing to break
 */
export function faultJobs(fault: Fault, network: HostNetwork, namespace: string): readonly Job[] {
  const about = formatFault(fault)
  return callsFor(fault, network).map(([tool, ...args]) => ({ namespace, tool, args, about }))
}

type Call = readonly [tool: 'ip' | 'bridge' | 'sysctl', ...args: string[]]

function callsFor(fault: Fault, network: HostNetwork): readonly Call[] {
  switch (fault.do) {
    case 'set sysctl':
      return [['sysctl', '-q', '-w', `${fault.key}=${fault.value}`]]
    case 'delete fdb':
      return fdbEntriesTo(fault.ip, network, fault).map(({ mac, link, dst }): Call => {
        return ['bridge', 'fdb', 'del', formatMac(mac), 'dev', link, 'dst', formatIp(dst)]
      })
    case 'delete neighbour':
      return neighboursAt(fault.ip, network, fault).map(({ ip, link }): Call => {
        return ['ip', `-${familyOf(ip)}`, 'neigh', 'del', formatIp(ip), 'dev', link]
      })
    case 'delete route':
      return [['ip', `-${fault.to.family}`, 'route', 'del', formatPrefix(fault.to)]]
    case 'set link':
      return linkCalls(fault, linkNamed(fault.link, network, fault).name)
  }
}

function linkCalls({ mtu, down, hairpin }: Extract<Fault, { do: 'set link' }>, link: string): readonly Call[] {
  return [
    ...(mtu === undefined ? [] : [['ip', 'link', 'set', 'dev', link, 'mtu', `${mtu}`] as const]),
    ...(hairpin === undefined
      ? []
      : [['bridge', 'link', 'set', 'dev', link, 'hairpin', hairpin ? 'on' : 'off'] as const]),
    ...(down ? [['ip', 'link', 'set', 'dev', link, 'down'] as const] : []),
  ]
}
