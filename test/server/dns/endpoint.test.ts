/** Addresses with ports, all addresses of a machine, and messages in a stream. */
import fc from 'fast-check'
import t from 'tap'
import { formatEndpoint, parseEndpoint } from '../../../src/server/dns/endpoint.ts'
import { Frames, framed } from '../../../src/server/dns/frames.ts'
import { ownEndpoints } from '../../../src/server/dns/local-addresses.ts'

// biome-ignore format: one case, one row
const ENDPOINTS: [text: string, endpoint: string | undefined][] = [
  ['127.0.0.1',        '127.0.0.1:53'],
  ['127.0.0.1:5353',   '127.0.0.1:5353'],
  ['::1',              '[::1]:53'],
  ['[::1]',            '[::1]:53'],
  ['[::1]:5353',       '[::1]:5353'],
  ['2001:DB8:0::1',    '[2001:db8::1]:53'],
  ['0.0.0.0:0',        '0.0.0.0:0'],
  ['[127.0.0.1]:53',   undefined],
  ['localhost',        undefined],
  ['localhost:53',     undefined],
  [':53',              undefined],
  ['127.0.0.1:',       undefined],
  ['127.0.0.1:65536',  undefined],
  ['127.0.0.1:x',      undefined],
  ['',                 undefined],
]

for (const [text, wanted] of ENDPOINTS) {
  t.test(`"${text}" is ${wanted ?? 'no endpoint'}`, async t => {
    if (wanted === undefined) t.throws(() => parseEndpoint(text, 53), { code: 'ERR_PARSE' })
    else t.equal(formatEndpoint(parseEndpoint(text, 53)), wanted)
  })
}

t.test('all addresses are each of them', async t => {
  const own = (address: string) => ({ address, family: address.includes(':') ? 'IPv6' : 'IPv4' })
  const interfaces = { lo: [own('127.0.0.1'), own('::1')], eth0: [own('192.0.2.1'), own('fe80::1')], none: undefined }
  const at = (address: string) => ownEndpoints({ address, port: 53 }, interfaces).map(one => one.address)
  t.strictSame(at('0.0.0.0'), ['127.0.0.1', '192.0.2.1'])
  t.strictSame(at('::'), ['::1', 'fe80::1%eth0'])
  t.strictSame(at('192.0.2.1'), ['192.0.2.1'])
})

t.test('messages come out as they went in, however they are cut', async t => {
  const messages = fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 8 })
  fc.assert(
    fc.property(messages, fc.array(fc.integer({ min: 1, max: 2000 })), (sent, sizes) => {
      const whole = Buffer.concat(sent.map(framed))
      const frames = new Frames()
      const got: Uint8Array[] = []
      for (let at = 0, i = 0; at < whole.length; i++) {
        const size = sizes[i] ?? whole.length
        frames.put(whole.subarray(at, at + size))
        at += size
        if (i % 3 === 0) for (let one = frames.take(); one; one = frames.take()) got.push(one)
      }
      for (let one = frames.take(); one; one = frames.take()) got.push(one)
      t.strictSame(got, sent)
      t.equal(frames.isEmpty, true)
    }),
    { seed: 1, numRuns: 100 },
  )
})
