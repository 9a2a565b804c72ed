/** `$(NAME)`: the grammar, row by row, and against slow and obvious code. */
import fc from 'fast-check'
import t from 'tap'
import { expand, referencesIn } from '../../src/kubelet/expansion.ts'

const VARS: Readonly<Record<string, string>> = { A: '1', B: '$(A)', EMPTY: '', 'a b': 'blank' }
const find = (name: string) => (Object.hasOwn(VARS, name) ? VARS[name] : undefined)

// biome-ignore format: one case, one row
const ROWS: readonly (readonly [says: string, text: string, wanted: string])[] = [
  ['a reference',                            '$(A)',            '1'],
  ['a reference within text',                'x$(A)y',          'x1y'],
  ['two in a row',                           '$(A)$(A)',        '11'],
  ['an empty value',                         '[$(EMPTY)]',      '[]'],
  ['what was put in is not read again',      '$(B)',            '$(A)'],
  ['an escaped reference',                   '$$(A)',           '$(A)'],
  ['an escaped dollar before a reference',   '$$$(A)',          '$1'],
  ['two escaped dollars',                    '$$$$(A)',         '$$(A)'],
  ['a name that nobody knows',               '$(NOPE)',         '$(NOPE)'],
  ['a name with a blank',                    '$(a b)',          'blank'],
  ['an empty name',                          '$()',             '$()'],
  ['an opener without a closer',             'a$(A',            'a$(A'],
  ['a name may hold an opener',              '$($(A))',         '$($(A))'],
  ['the first closer ends the name',         '$(A))',           '1)'],
  ['a dollar before a letter',               '$A',              '$A'],
  ['a dollar before a dollar and a letter',  '$$A',             '$A'],
  ['a dollar at the end',                    '$(A)$',           '1$'],
  ['a name of an object is no variable',     '$(constructor)',  '$(constructor)'],
  ['a name may go over lines',               '$(A\n)',          '$(A\n)'],
  ['nothing at all',                         '',                ''],
]
for (const [says, text, wanted] of ROWS) t.test(`expand(): ${says}`, async t => t.equal(expand(text, find), wanted))

/** Letter by letter, as the documentation tells it. */
function slowly(text: string): string {
  let out = ''
  let rest = text
  while (rest !== '') {
    const reference = /^\$\(([^)]*)\)/s.exec(rest)
    if (rest.startsWith('$$')) [out, rest] = [`${out}$`, rest.slice(2)]
    else if (reference)
      [out, rest] = [out + (find(reference[1] ?? '') ?? reference[0]), rest.slice(reference[0].length)]
    else [out, rest] = [out + rest.charAt(0), rest.slice(1)]
  }
  return out
}

const PIECES = fc.constantFrom('$', '$', '(', ')', 'A', 'B', 'EMPTY', ' ', '\n', '😀')
t.test('expand() is what slow code makes of it', async () => {
  fc.assert(
    fc.property(fc.array(PIECES, { maxLength: 30 }), pieces => {
      const text = pieces.join('')
      return expand(text, find) === slowly(text)
    }),
    { numRuns: 5000 },
  )
})

t.test('openers without closers take no time to speak of', async t => {
  const text = '$('.repeat(500_000)
  t.equal(expand(text, find), text)
})

t.test('referencesIn() names each once, in order', async t => {
  t.strictSame(referencesIn('$(B) $(A) $$(C) $(B) $(D'), ['B', 'A'])
})
