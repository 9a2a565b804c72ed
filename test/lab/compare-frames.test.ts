import fc from 'fast-check'
import t from 'tap'
import { parseMac } from '../../src/base/mac.ts'
import { seededRandom } from '../../src/base/random.ts'
import { DEFAULT_FEATURES } from '../../src/cluster/host-state.ts'
import { compareFrames, type FrameOptions, type LinkFrames } from '../../src/lab/compare-frames.ts'
import { decodeFrame, encodeFrame } from '../../src/packet/ethernet.ts'
import type { Frame, Packet } from '../../src/packet/packet.ts'
import { isUdp } from '../../src/packet/packet.ts'
import { decodeVxlan, encodeVxlan } from '../../src/packet/vxlan.ts'
import { clusterWorld } from '../../src/trace/cluster-world.ts'
import { exchange } from '../../src/trace/exchange.ts'
import { drawnWay } from '../../src/trace/ways.ts'
import { createWorld } from '../../src/trace/wiring.ts'
import { randomCluster } from '../trace/random-cluster.ts'

const VXLAN = 8472
const STRICT: FrameOptions = { vxlanPorts: [VXLAN], isExcluded: () => false }

/** What passed each link when a random flow went its way. */
const linkFrames: fc.Arbitrary<readonly LinkFrames[]> = fc
  .tuple(randomCluster, fc.nat())
  .map(([{ cluster, flows }, seed]) => {
    const world = createWorld(clusterWorld(cluster, { features: DEFAULT_FEATURES }))
    const [flow] = flows
    if (!flow) return []
    const { value } = drawnWay(
      choose =>
        exchange(
          flow.sender,
          { packet: flow.packet, mark: 0 },
          { world, memories: new Map(), now: 0, choose, random: seededRandom(seed, 'ports'), verbose: false },
        ),
      seed,
    )
    const links = new Map<string, LinkFrames>()
    for (const { machine, link, frame } of value.sightings) {
      const key = `${machine} ${link}`
      links.set(key, { machine, link, frames: [...(links.get(key)?.frames ?? []), frame] })
    }
    return [...links.values()]
  })

t.test('frames that went over a wire and came back as bytes are the same', async t => {
  fc.assert(
    fc.property(linkFrames, model => {
      const kernel = model.map(one => ({ ...one, frames: one.frames.map(frame => decodeFrame(encodeFrame(frame))) }))
      return compareFrames(model, kernel, STRICT).length === 0
    }),
    { numRuns: 60 },
  )
  t.pass()
})

/** A change to the packet, in the outer one and in what a tunnel carries. */
function inPacket(change: (packet: Packet) => Packet, inner = false) {
  return (frame: Frame): Frame => {
    if (frame.body.kind !== 'ip') return frame
    const { packet } = frame.body
    if (!inner) return { ...frame, body: { kind: 'ip', packet: change(packet) } }
    if (!isUdp(packet.payload) || packet.payload.dport !== VXLAN) return frame
    const carried = decodeVxlan(packet.payload.data)
    const data = encodeVxlan({ ...carried, frame: inPacket(change)(carried.frame) })
    return { ...frame, body: { kind: 'ip', packet: { ...packet, payload: { ...packet.payload, data } } } }
  }
}

const OTHER = parseMac('02:00:00:00:00:99')
const less = (packet: Packet): Packet => ({ ...packet, ttl: packet.ttl - 1 })

const CHANGES: readonly (readonly [string, (frame: Frame) => Frame, string])[] = [
  ['a frame from another station', frame => ({ ...frame, src: OTHER }), 'eth.src'],
  ['a frame to another station', frame => ({ ...frame, dst: OTHER }), 'eth.dst'],
  ['a TTL that is one less', inPacket(less), 'ip.ttl'],
  ['another DSCP', inPacket(packet => ({ ...packet, tos: packet.tos ^ 0x20 })), 'ip.tos'],
  ['a TTL that is one less inside the tunnel', inPacket(less, true), 'inner.ip.ttl'],
]

for (const [what, change, field] of CHANGES) {
  t.test(`${what} is told as ${field}`, async t => {
    let told = 0
    fc.assert(
      fc.property(linkFrames, model => {
        const kernel = model.map(one => ({ ...one, frames: one.frames.map(change) }))
        const changed = model.flatMap((one, i) => one.frames.filter((frame, j) => frame !== kernel[i]?.frames[j]))
        const found = compareFrames(model, kernel, STRICT)
        told += found.length
        return found.length === changed.length && found.every(({ fields }) => fields.some(one => one.field === field))
      }),
      { numRuns: 60 },
    )
    t.ok(told > 0, 'and some were')
  })
}

t.test('a frame that only one side knows is told with its place', async t => {
  fc.assert(
    fc.property(linkFrames, model => {
      const [first] = model
      if (!first) return true
      const kernel = [{ ...first, frames: first.frames.slice(0, -1) }, ...model.slice(1)]
      const [missing, ...others] = compareFrames(model, kernel, STRICT)
      const [added] = compareFrames(kernel, model, STRICT)
      return (
        others.length === 0 &&
        missing?.number === first.frames.length &&
        missing.model !== undefined &&
        missing.kernel === undefined &&
        added?.kernel === missing.model
      )
    }),
    { numRuns: 60 },
  )
  t.pass()
})

t.test('an excluded field says nothing, whatever it holds', async t => {
  const options: FrameOptions = { ...STRICT, isExcluded: field => field.endsWith('ip.ttl') }
  fc.assert(
    fc.property(linkFrames, model => {
      const kernel = model.map(one => ({ ...one, frames: one.frames.map(inPacket(less)) }))
      return compareFrames(model, kernel, options).length === 0
    }),
    { numRuns: 60 },
  )
  t.pass()
})
