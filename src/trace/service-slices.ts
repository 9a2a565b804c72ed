/**
 * The EndpointSlices of a Service.
 *
 * @module
 */
import { type EndpointSlice, SERVICE_NAME_LABEL } from '../objects/endpoint-slice.ts'
import type { Service } from '../objects/service.ts'

/** Those of its namespace that name it by label, in their order. */
export function slicesOf({ metadata }: Service, slices: readonly EndpointSlice[]): readonly EndpointSlice[] {
  return slices.filter(
    one => one.metadata.namespace === metadata.namespace && one.metadata.labels?.[SERVICE_NAME_LABEL] === metadata.name,
  )
}
