import t from 'tap'
import { InputError, ParseError } from '../../../src/base/error.ts'
import { readNftJson } from '../../../src/netfilter/nftables/json-reader.ts'
import { readJsonStatement } from '../../../src/netfilter/nftables/json-statement.ts'
import { parseNftRuleset } from '../../../src/netfilter/nftables/reader.ts'
import { readNftRule } from '../../../src/netfilter/nftables/rule-reader.ts'
import { formatNftRule } from '../../../src/netfilter/nftables/rule-text.ts'
import { unsaid } from './json.ts'
import { fixture } from './listings.ts'

t.test('a firewall reads into the same value from text and from JSON', async t => {
  t.strictSame(readNftJson(fixture('workstation.json')), unsaid(parseNftRuleset(fixture('workstation-a.nft'))))
  t.strictSame(readNftJson(JSON.parse(fixture('workstation.json'))), readNftJson(fixture('workstation.json')))
})

t.test('so does a router, but for what podwire does not know', async t => {
  const json = readNftJson(fixture('router.json'))
  const text = unsaid(parseNftRuleset(fixture('router-a.nft')))
  t.equal(json.tables.length, text.tables.length)
  for (const [i, table] of text.tables.entries()) {
    const { unknown: blocks = [], sets, ...own } = table
    const { unknown: others = [], sets: otherSets = [], ...other } = json.tables[i] ?? {}
    t.strictSame(other, own, table.name)
    t.strictSame(
      others.map(({ head }) => head),
      blocks.map(({ head }) => head),
    )
    const known = ({ name }: { name: string }) => name !== 'policed'
    t.strictSame(otherSets.filter(known), sets.filter(known))
  }
})

t.test('so do sets of every type', async t => {
  const known = ({ name }: { name: string }) => name !== 'e1' && name !== 'e2'
  const [json] = readNftJson(fixture('types.json')).tables
  const [text] = unsaid(parseNftRuleset(fixture('types-a.nft'))).tables
  t.strictSame(json?.sets.filter(known), text?.sets.filter(known))
  t.match(
    json?.sets.filter(set => !known(set)),
    [
      {
        unknown: ['limit rate 5/second'],
        elements: [{ unknown: '{"limit":{"rate":5,"burst":5,"per":"second"}}' }, {}],
      },
      { unknown: ['counter quota 500 bytes'], elements: [{ counter: { packets: 0, bytes: 0 } }, {}] },
    ],
  )
})

