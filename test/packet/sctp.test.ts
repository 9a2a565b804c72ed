import t from 'tap'
import { decodeSctp, encodeSctp } from '../../src/packet/sctp.ts'

t.test('decodeSctp() leaves the bytes alone, also those of a Buffer, whose slices are views', async t => {
  const bytes = encodeSctp({ protocol: 132, sport: 1, dport: 2, tag: 3, chunks: [] })
  const buffer = Buffer.from(bytes)
  decodeSctp(buffer)
  t.strictSame(Uint8Array.from(buffer), bytes)
})
