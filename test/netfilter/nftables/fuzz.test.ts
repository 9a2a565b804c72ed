import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { InputError, ParseError } from '../../../src/base/error.ts'
import { formatNftFile } from '../../../src/netfilter/nftables/file.ts'
import { formatNftRuleset } from '../../../src/netfilter/nftables/format.ts'
import { readNftJson } from '../../../src/netfilter/nftables/json-reader.ts'
import { asListed } from '../../../src/netfilter/nftables/listed.ts'
import { parseNftRuleset } from '../../../src/netfilter/nftables/reader.ts'
import { readNftRule } from '../../../src/netfilter/nftables/rule-reader.ts'
import { formatNftRule } from '../../../src/netfilter/nftables/rule-text.ts'
import { table } from './arbitrary.ts'
import { fixture, LISTINGS } from './listings.ts'
import { RULES } from './rules.ts'

t.test('a random ruleset is read back as the same value, with no spelling of its own', async t => {
  fc.assert(
    fc.property(fc.array(table, { maxLength: 2 }), tables => {
      const ruleset = { tables }
      const text = formatNftRuleset(ruleset)
      assert.deepStrictEqual(parseNftRuleset(text), ruleset)
      assert.equal(formatNftRuleset(parseNftRuleset(text)), text)
    }),
    { numRuns: 300 },
  )
  t.pass()
})

t.test('a ruleset in the order of a listing stays so', async t => {
  fc.assert(
    fc.property(table, one => {
      const listed = asListed({ tables: [one] })
      assert.deepStrictEqual(asListed(listed), listed)
      assert.equal(formatNftFile(listed).length, formatNftFile({ tables: [one] }).length)
    }),
    { numRuns: 200 },
  )
  t.pass()
})

/** The ruleset, or nothing where the text is refused as it should be. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof InputError || cause instanceof ParseError) return undefined
    throw cause
  }
}

const piece = fc.constantFrom(
  ...[
    '{',
    '}',
    ' { ',
    ' }',
    '"',
    ',',
    ', ',
    ' : ',
    ' . ',
    '(',
    ')',
    '/',
    ' & ',
    '\t',
    '\n',
    '\n\n',
    ' ',
    '  ',
    '#',
    '@',
  ],
  ...[
    ' set ',
    ' map ',
    ' vmap ',
    ' comment "x"',
    ' # handle 5',
    '0x',
    '-',
    '!',
    'type ',
    'elements = { ',
    '999999999999',
  ],
)

/** A text with some pieces taken out, put in or doubled. */
function mutated(texts: readonly string[]) {
  const change = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), drop: fc.nat(12), put: fc.option(piece) })
  return fc.tuple(fc.constantFrom(...texts), fc.array(change, { minLength: 1, maxLength: 6 })).map(([text, changes]) =>
    changes.reduce((now, { at, drop, put }) => {
      const from = Math.floor(at * now.length)
      return now.slice(0, from) + (put ?? '') + now.slice(from + (put === null ? drop : 0))
    }, text),
  )
}

/** Blank lines between blocks are the writer's own. */
const dense = (text: string) =>
  text
    .split('\n')
    .filter(line => line !== '')
    .join('\n')

t.test('a mutated listing is refused, or written back as it was read', async t => {
  fc.assert(
    fc.property(mutated(LISTINGS.map(({ text }) => text)), text => {
      const ruleset = attempt(() => parseNftRuleset(text))
      if (!ruleset) return
      const written = formatNftRuleset(ruleset)
      assert.equal(formatNftRuleset(parseNftRuleset(written)), written)
      // What stands in an order of nft's own is put in it.
      assert.deepStrictEqual(dense(written).split('\n').sort(), dense(text).split('\n').sort())
    }),
    { numRuns: 1500 },
  )
  t.pass()
})

t.test('a mutated rule is written back as it was read', async t => {
  fc.assert(
    fc.property(mutated(RULES.map(({ text }) => text)), text => {
      assert.equal(formatNftRule(readNftRule(text)), text)
    }),
    { numRuns: 5000 },
  )
  t.pass()
})

t.test('any text is written back as a rule, refused as a ruleset', async t => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), text => {
      assert.equal(formatNftRule(readNftRule(text)), text)
      attempt(() => parseNftRuleset(text))
      attempt(() => readNftJson(text))
    }),
    { numRuns: 2000 },
  )
  t.pass()
})

/** JSON of nft's with some of its values taken for others. */
const odd = fc.constantFrom<unknown>(
  null,
  true,
  -1,
  1.5,
  1e300,
  '',
  '@',
  'ip',
  [],
  {},
  [[]],
  { set: 1 },
  { elem: 1 },
  { concat: 7 },
)

t.test('mutated JSON is refused or read', async t => {
  const texts = ['workstation.json', 'router.json'].map(fixture)
  fc.assert(
    fc.property(fc.constantFrom(...texts), fc.nat(5000), odd, (text, at, value) => {
      let count = 0
      const json = JSON.parse(text, (_, own) => (count++ === at ? value : own))
      const ruleset = attempt(() => readNftJson(json))
      if (ruleset) formatNftRuleset(ruleset)
    }),
    { numRuns: 1000 },
  )
  fc.assert(
    fc.property(fc.jsonValue(), json => void attempt(() => readNftJson({ nftables: [json] }))),
    { numRuns: 1000 },
  )
  t.pass()
})

/** Words that could be taken for the beginning of much. */
const REPEATED = [
  'dnat to ',
  'meta mark & ',
  'ip saddr . ',
  'redirect to :',
  'tcp dport { ',
  'log prefix ',
  '( ',
  '"" ',
  '" ',
  'add @s { ',
]

t.test('a line of a megabyte is read word by word', async t => {
  for (const words of REPEATED) {
    const line = words.repeat(Math.ceil(1_000_000 / words.length))
    t.equal(formatNftRule(readNftRule(line)), line, words)
  }
})
