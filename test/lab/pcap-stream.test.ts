/** Times in captures, in either byte order and either unit. */
import t from 'tap'
import { CaptureReader } from '../../src/lab/pcap-stream.ts'
import { concatBytes } from '../../src/packet/octets.ts'

function words(littleEndian: boolean, ...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4)
  const view = new DataView(bytes.buffer)
  for (const [i, value] of values.entries()) view.setUint32(i * 4, value, littleEndian)
  return bytes
}

// biome-ignore format: one case, one row
const CASES: readonly (readonly [says: string, littleEndian: boolean, magic: number, part: number])[] = [
  ['microseconds, lowest byte first',  true,  0xa1b2c3d4, 123_456],
  ['microseconds, highest byte first', false, 0xa1b2c3d4, 123_456],
  ['nanoseconds, lowest byte first',   true,  0xa1b23c4d, 123_456_789],
  ['nanoseconds, highest byte first',  false, 0xa1b23c4d, 123_456_789],
]

for (const [says, littleEndian, magic, part] of CASES) {
  t.test(says, async t => {
    const header = words(littleEndian, magic, 0, 0, 0, 262_144, 1)
    const record = concatBytes([words(littleEndian, 1_795_262_400, part, 3, 3), Uint8Array.of(1, 2, 3)])
    t.strictSame(new CaptureReader().push(concatBytes([header, record])), [
      { at: 1_795_262_400_123_456, littleEndian, linkType: 1, bytes: Uint8Array.of(1, 2, 3) },
    ])
  })
}
