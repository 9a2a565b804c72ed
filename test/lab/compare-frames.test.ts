import fc from 'fast-check'
import t from 'tap'
import { parseIp } from '../../src/base/ip.ts'
import { parseMac } from '../../src/base/mac.ts'
import { seededRandom } from '../../src/base/random.ts'
import { DEFAULT_FEATURES } from '../../src/cluster/host-state.ts'
import { compareFrames, type FrameOptions, type LinkFrames } from '../../src/lab/compare-frames.ts'
import { decodeFrame, encodeFrame } from '../../src/packet/ethernet.ts'
import { tcpSyn, udpDatagram } from '../../src/packet/first-packet.ts'
import { fragmentPacket } from '../../src/packet/fragment.ts'
import { icmpError } from '../../src/packet/icmp-error.ts'
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
      { numRuns: 240 },
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

const [HERE, THERE] = [parseIp('10.0.0.1'), parseIp('10.0.0.2')]
const sent = tcpSyn({ src: HERE, dst: THERE, sport: 40_000, dport: 80 })

/** One frame, with the error about a packet. */
function errorAbout(about: Packet): readonly LinkFrames[] {
  const packet = icmpError({ about, kind: 'port-unreachable', src: THERE })
  return packet ? oneFrame(packet) : []
}

function oneFrame(packet: Packet): readonly LinkFrames[] {
  return [{ machine: 'a', link: 'eth0', frames: [{ src: OTHER, dst: OTHER, body: { kind: 'ip', packet } }] }]
}

function carrying(vni: number): Packet {
  const data = encodeVxlan({ vni, frame: { src: OTHER, dst: OTHER, body: { kind: 'ip', packet: sent } } })
  return udpDatagram({ src: HERE, dst: THERE, sport: 1, dport: VXLAN, data })
}

const whole = udpDatagram({ src: parseIp('fd00::1'), dst: parseIp('fd00::2'), sport: 1, dport: 2, size: 2000 })
const piece = (id: number) => oneFrame(fragmentPacket(whole, 1280, id)[0] ?? whole)
const long = (size: number) => udpDatagram({ src: HERE, dst: THERE, sport: 1, dport: 2, size })

// biome-ignore format: one case, one row
const FIELDS: readonly (readonly [says: string, model: readonly LinkFrames[], kernel: readonly LinkFrames[], fields: readonly string[]])[] = [
  ['of what an error quotes, its TTL',             errorAbout(sent), errorAbout(less(sent)),                     ['quote.ip.ttl 64 63']],
  ['of what an error quotes, its identification',  errorAbout(sent), errorAbout({ ...sent, id: 7 }),             ['quote.ip.id 0 7']],
  ['of what an error quotes, an address',          errorAbout(sent), errorAbout({ ...sent, dst: HERE }),         ['quote.ip.dst 10.0.0.2 10.0.0.1']],
  ['how long a packet was that an error quotes a part of', errorAbout(long(1000)), errorAbout(long(1000)),        []],
  ['the identification of a piece of IPv6',        piece(7),         piece(8),                                   ['ip.fragment 0 more 7 0 more 8']],
  ['the network of a tunnel',                      oneFrame(carrying(1)), oneFrame(carrying(2)),                 ['vxlan.vni 1 2']],
  ['the family',                                   oneFrame(sent),   oneFrame(whole),                            ['ip.version 4 6']],
]

for (const [says, model, kernel, fields] of FIELDS) {
  t.test(`a field that differs: ${says}`, async t => {
    const found = compareFrames(model, kernel, STRICT).flatMap(one => one.fields)
    t.strictSame(
      found.map(one => `${one.field} ${one.model} ${one.kernel}`),
      fields,
    )
  })
}

t.test('the identification of a piece of IPv6 is asked about as one, its place is not', async t => {
  const asked: string[] = []
  const options: FrameOptions = { ...STRICT, isExcluded: field => asked.push(field) > 0 }
  t.strictSame(compareFrames(piece(7), piece(8), options), [])
  compareFrames(piece(7), oneFrame(fragmentPacket(whole, 1280, 7)[1] ?? whole), options)
  t.strictSame(asked.slice(0, 2), ['ip.id', 'ip.fragment'])
})

t.test('a frame is told apart by its place and by both packets', async t => {
  const asked: string[] = []
  const isExcluded: FrameOptions['isExcluded'] = (field, { model, kernel }, { machine, link, number }) => {
    asked.push(`${machine} ${link} ${number} ${field} ${model.ttl} ${kernel.ttl}`)
    return true
  }
  t.strictSame(compareFrames(oneFrame(sent), oneFrame(less(sent)), { ...STRICT, isExcluded }), [])
  t.strictSame(asked, ['a eth0 1 ip.ttl 64 63'])
})
