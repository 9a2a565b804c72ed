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
  /** Times are in nanoseconds, not microseconds. */
  readonly fine: boolean
}

export interface CaptureRecord extends Omit<CaptureHeader, 'fine'> {
  /** Whole microseconds since 1970-01-01T00:00:00Z. */
  readonly at: number
  /** As far as it was captured. */
  readonly bytes: Uint8Array
}

const FILE_HEADER = 24
const RECORD_HEADER = 16

const MAGICS: ReadonlySet<number> = new Set([0xa1b2c3d4, 0xa1b23c4d])
/** Of captures with times in nanoseconds. */
const FINE_MAGIC = 0xa1b23c4d

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
      const { littleEndian, linkType } = this.#header
      for (;;) {
        const length = lengthAt(bytes, at, this.#header)
        if (length === undefined || at + RECORD_HEADER + length > bytes.length) break
        const from = at + RECORD_HEADER
        const time = timeAt(bytes, at, this.#header)
        records.push({ at: time, littleEndian, linkType, bytes: bytes.slice(from, from + length) })
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
    const magic = view.getUint32(0, littleEndian)
    if (!MAGICS.has(magic)) continue
    // The upper bits are of the frame check sequence.
    return { littleEndian, linkType: view.getUint32(20, littleEndian) & 0x03ff_ffff, fine: magic === FINE_MAGIC }
  }
  throw new ParseError('capture', formatBytes(bytes.subarray(0, 4)), 'it begins with no magic number of pcap')
}

function timeAt(bytes: Uint8Array, at: number, { littleEndian, fine }: CaptureHeader): number {
  const view = viewOf(bytes)
  const part = view.getUint32(at + 4, littleEndian)
  return view.getUint32(at, littleEndian) * 1_000_000 + (fine ? Math.floor(part / 1000) : part)
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
