/**
 * Fences as packets, in streams of what a kernel tells.
 *
 * @module
 */
import { contains, type Ip, isIpv4, parsePrefix } from '../base/ip.ts'
import { UDP } from '../base/protocol.ts'
import { FENCE_NETWORK } from './fences.ts'

interface Ends {
  readonly src: Ip
  readonly dst: Ip
}

const NETWORK = parsePrefix(FENCE_NETWORK)

/** Whether the packet is a fence, or somebody's answer to one. */
export function isOfFence({ src, dst }: Ends): boolean {
  return contains(NETWORK, dst) || contains(NETWORK, src)
}

/** The number of the fence that goes to `dst`; nothing for other packets, and for answers. */
export function fenceTo({ dst }: Pick<Ends, 'dst'>, protocol: number): number | undefined {
  return protocol === UDP && isIpv4(dst) && contains(NETWORK, dst) ? dst & 0xffff : undefined
}
