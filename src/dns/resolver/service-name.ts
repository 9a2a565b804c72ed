/**
 * The Service that a name speaks of.
 *
 * @module
 */
import { isWithin, lowerName, type Name } from '../name.ts'

export interface ServiceName {
  readonly namespace: string
  readonly name: string
  /** Labels left of the Service's: an endpoint, or a port and its protocol. */
  readonly below: Name
}

/** `[…].SERVICE.NAMESPACE.svc.ZONE`; nothing for other names. */
export function serviceInName(name: Name, zones: readonly Name[]): ServiceName | undefined {
  const own = zones.find(zone => isWithin(name, zone))
  if (!own) return undefined
  const [kind, namespace, service, ...below] = lowerName(name.slice(0, name.length - own.length)).toReversed()
  return kind === 'svc' && namespace && service ? { namespace, name: service, below: below.toReversed() } : undefined
}