/** Statements of nft's JSON in a table of family inet, and the text of the same statement. */
// biome-ignore format: one case, one row
const STATEMENTS: readonly (readonly [text: string, json: unknown])[] = [
  ['accept',                                  { accept: null }],
  ['jump c',                                  { jump: { target: 'c' } }],
  ['queue',                                   { queue: null }],
  ['queue to 3',                              { queue: { num: 3 } }],
  ['queue flags bypass to 1-3',               { queue: { num: { range: [1, 3] }, flags: 'bypass' } }],
  ['queue flags bypass,fanout to 1-3',        { queue: { num: { range: [1, 3] }, flags: ['bypass', 'fanout'] } }],
  ['counter',                                 { counter: null }],
  ['counter packets 1 bytes 2',               { counter: { packets: 1, bytes: 2 } }],
  ['counter name "web"',                      { counter: 'web' }],
  ['limit name "few"',                        { limit: 'few' }],
  ['limit rate 10/second',                    { limit: { rate: 10, burst: 5, per: 'second' } }],
  ['limit rate over 1 mbytes/minute burst 4 kbytes', { limit: { rate: 1, burst: 4, per: 'minute', inv: true, rate_unit: 'mbytes', burst_unit: 'kbytes' } }],
  ['quota over 25 mbytes',                    { quota: { val: 25, val_unit: 'mbytes', inv: true } }],
  ['quota 500 bytes used 5 bytes',            { quota: { val: 500, val_unit: 'bytes', used: 5, used_unit: 'bytes' } }],
  ['ct count over 5',                         { 'ct count': { val: 5, inv: true } }],
  ['ct count 5',                              { 'ct count': { val: 5 } }],
  ['tproxy ip to 127.0.0.1:50080',            { tproxy: { family: 'ip', addr: '127.0.0.1', port: 50080 } }],
  ['tproxy to :50080',                        { tproxy: { port: 50080 } }],
  ['ct helper set "ftp"',                     { 'ct helper': 'ftp' }],
  ['notrack',                                 { notrack: null }],
  ['log',                                     { log: null }],
  ['log prefix "a" group 5 snaplen 44 queue-threshold 4', { log: { prefix: 'a', group: 5, snaplen: 44, 'queue-threshold': 4 } }],
  ['log flags tcp sequence,options flags skuid', { log: { flags: ['tcp sequence', 'tcp options', 'skuid'] } }],
  ['reject',                                  { reject: null }],
  ['reject',                                  { reject: {} }],
  ['reject',                                  { reject: { type: 'icmpx', expr: 'port-unreachable' } }],
  ['reject with icmp port-unreachable',       { reject: { type: 'icmp', expr: 'port-unreachable' } }],
  ['reject with tcp reset',                   { reject: { type: 'tcp reset' } }],
  ['masquerade',                              { masquerade: null }],
  ['masquerade random,persistent',            { masquerade: { flags: ['random', 'persistent'] } }],
  ['redirect to :80-90 random',               { redirect: { port: { range: [80, 90] }, flags: 'random' } }],
  ['dnat ip6 to [fd00::1]:80',                { dnat: { family: 'ip6', addr: 'fd00::1', port: 80 } }],
  ['dnat ip to 1.2.3.0/24',                   { dnat: { family: 'ip', addr: { prefix: { addr: '1.2.3.0', len: 24 } } } }],
  ['add @s { ip saddr timeout 1m }',          { set: { op: 'add', elem: { elem: { val: { payload: { protocol: 'ip', field: 'saddr' } }, timeout: 60 } }, set: '@s' } }],
  ['update @s { ip saddr . tcp dport }',      { set: { op: 'update', elem: { concat: [{ payload: { protocol: 'ip', field: 'saddr' } }, { payload: { protocol: 'tcp', field: 'dport' } }] }, set: '@s' } }],
  ['ct state ! invalid,new',                  { match: { op: '!', left: { ct: { key: 'state' } }, right: ['invalid', 'new'] } }],
  ['ct original ip saddr 192.0.2.1',          { match: { op: '==', left: { ct: { key: 'ip saddr', dir: 'original' } }, right: '192.0.2.1' } }],
  ['ct original ip saddr 192.0.2.1',          { match: { op: '==', left: { ct: { key: 'saddr', family: 'ip', dir: 'original' } }, right: '192.0.2.1' } }],
  ['tcp flags == 0x0',                        { match: { op: '==', left: { payload: { protocol: 'tcp', field: 'flags' } }, right: 0 } }],
  ['meta mark 0x00010000/16',                 { match: { op: '==', left: { meta: { key: 'mark' } }, right: { prefix: { addr: 65536, len: 16 } } } }],
  ['ct expiration 300s-3600s',                { match: { op: '==', left: { ct: { key: 'expiration' } }, right: { range: [300, 3600] } } }],
  ['meta protocol != 0x1234',                 { match: { op: '!=', left: { meta: { key: 'protocol' } }, right: 4660 } }],
  ['fib saddr . iif oif missing',             { match: { op: '==', left: { fib: { result: 'oif', flags: ['saddr', 'iif'] } }, right: false } }],
  ['socket transparent 1',                    { match: { op: '==', left: { socket: { key: 'transparent' } }, right: 1 } }],
  ['tcp option maxseg size 500',              { match: { op: '==', left: { 'tcp option': { name: 'maxseg', field: 'size' } }, right: 500 } }],
  ['exthdr frag exists',                      { match: { op: '==', left: { exthdr: { name: 'frag' } }, right: true } }],
  ['frag more-fragments 1',                   { match: { op: '==', left: { exthdr: { name: 'frag', field: 'more-fragments' } }, right: 1 } }],
  ['meta mark set symhash mod 2 offset 5',    { mangle: { key: { meta: { key: 'mark' } }, value: { symhash: { mod: 2, offset: 5 } } } }],
  ['meta mark set meta mark << 4',            { mangle: { key: { meta: { key: 'mark' } }, value: { '<<': [{ meta: { key: 'mark' } }, 4] } } }],
  ['update @m { ip saddr : meta mark }',      'update @m { ip saddr : meta mark }'],
]

