/**
 * Conditions of extensions on the TCP header. They read it where it would be, also in a later
 * fragment that has other bytes there.
 *
 * @see net/netfilter/xt_ecn.c, xt_tcpmss.c of Linux
 * @module
 */
import { TCP } from '../../base/protocol.ts'
import { isTcp, type Payload } from '../../packet/packet.ts'
import type { ExtensionOption } from '../rule.ts'
import { type Holds, hotdrop } from './condition.ts'

const HEADER = 20

/** Congestion bits of the IP header and of TCP's. Without the latter, not even its denial holds. */
export function holdsEcn(options: readonly ExtensionOption[]): Holds {
  return ({ skb: { packet } }) => options.every(option => isEcn(option, packet.tos, flagsAt(packet.payload)))
}

function isEcn({ name, words: [word], not }: ExtensionOption, tos: number, flags: number | undefined): boolean {
  if (name === 'ecn-ip-ect') return ((tos & 3) === Number(word)) === !not
  const bit = name === 'ecn-tcp-ece' ? 64 : 128
  return flags !== undefined && ((flags & bit) !== 0) === !not
}

function flagsAt(payload: Payload): number | undefined {
  if (isTcp(payload)) return payload.flags
  return payload.protocol === TCP && 'raw' in payload && payload.raw.length >= HEADER ? payload.raw[13] : undefined
}

/** The largest segment that the sender takes, as its SYN says. */
export function holdsMss({ words: [word = ''] }: ExtensionOption): Holds {
  const [from = 0, to = from] = word.split(':').map(Number)
  return probe => {
    const { payload } = probe.skb.packet
    if (payload.protocol !== TCP) return false
    const options = optionsAt(payload)
    if (!options) return hotdrop(probe, 'the transport header is cut short')
    const mss = mssOf(options)
    return mss !== undefined && mss >= from && mss <= to
  }
}

function optionsAt(payload: Payload): Uint8Array | undefined {
  if (isTcp(payload)) return payload.options
  if (!('raw' in payload)) return undefined
  const { raw } = payload
  const length = ((raw[12] ?? 0) >>> 4) * 4
  return length >= HEADER && raw.length >= length ? raw.subarray(HEADER, length) : undefined
}

function mssOf(options: Uint8Array): number | undefined {
  for (let at = 0; at < options.length; ) {
    const kind = options[at] ?? 0
    if (kind === 2 && at + 4 <= options.length && options[at + 1] === 4) {
      return ((options[at + 2] ?? 0) << 8) | (options[at + 3] ?? 0)
    }
    at += kind < 2 ? 1 : options[at + 1] || 1
  }
  return undefined
}
