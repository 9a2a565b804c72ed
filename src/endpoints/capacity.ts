/**
 * How much v1 Endpoints may hold.
 *
 * @see k8s.io/kubernetes/pkg/controller/endpoint: truncateEndpoints
 * @module
 */
import type { EndpointAddress, EndpointSubset } from '../objects/endpoints.ts'

/** Addresses in one Endpoints object. */
export const MAX_ADDRESSES = 1000

/**
 * The subsets with at most {@link MAX_ADDRESSES} addresses. Ready ones stay before all others; what
 * is cut is cut in proportion, so that every port keeps some.
 *
 * @returns nothing if all fit
 */
export function truncateSubsets(subsets: readonly EndpointSubset[]): readonly EndpointSubset[] | undefined {
  const ready = countOf(subsets, 'addresses')
  const notReady = countOf(subsets, 'notReadyAddresses')
  if (ready + notReady <= MAX_ADDRESSES) return undefined
  if (ready <= MAX_ADDRESSES) return shrink(subsets, 'notReadyAddresses', notReady, MAX_ADDRESSES - ready)
  const cut = shrink(subsets, 'addresses', ready, MAX_ADDRESSES)
  return cut.map(({ notReadyAddresses: _, ...subset }) => subset)
}

type List = 'addresses' | 'notReadyAddresses'

function countOf(subsets: readonly EndpointSubset[], list: List): number {
  return subsets.reduce((sum, subset) => sum + (subset[list]?.length ?? 0), 0)
}

function shrink(subsets: readonly EndpointSubset[], list: List, total: number, max: number): EndpointSubset[] {
  let room = max
  return subsets.map(subset => {
    const { [list]: all = [], ...rest } = subset
    const share = Math.min(room, Math.ceil((all.length / total) * max))
    room -= share
    const kept: readonly EndpointAddress[] = all.slice(0, share)
    return kept.length > 0 ? { ...rest, [list]: kept } : rest
  })
}
