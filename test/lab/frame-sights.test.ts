/** Frames at links by the model and as a kernel would show them: what agrees, what is passed over, what is told. */
import t from 'tap'
import { parseIp } from '../../src/base/ip.ts'
import { equalMac, parseMac } from '../../src/base/mac.ts'
import type { Prediction } from '../../src/lab/agreement.ts'
import { labNames } from '../../src/lab/compare.ts'
import { expectedFrames, withFrames } from '../../src/lab/frame-sights.ts'
import type { PassedFrame } from '../../src/lab/frame-watch.ts'
import { predict } from '../../src/lab/predict.ts'
import { judge } from '../../src/lab/verdict.ts'
import { decodeFrame, encodeFrame } from '../../src/packet/ethernet.ts'
import { udpDatagram } from '../../src/packet/first-packet.ts'
import { type Frame, isUdp, type Packet } from '../../src/packet/packet.ts'
import { macOfDevice } from '../../src/trace/station.ts'
import type { Asking } from '../trace/tell.ts'
import { type Predicted, predicted, told } from './judged.ts'
import { observationOf } from './observation-of.ts'

const TUNNELS = [8472]

/** Sent as bytes, as flows are whose frames are compared. */
function crafted(asking: Asking): Predicted {
  const { flow, world } = predicted(asking)
  return {
    flow,
    world,
    predictions: predict(flow, world, new Map(), { seed: 1, most: 1000, crafted: true }).predictions,
  }
}

function firstOf({ predictions: [first] }: Predicted): Prediction {
  if (!first) throw new Error('no way')
  return first
}

/** A kernel that does what the model says. */
function played(one: Predicted) {
  const { exchange } = firstOf(one)
  const observation = observationOf(exchange, { crafted: true })
  const passed = expectedFrames(one.flow, exchange, labNames(observation)).map(
    ({ at, machine, link, frame }): PassedFrame => ({ at, machine, link, bytes: encodeFrame(frame), computes: true }),
  )
  return { judgement: judge(one.flow, one.predictions, observation, { crafted: true }), passed }
}

const FAR: Asking = { from: 'pod/client', to: 'pod/web-1:8080' }
const OUTSIDE: Asking = { from: 'ip:198.51.100.7', to: 'node/node-2:30080' }

const FLOWS: readonly (readonly [says: string, asking: Asking])[] = [
  ['TCP through a tunnel', FAR],
  ['UDP that is refused', { from: 'pod/client', to: 'pod/web-1:53', protocol: 17 }],
  ['a ping', { from: 'pod/client', to: 'pod/web-1', protocol: 1 }],
  ['a Service', { from: 'pod/client', to: 'svc/web:80' }],
  ['a Service without endpoints', { from: 'pod/client', to: 'svc/empty:80' }],
  ['a port of a node, from outside', OUTSIDE],
  ['a node to itself', { from: 'node/node-1', to: 'node/node-1:7' }],
  ['a packet that dies on its way', { from: 'pod/client', to: 'pod/web-1:8080', ttl: 2 }],
]

for (const [says, asking] of FLOWS) {
  t.test(`${says}: frames that came over a wire are those of the model`, async t => {
    const { judgement, passed } = played(crafted(asking))
    t.strictSame(told(judgement), [])
    const { differences, taken, frames } = withFrames(judgement, passed, TUNNELS)
    t.strictSame(differences, [])
    t.ok(taken)
    t.ok(frames && frames.compared > 0)
    t.equal(frames?.kernel.length, frames?.compared)
    t.strictSame(
      frames?.model.map(({ bytes }) => bytes),
      passed.map(({ bytes }) => bytes),
    )
  })
}

/** The packet of a frame changed. */
function inPacket(frame: Frame, change: (packet: Packet) => Packet): Frame {
  return frame.body.kind === 'ip' ? { ...frame, body: { kind: 'ip', packet: change(frame.body.packet) } } : frame
}

/** The frames at one link changed, the others as they are. */
function at(machine: string, link: string, passed: readonly PassedFrame[], change: (frame: Frame) => Frame) {
  return passed.map(one =>
    one.machine === machine && one.link === link ? { ...one, bytes: encodeFrame(change(decodeFrame(one.bytes))) } : one,
  )
}

const OTHER = parseMac('02:00:00:00:00:99')

// biome-ignore format: one case, one row
const CHANGES: readonly (readonly [says: string, change: (passed: readonly PassedFrame[]) => readonly PassedFrame[], told: RegExp])[] = [
  ['another TTL of outer packets', all => at('node-1', 'eth0', all, one => inPacket(one, packet => ({ ...packet, ttl: 63 }))), /^frame node-1 eth0 frame 1: ip\.ttl 64 \| ip\.ttl 63$/],
  ['another MAC',                  all => at('node-2', 'eth0', all, one => ({ ...one, src: OTHER })),                          /^frame node-2 eth0 frame 1: eth\.src [0-9a-f:]+ \| eth\.src 02:00:00:00:00:99$/],
  ['a TOS that is not copied',     all => at('default/web-1', 'eth0', all, one => inPacket(one, packet => ({ ...packet, tos: 4 }))), /^frame default\/web-1 eth0 frame 1: ip\.tos 0x00 \| ip\.tos 0x04$/],
  ['no frames at a link',          all => all.filter(({ link }) => link !== 'flannel.1'),                                      /^frame node-1 flannel\.1 frame 1: .*tcp syn \| nothing$/],
  ['a frame too many',             all => [...all, ...all.slice(-1)],                                                          /: nothing \| .*tcp/],
]