for (const [text, json] of STATEMENTS) {
  t.test(`the JSON of ${text}`, async t => {
    const statement = readJsonStatement(json, 'inet')
    t.strictSame([statement], readNftRule(text).statements)
    t.equal(formatNftRule({ statements: [statement] }), text)
  })
}

/** Statements that are not understood as a whole are kept as JSON. */
// biome-ignore format: one case, one row
const KEPT: readonly unknown[] = [
  { xt: { type: 'match', name: 'comment' } },
  { odd: {} },
  { accept: null, drop: null },
  7,
  null,
  ['accept'],
  { match: { op: '~', left: { meta: { key: 'mark' } }, right: 1 } },
  { match: { op: '==', left: { meta: { key: 'oddity' } }, right: 1 } },
  { match: { op: '==', left: { payload: { protocol: 'ip', field: 'oddity' } }, right: 1 } },
  { match: { op: '==', left: { ct: { key: 'state', dir: 'both' } }, right: 'new' } },
  { match: { op: '==', left: { fib: { result: 'oddity', flags: [] } }, right: 'new' } },
  { match: { op: '==', left: { numgen: { mode: 'odd', mod: 2 } }, right: 1 } },
  { match: { op: '==', left: { rt: { key: 'nexthop' } }, right: '192.0.2.1' } },
  { match: { op: '==', left: { payload: { protocol: 'ip', field: 'saddr' } }, right: '192.0.2.999' } },
  { match: { op: '==', left: { meta: { key: 'mark' } }, right: 1.5 } },
  { match: { op: '==', left: { meta: { key: 'mark' } }, right: { odd: 1 } } },
  { vmap: { key: { meta: { key: 'mark' } }, data: { set: [[1, { odd: null }]] } } },
  { dnat: { addr: '192.0.2.1', type_flags: 'prefix' } },
  { dnat: { family: 'arp', addr: '192.0.2.1' } },
  { dnat: { addr: '192.0.2.1', flags: 'odd' } },
  { reject: { type: 'odd' } },
  { set: { op: 'odd', elem: 1, set: '@s' } },
  { set: { op: 'add', elem: { meta: { key: 'mark' } }, set: 's' } },
  { set: { op: 'add', elem: { meta: { key: 'mark' } }, set: '@s', stmt: [{ counter: null }] } },
  { set: { op: 'add', elem: { elem: { val: { meta: { key: 'mark' } }, comment: 'x' } }, set: '@s' } },
  { limit: { rate: 1, per: 'year' } },
  { limit: { rate: 1, per: 'day', rate_unit: 'odd' } },
  { queue: { num: 'odd' } },
  { queue: { flags: 'odd' } },
  { counter: { packets: -1, bytes: 0 } },
]

for (const json of KEPT) {
  t.test(`the JSON ${JSON.stringify(json)} is kept`, async t => {
    t.strictSame(readJsonStatement(json, 'inet'), { do: 'unknown', text: JSON.stringify(json) })
  })
}

t.test('calculations within calculations, as deep as nobody has them, are kept', async t => {
  let left: unknown = { meta: { key: 'mark' } }
  for (let i = 0; i < 2000; i++) left = { '&': [left, 1] }
  t.match(readJsonStatement({ match: { op: '==', left, right: 1 } }, 'inet'), { do: 'unknown' })
})

