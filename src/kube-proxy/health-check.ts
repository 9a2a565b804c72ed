/**
 * What a proxy answers when a load balancer asks whether a node has endpoints of a service.
 *
 * @see pkg/proxy/healthcheck/service_health.go of Kubernetes
 * @module
 */
import type { Family, Ip } from '../base/ip.ts'
import type { Endpoint } from './endpoint.ts'
import { endpointsOf } from './endpoint.ts'
import { type ServiceMap, slicesOf } from './service-map.ts'
import { servicePortsOf } from './service-port.ts'
import type { Settings } from './settings.ts'

/** An HTTP server for one service, as long as the proxy itself is well (else it answers 503). */
export interface HealthCheck {
  readonly namespace: string
  readonly service: string
  readonly family: Family
  /** Where it listens. */
  readonly at: 'any' | readonly Ip[]
  readonly port: number
  readonly status: 200 | 503
  /** Ready endpoints on this node: in the body, and as the weight in a header. */
  readonly localEndpoints: number
}

/** By namespace, then name. */
export function healthChecksOf(map: ServiceMap, settings: Settings): HealthCheck[] {
  const checks: HealthCheck[] = []
  for (const key of [...map.entries.keys()].sort()) {
    const entry = map.entries.get(key)
    if (entry?.service === undefined) continue
    const ports = servicePortsOf(entry.service, settings.family, settings.allowExternalIps)
    const [first] = ports
    if (first?.healthCheckNodePort === undefined) continue
    const slices = slicesOf(entry)
    const localEndpoints = countLocal(ports.flatMap(port => endpointsOf(slices, port, settings)))
    checks.push({
      namespace: first.namespace,
      service: first.service,
      family: settings.family,
      at: settings.nodePortAddresses.at,
      port: first.healthCheckNodePort,
      status: localEndpoints > 0 ? 200 : 503,
      localEndpoints,
    })
  }
  return checks
}

/** An address counts once, however many ports of the service it serves. */
function countLocal(endpoints: readonly Endpoint[]): number {
  const ready = endpoints.filter(endpoint => endpoint.local && endpoint.ready)
  return new Set(ready.map(({ text }) => text.slice(0, text.lastIndexOf(':')))).size
}
