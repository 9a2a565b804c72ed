/** Where IPVS takes an arrival: the real servers of the virtual server at an address that the node has. */
import { equalIp } from '../../src/base/ip.ts'
import { formatEndpoint } from '../../src/kube-proxy/endpoint.ts'
import type { IpvsState } from '../../src/kube-proxy/ipvs/proxy.ts'
import type { Answer } from './contract-arrival.ts'

export function ipvsAnswer({ servers, addresses }: IpvsState): Answer {
  return ({ protocol, to, port, own }) => {
    // Packets to addresses that are not the node's own are forwarded; IPVS looks at what comes in.
    if (![...own, ...addresses].some(ip => equalIp(ip, to))) return []
    const server = servers.find(({ at }) => {
      return at.by === 'address' && at.protocol === protocol && at.port === port && equalIp(at.ip, to)
    })
    return (server?.reals ?? []).map(real => formatEndpoint(real.ip, real.port)).sort()
  }
}
