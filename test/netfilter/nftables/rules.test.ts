import t from 'tap'
import type { NftStatement } from '../../../src/netfilter/nftables/rule.ts'
import { readNftRule } from '../../../src/netfilter/nftables/rule-reader.ts'
import { formatNftRule } from '../../../src/netfilter/nftables/rule-text.ts'
import { RULES } from './rules.ts'

for (const { text, rule } of RULES) {
  t.test(`the rule ${text}`, async t => {
    t.strictSame(readNftRule(text), rule, 'is read')
    t.equal(formatNftRule(rule), text, 'is written')
    t.strictSame(readNftRule(`${text} # handle 7`), { ...rule, handle: 7 }, 'is read with its number')
  })
}

t.test('the rows show every kind of statement', async t => {
  const kinds: Record<NftStatement['do'], true> = {
    match: true,
    verdict: true,
    vmap: true,
    mangle: true,
    nat: true,
    reject: true,
    counter: true,
    set: true,
    log: true,
    limit: true,
    notrack: true,
    unknown: true,
  }
  const seen = new Set(RULES.flatMap(({ rule }) => rule.statements.map(statement => statement.do)))
  t.strictSame([...seen].sort(), Object.keys(kinds).sort())
})

/** What nft of another release writes, or people do, with what we write for the same. */
// biome-ignore format: one case, one row
const SPELLINGS: readonly (readonly [spelling: string, written: string])[] = [
  ['tcp dport ssh accept',                         'tcp dport 22 accept'],
  ['meta mark 0x4000 accept',                      'meta mark 0x00004000 accept'],
  ['meta mark and 0xff == 5 accept',               'meta mark & 0x000000ff == 0x00000005 accept'],
  ['meta mark set mark and 0xff',                  'meta mark set mark and 0xff'],
  ['ip saddr == 10.0.0.1 drop',                    'ip saddr 10.0.0.1 drop'],
  ['ip saddr 10.0.0.1/32 drop',                    'ip saddr 10.0.0.1 drop'],
  ['ip6 saddr FD00::0:1 drop',                     'ip6 saddr fd00::1 drop'],
  ['tcp flags & (fin | syn) == syn drop',          'tcp flags syn / fin,syn drop'],
  ['tcp flags & (fin | syn) == 0x0 drop',          'tcp flags ! fin,syn drop'],
  ['meta l4proto ipv6-icmp drop',                  'meta l4proto ipv6-icmp drop'],
  ['meta l4proto icmpv6 drop',                     'meta l4proto ipv6-icmp drop'],
  ['ct state == { established, new } drop',        'ct state { established, new } drop'],
  ['counter',                                      'counter'],
]

for (const [spelling, written] of SPELLINGS) {
  t.test(`the rule ${spelling} keeps its spelling`, async t => {
    const { spelling: kept, ...rule } = readNftRule(spelling)
    t.equal(formatNftRule(rule), written)
    t.equal(kept, spelling === written ? undefined : spelling)
    t.equal(formatNftRule(readNftRule(spelling)), spelling)
  })
}

t.test('brackets hold together what would be taken apart', async t => {
  const text = 'meta mark set (meta mark | 0x00000001) & 0x000000ff'
  const rule = readNftRule(text)
  t.notOk(rule.spelling)
  t.equal(formatNftRule(rule), text)
  t.match(rule.statements[0], { do: 'mangle', value: { op: '&', left: { op: '|' } } })
})

t.test('as many brackets as nobody writes are kept as they are', async t => {
  const text = `meta mark set ${'('.repeat(10_000)}meta mark`
  t.strictSame(readNftRule(text).statements, [{ do: 'unknown', text }])
})
