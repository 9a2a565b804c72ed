/**
 * Frames as they were captured: read strictly if they can be, and else as far as they can be.
 *
 * @module
 */
import { ParseError } from '../base/error.ts'
import { decodeFrame, ETHER_TYPE, ETHERNET_HEADER } from '../packet/ethernet.ts'
import { get16, getMac, requireLength } from '../packet/octets.ts'
import { type Frame, type FrameBody, isUdp } from '../packet/packet.ts'
import { decodeVxlan } from '../packet/vxlan.ts'
import { decodeObserved } from './observed-packet.ts'

export interface ObservedFrame {
  readonly frame: Frame
  /** What is wrong with it, or with the frame that it carries: a checksum, a length. Absent: nothing. */
  readonly flaw?: string
}

/**
 * @param tunnels UDP ports of VXLAN
 * @throws {ParseError} when there is no Ethernet header
 */
export function decodeObservedFrame(bytes: Uint8Array, tunnels: readonly number[]): ObservedFrame {
  requireLength('captured frame', bytes, ETHERNET_HEADER)
  try {
    const frame = decodeFrame(bytes)
    requireCarried(frame, tunnels)
    return { frame }
  } catch (cause) {
    if (!(cause instanceof ParseError)) throw cause
    const [dst, src] = [getMac(bytes, 0), getMac(bytes, 6)]
    return { frame: { dst, src, body: bodyOf(bytes, tunnels) }, flaw: cause.message }
  }
}

/** @throws {ParseError} unless a tunnel's datagram carries a frame without flaw */
function requireCarried({ body }: Frame, tunnels: readonly number[]): void {
  if (body.kind !== 'ip' || body.packet.fragment) return
  const { payload } = body.packet
  if (isUdp(payload) && tunnels.includes(payload.dport)) decodeVxlan(payload.data)
}

function bodyOf(bytes: Uint8Array, tunnels: readonly number[]): FrameBody {
  const etherType = get16(bytes, ETHERNET_HEADER - 2)
  const body = bytes.subarray(ETHERNET_HEADER)
  if (etherType === ETHER_TYPE.IPV4 || etherType === ETHER_TYPE.IPV6) {
    try {
      return { kind: 'ip', packet: decodeObserved(body, tunnels) }
    } catch (cause) {
      if (!(cause instanceof ParseError)) throw cause
    }
  }
  return { kind: 'raw', etherType, bytes: body.slice() }
}
