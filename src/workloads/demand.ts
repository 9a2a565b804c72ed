/**
 * What a Pod asks of the node that it will run on.
 *
 * @see k8s.io/component-helpers/resource: PodRequests
 * @module
 */
import type { Container, ContainerPort, Pod, PodSpec, Quantity } from '../objects/pod.ts'
import { parseQuantity } from '../objects/quantity.ts'

/** Amounts by resource: CPU in thousandths, all else in whole units. */
export type Amounts = ReadonlyMap<string, number>

export interface HostPort {
  /** `0.0.0.0` means all of the node's addresses. */
  readonly ip: string
  readonly protocol: string
  readonly port: number
}

export interface Demand {
  /** Equal texts are equal demands. */
  readonly key: string
  /** The part of `key` that only labels, taints and names of nodes decide about. */
  readonly nodeKey: string
  readonly requests: Amounts
  readonly hostPorts: readonly HostPort[]
}

type Resources = Readonly<Record<string, Quantity>>

const known = new WeakMap<PodSpec, Demand>()

/** Read once for all Pods that share a template's spec. */
export function demandOf({ spec }: Pod): Demand {
  const old = known.get(spec)
  if (old) return old
  const requests = requestsOf(spec)
  const hostPorts = hostPortsOf(spec)
  const nodeKey = JSON.stringify([spec.nodeSelector, spec.affinity?.nodeAffinity, spec.tolerations])
  const ports = hostPorts.map(({ ip, protocol, port }) => `${ip}/${protocol}/${port}`)
  const demand = { key: `${nodeKey}${[...requests].join(';')} ${ports.join()}`, nodeKey, requests, hostPorts }
  known.set(spec, demand)
  return demand
}

/** An amount in the unit that {@link Amounts} counts it in, rounded up. */
export function amountOf(resource: string, quantity: Quantity): number {
  const value = parseQuantity(quantity)
  if (resource !== 'cpu') return Math.ceil(value)
  // 0.07 * 1000 is a little more than 70: what is below a thousandth of a unit is noise.
  return Math.ceil(Math.round(value * 1e6) / 1e3)
}

function requestsOf(spec: PodSpec): Amounts {
  const total = new Map<string, number>()
  for (const container of spec.containers) addAll(total, ownRequests(container))
  // Init containers run one after the other, each beside the sidecars that were started before it.
  const sidecars = new Map<string, number>()
  const peak = new Map<string, number>()
  for (const container of spec.initContainers ?? []) {
    const own = ownRequests(container)
    if (container.restartPolicy === 'Always') addAll(sidecars, own)
    const during = new Map(sidecars)
    if (container.restartPolicy !== 'Always') addAll(during, own)
    raiseTo(peak, during)
  }
  addAll(total, sidecars)
  raiseTo(total, peak)
  const wholePod = (spec['resources'] as Container['resources'])?.requests
  for (const [resource, quantity] of Object.entries(wholePod ?? {})) total.set(resource, amountOf(resource, quantity))
  addAll(total, amountsOf((spec['overhead'] as Resources | undefined) ?? {}))
  for (const [resource, amount] of total) if (amount === 0) total.delete(resource)
  return total
}

/** A limit without a request is a request too. */
function ownRequests({ resources }: Container): Amounts {
  return amountsOf({ ...resources?.limits, ...resources?.requests })
}

function amountsOf(resources: Resources): Amounts {
  return new Map(Object.entries(resources).map(([resource, quantity]) => [resource, amountOf(resource, quantity)]))
}

function addAll(total: Map<string, number>, amounts: Amounts): void {
  for (const [resource, amount] of amounts) total.set(resource, (total.get(resource) ?? 0) + amount)
}

function raiseTo(total: Map<string, number>, amounts: Amounts): void {
  for (const [resource, amount] of amounts) total.set(resource, Math.max(total.get(resource) ?? 0, amount))
}

function hostPortsOf(spec: PodSpec): readonly HostPort[] {
  const sidecars = (spec.initContainers ?? []).filter(container => container.restartPolicy === 'Always')
  const ports = [...spec.containers, ...sidecars].flatMap(container => container.ports ?? [])
  return ports.flatMap(port => hostPortOf(port, spec.hostNetwork === true))
}

/** With the node's network, a container's port is the node's. */
function hostPortOf({ containerPort, hostPort, hostIP, protocol = 'TCP' }: ContainerPort, onHost: boolean): HostPort[] {
  const port = hostPort || (onHost ? containerPort : 0)
  return port > 0 ? [{ ip: hostIP || '0.0.0.0', protocol, port }] : []
}
