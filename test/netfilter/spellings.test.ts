import t from 'tap'
import { flagsOf, formatStatement } from '../../src/netfilter/document.ts'
import { parseRules } from '../../src/netfilter/document-reader.ts'
import { SPELLINGS } from './spellings.ts'

for (const { family, table, rows } of SPELLINGS) {
  t.test(`parseRules() understands what ${family === 4 ? 'iptables' : 'ip6tables'} takes in ${table}`, async t => {
    for (const [written, saved = written] of rows) {
      const document = parseRules(`*${table}\n:X - [0:0]\n:X2 - [0:0]\n-A X ${written}\nCOMMIT\n`, family)
      const line = document.lines[3]
      if (!line) throw new Error('a line is missing')
      t.equal(formatStatement(line, family), `-A X ${saved}`.trimEnd())
      t.equal(line.spelling, written === saved ? undefined : `-A X ${written}`)
      t.strictSame(flagsOf(document), [], 'nothing in it is unknown')
    }
  })
}

t.test('parseRules() knows a negation from a word', async t => {
  const read = (rule: string) => {
    const line = parseRules(`*filter\n-A INPUT ${rule}\nCOMMIT\n`, 4).lines[1]
    return line && formatStatement(line, 4)
  }
  t.equal(
    read('-s ! 10.0.0.1 -p tcp --dport ! 80'),
    '-A INPUT ! -s 10.0.0.1/32 -p tcp -m tcp ! --dport 80',
    'as of old',
  )
  t.equal(read('-m comment --comment ! -j DROP'), '-A INPUT -m comment --comment "!" -j DROP')
  t.equal(read('-m helper ! --helper "!"'), '-A INPUT -m helper ! --helper "!"')
})
