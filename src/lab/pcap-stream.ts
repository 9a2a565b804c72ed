/**
 * Captures in the classic format as they come from a pipe, a piece at a time.
 *
 * @see pcap-savefile(5)
 * @module
 */
import { ParseError } from '../base/error.ts'
import { concatBytes, formatBytes, NO_BYTES } from '../packet/octets.ts'

/** What the capture's header says. */
export interface CaptureHeader {
  /** Of the machine that wrote it: what link types leave to the machine is in this order too. */
  readonly littleEndian: boolean
  readonly linkType: number
}

export interface CaptureRecord extends CaptureHeader {
  /** As far as it was captured. */
  readonly bytes: Uint8Array
}

const FILE_HEADER = 24
const RECORD_HEADER = 16

/** With times in micro- and in nanoseconds. */
const MAGICS: ReadonlySet<number> = new Set([0xa1b2c3d4, 0xa1b23c4d])

/** No packet is longer than what any capture tool keeps of one. @see MAXIMUM_SNAPLEN in netdissect.h of tcpdump */
const LONGEST = 262_144

/** Reads a stream that comes in pieces of any size. */
export class CaptureReader {
  #rest: Uint8Array = NO_BYTES
  #header: CaptureHeader | undefined

  /**
   * The records that are complete with this piece.
   *
   * @throws {ParseError} when the stream is no capture; nothing more can be read of it then
   */
  push(piece: Uint8Array): readonly CaptureRecord[] {
    const bytes = this.#rest.length === 0 ? piece : concatBytes([this.#rest, piece])
    let at = 0
    if (!this.#header && bytes.length >= FILE_HEADER) {
      this.#header = headerOf(bytes)
      at = FILE_HEADER
    }
    const records: CaptureRecord[] = []
    if (this.#header) {
      for (;;) {
        const length = lengthAt(bytes, at, this.#header)
        if (length === undefined || at + RECORD_HEADER + length > bytes.length) break
        const from = at + RECORD_HEADER
        records.push({ ...this.#header, bytes: bytes.slice(from, from + length) })
        at = from + length
      }
    }
    this.#rest = bytes.slice(at)
    return records
  }
}

function headerOf(bytes: Uint8Array): CaptureHeader {
  const view = viewOf(bytes)
  for (const littleEndian of [true, false]) {
    if (!MAGICS.has(view.getUint32(0, littleEndian))) continue
    // The upper bits are of the frame check sequence.
    return { littleEndian, linkType: view.getUint32(20, littleEndian) & 0x03ff_ffff }
  }
  throw new ParseError('capture', formatBytes(bytes.subarray(0, 4)), 'it begins with no magic number of pcap')
}

/** The length of the record that begins at `at`; absent: its header is not there yet. */
function lengthAt(bytes: Uint8Array, at: number, { littleEndian }: CaptureHeader): number | undefined {
  if (at + RECORD_HEADER > bytes.length) return undefined
  const length = viewOf(bytes).getUint32(at + 8, littleEndian)
  if (length > LONGEST) throw new ParseError('capture', `${length} bytes`, `a record is of ${LONGEST} bytes at most`)
  return length
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}
