/** Where IPVS takes an arrival: the real servers of the virtual server at an address that the node has. */
import { contains, equalIp, type Ip } from '../../src/base/ip.ts'
import { formatEndpoint } from '../../src/kube-proxy/endpoint.ts'
import type { IpvsState } from '../../src/kube-proxy/ipvs/proxy.ts'
import { kernelName, type SetName } from '../../src/kube-proxy/ipvs/sets.ts'
import type { SetElement } from '../../src/netfilter/ipset.ts'
import type { Answer, Arrival } from './contract-arrival.ts'

export function ipvsAnswer(state: IpvsState): Answer {
  const { servers, addresses } = state
  return arrival => {
    const { protocol, to, port, own } = arrival
    // Packets to addresses that are not the node's own are forwarded; IPVS looks at what comes in.
    if (![...own, ...addresses].some(ip => equalIp(ip, to)) || isRefused(state, arrival)) return []
    const server = servers.find(({ at }) => {
      return at.by === 'address' && at.protocol === protocol && at.port === port && equalIp(at.ip, to)
    })
    return (server?.reals ?? []).map(real => formatEndpoint(real.ip, real.port)).sort()
  }
}

/** Whether source ranges leave the sender out. */
function isRefused(state: IpvsState, arrival: Arrival): boolean {
  const { from, to, protocol, port } = arrival
  if (!isIn(state, 'KUBE-LOAD-BALANCER-FW', [{ to, protocol, port }])) return false
  // What the node sends to an address that it has itself, it sends from that address.
  const source = from.device === undefined ? to : from.ip
  const outFilter = state.rules.tables.get('filter')?.chains.get('KUBE-IPVS-OUT-FILTER')?.rules ?? []
  const isKept = outFilter.some(({ matches }) =>
    matches.some(match => match.on === 'src' && !match.not && contains(match.in, source)),
  )
  if (from.device === undefined && isKept) return true
  const sets = ['KUBE-LOAD-BALANCER-SOURCE-CIDR', 'KUBE-LOAD-BALANCER-SOURCE-IP'] as const
  return !sets.some(set => isIn(state, set, [{ to, protocol, port }, source]))
}

type Asked = readonly [{ readonly to: Ip; readonly protocol: number; readonly port: number }, source?: Ip]

function isIn({ sets, family }: IpvsState, set: SetName, [{ to, protocol, port }, source]: Asked): boolean {
  const entries = sets.find(({ name }) => name === kernelName(set, family))?.entries ?? []
  return entries.some(({ elements: [ip, socket, from] }) => {
    const isThere = holds(ip, to) && socket?.kind === 'port' && socket.protocol === protocol && socket.port === port
    return isThere && (source === undefined || holds(from, source))
  })
}

function holds(element: SetElement | undefined, ip: Ip): boolean {
  return element?.kind === 'net' ? contains(element.net, ip) : element?.kind === 'ip' && equalIp(element.ip, ip)
}
