/**
 * What is left of each node: resources, room for Pods, ports.
 *
 * @see k8s.io/kubernetes/pkg/scheduler/framework/plugins: noderesources, nodeports
 * @module
 */
import type { Node } from '../objects/node.ts'
import { amountOf, type Demand, type HostPort } from './demand.ts'
import type { Refusal } from './refusal.ts'

/** One condition on the node that a Pod goes to. */
export interface Filter {
  readonly passes: (at: number) => boolean
  /** Why the node at that place does not pass. */
  readonly refuse: (at: number) => Refusal
}

/** A node that names these in its allocatable resources without an amount for one of them has enough of it. */
const BASIC: readonly string[] = ['cpu', 'memory', 'pods', 'ephemeral-storage']

const ANY_IP = '0.0.0.0'

/** Nodes are named by their place in the list given at the start. */
export class Ledger {
  readonly #nodes: readonly Node[]
  readonly #allocatable = new Map<string, Float64Array>()
  readonly #free = new Map<string, Float64Array>()
  /** Per node, how often `TCP/80` is taken on which address. */
  readonly #ports = new Map<number, Map<string, Map<string, number>>>()

  constructor(nodes: readonly Node[]) {
    this.#nodes = nodes
    const resources = new Set(['pods', ...nodes.flatMap(node => Object.keys(allocatableOf(node) ?? {}))])
    for (const resource of resources) {
      const amounts = Float64Array.from(nodes, node => initialAmount(node, resource))
      this.#allocatable.set(resource, amounts)
      this.#free.set(resource, amounts.slice())
    }
  }

  /** Takes what the Pod asks for from the node, or gives it back. */
  book(demand: Demand, at: number, sign: 1 | -1): void {
    this.#take('pods', at, sign)
    for (const [resource, amount] of demand.requests) this.#take(resource, at, sign * amount)
    for (const port of demand.hostPorts) this.#takePort(port, at, sign)
  }

  #take(resource: string, at: number, amount: number): void {
    const free = this.#free.get(resource)
    if (free) free[at] = (free[at] ?? 0) - amount
  }

  #takePort({ ip, protocol, port }: HostPort, at: number, sign: 1 | -1): void {
    const ports = this.#ports.get(at) ?? new Map<string, Map<string, number>>()
    this.#ports.set(at, ports)
    const key = `${protocol}/${port}`
    const ips = ports.get(key) ?? new Map<string, number>()
    ports.set(key, ips)
    const count = (ips.get(ip) ?? 0) + sign
    if (count > 0) ips.set(ip, count)
    else ips.delete(ip)
  }

  filters(demand: Demand): readonly Filter[] {
    const room = this.#roomFilter(demand)
    return demand.hostPorts.length > 0 ? [this.#portFilter(demand.hostPorts), room] : [room]
  }

  #portFilter(wanted: readonly HostPort[]): Filter {
    return {
      passes: at => {
        const ports = this.#ports.get(at)
        return !ports || !wanted.some(one => isTaken(one, ports))
      },
      refuse: () => ({
        reasons: ["node(s) didn't have free ports for the requested pod ports"],
        isCrowded: true,
      }),
    }
  }

  #roomFilter({ requests }: Demand): Filter {
    const columns = [...requests].map(([resource, amount]) => ({ resource, amount, free: this.#columnOf(resource) }))
    const pods = this.#columnOf('pods')
    return {
      passes: at => {
        if ((pods[at] ?? 0) < 1) return false
        for (const { amount, free } of columns) if ((free[at] ?? 0) < amount) return false
        return true
      },
      refuse: at => {
        const short = columns.filter(({ amount, free }) => (free[at] ?? 0) < amount)
        const reasons = short.map(({ resource }) => `Insufficient ${resource}`)
        if ((pods[at] ?? 0) < 1) reasons.unshift('Too many pods')
        const fits = short.every(({ resource, amount }) => (this.#allocatable.get(resource)?.[at] ?? 0) >= amount)
        return { reasons, isCrowded: fits }
      },
    }
  }

  /** What is left of a resource, also of one that no node speaks of. */
  #columnOf(resource: string): Float64Array {
    return this.#free.get(resource) ?? Float64Array.from(this.#nodes, node => initialAmount(node, resource))
  }
}

function isTaken({ ip, protocol, port }: HostPort, ports: ReadonlyMap<string, ReadonlyMap<string, number>>): boolean {
  const ips = ports.get(`${protocol}/${port}`)
  if (!ips || ips.size === 0) return false
  return ip === ANY_IP || ips.has(ip) || ips.has(ANY_IP)
}

function allocatableOf({ status }: Node) {
  return status?.allocatable ?? status?.capacity
}

function initialAmount(node: Node, resource: string): number {
  const all = allocatableOf(node)
  if (!all || Object.keys(all).length === 0) return Number.POSITIVE_INFINITY
  const quantity = all[resource]
  if (quantity !== undefined) return amountOf(resource, quantity)
  return BASIC.includes(resource) ? Number.POSITIVE_INFINITY : 0
}
