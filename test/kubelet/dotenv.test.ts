/** Env files, read back by Node and by Docker's rules. */
import { parseEnv } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { formatEnvFile } from '../../src/kubelet/dotenv.ts'
import type { Variable } from '../../src/kubelet/variable.ts'

const variable = (name: string, value: string, more: Partial<Variable> = {}): Variable => {
  return { name, value, origin: { place: 'env[0]', source: { from: 'text' } }, replaces: [], ...more }
}

// biome-ignore format: one case, one row
const ROWS: readonly (readonly [says: string, value: string, line: string])[] = [
  ['a word',                         'web',            'A=web'],
  ['nothing',                        '',               'A='],
  ['blanks inside',                  '-Xms1g -Xmx2g',  'A=-Xms1g -Xmx2g'],
  ['dollars and backslashes',        '$5 \\n',         'A=$5 \\n'],
  ['a quote inside',                 "it's",           "A=it's"],
  ['an equals sign',                 'a=b',            'A=a=b'],
  ['a comment sign',                 'a #b',           "A='a #b'"],
  ['blanks around',                  ' a ',            "A=' a '"],
  ['lines',                          'a\nb',           "A='a\nb'"],
  ['a quote at the start',           '"a"',            "A='\"a\"'"],
  ['an apostrophe and a line end',   "it's\n",         'A="it\'s\n"'],
  ['both quotes and a line end',     '\'"\n',          'A=`\'"\n`'],
  ['all quotes and a line end',      '\'"`\n',         '# A: no env file can hold its value (env[0])'],
  ['a carriage return',              'a\rb',           '# A: no env file can hold its value (env[0])'],
  ['lines and a backslash at the end', 'a\n\\',        '# A: no env file can hold its value (env[0])'],
]
for (const [says, value, line] of ROWS) {
  t.test(`formatEnvFile(): ${says}`, async t => t.equal(formatEnvFile([variable('A', value)], true).text, `${line}\n`))
}

t.test('a name that no env file has', async t => {
  const { text, left } = formatEnvFile([variable('two words', 'x'), variable('A.B-C', 'y')], true)
  t.equal(text, '# two words: no env file can hold a variable of that name (env[0])\nA.B-C=y\n')
  t.strictSame(
    left.map(({ name }) => name),
    ['two words'],
  )
})

t.test('what is not known', async t => {
  const { value: _, ...unknown } = variable('A', '', { unknown: 'nobody\nknows' })
  const { text, left } = formatEnvFile([unknown], true)
  t.equal(text, '# A: nobody\\x0aknows (env[0])\n')
  t.equal(left.length, 1)
})

t.test('Secrets are written only when they are wanted', async t => {
  const one = variable('A', 's3cret', { masked: '******' })
  t.equal(formatEnvFile([one], true).text, 'A=s3cret\n')
  const { text, hidden } = formatEnvFile([one], false)
  t.notMatch(text, 's3cret')
  t.match(text, /^# A: /)
  t.strictSame(hidden, ['A'])
})

const piece = fc.constantFrom(
  'a',
  ' ',
  '\n',
  '\t',
  "'",
  '"',
  '`',
  '\\',
  '\\n',
  '#',
  '$',
  '=',
  'é',
  '\u2028',
  '\ufeff',
  '\r',
)
const values = fc.array(
  fc.array(piece, { maxLength: 6 }).map(pieces => pieces.join('')),
  { maxLength: 5 },
)

t.test('node --env-file reads what is written, whatever stands before and after', async () => {
  fc.assert(
    fc.property(values, list => {
      const variables = list.map((value, i) => variable(`V${i}`, value))
      const { text, left } = formatEnvFile(variables, true)
      const lost = new Set(left.map(({ name }) => name))
      const wanted = variables.filter(({ name }) => !lost.has(name)).map(({ name, value = '' }) => [name, value])
      t.strictSame({ ...parseEnv(text) }, Object.fromEntries(wanted))
    }),
    { numRuns: 3000 },
  )
})

t.test('Docker reads every line that is not quoted: the name, and all behind the first =', async () => {
  fc.assert(
    fc.property(values, list => {
      const variables = list.map((value, i) => variable(`V${i}`, value))
      const { text, left, quoted } = formatEnvFile(variables, true)
      if (quoted.length > 0) return
      const lines = text.split('\n').filter(line => line !== '' && !line.startsWith('#'))
      const read = lines.map(line => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)])
      const lost = new Set(left.map(({ name }) => name))
      t.strictSame(
        read,
        variables.filter(({ name }) => !lost.has(name)).map(({ name, value }) => [name, value]),
      )
    }),
    { numRuns: 2000 },
  )
})
