import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { InputError, ParseError } from '../../src/base/error.ts'
import type { Family } from '../../src/base/ip.ts'
import { formatDocument, formatStatement } from '../../src/netfilter/document.ts'
import { parseRules } from '../../src/netfilter/document-reader.ts'
import { writeMatch } from '../../src/netfilter/extensions.ts'
import { type Form, formatRule } from '../../src/netfilter/format.ts'
import type { Rule, TableName } from '../../src/netfilter/rule.ts'
import * as arbitrary from './arbitrary.ts'
import { SPELLINGS } from './spellings.ts'

const table = fc.constantFrom<TableName>('filter', 'nat', 'mangle', 'raw')
const ruleIn = (form: Form) =>
  fc
    .record({ family: arbitrary.family, table })
    .chain(({ family, table }) =>
      fc.record({ family: fc.constant(family), table: fc.constant(table), rule: arbitrary.rule(family, table, form) }),
    )

function parseRule(
  text: string,
  family: Family,
  table: TableName,
): { rule: Rule | undefined; spelling: string | undefined } {
  const line = parseRules(`*${table}\n${text}\nCOMMIT\n`, family).lines[1]
  if (line?.kind !== 'append') throw new Error('the line is no rule')
  return { rule: line.rules[0], spelling: line.spelling }
}

t.test('a rule in the save form is read back as the same rule', async t => {
  fc.assert(
    fc.property(ruleIn('save'), ({ family, table, rule }) => {
      const text = formatRule('X', rule, family, 'save')
      const read = parseRule(text, family, table)
      assert.deepStrictEqual(read, { rule, spelling: undefined })
    }),
    { numRuns: 1000 },
  )
  t.pass()
})

t.test('a rule in the restore form is read back as the same rule', async t => {
  fc.assert(
    fc.property(ruleIn('restore'), ({ family, table, rule }) => {
      const text = formatRule('X', rule, family, 'restore')
      assert.deepStrictEqual(parseRule(text, family, table).rule, rule)
    }),
    { numRuns: 1000 },
  )
  t.pass()
})

t.test('both forms of a rule mean the same', async t => {
  fc.assert(
    fc.property(ruleIn('restore'), ({ family, table, rule }) => {
      const saved = formatRule('X', rule, family, 'save')
      const { rule: read } = parseRule(formatRule('X', rule, family, 'restore'), family, table)
      assert.equal(read && formatRule('X', read, family, 'save'), saved)
    }),
    { numRuns: 1000 },
  )
  t.pass()
})

t.test('what is written by straight code is what the tables say', async t => {
  for (const family of [4, 6] as const) {
    for (const form of ['restore', 'save'] as const) {
      const context = { family, form }
      fc.assert(
        fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.string(), (probability, text) => {
          const statistic = { on: 'statistic', mode: 'random', probability } as const
          const comment = { on: 'comment', text: text.replaceAll('\n', '') } as const
          for (const match of [statistic, comment]) {
            const written = formatRule('X', { matches: [match] }, family, form)
            assert.equal(written, `-A X -m ${match.on}${writeMatch(match, context)}`)
          }
        }),
      )
    }
  }
  t.pass()
})

const ALPHABET = [
  ...' \t"\\!-:*#[]/,.=',
  ...'asdmjp0129X',
  '--dport ',
  '-m ',
  '-p tcp ',
  '-j ',
  '-A X ',
  '\n',
  '*nat\n',
  'COMMIT\n',
]
const line = fc
  .array(fc.oneof(fc.constantFrom(...ALPHABET), fc.string()), { maxLength: 20 })
  .map(parts => parts.join(''))
const known = SPELLINGS.flatMap(({ rows }) => rows.map(([written]) => `-A X ${written}`))
/** A rule with a piece cut out, doubled or replaced. */
const mutated = fc
  .record({
    rule: fc.constantFrom(...known),
    at: fc.nat(200),
    length: fc.nat(12),
    put: fc.oneof(line, fc.constant('')),
  })
  .map(({ rule, at, length, put }) => rule.slice(0, at) + put + rule.slice(at + length))

t.test('whatever the text is, it is read and written back, or refused with a ParseError in a line', async t => {
  fc.assert(
    fc.property(arbitrary.family, fc.oneof(line, mutated), (family, body) => {
      const text = `*filter\n:X - [0:0]\n${body}\nCOMMIT\n`
      try {
        const document = parseRules(text, family)
        assert.equal(formatDocument(document), text)
        for (const line of document.lines) formatStatement(line, family)
      } catch (error) {
        const expected =
          error instanceof InputError && error.cause instanceof ParseError && /^line \d+$/.test(error.place)
        if (!expected) throw error
      }
    }),
    { numRuns: 5000 },
  )
  t.pass()
})
