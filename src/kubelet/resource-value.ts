/**
 * A container's requests and limits as text, for `valueFrom.resourceFieldRef`.
 *
 * @see pkg/api/v1/resource/helpers.go and defaultPodLimitsForDownwardAPI in pkg/kubelet/kubelet_resources.go of
 * Kubernetes
 *
 * @module
 */
import type { Node } from '../objects/node.ts'
import type { Container, Pod, Quantity } from '../objects/pod.ts'
import { quantityNanos } from '../objects/quantity.ts'
import type { ValueSource } from './declared-variable.ts'
import type { Told } from './field-value.ts'

type ResourceSource = Extract<ValueSource, { from: 'resource' }>

/** Resources whose limit is that of the node where a container has none. */
const NODE_LIMITED = new Set(['cpu', 'memory', 'ephemeral-storage'])

const MILLI = 1_000_000n
const WHOLE = 1_000_000_000n

/** @returns in kubelet's words why there is no such value, or the value */
export function resourceValue(
  source: ResourceSource,
  pod: Pod,
  own: Container,
  node: Node | undefined,
): Told | { readonly problem: string } {
  const [, list, resource = ''] = /^(requests|limits)\.(.+)$/.exec(source.resource) ?? []
  if (list === undefined || !(NODE_LIMITED.has(resource) || resource.startsWith('hugepages-'))) {
    return { problem: `unsupported container resource : ${source.resource}` }
  }
  const { containers, initContainers = [] } = pod.spec
  const container =
    source.container === undefined
      ? own
      : [...containers, ...initContainers].find(({ name }) => name === source.container)
  if (!container) return { problem: `container ${source.container} not found` }
  const { requests = {}, limits = {} } = container.resources ?? {}
  const given = (list === 'requests' ? requests : limits)[resource]
  // Only the pod's main containers, and whichever asks for itself, get the node's limit for theirs.
  const takesNode =
    list === 'limits' && NODE_LIMITED.has(resource) && (container === own || containers.includes(container))
  if (!takesNode || !isZero(given)) return { value: divided(given ?? 0, source.divisor, resource) }
  if (!node) return { unknown: 'the pod is on no node yet, whose allocatable amount it is' }
  const allocatable = node.status?.allocatable ?? {}
  return { value: divided(allocatable[resource] ?? 0, source.divisor, resource) }
}

function isZero(amount: Quantity | undefined): boolean {
  return amount === undefined || quantityNanos(amount) === 0n
}

/** The amount in units of the divisor, rounded up; CPU is counted in thousandths, all else in ones. */
function divided(amount: Quantity, divisor: Quantity, resource: string): string {
  const unit = resource === 'cpu' ? MILLI : WHOLE
  const by = isZero(divisor) ? quantityNanos(1) : quantityNanos(divisor)
  return `${Math.ceil(Number(upTo(quantityNanos(amount), unit)) / Number(upTo(by, unit)))}`
}

function upTo(nanos: bigint, unit: bigint): bigint {
  return (nanos + unit - 1n) / unit
}