const table = { table: { family: 'ip', name: 't' } }
const set = (more: object) => ({
  nftables: [table, { set: { family: 'ip', table: 't', name: 's', type: 'ipv4_addr', ...more } }],
})

t.test('properties of sets are read', async t => {
  const json = set({
    flags: ['timeout', 'interval'],
    timeout: 60,
    'gc-interval': 5,
    size: 100,
    policy: 'memory',
    'auto-merge': true,
    stmt: [{ counter: null }],
    comment: 'x',
    elem: [
      { elem: { val: '192.0.2.1', timeout: 1, expires: 1, comment: 'c', counter: { packets: 1, bytes: 2 } } },
      { range: ['192.0.2.5', '192.0.2.9'] },
      '*',
    ],
  })
  t.match(readNftJson(json).tables[0]?.sets[0], {
    flags: ['interval', 'timeout'],
    timeout: 60_000,
    gcInterval: 5000,
    size: 100,
    policy: 'memory',
    autoMerge: true,
    counter: true,
    comment: 'x',
    elements: [
      { timeout: 1000, expires: 1000, comment: 'c', counter: { packets: 1, bytes: 2 } },
      { key: { kind: 'range' } },
      { key: { kind: 'wildcard' } },
    ],
  })
})

t.test('flags that nft garbles say nothing, flags that it says are read', async t => {
  const flagged = (flags: unknown) =>
    readNftJson({ nftables: [{ table: { family: 'ip', name: 't', flags } }] }).tables[0]
  t.strictSame(flagged('cc')?.flags, undefined)
  t.strictSame(flagged('dormant')?.flags, ['dormant'])
  t.strictSame(flagged(['dormant', 'owner'])?.flags, ['dormant', 'owner'])
})

const chain = (more: object) => ({ nftables: [table, { chain: { family: 'ip', table: 't', name: 'c', ...more } }] })

// biome-ignore format: one case, one row
const MALFORMED: readonly (readonly [name: string, json: unknown, place: string])[] = [
  ['no object',                  [],                                                              'nftables'],
  ['no list',                    { nftables: {} },                                                'nftables'],
  ['a list of nothing known',    { nftables: [7] },                                               'nftables[0]'],
  ['a family that is none',      { nftables: [{ table: { family: 'ipx', name: 't' } }] },         'nftables[0]'],
  ['a table without name',       { nftables: [{ table: { family: 'ip' } }] },                     'nftables[0]'],
  ['a chain of no table',        { nftables: [{ chain: { family: 'ip', table: 't', name: 'c' } }] }, 'nftables[0]'],
  ['a rule of no chain',         { nftables: [table, { rule: { family: 'ip', table: 't', chain: 'c' } }] }, 'nftables[1]'],
  ['a chain of an odd type',     chain({ hook: 'input', type: 'odd', prio: 0 }),                  'nftables[1]'],
  ['a chain of an odd hook',     chain({ hook: 'odd', type: 'filter', prio: 0 }),                 'nftables[1]'],
  ['a chain of an odd priority', chain({ hook: 'input', type: 'filter', prio: 'often' }),         'nftables[1]'],
  ['a set of an odd type',       set({ type: 'odd' }),                                            'nftables[1]'],
  ['an element that is none',    set({ elem: ['odd'] }),                                          'nftables[1]'],
  ['a timeout before now',       set({ timeout: -1 }),                                            'nftables[1]'],
]

for (const [name, json, place] of MALFORMED) {
  t.test(`readNftJson() refuses ${name}`, async t => {
    try {
      readNftJson(json)
      t.fail('was read')
    } catch (cause) {
      t.ok(cause instanceof InputError && cause.cause instanceof ParseError)
      t.match(cause, { place })
    }
  })
}

t.test('readNftJson() refuses text that is no JSON', async t => {
  t.throws(() => readNftJson('{'), { code: 'ERR_PARSE' })
})
