/**
 * Packets that the kernel copied to a log group, as captures hold them.
 *
 * A record is the body of a netlink message: a header of four bytes, then attributes. Lengths and
 * types of attributes are in the order of the machine, their values in network order.
 *
 * @see https://www.tcpdump.org/linktypes/LINKTYPE_NFLOG.html; include/uapi/linux/netfilter/nfnetlink_log.h of Linux
 * @module
 */
import { get8, get16, get32, malformed, NO_BYTES, requireLength } from '../packet/octets.ts'

/** LINKTYPE_NFLOG. */
export const NFLOG_LINK_TYPE = 239

export interface LoggedPacket {
  readonly group: number
  /** The text that the rule gave it. */
  readonly prefix: string
  /** 32 bits, signed; 0 where there is none. */
  readonly mark: number
  /** Devices by their index. */
  readonly in?: number
  readonly out?: number
  /** From the IP header on. */
  readonly payload: Uint8Array
}

const HEADER = 4
const ATTRIBUTE_HEADER = 4

/** Enum nfulnl_attr_type. */
const MARK = 2
const IN = 4
const OUT = 5
const PAYLOAD = 9
const PREFIX = 10

/** The two highest bits say how the value is built. @see NLA_TYPE_MASK in include/uapi/linux/netlink.h of Linux */
const TYPE = 0x3fff

const WHAT = 'logged packet'

/** @throws {ParseError} when an attribute is cut short */
export function decodeLoggedPacket(bytes: Uint8Array, littleEndian: boolean): LoggedPacket {
  requireLength(WHAT, bytes, HEADER)
  const found = attributesOf(bytes, littleEndian)
  const input = indexOf(found.get(IN))
  const output = indexOf(found.get(OUT))
  return {
    group: get16(bytes, 2),
    prefix: textOf(found.get(PREFIX) ?? NO_BYTES),
    mark: get32(found.get(MARK) ?? NO_BYTES, 0),
    ...(input === undefined ? {} : { in: input }),
    ...(output === undefined ? {} : { out: output }),
    payload: found.get(PAYLOAD) ?? NO_BYTES,
  }
}

function attributesOf(bytes: Uint8Array, littleEndian: boolean): ReadonlyMap<number, Uint8Array> {
  const found = new Map<number, Uint8Array>()
  const number = (at: number) =>
    littleEndian ? get8(bytes, at) | (get8(bytes, at + 1) << 8) : (get8(bytes, at) << 8) | get8(bytes, at + 1)
  for (let at = HEADER; at < bytes.length; ) {
    if (at + ATTRIBUTE_HEADER > bytes.length) throw malformed(WHAT, bytes, at, 'ends within the header of an attribute')
    const length = number(at)
    if (length < ATTRIBUTE_HEADER || at + length > bytes.length) {
      throw malformed(WHAT, bytes, at, `attribute of ${length} bytes, but there are ${bytes.length - at}`)
    }
    found.set(number(at + 2) & TYPE, bytes.subarray(at + ATTRIBUTE_HEADER, at + length))
    at += (length + 3) & ~3
  }
  return found
}

/** A device's index is never 0. */
function indexOf(value: Uint8Array | undefined): number | undefined {
  return value && (get32(value, 0) >>> 0 || undefined)
}

/** Up to the zero byte. */
function textOf(value: Uint8Array): string {
  const end = value.indexOf(0)
  return new TextDecoder().decode(end < 0 ? value : value.subarray(0, end))
}
