/** What comes of an answer that nobody waits for. */
import t from 'tap'
import { summaryOf } from '../../src/packet/summary.ts'
import { clusterWithNeighbour, judged, played, predicted, told } from './judged.ts'
import { withSight } from './observation-of.ts'

/** Pods beside each other answer past the rules that would put the Service's address back. */
const ASTRAY = {
  from: 'pod/neighbour',
  to: 'svc/web:80',
  faults: ['node-2 sysctl net.bridge.bridge-nf-call-iptables=0'],
}

t.test('it is predicted', async t => {
  const [way] = predicted(ASTRAY, clusterWithNeighbour()).predictions
  t.equal(way?.exchange.experience, 'timeout')
  t.strictSame(
    way?.exchange.aftermath?.map(({ journey }) => summaryOf(journey.packet)),
    ['10.244.1.3:40000 > 10.244.1.2:8080 tcp rst'],
  )
})

t.test('it is compared', async t => {
  const one = predicted(ASTRAY, clusterWithNeighbour())
  const seen = played(one)
  t.strictSame(told(judged(one, seen)), [])
  const without = withSight(seen, 'default/web-1', sight => ({ ...sight, packets: sight.packets.slice(0, -1) }))
  t.strictSame(told(judged(one, without)), [
    'packet default/web-1 input: input  10.244.1.3:40000 > 10.244.1.2:8080 tcp rst  ttl 64 tos 0x00 df mark 0x0 | nothing',
  ])
})
