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
