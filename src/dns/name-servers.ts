/**
 * Who serves the zone: the Services that stand before this server, or the server itself.
 *
 * @see CoreDNS plugin/kubernetes/ns.go: nsAddrs
 * @module
 */
import { type Host, readHost } from './discovered.ts'
import type { Name } from './name.ts'
import type { Zone } from './zone.ts'

export interface NameServer {
  readonly host: Host
  /** Without the zone. */
  readonly owner: Name
}

export function nameServers(zone: Zone): readonly NameServer[] {
  const { servers } = zone.options
  const behind = servers.flatMap(address => servicesBefore(zone, address))
  if (behind.length > 0) return once(behind.flat())
  return servers.map(address => ({ host: readHost(address), owner: ['ns', 'dns'] }))
}

/** By slice that has the address as an endpoint: the addresses of its Service, or its endpoints when that has none. */
function servicesBefore(zone: Zone, address: string): readonly (readonly NameServer[])[] {
  const keys = [...(zone.byAddress.get(address) ?? [])].sort()
  return keys
    .flatMap(key => zone.services.get(key) ?? [])
    .flatMap(({ name, namespace, service, groups }) => {
      const owner = [name, namespace, 'svc']
      const around = groups.filter(({ endpoints }) => endpoints.some(({ host }) => host.text === address))
      return around.map(({ endpoints }): readonly NameServer[] => {
        if (service?.kind === 'cluster') return service.hosts.map(host => ({ host, owner }))
        if (service?.kind !== 'headless') return []
        return endpoints.map(({ host, label }) => ({ host, owner: [label, ...owner] }))
      })
    })
}

function once(servers: readonly NameServer[]): readonly NameServer[] {
  return [...new Map(servers.map(server => [[...server.owner, server.host.text].join(' '), server])).values()]
}
