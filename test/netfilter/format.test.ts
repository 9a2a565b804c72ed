import t from 'tap'
import { hostPrefix, parseIp, parsePrefix } from '../../src/base/ip.ts'
import { formatRestore, formatRule, formatSave } from '../../src/netfilter/format.ts'
import type { Chain, Match, Rule, Ruleset, TableName, Target } from '../../src/netfilter/rule.ts'

const comment = (text: string): Match => ({ on: 'comment', text })
const src = (text: string): Match => ({ on: 'src', in: parsePrefix(text) })
const dst = (text: string): Match => ({ on: 'dst', in: hostPrefix(parseIp(text)) })
const tcp: Match = { on: 'proto', is: 6 }
const dport = (port: number): Match => ({ on: 'tcp', dport: { from: port, to: port } })
const local: Match = { on: 'addrtype', dst: { in: ['LOCAL'] } }
const jump = (chain: string): Target => ({ do: 'jump', chain })
const to = (address: string, port: number): Target => ({
  do: 'dnat',
  to: { from: parseIp(address), to: parseIp(address) },
  ports: { from: port, to: port },
})
const mark = (set: number, mask: number): Target => ({ do: 'mark', set, mask })

// biome-ignore format: one rule, three rows: what it is, what kube-proxy writes, what iptables-save prints
const rules: [name: string, matches: Match[], target: Target | undefined, restore: string, save: string][] = [
  ['a ClusterIP', [comment('ns/s:p cluster IP'), tcp, dst('10.96.0.1'), dport(443)], jump('X'),
    '-m comment --comment "ns/s:p cluster IP" -m tcp -p tcp -d 10.96.0.1 --dport 443 -j X',
    '-d 10.96.0.1/32 -p tcp -m comment --comment "ns/s:p cluster IP" -m tcp --dport 443 -j X'],
  ['a node port behind an address type', [comment('ns/s:p has no endpoints'), local, tcp, dport(30080)], { do: 'reject', with: 'icmp-port-unreachable' },
    '-m comment --comment "ns/s:p has no endpoints" -m addrtype --dst-type LOCAL -m tcp -p tcp --dport 30080 -j REJECT',
    '-p tcp -m comment --comment "ns/s:p has no endpoints" -m addrtype --dst-type LOCAL -m tcp --dport 30080 -j REJECT --reject-with icmp-port-unreachable'],
  ['an endpoint', [comment('ns/s:p'), tcp, { on: 'tcp' }], to('10.244.1.2', 8080),
    '-m comment --comment ns/s:p -m tcp -p tcp -j DNAT --to-destination 10.244.1.2:8080',
    '-p tcp -m comment --comment "ns/s:p" -m tcp -j DNAT --to-destination 10.244.1.2:8080'],
  ['an endpoint with affinity', [{ on: 'recent', do: 'set', list: 'KUBE-SEP-A', by: 'src', mask: parseIp('255.255.255.255') }, tcp, { on: 'tcp' }], to('10.244.1.2', 8080),
    '-m recent --name KUBE-SEP-A --set -m tcp -p tcp -j DNAT --to-destination 10.244.1.2:8080',
    '-p tcp -m recent --set --name KUBE-SEP-A --mask 255.255.255.255 --rsource -m tcp -j DNAT --to-destination 10.244.1.2:8080'],
  ['the way back to an endpoint', [{ on: 'recent', do: 'rcheck', list: 'KUBE-SEP-A', by: 'src', mask: parseIp('255.255.255.255'), seconds: 10800, reap: true }], jump('KUBE-SEP-A'),
    '-m recent --name KUBE-SEP-A --rcheck --seconds 10800 --reap -j KUBE-SEP-A',
    '-m recent --rcheck --seconds 10800 --reap --name KUBE-SEP-A --mask 255.255.255.255 --rsource -j KUBE-SEP-A'],
  ['one of three', [{ on: 'statistic', mode: 'random', probability: 1 / 3 }], jump('X'),
    '-m statistic --mode random --probability 0.3333333333 -j X',
    '-m statistic --mode random --probability 0.33333333349 -j X'],
  ['one of seven', [{ on: 'statistic', mode: 'random', probability: 1 / 7 }], jump('X'),
    '-m statistic --mode random --probability 0.1428571429 -j X',
    '-m statistic --mode random --probability 0.14285714272 -j X'],
  ['martians', [comment('block incoming localnet connections'), src('127.0.0.0/8'), { on: 'conntrack', state: { in: ['RELATED', 'ESTABLISHED', 'DNAT'], not: true } }], { do: 'drop' },
    '-m comment --comment "block incoming localnet connections" -s 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP',
    '-s 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP'],
  ['what is not marked', [{ on: 'mark', is: 0x4000, mask: 0x4000, not: true }], { do: 'return' },
    '-m mark ! --mark 0x00004000/0x00004000 -j RETURN',
    '-m mark ! --mark 0x4000/0x4000 -j RETURN'],
  ['setting a bit',   [], mark(0x4000, 0x4000), '-j MARK --or-mark 0x00004000',                '-j MARK --set-xmark 0x4000/0x4000'],
  ['turning a bit',   [], mark(0x4000, 0),      '-j MARK --xor-mark 0x00004000',               '-j MARK --set-xmark 0x4000/0x0'],
  ['setting a mark',  [], mark(1, -1),          '-j MARK --set-xmark 0x00000001/0xffffffff',   '-j MARK --set-xmark 0x1/0xffffffff'],
  ['a counter', [{ on: 'nfacct', counter: 'ct_state_invalid_dropped_pkts' }], { do: 'drop' },
    '-m nfacct --nfacct-name ct_state_invalid_dropped_pkts -j DROP',
    '-m nfacct --nfacct-name  ct_state_invalid_dropped_pkts -j DROP'],
  ['masquerading', [], { do: 'masquerade', randomFully: true }, '-j MASQUERADE --random-fully', '-j MASQUERADE --random-fully'],
  ['a rule that only counts', [comment('other traffic')], undefined, '-m comment --comment "other traffic"', '-m comment --comment "other traffic"'],
  ['an IPv6 endpoint', [], to('fd00:10:244::2', 80), '-j DNAT --to-destination [fd00:10:244::2]:80', '-j DNAT --to-destination [fd00:10:244::2]:80'],
  ['everything', [src('0.0.0.0/0'), { on: 'in', device: '+' }], { do: 'accept' }, '-s 0.0.0.0/0 -i + -j ACCEPT', '-j ACCEPT'],
  ['what nobody knows', [{ on: 'unknown', module: 'geoip', text: '--source-country A1' }], { do: 'unknown', name: 'TARPIT', text: '--honeypot' },
    '-m geoip --source-country A1 -j TARPIT --honeypot',
    '-m geoip --source-country A1 -j TARPIT --honeypot'],
]

