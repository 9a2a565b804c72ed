/**
 * A service as a proxy is about to write it, in whatever mode: its ports with their endpoints, beside what was
 * written for it before.
 *
 * @module
 */
import type { Service } from '../objects/service.ts'
import { type Endpoint, endpointsOf } from './endpoint.ts'
import { type ServiceEntry, type ServiceKey, type ServiceMap, slicesOf } from './service-map.ts'
import { type ServicePort, servicePortsOf } from './service-port.ts'
import type { Settings } from './settings.ts'

/** What a mode writes for one port; what else it is, only the mode knows. */
export interface WrittenPort {
  readonly port: ServicePort
  /** How many endpoints it has, whether they work or not. */
  readonly endpoints: number
}

/** What is written for one service. */
export interface WrittenService<P extends WrittenPort> {
  readonly key: ServiceKey
  readonly service: Service
  readonly ports: readonly P[]
}

/** What the writing of a changed service changed. */
export interface ServiceChange<P extends WrittenPort> {
  readonly key: ServiceKey
  /** Undefined: there was none. */
  readonly before: WrittenService<P> | undefined
  /** Undefined: there is none any more. */
  readonly after: WrittenService<P> | undefined
}

export interface Draft<P extends WrittenPort> {
  readonly key: ServiceKey
  /** Undefined: it is gone. */
  readonly service: Service | undefined
  readonly ports: readonly DraftPort<P>[]
  readonly before: WrittenService<P> | undefined
  readonly endpointCount: number
  readonly endpointCountBefore: number
}

export interface DraftPort<P extends WrittenPort> {
  readonly port: ServicePort
  readonly endpoints: readonly Endpoint[]
  /** What was written for this very port. */
  readonly before?: P
}

export function draftOf<P extends WrittenPort>(
  map: ServiceMap,
  key: ServiceKey,
  settings: Settings,
  written: ReadonlyMap<ServiceKey, WrittenService<P>>,
): Draft<P> {
  const entry = map.entries.get(key)
  const before = written.get(key)
  const ports = entry === undefined ? [] : draftPorts(entry, before, settings)
  return {
    key,
    service: entry?.service,
    ports,
    before,
    endpointCount: ports.reduce((sum, { endpoints }) => sum + endpoints.length, 0),
    endpointCountBefore: before?.ports.reduce((sum, { endpoints }) => sum + endpoints, 0) ?? 0,
  }
}

function draftPorts<P extends WrittenPort>(
  entry: ServiceEntry,
  before: WrittenService<P> | undefined,
  settings: Settings,
): readonly DraftPort<P>[] {
  const { service } = entry
  if (service === undefined) return []
  const slices = slicesOf(entry)
  const draftPort = (port: ServicePort) => ({ port, endpoints: endpointsOf(slices, port, settings) })
  // While the service itself is the same, so are its ports.
  if (before?.service === service) return before.ports.map(one => ({ ...draftPort(one.port), before: one }))
  return servicePortsOf(service, settings.family, settings.allowExternalIps).map(draftPort)
}

/** Writes the draft by `make`, and keeps it; undefined where there is nothing to write. */
export function writeDraft<P extends WrittenPort>(
  { key, service, ports }: Draft<P>,
  written: Map<ServiceKey, WrittenService<P>>,
  make: (port: DraftPort<P>) => P,
): WrittenService<P> | undefined {
  if (service === undefined || ports.length === 0) {
    written.delete(key)
    return undefined
  }
  const fresh = { key, service, ports: ports.map(make) }
  written.set(key, fresh)
  return fresh
}
