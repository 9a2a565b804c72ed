/** Paths as capture files: every frame at every link, in order, with the number of its hop. */
import t from 'tap'
import { decodeFrame } from '../../src/packet/ethernet.ts'
import { traceToCapture } from '../../src/trace/capture.ts'
import { CASES, told } from './cases.ts'

const INTERFACE = 1
const PACKET = 6

interface Block {
  readonly type: number
  readonly body: DataView
}

/** A slow and obvious reader of the blocks of a little-endian pcapng file. */
function blocksOf(bytes: Uint8Array): readonly Block[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const blocks: Block[] = []
  for (let at = 0; at < bytes.length; ) {
    const length = view.getUint32(at + 4, true)
    if (length % 4 !== 0 || view.getUint32(at + length - 4, true) !== length) throw new Error(`a broken block at ${at}`)
    blocks.push({
      type: view.getUint32(at, true),
      body: new DataView(view.buffer, view.byteOffset + at + 8, length - 12),
    })
    at += length
  }
  return blocks
}

interface Captured {
  readonly at: bigint
  readonly interface: number
  readonly bytes: Uint8Array
  readonly comment: string
}

function capturedOf({ body }: Block): Captured {
  const length = body.getUint32(12, true)
  const options = 20 + ((length + 3) & ~3)
  const slice = (from: number, size: number) => new Uint8Array(body.buffer, body.byteOffset + from, size)
  // The comment is the first option.
  const comment = new TextDecoder().decode(slice(options + 4, body.getUint16(options + 2, true)))
  return {
    interface: body.getUint32(0, true),
    at: (BigInt(body.getUint32(4, true)) << 32n) | BigInt(body.getUint32(8, true)),
    bytes: slice(20, length),
    comment,
  }
}

for (const one of CASES) {
  t.test(`capture: ${one.file}`, async t => {
    const { trace, context } = told(one)
    const blocks = blocksOf(traceToCapture(trace, context))
    const frames = blocks.filter(({ type }) => type === PACKET).map(capturedOf)
    const seen = (context.shown?.exchanges ?? []).flatMap(({ sightings }) => sightings)
    t.equal(frames.length, seen.length, 'every frame at every link')
    const points = new Set(seen.map(({ machine, link }) => `${machine}/${link}`))
    t.equal(blocks.filter(({ type }) => type === INTERFACE).length, points.size, 'an interface for each link')
    for (const [i, frame] of frames.entries()) {
      const sighting = seen[i]
      t.same(decodeFrame(frame.bytes), sighting?.frame, 'the frame as it was')
      t.match(frame.comment, `: ${sighting?.machine} ${sighting?.direction === 'in' ? 'receives' : 'sends'}`)
      const before = frames[i - 1]
      t.ok(!before || before.at < frame.at, 'in the order of time')
    }
  })
}
