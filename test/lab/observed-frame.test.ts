/** Frames as they were captured: read strictly if they can be, and else as far as they can be. */
import fc from 'fast-check'
import t from 'tap'
import { ParseError } from '../../src/base/error.ts'
import { parseIp } from '../../src/base/ip.ts'
import { decodeObservedFrame } from '../../src/lab/observed-frame.ts'
import { encodeFrame } from '../../src/packet/ethernet.ts'
import { tcpSyn, udpDatagram } from '../../src/packet/first-packet.ts'
import type { Frame, Packet } from '../../src/packet/packet.ts'
import { encodeVxlan } from '../../src/packet/vxlan.ts'

const TUNNELS = [8472]
const [A, B] = [
  { high: 0x0200, low: 1 },
  { high: 0x0200, low: 2 },
]
const ends = { src: parseIp('10.0.0.1'), dst: parseIp('10.0.0.2'), sport: 40_000, dport: 80 }

function frameOf(packet: Packet): Frame {
  return { src: A, dst: B, body: { kind: 'ip', packet } }
}

const plain = frameOf(tcpSyn(ends))
const data = encodeVxlan({ vni: 1, frame: plain })
const tunnelled = frameOf(udpDatagram({ ...ends, dport: 8472, data }))

for (const [says, frame] of [
  ['a frame', plain],
  ['one in a tunnel', tunnelled],
] as const) {
  t.test(`${says} without flaw`, async t => {
    t.strictSame(decodeObservedFrame(encodeFrame(frame), TUNNELS), { frame })
  })

  t.test(`${says} whose TCP checksum was left to a device`, async t => {
    const bytes = encodeFrame(frame)
    const at = bytes.length - (encodeFrame(plain).length - 14 - 20 - 16)
    bytes.set([0x12, 0x34], at)
    if (frame === tunnelled) bytes.set([0, 0], 14 + 20 + 6)
    const { frame: read, flaw = '' } = decodeObservedFrame(bytes, TUNNELS)
    t.match(flaw, /wrong checksum/)
    const { body } = read
    t.equal(body.kind === 'ip' && body.packet.payload.protocol, frame === plain ? 6 : 17)
  })
}

t.test('what is in it that is no packet is kept as bytes', async t => {
  const bytes = encodeFrame({ src: A, dst: B, body: { kind: 'raw', etherType: 0x0800, bytes: new Uint8Array(5) } })
  const { frame, flaw } = decodeObservedFrame(bytes, TUNNELS)
  t.equal(frame.body.kind, 'raw')
  t.not(flaw, undefined)
})

t.test('any bytes are a frame, or too few for one', async t => {
  const start = fc.constantFrom<readonly number[]>([], [...encodeFrame(plain)], [...encodeFrame(tunnelled)])
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 120 }), fc.nat(), (from, more, at) => {
      const bytes = Uint8Array.from([...from, ...more])
      if (bytes.length > 0) bytes[at % bytes.length] = at & 255
      try {
        decodeObservedFrame(bytes, TUNNELS)
        return bytes.length >= 14
      } catch (cause) {
        return cause instanceof ParseError && bytes.length < 14
      }
    }),
    { numRuns: 2000 },
  )
  t.pass()
})
