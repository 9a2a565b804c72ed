/**
 * Which known UDP flows a proxy makes the kernel forget.
 *
 * UDP has no end of a connection: a client that keeps sending would stay with an endpoint that is
 * gone for as long as the kernel remembers the flow. TCP and SCTP flows are never touched.
 *
 * @see pkg/proxy/conntrack/cleanup.go of Kubernetes: CleanStaleEntries
 * @module
 */
import { compareIp, type Ip } from '../base/ip.ts'
import { endpointsOf } from './endpoint.ts'
import { isSince } from './release.ts'
import { type ServiceMap, slicesOf } from './service-map.ts'
import { type ServicePort, servicePortsOf } from './service-port.ts'
import type { Settings } from './settings.ts'

/** A flow to one of `destinations` is forgotten unless its answers come from one of `endpoints`. */
export interface UdpCleanup {
  readonly port: ServicePort
  /** Original destinations; without address: the port on any address. */
  readonly destinations: readonly UdpDestination[]
  /** Addresses of endpoints that serve, in address order. */
  readonly endpoints: readonly Ip[]
}

export interface UdpDestination {
  readonly ip?: Ip
  readonly port: number
}

/** One for each UDP service port whose flows are looked at, by service and port. */
export function udpCleanupsOf(map: ServiceMap, settings: Settings): UdpCleanup[] {
  const cleanups: UdpCleanup[] = []
  for (const key of [...map.entries.keys()].sort()) {
    const entry = map.entries.get(key)
    if (entry?.service === undefined) continue
    const ports = servicePortsOf(entry.service, settings.family, settings.allowExternalIps)
    for (const port of ports.filter(({ protocol }) => protocol === 'UDP')) {
      const serving = endpointsOf(slicesOf(entry), port, settings).filter(endpoint => endpoint.serving)
      // Without any endpoint, flows were left alone before 1.37.
      if (serving.length === 0 && !isSince(settings.release, '1.37')) continue
      const endpoints = serving.map(({ ip }) => ip).sort(compareIp)
      cleanups.push({ port, destinations: destinationsOf(port), endpoints })
    }
  }
  return cleanups
}

function destinationsOf(port: ServicePort): UdpDestination[] {
  const ips = [port.clusterIp, ...port.externalIps, ...port.vips]
  const destinations: UdpDestination[] = ips.map(ip => ({ ip, port: port.port }))
  if (port.nodePort !== undefined) destinations.push({ port: port.nodePort })
  return destinations
}
