import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { parseRules } from '../../src/netfilter/document-reader.ts'
import { readRuleset, rulesetOf } from '../../src/netfilter/ruleset.ts'

const DUMPS = '../shared/dumps'
const files = [
  'test/fixtures/netfilter/router.save',
  ...(existsSync(DUMPS) ? readdirSync(DUMPS).flatMap(name => (name.endsWith('.save') ? [join(DUMPS, name)] : [])) : []),
]

for (const file of files) {
  t.test(`readRuleset() reads ${file} as parseRules() and rulesetOf() do`, async t => {
    const text = readFileSync(file, 'utf8')
    t.same(readRuleset(text, 4), rulesetOf(parseRules(text, 4)))
  })
}

t.test('readRuleset() carries out what iptables-restore would', async t => {
  const line = fc.constantFrom(
    '*nat',
    '*filter',
    'COMMIT',
    ':A - [0:0]',
    '-A A -s 10.0.0.1,10.0.0.2 -j ACCEPT',
    '-A A -j RETURN',
    '-A B -s 0.0.0.0/0 ! -d 10.0.0.0/8 -j A',
    '-I A 2 -j DROP',
    '-R A 1 -j DROP',
    '-D A 1',
    '-D A -j RETURN',
    '-F A',
    '-F',
    '-X A',
    '-X',
    '-N B',
    '-E A C',
    '-P INPUT DROP',
    '-A A -s 10.0.0.1 ! -s 10.0.0.2',
    '# a remark',
    '',
    'what',
  )
  const outcome = (read: () => unknown) => {
    try {
      return read()
    } catch (error) {
      return (error as Error).name
    }
  }
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), lines => {
      const text = ['*filter', ...lines, 'COMMIT', ''].join('\n')
      t.same(
        outcome(() => readRuleset(text, 4)),
        outcome(() => rulesetOf(parseRules(text, 4))),
        text,
      )
    }),
    { numRuns: 500 },
  )
})

t.test('readRuleset() says which line is wrong', async t => {
  t.throws(() => readRuleset('*filter\n-A A -j DROP\n-D A 2\nCOMMIT\n', 4), { message: /^line 3: / })
  t.throws(() => readRuleset('*filter\n-A A -s nowhere\nCOMMIT\n', 4), { message: /^line 2: / })
  t.throws(() => readRuleset('*filter\n-A A -j DROP\n', 4), { message: /^line 3: .* its COMMIT is missing/ })
})
