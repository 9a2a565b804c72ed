import t, { type Test } from 'tap'
import { InputError, ParseError } from '../../../src/base/error.ts'
import { flagsOfNft } from '../../../src/netfilter/nftables/flags.ts'
import { formatNftRuleset, formatNftTable } from '../../../src/netfilter/nftables/format.ts'
import { asListed, sortNftElements } from '../../../src/netfilter/nftables/listed.ts'
import { parseNftRuleset } from '../../../src/netfilter/nftables/reader.ts'
import type { NftRuleset } from '../../../src/netfilter/nftables/rule.ts'
import { COLLECTED, fixture, LISTINGS } from './listings.ts'

/** Lines whose value would be written in another way. */
function spellingsIn({ tables }: NftRuleset): string[] {
  return tables.flatMap(({ sets, chains }) => [
    ...sets.flatMap(({ spelling = [] }) => spelling),
    ...chains.flatMap(({ spelling = [] }) => spelling),
    ...chains.flatMap(({ rules }) => rules.flatMap(({ spelling }) => (spelling === undefined ? [] : [spelling]))),
  ])
}

for (const { name, text } of LISTINGS) {
  t.test(`${name} is written back as it was read`, async t => {
    const ruleset = parseNftRuleset(text)
    t.equal(formatNftRuleset(ruleset), text)
    t.strictSame(spellingsIn(ruleset), [], 'no line keeps a spelling of its own')
    t.equal(ruleset.tables.map(formatNftTable).join(''), text)
  })
}

const inTable = (...lines: string[]) => ['table ip t {', ...lines, '}', ''].join('\n')

t.test('what kube-proxy and flannel made is written back as it was read', async t => {
  if (!COLLECTED) return t.plan(0, 'needs the collection of listings beside the project')
  for (const { name, text } of COLLECTED) {
    const ruleset = parseNftRuleset(text)
    if (formatNftRuleset(ruleset) !== text) t.fail(name)
    t.strictSame(spellingsIn(ruleset), [], name)
    t.strictSame(flagsOfNft(ruleset), [], name)
  }
})

/** Elements in another order, always the same one. */
function turned(ruleset: NftRuleset): NftRuleset {
  return JSON.parse(JSON.stringify(ruleset), (key, value) => (key === 'elements' ? value.toReversed() : value))
}

function checkOrder(t: Test, name: string, text: string): void {
  t.equal(formatNftRuleset(asListed(turned(parseNftRuleset(text)))), text, name)
}

t.test('elements stand in the order in which nft lists them', async t => {
  checkOrder(t, 'kube-proxy', LISTINGS.find(({ name }) => name === 'kube-proxy.nft')?.text ?? '')
  for (const { name, text } of COLLECTED ?? []) checkOrder(t, name, text)
})

t.test('elements of every type whose numbers are known stand in that order, others as they are', async t => {
  const { sets = [] } = parseNftRuleset(fixture('types.nft')).tables[0] ?? {}
  for (const { name, elements } of sets) {
    const turned = elements.toReversed()
    const named = JSON.stringify(elements).includes('symbol')
    t.strictSame(sortNftElements(turned), named ? turned : elements, name)
  }
})

t.test('what is not a rule, a set or a chain stands where nft lists it', async t => {
  const counter = ['\tcounter web { # handle 4', '\t\tpackets 0 bytes 0', '\t}']
  const set = ['\tset s { # handle 5', '\t\ttype mark', '\t}']
  const flows = ['\tflowtable f {', '\t\thook ingress priority filter', '\t\tdevices = { eth0, eth1 }', '\t}']
  const chain = ['\tchain c {', '\t\tflow add @f', '\t}']
  const text = inTable(...counter, '', ...set, '', ...flows, '', ...chain)
  const ruleset = parseNftRuleset(text)
  t.equal(formatNftRuleset(ruleset), text)
  t.strictSame(ruleset.tables[0]?.unknown, [
    { head: 'counter web', lines: ['packets 0 bytes 0'], handle: 4 },
    { head: 'flowtable f', lines: ['hook ingress priority filter', 'devices = { eth0, eth1 }'] },
  ])
  t.strictSame(
    flagsOfNft(ruleset).map(({ place, text }) => `${place}: ${text}`),
    ['table: counter web', 'table: flowtable f', 'chain c rule 1: flow add @f'],
  )
})

t.test('what is not known is told', async t => {
  const flags = flagsOfNft(parseNftRuleset(LISTINGS.find(({ name }) => name === 'router.nft')?.text ?? ''))
  t.strictSame(
    flags.map(({ table, place, text }) => `${table}, ${place}: ${text}`),
    [
      'inet edge, table: counter wan-in',
      'inet edge, table: quota monthly',
      'inet edge, table: limit icmp-out',
      'inet edge, table: ct helper ftp-standard',
      'inet edge, table: ct timeout long-tcp',
      'inet edge, set policed: limit rate 10/second',
      'inet edge, set policed: limit rate 10/second',
      'inet edge, set policed: limit rate 10/second',
      'inet edge, chain early rule 4: counter name "wan-in"',
      'inet edge, chain forward rule 18: jhash ip saddr . ip daddr mod 2 seed 0xcafe',
      'inet edge, chain from-wan rule 3: ct count over 20',
      'inet edge, chain proxy rule 1: socket transparent',
      'inet edge, chain proxy rule 1: socket wildcard',
      'inet edge, chain proxy rule 2: tproxy ip to 127.0.0.1:50080',
    ],
  )
})

