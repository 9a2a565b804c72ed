/**
 * Captures, as files that Wireshark and tcpdump read: pcapng, with an interface for each point where
 * packets were seen.
 *
 * @see draft-ietf-opsawg-pcapng (sections 4.1 to 4.3)
 * @module
 */
import { concatBytes } from './octets.ts'

/** A point where packets were seen. */
export interface CapturePoint {
  /** As Wireshark shows it: `node-1/eth0`. */
  readonly name: string
  /** Absent: Ethernet. */
  readonly linkType?: LinkType
}

/** What the bytes of a point's frames begin with. `raw`: an IP header. */
export type LinkType = 'ethernet' | 'raw'

export interface CapturedFrame {
  /** Microseconds since 1970-01-01T00:00:00Z, from 0 up. */
  readonly at: number
  /** The point, by its index. */
  readonly interface: number
  readonly bytes: Uint8Array
  readonly direction?: 'in' | 'out'
  readonly comment?: string
}

export interface Capture {
  readonly interfaces: readonly CapturePoint[]
  /** In the order of time, as readers expect. */
  readonly frames: readonly CapturedFrame[]
  /** Who wrote the file. */
  readonly application?: string
}

const SECTION_HEADER = 0x0a0d0d0a
const INTERFACE = 1
const ENHANCED_PACKET = 6

const BYTE_ORDER_MAGIC = 0x1a2b3c4d

/** "Not known": the section ends with the file. */
const NO_LENGTH = 0xffff_ffff

const OPTION = { COMMENT: 1, USER_APPLICATION: 4, IF_NAME: 2, IF_TSRESOL: 9, EPB_FLAGS: 2 } as const

/** Times are in units of 10^-6 s. */
const MICROSECONDS = 6

/** @see https://www.tcpdump.org/linktypes.html */
const LINK_TYPES: Readonly<Record<LinkType, number>> = { ethernet: 1, raw: 101 }

const DIRECTIONS: Readonly<Record<'in' | 'out', number>> = { in: 1, out: 2 }

/** The longest that an option's value can be. */
const LONGEST_OPTION = 0xffff

/**
 * The bytes of a capture file.
 *
 * @throws {RangeError} when a frame names no interface, or its time is none
 */
export function encodePcapng({ interfaces, frames, application }: Capture): Uint8Array {
  return concatBytes([
    sectionHeader(application),
    ...interfaces.map(interfaceBlock),
    ...frames.map(frame => packetBlock(frame, interfaces.length)),
  ])
}

function sectionHeader(application: string | undefined): Uint8Array {
  const options = application === undefined ? [] : [textOption(OPTION.USER_APPLICATION, application)]
  return block(SECTION_HEADER, concatBytes([words(BYTE_ORDER_MAGIC, 1, NO_LENGTH, NO_LENGTH), ...closed(options)]))
}

function interfaceBlock({ name, linkType = 'ethernet' }: CapturePoint): Uint8Array {
  const options = [textOption(OPTION.IF_NAME, name), option(OPTION.IF_TSRESOL, Uint8Array.of(MICROSECONDS))]
  // No limit on what is kept of a frame.
  return block(INTERFACE, concatBytes([words(LINK_TYPES[linkType], 0), ...closed(options)]))
}

function packetBlock({ at, interface: index, bytes, direction, comment }: CapturedFrame, points: number): Uint8Array {
  if (!Number.isInteger(index) || index < 0 || index >= points) throw new RangeError(`a frame at interface ${index}`)
  if (!Number.isSafeInteger(at) || at < 0) throw new RangeError(`a frame at ${at} microseconds`)
  const options = [
    ...(comment === undefined ? [] : [textOption(OPTION.COMMENT, comment)]),
    ...(direction === undefined ? [] : [option(OPTION.EPB_FLAGS, words(DIRECTIONS[direction]))]),
  ]
  const header = words(index, Math.floor(at / 0x1_0000_0000), at % 0x1_0000_0000, bytes.length, bytes.length)
  return block(ENHANCED_PACKET, concatBytes([header, padded(bytes), ...closed(options)]))
}

/** Type and length before, length again behind. */
function block(type: number, body: Uint8Array): Uint8Array {
  const length = body.length + 12
  return concatBytes([words(type, length), body, words(length)])
}

/** Options with the one that ends them, unless there are none. */
function closed(options: readonly Uint8Array[]): readonly Uint8Array[] {
  return options.length === 0 ? [] : [...options, words(0)]
}

function option(code: number, value: Uint8Array): Uint8Array {
  return concatBytes([words(code | (value.length << 16)), padded(value)])
}

function textOption(code: number, text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text)
  if (bytes.length <= LONGEST_OPTION) return option(code, bytes)
  // A character that is cut in two is left out.
  const shortened = new TextDecoder().decode(bytes.subarray(0, LONGEST_OPTION)).replace(/\uFFFD+$/, '')
  return option(code, new TextEncoder().encode(shortened))
}

function padded(bytes: Uint8Array): Uint8Array {
  return bytes.length % 4 === 0 ? bytes : concatBytes([bytes, new Uint8Array(4 - (bytes.length % 4))])
}

/** Words of 32 bits, lowest byte first, which the magic number tells readers. */
function words(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4)
  const view = new DataView(bytes.buffer)
  for (const [i, value] of values.entries()) view.setUint32(i * 4, value, true)
  return bytes
}
