/** Packets that are on their way at once: which comes first is chance, what happens to each is not. */
import fc from 'fast-check'
import t from 'tap'
import { parseIp } from '../../src/base/ip.ts'
import { align } from '../../src/lab/aligned.ts'
import { type Happening, threadsOf, untangled } from '../../src/lab/threads.ts'

const ADDRESSES = ['10.0.0.1', '10.0.0.2', '10.0.0.3']

/** `1 output`: what happened to the packet from 10.0.0.1. */
function happening(text: string): Happening {
  const [from = '', mark = ''] = text.split(' ')
  const src = parseIp(ADDRESSES[Number(from) - 1] ?? '')
  return { packet: { protocol: 17, src, dst: parseIp('10.0.0.9'), ttl: 64 }, mark }
}

function agrees(model: readonly string[], kernel: readonly string[]): boolean {
  const sides = { model, kernel: kernel.length, kernelLine: (j: number) => kernel[j] ?? '' }
  const rows = align(untangled(sides, threadsOf(model.map(happening)), threadsOf(kernel.map(happening))))
  return rows.every(({ same }) => same)
}

// biome-ignore format: one case, one row
const ROWS: readonly [says: string, model: readonly string[], kernel: readonly string[], agree: boolean][] = [
  ['one packet, in order',                         ['1 output', '1 postrouting'],                             ['1 output', '1 postrouting'],                             true],
  ['one packet, the wrong way round',              ['1 output', '1 postrouting'],                             ['1 postrouting', '1 output'],                             false],
  ['two, one after the other and in turn',         ['1 output', '1 postrouting', '2 output', '2 postrouting'], ['1 output', '2 output', '1 postrouting', '2 postrouting'], true],
  ['two, the other one first',                     ['1 output', '1 postrouting', '2 output', '2 postrouting'], ['2 output', '2 postrouting', '1 output', '1 postrouting'], true],
  ['two, of which one goes the wrong way round',   ['1 output', '1 postrouting', '2 output', '2 postrouting'], ['2 postrouting', '2 output', '1 output', '1 postrouting'], false],
  ['two, of which the kernel has one',             ['1 output', '2 output'],                                  ['2 output'],                                              false],
  ['a third that only the kernel has',             ['1 output', '2 output'],                                  ['1 output', '3 output', '2 output'],                      false],
  ['two that look alike, in turn',                 ['1 output', '1 input', '1 output', '1 input'],            ['1 output', '1 output', '1 input', '1 input'],            true],
  ['one of two that look alike goes further',      ['1 output', '1 input', '1 output'],                       ['1 output', '1 output', '1 input'],                       true],
  ['of two that look alike neither goes further',  ['1 output', '1 input', '1 output'],                       ['1 output', '1 output'],                                  false],
  ['what happened to one happened to the other',   ['1 output', '1 input', '2 output'],                       ['1 output', '2 output', '2 input'],                       false],
]

for (const [says, model, kernel, agree] of ROWS) {
  t.test(says, async t => {
    t.equal(agrees(model, kernel), agree)
  })
}

const MARKS = ['prerouting', 'input', 'output', 'postrouting']

/** What happens to each of up to three packets, and in which turn. */
const tangles = fc
  .array(fc.uniqueArray(fc.constantFrom(...MARKS), { minLength: 1 }), { minLength: 1, maxLength: 3 })
  .chain(threads => {
    const own = threads.map((marks, i) => marks.map(mark => `${i + 1} ${mark}`))
    const turns = own.flatMap((lines, i) => lines.map(() => i))
    return fc.record({
      own: fc.constant(own),
      turns: fc.shuffledSubarray(turns, { minLength: turns.length, maxLength: turns.length }),
    })
  })

/** The lines of each packet in order, whoever's turn it is. */
function interleaved(own: readonly (readonly string[])[], turns: readonly number[]): readonly string[] {
  const next = own.map(lines => lines[Symbol.iterator]())
  return turns.map(i => next[i]?.next().value ?? '')
}

t.test('in whatever turn, the same is the same, and what is not in order for one is told', async t => {
  fc.assert(
    fc.property(tangles, fc.nat(), ({ own, turns }, pick) => {
      const model = own.flat()
      const kernel = [...interleaved(own, turns)]
      if (!agrees(model, kernel)) return false
      const [i, j] = neighboursOfOne(kernel, pick)
      if (i === undefined || j === undefined) return true
      ;[kernel[i], kernel[j]] = [kernel[j] ?? '', kernel[i] ?? '']
      return !agrees(model, kernel)
    }),
  )
  t.pass()
})

/** Two things that happened to one packet, one behind the other. */
function neighboursOfOne(lines: readonly string[], pick: number): readonly (number | undefined)[] {
  const pairs = lines.flatMap((line, i) => {
    const j = lines.findIndex((other, n) => n > i && other[0] === line[0])
    return j < 0 ? [] : [[i, j]]
  })
  return pairs[pick % Math.max(pairs.length, 1)] ?? []
}
