import { within } from '../base/error.ts'
import { type Prefix, parseNetwork } from '../base/ip.ts'
import type { Node } from '../objects/node.ts'

/** The node's PodCIDRs, in its order. @throws {InputError} when the Node object holds something else */
export function podPrefixesOf({ metadata, spec }: Node): readonly Prefix[] {
  const texts = spec.podCIDRs?.length ? spec.podCIDRs : spec.podCIDR ? [spec.podCIDR] : []
  return texts.map(text => within(`Node ${metadata.name} spec.podCIDRs`, () => parseNetwork(text)))
}
