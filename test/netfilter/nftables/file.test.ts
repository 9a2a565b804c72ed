import t from 'tap'
import { parseIp } from '../../../src/base/ip.ts'
import type { NftCommand } from '../../../src/netfilter/nftables/command.ts'
import { formatNftCommand, formatNftCommands } from '../../../src/netfilter/nftables/command-text.ts'
import { findNftDuration, formatNftDuration } from '../../../src/netfilter/nftables/duration.ts'
import { formatNftFile } from '../../../src/netfilter/nftables/file.ts'
import { findNftPriority, formatNftPriority } from '../../../src/netfilter/nftables/priority.ts'
import { parseNftRuleset } from '../../../src/netfilter/nftables/reader.ts'
import { fixture } from './listings.ts'

t.test('a file declares each table, deletes it and makes it anew, without the numbers of a kernel', async t => {
  for (const name of ['workstation', 'router']) {
    const bare = fixture(`${name}.nft`)
    const expected = bare.replace(/^table (\S+ \S+) \{$/gm, 'table $1\ndelete table $1\ntable $1 {')
    t.equal(formatNftFile(parseNftRuleset(bare)), expected)
    t.equal(formatNftFile(parseNftRuleset(fixture(`${name}-a.nft`))), expected)
  }
})

t.test('spellings lose the numbers of a kernel, too', async t => {
  const text = 'table ip t { # handle 1\n\tchain c { # handle 2\n\t\ttcp dport ssh accept # handle 3\n\t}\n}\n'
  t.match(formatNftFile(parseNftRuleset(text)), '\t\ttcp dport ssh accept\n')
})

const where = { family: 'ip', table: 'kube-proxy' } as const
const base = { type: 'nat', hook: 'postrouting', priority: 100, policy: 'accept' } as const
const key = { key: { kind: 'ip', ip: parseIp('10.96.0.1') } } as const
const rule = { statements: [{ do: 'verdict', verdict: { do: 'accept' } }], comment: 'x', handle: 9 } as const
const set = { name: 'ips', type: ['ipv4_addr'], flags: ['interval'], comment: 'addresses', elements: [key] } as const
const map = { name: 'ways', type: ['ipv4_addr'], data: 'verdict', elements: [] } as const

// biome-ignore format: one case, one row
const COMMANDS: readonly (readonly [text: string, command: NftCommand])[] = [
  ['add table ip kube-proxy',                                      { do: 'add table', ...where }],
  ['add table ip kube-proxy { comment "rules"; }',                 { do: 'add table', ...where, comment: 'rules' }],
  ['delete table ip kube-proxy',                                   { do: 'delete table', ...where }],
  ['flush table ip kube-proxy',                                    { do: 'flush table', ...where }],
  ['add chain ip kube-proxy c',                                    { do: 'add chain', ...where, chain: 'c' }],
  ['add chain ip kube-proxy c { type nat hook postrouting priority srcnat; policy accept; comment "x"; }', { do: 'add chain', ...where, chain: 'c', base, comment: 'x' }],
  ['flush chain ip kube-proxy c',                                  { do: 'flush chain', ...where, chain: 'c' }],
  ['delete chain ip kube-proxy c',                                 { do: 'delete chain', ...where, chain: 'c' }],
  ['add set ip kube-proxy ips { type ipv4_addr; flags interval; comment "addresses"; }', { do: 'add set', ...where, set }],
  ['add map ip kube-proxy ways { type ipv4_addr : verdict; }',     { do: 'add set', ...where, set: map }],
  ['flush set ip kube-proxy ips',                                  { do: 'flush set', ...where, set }],
  ['delete map ip kube-proxy ways',                                { do: 'delete set', ...where, set: map }],
  ['add element ip kube-proxy ways { 10.96.0.1 comment "x" : goto c }', { do: 'add elements', ...where, set: 'ways', elements: [{ ...key, comment: 'x', data: { do: 'goto', chain: 'c' } }] }],
  ['delete element ip kube-proxy ways { 10.96.0.1, 10.96.0.1 }',   { do: 'delete elements', ...where, set: 'ways', elements: [key, { ...key, data: { do: 'drop' } }] }],
  ['add rule ip kube-proxy c accept comment "x"',                  { do: 'add rule', ...where, chain: 'c', rule }],
  ['insert rule ip kube-proxy c accept comment "x"',               { do: 'insert rule', ...where, chain: 'c', rule }],
  ['replace rule ip kube-proxy c handle 4 accept comment "x"',     { do: 'replace rule', ...where, chain: 'c', handle: 4, rule }],
  ['delete rule ip kube-proxy c handle 4',                         { do: 'delete rule', ...where, chain: 'c', handle: 4 }],
  ['add rule ip kube-proxy c tcp dport ssh accept',                { do: 'add rule', ...where, chain: 'c', rule: { ...rule, spelling: 'tcp dport ssh accept # handle 9' } }],
]

for (const [text, command] of COMMANDS) {
  t.test(text, async t => t.equal(formatNftCommand(command), text))
}

t.test('commands stand one in a line', async t => {
  const lines = COMMANDS.map(([text]) => `${text}\n`).join('')
  t.equal(formatNftCommands(COMMANDS.map(([, command]) => command)), lines)
})

// biome-ignore format: one case, one row
const DURATIONS: readonly (readonly [text: string, millis: number])[] = [
  ['0s', 0], ['1ms', 1], ['5s', 5000], ['59m59s980ms', 3_599_980], ['3h', 10_800_000], ['3h10m10s', 11_410_000],
  ['1d12h', 129_600_000], ['400d', 34_560_000_000],
]

for (const [text, millis] of DURATIONS) {
  t.test(`the duration ${text}`, async t => {
    t.equal(formatNftDuration(millis), text)
    t.equal(findNftDuration(text), millis)
  })
}

t.test('what is no duration', async t => {
  for (const text of ['', '5', 's', '5s5m', '-5s', '5 s']) t.equal(findNftDuration(text), undefined, text)
})

t.test('priorities read back', async t => {
  for (const family of ['ip', 'ip6', 'inet', 'arp', 'bridge', 'netdev'] as const) {
    for (let priority = -420; priority <= 420; priority++) {
      for (const hook of ['prerouting', 'input', 'output', 'postrouting', 'ingress'] as const) {
        const text = formatNftPriority(family, { hook, priority })
        if (findNftPriority(family, text) !== priority) t.fail(`${family} ${hook} ${text}`)
      }
    }
  }
  t.equal(findNftPriority('ip', 'filter + 100'), 100)
  for (const text of ['', 'out', 'filter +5', '5 + x', '--5']) t.equal(findNftPriority('ip', text), undefined, text)
})
