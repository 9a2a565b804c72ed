/** How journeys are laid out: loops told once, text that fits, steps that are not there. */
import fc from 'fast-check'
import t from 'tap'
import type { Hop } from '../../src/trace/journey.ts'
import { formatLines, wrap } from '../../src/trace/layout.ts'
import { loopIn } from '../../src/trace/loop.ts'
import { formatMermaid } from '../../src/trace/mermaid.ts'
import { storyOf, wayOf } from '../../src/trace/story.ts'
import { formatTrace } from '../../src/trace/text.ts'
import { createWorld } from '../../src/trace/wiring.ts'
import { journeyOf, traceOf } from './sample.ts'

const CONTEXT = {
  world: createWorld({
    nodes: [],
    pods: [],
    vips: [],
    hidden: [],
    mtu: 1500,
    listenerAt: () => ({ listens: 'unknown' as const }),
  }),
}
const PLAIN = { verbose: false, colour: false, unicode: true, width: 100 }

function hopsAt(machines: readonly string[]): readonly Hop[] {
  return machines.map((machine, i) => ({ machine, kind: 'node', steps: [], ...(i > 0 ? { from: i - 1 } : {}) }))
}

t.test('a loop of two machines is told in one round', async t => {
  const machines = ['shop/a', ...Array.from({ length: 60 }, (_, i) => (i % 2 === 0 ? 'node-1' : 'router'))]
  const journey = journeyOf(hopsAt(machines), { kind: 'loop', why: 'still on its way' })
  const trace = traceOf(journey, 'timeout')
  const [path] = trace.paths
  if (!path) throw new Error('no path')
  const lines = storyOf(journey, path, CONTEXT)
  t.strictSame(
    lines.map(({ text }) => text),
    ['57 more hops between node-1 and router', 'still on its way'],
  )
  t.ok(formatTrace(trace, { ...CONTEXT, ...PLAIN }).split('\n').length < 20)
  t.match(formatMermaid(trace, CONTEXT), 'Note over m1: 57 more hops between node-1 and router')
})

t.test('loopIn() leaves out whole rounds alone, and never the last hop', async t => {
  const machines = fc.tuple(
    fc.array(fc.constantFrom('x', 'y', 'z'), { maxLength: 4 }),
    fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1 }),
    fc.nat(40),
  )
  fc.assert(
    fc.property(machines, ([before, round, more]) => {
      const all = [...before, ...Array.from({ length: more }, (_, i) => round[i % round.length] ?? '')]
      const loop = loopIn(all)
      if (!loop) return more < Math.max(8, 3 * round.length) || before.length > 0
      const left = all.slice(loop.from, loop.to)
      return loop.to < all.length && left.every(name => loop.machines.includes(name))
    }),
  )
  t.equal(loopIn(['a', 'b', 'a', 'b', 'c']), undefined, 'twice is no loop')
  t.pass('for random ways')
})

t.test('of a packet that was flooded, the way to the outcome is told', async t => {
  const outcome = { kind: 'delivered', machine: 'b', listener: { listens: 'yes' }, packet: journeyPacket() } as const
  const journey = {
    packet: journeyPacket(),
    outcome,
    hops: [
      { machine: 'a', kind: 'node', steps: [] },
      { machine: 'c', kind: 'pod', from: 0, steps: [] },
      { machine: 'b', kind: 'pod', from: 0, steps: [], outcome },
      { machine: 'd', kind: 'pod', from: 0, steps: [] },
    ],
  } as const
  t.strictSame(wayOf(journey), [0, 2])
})

function journeyPacket() {
  return journeyOf([], { kind: 'loop', why: '' }).packet
}

t.test('wrap() keeps every word, and no line is longer than it must be', async t => {
  const words = fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1, maxLength: 30 })
  fc.assert(
    fc.property(words, fc.integer({ min: 12, max: 60 }), (all, width) => {
      const lines = wrap(all.join(' '), width)
      return lines.join(' ') === all.join(' ') && lines.every(line => line.length <= width)
    }),
  )
  t.strictSame(wrap('a  b', 80), ['a  b'], 'blanks between words stay')
  t.strictSame(wrap('', 80), [''])
})

t.test('names in other scripts are told in ASCII as far as that goes', async t => {
  const line = { hop: 0, number: '←', where: 'nöde-1 → x', text: '…', packet: '日本', tone: 'plain' } as const
  t.match(formatLines([line], { ...PLAIN, unicode: false }), /^<- {2}n\?de-1 -> x {2}\.\. {2} {2}\?\?$/m)
})

t.test('Mermaid: names mean nothing to the diagram', async t => {
  const evil = 'a;b#c\nend <br> :x'
  const journey = journeyOf(hopsAt([evil, 'node-1']), { kind: 'loop', why: evil })
  const text = formatMermaid(traceOf(journey, 'timeout'), CONTEXT)
  t.match(text, 'participant m0 as a#59;b#35;c end #lt;br#gt; :x\n')
  for (const line of text.trimEnd().split('\n').slice(1)) {
    t.match(line, /^ {2}(?:participant m\d+ as|m\d+--?>>m\d+:|Note over m\d+:) [^;]*(?:#\w+;[^;]*)*$/)
  }
})
