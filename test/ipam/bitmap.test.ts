import fc from 'fast-check'
import t from 'tap'
import { Bitmap } from '../../src/ipam/bitmap.ts'

/** Around the edges of words (32 bits) and pages (1,024 bits), where off-by-ones live. */
const SIZE = 3 * 1024 + 40
const EDGES = [0, 1, 31, 32, 33, 1023, 1024, 1025, 2047, 2048, SIZE - 1, SIZE]
const place = fc.oneof(fc.integer({ min: 0, max: SIZE }), fc.constantFrom(...EDGES))
const range = fc.tuple(place, place).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
const step = fc.record({ act: fc.constantFrom('set' as const, 'clear' as const, 'find' as const), range })

/** What the same step gives and leaves behind in the row and in a plain one. */
function tryBoth(bits: Bitmap, plain: Uint8Array, act: 'set' | 'clear' | 'find', from: number, to: number) {
  if (act === 'find') {
    const found = plain.subarray(from, to).indexOf(0)
    return [bits.findClear(from, to), found < 0 ? undefined : from + found]
  }
  const value = act === 'set' ? 1 : 0
  const changed = plain.subarray(from, to).filter(bit => bit !== value).length
  plain.fill(value, from, to)
  return [value === 1 ? bits.setRange(from, to) : bits.clearRange(from, to), changed]
}

t.test('a bitmap does as a plain row of bytes does', async t => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), steps => {
      const bits = new Bitmap(SIZE)
      const plain = new Uint8Array(SIZE)
      for (const { act, range } of steps) {
        const [given, expected] = tryBoth(bits, plain, act, ...range)
        t.equal(given, expected, `${act} ${range}`)
        t.equal(bits.count, plain.filter(bit => bit === 1).length)
      }
      for (const at of EDGES) t.equal(bits.has(at), plain[at] === 1)
    }),
  )
})

t.test('a bitmap', async t => {
  const bits = new Bitmap(2 ** 53)
  t.ok(bits.set(2 ** 52 + 5), 'may be as long as numbers are exact')
  t.notOk(bits.set(2 ** 52 + 5), 'says whether a bit was clear')
  t.ok(bits.has(2 ** 52 + 5))
  t.notOk(bits.has(2 ** 52 + 6))
  t.equal(bits.findClear(2 ** 52 + 5, 2 ** 53), 2 ** 52 + 6)
  t.ok(bits.clear(2 ** 52 + 5), 'says whether a bit was set')
  t.notOk(bits.clear(2 ** 52 + 5))
  t.equal(bits.count, 0)
})

t.test('a search that starts in the middle goes on from the front', async t => {
  const bits = new Bitmap(10)
  bits.setRange(4, 10)
  t.equal(bits.findClearFrom(5, 2, 10), 2)
  t.equal(bits.findClearFrom(3, 2, 10), 3)
  bits.setRange(0, 4)
  t.equal(bits.findClearFrom(5, 2, 10), undefined)
})