// biome-ignore format: one case, one row
const MALFORMED: readonly (readonly [name: string, text: string, message: RegExp])[] = [
  ['text outside tables',          'chain x {\n',                                                    /^line 1: Cannot parse table "chain x \{": not "table FAMILY NAME \{"/],
  ['a family that is none',        'table ipx t {\n}\n',                                             /^line 1: /],
  ['a table without end',          'table ip t {\n',                                                 /^line 1: .*closing brace is missing/],
  ['a chain without end',          'table ip t {\n\tchain c {\n\t\taccept\n',                        /^line 3: .*closing brace is missing/],
  ['remarks without a table',      '# a remark\n',                                                   /^line 1: .*behind remarks/],
  ['a line without meaning',       inTable('\tsomething'),                                           /^line 2: .*neither a comment nor/],
  ['a flag that is none',          inTable('\tflags dormant,odd'),                                   /^line 2: .*its flag is "odd"/],
  ['a rule with one tab',          inTable('\tchain c {', '\taccept', '\t}'),                        /^line 3: .*not indented by two tabs/],
  ['a hook that is none',          inTable('\tchain c {', '\t\ttype filter hook middle priority 0; policy accept;', '\t}'), /^line 2: .*not "type TYPE hook HOOK/],
  ['a priority that is none',      inTable('\tchain c {', '\t\ttype filter hook input priority often; policy accept;', '\t}'), /^line 2: .*no priority/],
  ['a set without type',           inTable('\tset s {', '\t}'),                                      /^line 2: .*neither type nor typeof/],
  ['a set of no known type',       inTable('\tset s {', '\t\ttype oddity', '\t}'),                   /^line 2: .*"oddity"/],
  ['a map that leads nowhere',     inTable('\tmap s {', '\t\ttype ipv4_addr', '\t}'),                /^line 2: .*leads to nothing/],
  ['a set with odd flags',         inTable('\tset s {', '\t\ttype mark', '\t\tflags odd', '\t}'),    /^line 2: .*flags/],
  ['a set with an odd timeout',    inTable('\tset s {', '\t\ttype mark', '\t\ttimeout 5x', '\t}'),   /^line 2: .*timeout/],
  ['a set with an odd gc-interval', inTable('\tset s {', '\t\ttype mark', '\t\tgc-interval x', '\t}'), /^line 2: .*gc-interval/],
  ['a set with an odd size',       inTable('\tset s {', '\t\ttype mark', '\t\tsize x', '\t}'),       /^line 2: .*size/],
  ['a set with an odd policy',     inTable('\tset s {', '\t\ttype mark', '\t\tpolicy x', '\t}'),     /^line 2: .*policy/],
  ['a set with an odd comment',    inTable('\tset s {', '\t\ttype mark', '\t\tcomment x', '\t}'),    /^line 2: .*comment/],
  ['an address that is none',      inTable('\tset s {', '\t\ttype ipv4_addr', '\t\telements = { 10.0.0.1, 10.0.0.2,', '\t\t\t     10.0.0.999 }', '\t}'), /^line 5: .*not understood from "10\.0\.0\.999" on/],
  ['elements without end',         inTable('\tset s {', '\t\ttype ipv4_addr', '\t\telements = { 10.0.0.1,', '\t}'), /^line 4: .*end too early/],
  ['words behind the elements',    inTable('\tset s {', '\t\ttype ipv4_addr', '\t\telements = { 10.0.0.1 } x', '\t}'), /^line 4: .*not understood from "x" on/],
  ['a verdict that is none',       inTable('\tmap s {', '\t\ttype mark : verdict', '\t\telements = { 0x00000001 : maybe }', '\t}'), /^line 4: /],
]

for (const [name, text, message] of MALFORMED) {
  t.test(`parseNftRuleset() refuses ${name}`, async t => {
    t.throws(() => parseNftRuleset(text), { message })
    try {
      parseNftRuleset(text)
    } catch (cause) {
      t.ok(cause instanceof InputError && cause.cause instanceof ParseError)
    }
  })
}

t.test('nothing is a ruleset without tables', async t => {
  t.strictSame(parseNftRuleset(''), { tables: [] })
  t.equal(formatNftRuleset({ tables: [] }), '')
})

t.test('remarks stay above their table', async t => {
  const text = '# Warning: table ip nat is managed by iptables-nft, do not touch!\ntable ip nat {\n}\n'
  const ruleset = parseNftRuleset(text)
  t.strictSame(ruleset.tables[0]?.remarks, ['# Warning: table ip nat is managed by iptables-nft, do not touch!'])
  t.equal(formatNftRuleset(ruleset), text)
})

t.test('what another release writes keeps its spelling', async t => {
  const text = inTable(
    '\tset s {',
    '\t\ttype ipv4_addr',
    '\t\tsize 65535\t# count 1',
    '\t\telements = { 10.0.0.1 }',
    '\t}',
    '',
    '\tchain c {',
    '\t\ttype filter hook input priority 0; policy accept;',
    '\t}',
  )
  const ruleset = parseNftRuleset(text)
  t.match(ruleset.tables[0], { sets: [{ size: 65535 }], chains: [{ base: { priority: 0 } }] })
  t.equal(spellingsIn(ruleset).length, 4)
  t.equal(formatNftRuleset(ruleset), text)
})
