import fc from 'fast-check'
import t from 'tap'
import { ParseError } from '../../src/base/error.ts'
import { decodeLoggedPacket } from '../../src/lab/nflog.ts'
import { CaptureReader, type CaptureRecord } from '../../src/lab/pcap-stream.ts'
import { concatBytes, parseBytes } from '../../src/packet/octets.ts'

/** What tcpdump 4.99.3 wrote of one datagram to 127.0.0.1:99 at hook output, and where it begins. */
const FILE_HEADER = parseBytes('d4c3b2a1020004000000000000000000' + '00000400ef000000')
const RECORD = parseBytes(
  '4db9016bf318030054000000540000000200133708000100080003000b000a006f7574707574000008000500000000010800030000004000' +
    '08000e00000000002300090' +
    '04500001f7b3740004011c1947f0000017f000001bc6b0063000bfe1e68690a00',
)

/** The same by a machine of the other byte order. */
function swapped(): Uint8Array {
  const header = parseBytes('a1b2c3d400020004000000000000000000040000000000ef')
  const record = parseBytes(
    '6b01b94d000318f30000002a0000002a' +
      '02001337' +
      '000b000a6f75747075740000' +
      '0008800500000001' +
      '00080002c0004001' +
      '000a000945000a0b0000',
  )
  return concatBytes([header, record])
}

const PAYLOAD = parseBytes('4500001f7b3740004011c1947f0000017f000001bc6b0063000bfe1e68690a')

t.test('decodeLoggedPacket() reads group, prefix, devices and packet', async t => {
  const [record] = new CaptureReader().push(concatBytes([FILE_HEADER, RECORD]))
  if (!record) throw new Error('a record')
  t.equal(record.linkType, 239)
  t.strictSame(decodeLoggedPacket(record.bytes, record.littleEndian), {
    group: 0x1337,
    prefix: 'output',
    mark: 0,
    out: 1,
    payload: PAYLOAD,
  })
})

t.test('decodeLoggedPacket() reads what a machine of the other byte order wrote', async t => {
  const [record] = new CaptureReader().push(swapped())
  if (!record) throw new Error('a record')
  t.strictSame(decodeLoggedPacket(record.bytes, record.littleEndian), {
    group: 0x1337,
    prefix: 'output',
    mark: 0xc0004001 | 0,
    out: 1,
    payload: parseBytes('45000a0b0000'),
  })
})

// biome-ignore format: one case, one row
const BROKEN: readonly (readonly [name: string, bytes: string])[] = [
  ['ends within the header',                   '0200'],
  ["ends within an attribute's header",        '02001337' + '0800'],
  ['has an attribute of no length',            '02001337' + '00000a00'],
  ['has an attribute that is longer than it',  '02001337' + '10000a006f75'],
]

for (const [name, bytes] of BROKEN) {
  t.test(`decodeLoggedPacket() refuses a message that ${name}`, async t => {
    t.throws(() => decodeLoggedPacket(parseBytes(bytes), true), ParseError)
  })
}

t.test('decodeLoggedPacket() takes any bytes or refuses them', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), (bytes, littleEndian) => {
      try {
        decodeLoggedPacket(bytes, littleEndian)
      } catch (error) {
        if (!(error instanceof ParseError)) throw error
      }
    }),
  )
})

/** Cut into pieces at these places. */
function pieces(bytes: Uint8Array, cuts: readonly number[]): readonly Uint8Array[] {
  const places = [0, ...cuts.map(cut => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return places.slice(1).map((end, i) => bytes.slice(places[i], end))
}

t.test('CaptureReader gives the same records however the stream is cut', async t => {
  const stream = concatBytes([FILE_HEADER, RECORD, RECORD, RECORD])
  const whole = new CaptureReader().push(stream)
  t.equal(whole.length, 3)
  fc.assert(
    fc.property(fc.array(fc.nat(1000), { maxLength: 20 }), cuts => {
      const reader = new CaptureReader()
      const records: CaptureRecord[] = pieces(stream, cuts).flatMap(piece => [...reader.push(piece)])
      t.strictSame(records, whole)
    }),
    { numRuns: 50 },
  )
})

t.test('CaptureReader refuses what is no capture', async t => {
  t.throws(() => new CaptureReader().push(new Uint8Array(24)), {
    name: 'ParseError',
    message: /no magic number of pcap/,
  })
})

t.test('CaptureReader refuses a record that no packet can fill', async t => {
  const record = parseBytes('0000000000000000ffffff7fffffff7f')
  t.throws(() => new CaptureReader().push(concatBytes([FILE_HEADER, record])), {
    name: 'ParseError',
    message: /262144 bytes at most/,
  })
})
