/**
 * The subsets of v1 Endpoints in their canonical form.
 *
 * Each address and port goes in on its own; out come the fewest subsets that say the same: ports
 * with the same addresses share a subset.
 *
 * @see k8s.io/kubernetes/pkg/api/v1/endpoints: RepackSubsets
 * @module
 */
import type { EndpointAddress, EndpointSubset, EndpointsPort } from '../objects/endpoints.ts'

/** One address on one port. */
export interface Placement {
  readonly address: EndpointAddress
  /** None for a Service without ports. */
  readonly port: EndpointsPort | undefined
  readonly ready: boolean
}

interface PortUse {
  readonly port: EndpointsPort | undefined
  /** Readiness by {@link addressKey}. */
  readonly ready: Map<string, boolean>
}

/** Addresses of the same IP are different ones if they are different Pods'. */
function addressKey({ ip, targetRef }: EndpointAddress): string {
  return `${ip}|${targetRef?.uid ?? `${targetRef?.namespace ?? ''}/${targetRef?.name ?? ''}`}`
}

function portKey(port: EndpointsPort | undefined): string {
  return port ? `${port.name ?? ''}/${port.protocol ?? 'TCP'}/${port.port}/${port.appProtocol ?? ''}` : ''
}

/** Packs placements. Of copies of an address the first counts; not ready beats ready. */
export function repackSubsets(placements: Iterable<Placement>): readonly EndpointSubset[] {
  const addresses = new Map<string, EndpointAddress>()
  const uses = new Map<string, PortUse>()
  for (const { address, port, ready } of placements) {
    const key = addressKey(address)
    if (!addresses.has(key)) addresses.set(key, address)
    const use = useOf(uses, port)
    use.ready.set(key, ready && (use.ready.get(key) ?? true))
  }
  const order = [...addresses].sort(([a, one], [b, other]) => compareText(one.ip, other.ip) || compareText(a, b))
  const subsets = new Map<string, PortUse[]>()
  for (const use of uses.values()) {
    // Addresses by their place in the order: equal texts are equal sets with equal readiness.
    let signature = use.port ? '' : 'no ports '
    for (const [at, [key]] of order.entries()) {
      const ready = use.ready.get(key)
      if (ready !== undefined) signature += `${ready ? '' : '!'}${at} `
    }
    const sharing = subsets.get(signature)
    if (sharing) sharing.push(use)
    else subsets.set(signature, [use])
  }
  return [...subsets.values()].map(sharing => subsetOf(sharing, order))
}

function useOf(uses: Map<string, PortUse>, port: EndpointsPort | undefined): PortUse {
  const key = portKey(port)
  const use = uses.get(key) ?? { port, ready: new Map() }
  uses.set(key, use)
  return use
}

function subsetOf(sharing: readonly PortUse[], order: readonly [string, EndpointAddress][]): EndpointSubset {
  const readiness = sharing[0]?.ready
  const withReadiness = (ready: boolean) =>
    order.filter(([key]) => readiness?.get(key) === ready).map(([, address]) => address)
  const addresses = withReadiness(true)
  const notReadyAddresses = withReadiness(false)
  const ports = sharing.flatMap(({ port }) => port ?? [])
  return {
    ...(addresses.length > 0 && { addresses }),
    ...(notReadyAddresses.length > 0 && { notReadyAddresses }),
    ...(ports.length > 0 && { ports }),
  }
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
