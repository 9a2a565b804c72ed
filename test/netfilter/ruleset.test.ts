import t from 'tap'
import { parseRules } from '../../src/netfilter/document-reader.ts'
import { formatSave } from '../../src/netfilter/format.ts'
import { rulesetOf } from '../../src/netfilter/ruleset.ts'

/** What is left of table filter, policies aside: `CHAIN: rule; rule`. */
function left(lines: string): string[] {
  const text = formatSave(rulesetOf(parseRules(`*filter\n${lines}\nCOMMIT\n`, 4)))
  const rules = new Map<string, string[]>()
  for (const line of text.split('\n')) {
    const chain = /^:(\S+) (\S+)/.exec(line)
    if (chain?.[1] && (chain[2] === '-' || chain[2] === 'DROP'))
      rules.set(chain[1], chain[2] === 'DROP' ? ['policy DROP'] : [])
    const rule = /^-A (\S+) (.*)/.exec(line)
    if (rule?.[1] && rule[2]) rules.set(rule[1], [...(rules.get(rule[1]) ?? []), rule[2]])
  }
  return [...rules].map(([chain, list]) => `${chain}: ${list.join('; ')}`.trimEnd())
}

// biome-ignore format: one case, one row
const cases: [name: string, lines: string, left: string[]][] = [
  ['appends',                              '-A INPUT -j A\n-A INPUT -j B',                          ['INPUT: -j A; -j B']],
  ['inserts in front',                     '-A INPUT -j A\n-I INPUT -j B',                          ['INPUT: -j B; -j A']],
  ['inserts at a place',                   '-A INPUT -j A\n-A INPUT -j B\n-I INPUT 2 -j C',         ['INPUT: -j A; -j C; -j B']],
  ['replaces',                             '-A INPUT -j A\n-A INPUT -j B\n-R INPUT 1 -j C',         ['INPUT: -j C; -j B']],
  ['deletes by place',                     '-A INPUT -j A\n-A INPUT -j B\n-D INPUT 1',              ['INPUT: -j B']],
  ['deletes by meaning',                   '-A INPUT -p tcp -j A\n-A INPUT -j B\n-D INPUT -p 6 -j A', ['INPUT: -j B']],
  ['makes a rule for each address',        '-A INPUT -s 10.0.0.1,10.0.0.2 -d 10.1.0.1,10.1.0.2',    ['INPUT: -s 10.0.0.1/32 -d 10.1.0.1/32; -s 10.0.0.1/32 -d 10.1.0.2/32; -s 10.0.0.2/32 -d 10.1.0.1/32; -s 10.0.0.2/32 -d 10.1.0.2/32']],
  ['leaves out rules of the other family', '-A INPUT -4 -j A\n-A INPUT -6 -j B',                ['INPUT: -j A']],
  ['inserts several in reverse',           '-I INPUT -s 10.0.0.1,10.0.0.2 -j A',                    ['INPUT: -s 10.0.0.2/32 -j A; -s 10.0.0.1/32 -j A']],
  ['makes and removes chains',             '-N A\n-N B\n-X A',                                      ['B:']],
  ['removes all empty chains',             ':A - [0:0]\n:B - [0:0]\n-A B -j DROP\n-X',              ['B: -j DROP']],
  ['empties a chain that is declared again', ':A - [0:0]\n-A A -j DROP\n:A - [0:0]',                ['A:']],
  ['flushes one chain',                    '-A A -j DROP\n-A B -j DROP\n-F A',                      ['A:', 'B: -j DROP']],
  ['flushes all chains',                   '-A A -j DROP\n-A INPUT -j DROP\n-F',                    ['A:']],
  ['renames',                              '-A A -j DROP\n-E A B',                                  ['B: -j DROP']],
  ['sets a policy',                        '-P FORWARD DROP',                                       ['FORWARD: policy DROP']],
  ['begins a table anew',                  '-A INPUT -j A\nCOMMIT\n*filter\n-A INPUT -j B',         ['INPUT: -j B']],
]

for (const [name, lines, expected] of cases) {
  t.test(`rulesetOf() ${name}`, async t => {
    t.strictSame(left(lines), expected)
  })
}

t.test('rulesetOf() refuses commands about what is not there', async t => {
  t.throws(() => left('-D INPUT -j A'), {
    message: 'line 2: Cannot parse rule "-A INPUT -j A": the chain has no such rule',
  })
  t.throws(() => left('-R INPUT 1 -j A'), { message: 'line 2: Cannot parse rule number "1": chain INPUT has 0 rules' })
  t.throws(() => left('-I INPUT 3 -j A'), { message: 'line 2: Cannot parse rule number "3": the chain has 0 rules' })
})
