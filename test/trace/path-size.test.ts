/** TCP that is told its path's size: sent again in what fits, as often as it is told, and no oftener. */
import t from 'tap'
import { lengthOf } from '../../src/packet/length.ts'
import type { Trace } from '../../src/trace/journey.ts'
import { shortened } from '../../src/trace/path-size.ts'
import { formatTrace } from '../../src/trace/text.ts'
import { warningsOf } from '../../src/trace/warning.ts'
import { type Case, told } from './cases.ts'
import { SYN } from './sample.ts'

const PLAIN = { verbose: false, colour: false, unicode: true, width: 200 }
const NARROW = 'node-1 link set flannel.1 mtu 1300'
const TO_OTHER_NODE: Case = {
  file: 'path-size',
  cluster: 'broken-paths',
  from: 'pod/client',
  to: 'pod/web-2:http',
  faults: [NARROW],
}

function metIn({ paths: [path] }: Trace) {
  const exchange = path?.exchanges[0]
  if (!exchange) throw new Error('no exchange')
  return exchange
}

/** The lengths that were sent, in their order. */
function sizesIn(trace: Trace): readonly number[] {
  const { tries = [], request } = metIn(trace)
  return [...tries.map(one => one.request), request].map(({ packet }) => lengthOf(packet))
}

// biome-ignore format: one case, one row
const CASES: readonly (readonly [says: string, one: Case, experience: string, sizes: readonly number[]])[] = [
  ['what fits is sent once',                       { ...TO_OTHER_NODE, size: 1300 },               'answered',         [1300]],
  ['TCP sends again what fits',                    { ...TO_OTHER_NODE, size: 1450 },               'answered',         [1450, 1300]],
  ['its own link comes before the path',           { ...TO_OTHER_NODE, size: 2000 },               'answered',         [2000, 1450, 1300]],
  ['a datagram fails instead',                     { ...TO_OTHER_NODE, size: 1450, protocol: 17 }, 'message too long', [1450]],
  ['a ping too',                                   { ...TO_OTHER_NODE, size: 1450, protocol: 1 },  'message too long', [1450]],
  ['where nobody tells, nothing is sent again',    { ...TO_OTHER_NODE, to: 'pod/web-1:http', size: 1450, faults: ['node-1 link set pod/web-1 mtu 1400'] }, 'timeout', [1450]],
]
for (const [says, one, experience, sizes] of CASES) {
  t.test(says, async t => {
    const { trace } = told(one)
    t.equal(metIn(trace).experience, experience)
    t.strictSame(sizesIn(trace), sizes)
  })
}

t.test('of pieces, those behind one that the other end does not take are not sent', async t => {
  const cut: Case = { ...TO_OTHER_NODE, size: 1499, protocol: 17, faults: ['node-1 link set pod/client mtu 1350'] }
  const { trace } = told(cut)
  const [pod, ...others] = metIn(trace).request.hops
  const sent = pod?.steps.flatMap(step => (step.component === 'link' ? [step.action] : []))
  t.strictSame(sent, ['transmit'], 'only the first one leaves')
  t.equal(others.length, 1, 'and ends where it comes to')
  t.equal(metIn(trace).sightings.length, 1)
  t.equal(metIn(told({ ...cut, faults: [] }).trace).experience, 'refused', 'pieces that are taken are put together')
})

t.test('both tries are told, and what it rests on', async t => {
  const { trace, context } = told({ ...TO_OTHER_NODE, size: 2000 })
  const text = formatTrace(trace, { ...context, ...PLAIN })
  t.match(text, "too big for eth0's 1450: sent again in 1450 bytes")
  t.match(text, "too big for flannel.1's 1300: told by node-1, sent again in 1300 bytes")
  t.match(warningsOf(trace, context).join('\n'), /the path carries 1300 bytes at most \(flannel\.1 on node-1\)/)
  t.match(formatTrace(trace, { ...context, ...PLAIN, verbose: true }), /fragmentation needed mtu 1300/)
})

t.test('only data are cut', async t => {
  const long = { ...SYN, payload: { ...SYN.payload, data: new Uint8Array(1000) } } as typeof SYN
  const least = lengthOf(SYN)
  t.equal(shortened(SYN, least - 1), undefined, 'headers stay whole')
  t.equal(shortened(long, least + 1000), undefined, 'what fits stays as it is')
  for (const mtu of [least, least + 1, least + 999]) t.equal(lengthOf(shortened(long, mtu) ?? SYN), mtu)
})
