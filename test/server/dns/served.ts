/** A zone to be served in tests, and a server of it that ends with the test. */
import { kubeadmOptions } from '../../../src/dns/options.ts'
import { type DnsObjects, Zone } from '../../../src/dns/zone.ts'
import type { Endpoint } from '../../../src/server/dns/endpoint.ts'
import { DnsServer, type DnsServerOptions } from '../../../src/server/dns/server.ts'
import { namespaceOf, port, serviceOf, sliceOf } from '../../dns/objects.ts'

const many = Array.from({ length: 60 }, (_, i) => ({ ip: `10.244.1.${i}`, hostname: `many-with-a-long-name-${i}` }))
export const OBJECTS: DnsObjects = {
  namespaces: [namespaceOf('a')],
  services: [
    serviceOf('a/web', { clusterIP: '10.96.0.1', ports: [port(80, 'http')] }),
    serviceOf('a/many', { clusterIP: 'None', ports: [port(80, 'http')] }),
    serviceOf('a/ext', { type: 'ExternalName', externalName: 'www.example.com' }),
  ],
  slices: [sliceOf('a/many', many, [port(80, 'http')])],
  pods: [],
}

export function zoneOf(objects: DnsObjects = OBJECTS, transferTo: readonly string[] = []): Zone {
  return new Zone(objects, { ...kubeadmOptions(), transferTo }, 9)
}

export const LOOPBACK: Endpoint = { address: '127.0.0.1', port: 0 }

export interface Served {
  readonly server: DnsServer
  readonly at: Endpoint
}

export async function serve(
  t: { readonly teardown: (end: () => unknown) => void },
  zone = zoneOf(),
  options: Partial<DnsServerOptions> = {},
): Promise<Served> {
  const server = await DnsServer.start(zone, { listen: [LOOPBACK], ...options })
  t.teardown(() => server.stop())
  const [at] = server.endpoints
  if (!at) throw new Error('the server listens nowhere')
  return { server, at }
}