for (const [name, matches, target, restore, save] of rules) {
  t.test(`formatRule() writes ${name}`, async t => {
    const rule: Rule = { matches, ...(target && { target }) }
    t.equal(formatRule('C', rule, 4, 'restore'), `-A C ${restore}`)
    t.equal(formatRule('C', rule, 4, 'save'), `-A C ${save}`)
  })
}

// biome-ignore format: one case, one row
const comments: [text: string, restore: string, save: string][] = [
  ['plain-word_1',     'plain-word_1',         'plain-word_1'],
  ['ns/name:port',     'ns/name:port',         '"ns/name:port"'],
  ['two words',        '"two words"',          '"two words"'],
  ['',                 '""',                   '""'],
  ['!',                '"!"',                  '"!"'],
  [`it's`,             `it's`,                 `"it\\'s"`],
  ['a "b"',            '"a \\"b\\""',          '"a \\"b\\""'],
  ['back\\slash',      'back\\slash',          '"back\\\\slash"'],
  ['back\\ slash',     '"back\\\\ slash"',     '"back\\\\ slash"'],
]

t.test('comments are quoted so that iptables reads them back', async t => {
  for (const [text, restore, save] of comments) {
    t.equal(formatRule('C', { matches: [comment(text)] }, 4, 'restore'), `-A C -m comment --comment ${restore}`)
    t.equal(formatRule('C', { matches: [comment(text)] }, 4, 'save'), `-A C -m comment --comment ${save}`)
  }
  t.throws(
    () => formatRule('C', { matches: [comment('a\n-F')] }, 4, 'restore'),
    RangeError,
    'no line can be smuggled in',
  )
})

t.test('REJECT names its answer only where it is not the usual one', async t => {
  const reject = (answer: string): Rule => ({ matches: [], target: { do: 'reject', with: answer } })
  t.equal(formatRule('C', reject('icmp6-port-unreachable'), 6, 'restore'), '-A C -j REJECT')
  t.equal(
    formatRule('C', reject('icmp6-port-unreachable'), 6, 'save'),
    '-A C -j REJECT --reject-with icmp6-port-unreachable',
  )
  t.equal(formatRule('C', reject('tcp-reset'), 6, 'restore'), '-A C -j REJECT --reject-with tcp-reset')
})

const ruleset = (tables: Partial<Record<TableName, Chain[]>>): Ruleset => ({
  family: 4,
  tables: new Map(
    Object.entries(tables).map(([name, chains]) => [
      name as TableName,
      { name: name as TableName, chains: new Map(chains.map(chain => [chain.name, chain])) },
    ]),
  ),
})

const host = ruleset({
  filter: [
    { name: 'KUBE-FORWARD', rules: [{ matches: [], target: { do: 'accept' } }] },
    { name: 'FORWARD', rules: [{ matches: [], target: jump('KUBE-FORWARD') }], policy: 'drop' },
    { name: 'INPUT', rules: [] },
    { name: 'KUBE-EMPTY', rules: [] },
  ],
  nat: [{ name: 'KUBE-MARK-MASQ', rules: [{ matches: [], target: mark(0x4000, 0x4000) }] }],
})

t.test('formatRestore() empties what it fills and leaves everything else', async t => {
  t.equal(
    formatRestore(host),
    `*nat
:KUBE-MARK-MASQ - [0:0]
-A KUBE-MARK-MASQ -j MARK --or-mark 0x00004000
COMMIT
*filter
:KUBE-FORWARD - [0:0]
:FORWARD DROP [0:0]
:KUBE-EMPTY - [0:0]
-F FORWARD
-A KUBE-FORWARD -j ACCEPT
-A FORWARD -j KUBE-FORWARD
COMMIT
`,
  )
})

t.test("formatSave() lists every chain of a table, the kernel's own first", async t => {
  t.equal(
    formatSave(host),
    `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-MARK-MASQ - [0:0]
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-EMPTY - [0:0]
:KUBE-FORWARD - [0:0]
-A FORWARD -j KUBE-FORWARD
-A KUBE-FORWARD -j ACCEPT
COMMIT
`,
  )
})