for (const [says, change, told1] of CHANGES) {
  t.test(`${says}: told`, async t => {
    const { judgement, passed } = played(crafted(FAR))
    const wrong = withFrames(judgement, change(passed), TUNNELS)
    t.match(told(wrong)[0], told1)
    t.equal(wrong.taken, undefined)
    t.equal(wrong.nearest, judgement.taken)
  })
}

t.test('a wrong checksum is told where checksums are computed, also that of what a tunnel carries', async t => {
  const { judgement, passed } = played(crafted(FAR))
  const spoilt = passed.map(one => {
    const bytes = one.bytes.slice()
    const last = bytes.length - 1
    bytes[last] = (bytes[last] ?? 0) ^ 1
    return { ...one, bytes }
  })
  const computed = withFrames(judgement, spoilt, TUNNELS).differences
  for (const link of ['eth0', 'flannel.1']) {
    t.ok(computed.some(({ where, kernel }) => where === `node-1 ${link} frame 1` && /checksum/.test(kernel)))
  }
})

t.test('checksums that were left to devices say nothing', async t => {
  const { judgement, passed } = played(crafted(FAR))
  const left = passed.map(one => ({ ...one, computes: false, bytes: withoutTcpChecksum(one.bytes) }))
  t.strictSame(told(withFrames(judgement, left, TUNNELS)), [])
  t.not(
    told(
      withFrames(
        judgement,
        left.map(one => ({ ...one, computes: true })),
        TUNNELS,
      ),
    ).length,
    0,
  )
})

/** Whole frames of TCP alone: a device that is to compute has only the sum over the addresses. */
function withoutTcpChecksum(bytes: Uint8Array): Uint8Array {
  const { body } = decodeFrame(bytes)
  if (body.kind !== 'ip' || isUdp(body.packet.payload)) return bytes
  const left = bytes.slice()
  left.set([0x12, 0x34], 14 + 20 + 16)
  return left
}

t.test('what is not compared may be among it', async t => {
  const { judgement, passed } = played(crafted(FAR))
  const [first] = passed
  if (!first) throw new Error('nothing passed')
  const { src, dst } = decodeFrame(first.bytes)
  const ip = parseIp('10.244.0.2')
  const arp: Frame = {
    src,
    dst,
    body: { kind: 'arp', operation: 'request', sender: { mac: src, ip }, target: { mac: dst, ip } },
  }
  const fence = udpDatagram({ src: parseIp('127.0.0.1'), dst: parseIp('127.119.0.1'), sport: 1, dport: 9 })
  const more = [arp, { src, dst, body: { kind: 'ip', packet: fence } } as const].map(frame => ({
    ...first,
    bytes: encodeFrame(frame),
  }))
  const { differences, frames } = withFrames(judgement, [...more, ...passed], TUNNELS)
  t.strictSame(differences, [])
  t.equal(frames?.kernel.length, passed.length + 1, 'ARP is kept for whoever reads the capture, fences are nobody’s')
})

t.test('something else on the wire is told', async t => {
  const { judgement, passed } = played(crafted(FAR))
  const [first] = passed
  if (!first) throw new Error('nothing passed')
  const { src, dst } = decodeFrame(first.bytes)
  const strange = encodeFrame({ src, dst, body: { kind: 'raw', etherType: 0x88cc, bytes: new Uint8Array(46) } })
  t.match(told(withFrames(judgement, [...passed, { ...first, bytes: strange }], TUNNELS))[0], /nothing \| raw$/)
})

t.test('whoever is outside is one machine with one MAC', async t => {
  const one = crafted(OUTSIDE)
  const frames = expectedFrames(one.flow, firstOf(one).exchange, name => (name === '198.51.100.7' ? 'outside' : name))
  t.notOk(frames.some(({ machine }) => machine === '198.51.100.7'))
  const mac = macOfDevice('outside', 'eth0')
  const atEnds = frames.filter(({ machine, link }) => machine === 'outside' || link === 'wan')
  t.ok(atEnds.some(({ machine }) => machine === 'outside') && atEnds.some(({ link }) => link === 'wan'))
  for (const { frame } of atEnds) t.ok(equalMac(frame.src, mac) !== equalMac(frame.dst, mac))
})

t.test('a kernel that took no way that the model knows of: its frames are kept', async t => {
  const { judgement, passed } = played(crafted(FAR))
  const { taken: _, ...none } = judgement
  const { frames, differences } = withFrames({ ...none, predictions: [] }, passed, TUNNELS)
  t.equal(frames?.kernel.length, passed.length)
  t.equal(frames?.compared, 0)
  t.strictSame(differences, [])
})
