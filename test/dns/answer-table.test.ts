/** The table of ready answers, against a plain map. */
import { equal, ok } from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { AnswerTable, NO_ENTRY } from '../../src/dns/answer-table.ts'
import { AskedName } from '../../src/dns/asked-name.ts'
import { encodeMessage } from '../../src/dns/encode.ts'
import { query } from '../../src/dns/message.ts'
import { CLASS_IN } from '../../src/dns/record.ts'

const out = new Uint8Array(512)
const asked = new AskedName()

/** Reads the name, as it would stand in a query. */
function read(label: string, type: number): void {
  const octets = encodeMessage(query(1, { name: [label, 'test'], type, class: CLASS_IN }))
  ok(asked.read(octets, octets.length, out))
}

type Step =
  | { readonly kind: 'add'; readonly label: string; readonly type: number; readonly tail: Uint8Array }
  | { readonly kind: 'remove'; readonly hash: number }
  | { readonly kind: 'clear' }

const label = fc.integer({ min: 0, max: 400 }).map(i => `${'x'.repeat(i % 60)}${i}`.slice(-63))
const type = fc.constantFrom(1, 28, 33, 0xffff)
/** Few, so that many names share one. */
function hashOf(label: string, type: number, few: boolean): number {
  if (few) return label.length % 5
  read(label, type)
  return asked.hash(type)
}

const steps = fc.array(
  fc.oneof(
    {
      weight: 20,
      arbitrary: fc.record({ kind: fc.constant('add' as const), label, type, tail: fc.uint8Array({ maxLength: 200 }) }),
    },
    { weight: 30, arbitrary: fc.record({ kind: fc.constant('remove' as const), hash: fc.nat(5) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear' as const) }) },
  ),
  { size: 'max', maxLength: 300 },
)

interface Kept {
  readonly label: string
  readonly type: number
  readonly hash: number
  readonly tail: Uint8Array
}

/** The table, and beside it what must be in it. */
class Twins {
  readonly table = new AnswerTable()
  kept: readonly Kept[] = []
  readonly #few: boolean

  constructor(few: boolean) {
    this.#few = few
  }

  take(step: Step): void {
    if (step.kind === 'add') this.#add(step.label, step.type, step.tail)
    else if (step.kind === 'remove') this.#remove(this.#few ? step.hash : (this.kept[step.hash]?.hash ?? 0))
    else {
      this.table.clear()
      this.kept = []
    }
  }

  #add(label: string, type: number, tail: Uint8Array): void {
    const hash = hashOf(label, type, this.#few)
    read(label, type)
    const isThere = this.kept.some(one => one.label === label && one.type === type)
    equal(this.table.find(hash, asked, type) !== NO_ENTRY, isThere, label)
    if (isThere) return
    this.table.add(hash, asked, { type, tail, answers: tail.length, additional: 7, stride: 16 })
    this.kept = [...this.kept, { label, type, hash, tail }]
  }

  #remove(hash: number): void {
    this.table.remove(hash)
    this.kept = this.kept.filter(one => one.hash !== hash)
  }
}

t.test('what was added is found, and nothing else', async t => {
  fc.assert(
    fc.property(steps, fc.boolean(), (steps: readonly Step[], few) => {
      const twins = new Twins(few)
      for (const step of steps) twins.take(step)
      const { table, kept } = twins
      for (const { label, type, hash, tail } of kept) {
        read(label, type)
        const entry = table.find(hash, asked, type)
        ok(entry !== NO_ENTRY, label)
        const start = table.tailOf(entry)
        equal(Buffer.compare(table.octets.subarray(start, start + table.tailOctetsOf(entry)), tail), 0)
        equal(table.answersOf(entry), tail.length)
        equal(table.additionalOf(entry), 7)
        equal(table.strideOf(entry), 16)
      }
    }),
    { seed: 1, numRuns: 200 },
  )
  t.pass()
})
