import t from 'tap'
import { splitWords } from '../../src/netfilter/word.ts'

// biome-ignore format: one case, one row
const cases: [name: string, line: string, words: string[]][] = [
  ['parts words at blanks',                        ' a  b\tc ',        ['a', 'b', 'c']],
  ['takes quotes away',                            'a "b c" d',         ['a', 'b c', 'd']],
  ['knows the empty word',                         'a "" b',            ['a', '', 'b']],
  ['takes what stands behind a backslash',         '"a \\"b\\" \\\\ c"',  ['a "b" \\ c']],
  ['lets a backslash be outside of quotes',        'a\\b',            ['a\\b']],
  ['joins what stands before a quote',             'a"b c" d',          ['ab c', 'd']],
  ['ends a word with its quote',                   '"a"b',              ['a', 'b']],
  ['leaves single quotes alone',                   `'a b'`,             [`'a`, `b'`]],
]

for (const [name, line, words] of cases) {
  t.test(`splitWords() ${name}`, async t => {
    t.strictSame(
      splitWords(line).map(({ text }) => text),
      words,
    )
  })
}

t.test('splitWords() says where words stand and whether they were quoted', async t => {
  t.strictSame(splitWords('-A X "a b"', 3), [
    { text: 'X', quoted: false, start: 3, end: 4 },
    { text: 'a b', quoted: true, start: 5, end: 10 },
  ])
})

t.test('splitWords() refuses a quote that stays open', async t => {
  for (const line of ['"', 'a "b', '"a\\"', '"a\\']) t.throws(() => splitWords(line), { code: 'ERR_PARSE' }, line)
})
