/**
 * What rules do to the options of TCP segments.
 *
 * @see net/netfilter/xt_TCPMSS.c, xt_TCPOPTSTRIP.c of Linux; RFC 9293 section 3.1
 * @module
 */
import { isTcp, type Packet, type TcpSegment } from '../../packet/packet.ts'

const MSS = 2
const NOP = 1
/** Options of a TCP header at most, in bytes. */
const MOST = 40
/** What a sender that does not say is taken to be able to receive. @see RFC 9293 section 3.7.1, RFC 8200 section 5 */
const UNSAID = { 4: 536, 6: 1220 } as const

/** The segment with its MSS lowered to `mss`, never raised; one that says none is made to say one if it can. */
export function clampMss(packet: Packet, mss: number): Packet {
  const { payload } = packet
  if (!isTcp(payload)) return packet
  const at = findOption(payload.options, MSS)
  if (at !== undefined) {
    const own = ((payload.options[at + 2] ?? 0) << 8) | (payload.options[at + 3] ?? 0)
    if (own <= mss) return packet
    const options = payload.options.slice()
    options.set(mssOption(mss).subarray(2), at + 2)
    return withOptions(packet, payload, options)
  }
  // Data behind the header would have to be moved, which the kernel does not do.
  if (payload.data.length > 0 || payload.options.length + 4 > MOST) return packet
  const options = new Uint8Array(payload.options.length + 4)
  options.set(mssOption(Math.min(mss, UNSAID[packet.family])))
  options.set(payload.options, 4)
  return withOptions(packet, payload, options)
}

function mssOption(mss: number): Uint8Array {
  return Uint8Array.of(MSS, 4, mss >>> 8, mss & 255)
}

/** The segment with options of these kinds overwritten by padding. */
export function stripOptions(packet: Packet, kinds: readonly number[]): Packet {
  const { payload } = packet
  if (!isTcp(payload)) return packet
  const options = payload.options.slice()
  let changed = false
  for (let at = 0; at < options.length; ) {
    const kind = options[at] ?? 0
    const length = lengthAt(options, at)
    if (kinds.includes(kind)) {
      options.fill(NOP, at, at + length)
      changed = true
    }
    at += length
  }
  return changed ? withOptions(packet, payload, options) : packet
}

function lengthAt(options: Uint8Array, at: number): number {
  return (options[at] ?? 0) < 2 ? 1 : options[at + 1] || 1
}

/** Where an option of four bytes begins. */
function findOption(options: Uint8Array, kind: number): number | undefined {
  for (let at = 0; at + 4 <= options.length; at += lengthAt(options, at)) {
    if (options[at] === kind && options[at + 1] === 4) return at
  }
  return undefined
}

function withOptions(packet: Packet, payload: TcpSegment, options: Uint8Array): Packet {
  return { ...packet, payload: { ...payload, options } }
}
