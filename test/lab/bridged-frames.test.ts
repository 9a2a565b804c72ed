/** Frames that a bridge may or may not show: of bridged packets that rules sent to another station. */
import t from 'tap'
import { formatIp } from '../../src/base/ip.ts'
import { bridgedFrames } from '../../src/lab/bridged-frames.ts'
import { expectedFrames, withFrames } from '../../src/lab/frame-sights.ts'
import type { PassedFrame } from '../../src/lab/frame-watch.ts'
import { encodeFrame } from '../../src/packet/ethernet.ts'
import { portsOf } from '../../src/packet/packet.ts'
import type { Asking } from '../trace/tell.ts'
import { clusterWithNeighbour, judged, played, predicted, told } from './judged.ts'

function framesOf(asking: Asking) {
  const cluster = clusterWithNeighbour()
  const { predictions } = predicted(asking, cluster)
  return predictions.map(({ exchange }) =>
    bridgedFrames(exchange).map(
      ({ machine, link, packet }) =>
        `${machine} ${link} ${formatIp(packet.src)} > ${formatIp(packet.dst)}:${portsOf(packet.payload)?.dport}`,
    ),
  )
}

// biome-ignore format: one case, one row
const CASES: readonly (readonly [says: string, asking: Asking, frames: readonly (readonly string[])[]])[] = [
  ['to a pod of another node: what leaves the bridge passes its device', { from: 'pod/client', to: 'svc/web:80' },             [[], []]],
  ['to a pod of the same bridge, whose address was asked for',           { from: 'pod/neighbour', to: 'pod/web-1:8080' },      [[]]],
  ['to a pod of the same bridge, to which rules led',                    { from: 'pod/neighbour', to: 'svc/web:80' },          [['node-2 cbr0 10.244.1.3 > 10.244.1.2:8080'], []]],
  ['back to the pod itself, and the answer',                             { from: 'pod/web-1', to: 'svc/web:80' },              [['node-2 cbr0 10.244.1.2 > 10.244.1.2:8080', 'node-2 cbr0 10.244.1.2 > 10.244.1.2:40000'], []]],
]

for (const [says, asking, frames] of CASES) {
  t.test(`a packet ${says}`, async t => t.strictSame(framesOf(asking), frames))
}

t.test('such a frame may be there or not; another one is told', async t => {
  const asked = predicted({ from: 'pod/neighbour', to: 'svc/web:80' }, clusterWithNeighbour())
  const judgement = judged(asked, played(asked))
  const exchange = asked.predictions[0]?.exchange
  const [bridged] = exchange ? bridgedFrames(exchange) : []
  if (!exchange || !bridged?.dst) throw new Error('no such frame')
  const { machine, link, packet, src, dst } = bridged
  const frame = (ttl: number): PassedFrame => {
    const bytes = encodeFrame({ src, dst, body: { kind: 'ip', packet: { ...packet, ttl } } })
    return { at: 0, machine, link, bytes, computes: true }
  }
  const passed = expectedFrames(asked.flow, exchange, name => name).map(
    (one): PassedFrame => ({ ...one, bytes: encodeFrame(one.frame), computes: true }),
  )
  const toldWith = (...more: readonly PassedFrame[]) => told(withFrames(judgement, [...passed, ...more], [])).length
  t.equal(toldWith(), 0)
  t.equal(toldWith(frame(64)), 0)
  t.equal(toldWith(frame(64), frame(64)), 1, 'it passes but once')
  t.equal(toldWith(frame(63)), 1, 'a bridge takes no hop')
})
