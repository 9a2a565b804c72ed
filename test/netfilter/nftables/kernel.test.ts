/** The kernel and nft as judges: what they list after loading is what we said they would. */
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { formatNftCommands } from '../../../src/netfilter/nftables/command-text.ts'
import { formatNftFile } from '../../../src/netfilter/nftables/file.ts'
import { formatNftRuleset } from '../../../src/netfilter/nftables/format.ts'
import { readNftJson } from '../../../src/netfilter/nftables/json-reader.ts'
import { asListed } from '../../../src/netfilter/nftables/listed.ts'
import { formatNftPriority } from '../../../src/netfilter/nftables/priority.ts'
import { parseNftRuleset } from '../../../src/netfilter/nftables/reader.ts'
import type { NftBase, NftFamily, NftRuleset } from '../../../src/netfilter/nftables/rule.ts'
import { inNamespace, type Namespace } from '../../kernel/netns.ts'
import { table } from './arbitrary.ts'
import { unsaid } from './json.ts'
import { COLLECTED, fixture } from './listings.ts'
import { NOT_LOADABLE, RULES } from './rules.ts'

const listed = (ns: Namespace, ...flags: string[]) => ns.run('nft', [...flags, 'list', 'ruleset'])

/** Loads twice, and holds the listing against what we say it is. */
async function loads(t: Test, ns: Namespace, ruleset: NftRuleset, name: string): Promise<void> {
  const file = formatNftFile(ruleset)
  await ns.run('nft', ['-f', '-'], file)
  await ns.run('nft', ['-f', '-'], file)
  t.equal(await listed(ns), formatNftRuleset(asListed(ruleset)), name)
  await ns.run('nft', ['flush', 'ruleset'])
}

t.test('files load twice and list as written', t =>
  inNamespace(t, ['nft'], async ns => {
    for (const name of ['kube-proxy.nft', 'flannel.nft']) await loads(t, ns, parseNftRuleset(fixture(name)), name)
    for (const { name, text } of COLLECTED ?? []) await loads(t, ns, parseNftRuleset(text), name)
  }),
)

t.test('random rulesets load twice, list as written and are read back', t =>
  inNamespace(t, ['nft'], async ns => {
    for (const [i, table_] of fc.sample(table, { numRuns: 60, seed: 20261121 }).entries()) {
      const ruleset = { tables: [table_] }
      await loads(t, ns, ruleset, `ruleset ${i}`)
      await ns.run('nft', ['-f', '-'], formatNftFile(ruleset))
      const text = parseNftRuleset(await listed(ns, '-a'))
      t.strictSame(readNftJson(await listed(ns, '-j')), unsaid(text), `ruleset ${i} as JSON`)
      await ns.run('nft', ['flush', 'ruleset'])
    }
  }),
)

t.test('each rule is listed as it is written', t =>
  inNamespace(t, ['nft'], async ns => {
    const sets = 'add set inet t affinity { type ipv4_addr; size 65535; flags dynamic,timeout; }\n'
    const more = `${sets}add set inet t cluster-ips { type ipv4_addr; }
add map inet t service-ips { type ipv4_addr . inet_proto . inet_service : verdict; }
add chain inet t other
add chain inet t web
add set inet t seen { type ipv4_addr; size 65535; flags dynamic; }
add chain inet t service-CG4L7FE6-shop/db-52/tcp/p-0-x
`
    const head = `add table inet t\ndelete table inet t\nadd table inet t\n${more}`
    for (const { text, rule } of RULES) {
      if (NOT_LOADABLE.test(text)) continue
      const nat = /dnat|redirect|masquerade/.test(text) && !text.startsWith('ct status')
      const kind = nat
        ? `nat hook ${text.includes('masquerade') ? 'postrouting' : 'prerouting'}`
        : 'filter hook prerouting'
      const chain = `add chain inet t rules { type ${kind} priority 0; }\n`
      const command = formatNftCommands([{ do: 'add rule', family: 'inet', table: 't', chain: 'rules', rule }])
      const { code, stderr } = await ns.try('nft', ['-f', '-'], `${head}${chain}${command}`)
      if (code !== 0) {
        // The kernel was built without what the rule needs.
        t.match(stderr, /No such file or directory|not supported/, text)
        continue
      }
      const lines = (await ns.run('nft', ['list', 'chain', 'inet', 't', 'rules'])).split('\n')
      t.equal(lines[3], `\t\t${text}`)
    }
  }),
)

t.test('priorities are named as nft names them', t =>
  inNamespace(t, ['nft'], async ns => {
    const hooks: readonly (readonly [NftFamily, NftBase['hook']])[] = [
      ...(['ip', 'ip6', 'inet', 'bridge'] as const).flatMap(family =>
        (['prerouting', 'input', 'forward', 'output', 'postrouting'] as const).map(hook => [family, hook] as const),
      ),
      ['arp', 'input'],
      ['arp', 'output'],
    ]
    const marks = [-300, -200, -150, -100, 0, 50, 100, 300]
    const priorities = marks.flatMap(mark => [-11, -10, -1, 0, 1, 10, 11].map(offset => mark + offset))
    for (const [family, hook] of hooks) {
      const chains = priorities.map(
        (priority, i) => `add chain ${family} t c${i} { type filter hook ${hook} priority ${priority}; }`,
      )
      await ns.run('nft', ['-f', '-'], `flush ruleset\nadd table ${family} t\n${chains.join('\n')}\n`)
      const text = await listed(ns)
      t.strictSame(
        [...text.matchAll(/priority ([^;]*);/g)].map(([, name]) => name),
        priorities.map(priority => formatNftPriority(family, { hook, priority })),
        `${family} ${hook}`,
      )
    }
  }),
)

t.test('single commands change what they name', t =>
  inNamespace(t, ['nft'], async ns => {
    const where = { family: 'ip', table: 't' } as const
    const key = (port: number) => ({ key: { kind: 'port', port } }) as const
    const set = { name: 'ports', type: ['inet_service'], comment: 'open', elements: [] } as const
    const map = { name: 'ways', type: ['inet_service'], data: 'verdict', elements: [] } as const
    const base = { type: 'filter', hook: 'input', priority: 0, policy: 'drop' } as const
    const accept = { statements: [{ do: 'verdict', verdict: { do: 'accept' } }] } as const
    const drop = { statements: [{ do: 'verdict', verdict: { do: 'drop' } }], comment: 'last' } as const
    await ns.run(
      'nft',
      ['-f', '-'],
      formatNftCommands([
        { do: 'add table', ...where, comment: 'by commands' },
        { do: 'add chain', ...where, chain: 'in', base, comment: 'what comes' },
        { do: 'add chain', ...where, chain: 'there' },
        { do: 'add chain', ...where, chain: 'gone' },
        { do: 'add set', ...where, set },
        { do: 'add set', ...where, set: map },
        { do: 'add set', ...where, set: { ...set, name: 'gone' } },
        { do: 'add elements', ...where, set: 'ports', elements: [key(80), { ...key(81), comment: 'x' }, key(82)] },
        { do: 'add elements', ...where, set: 'ways', elements: [{ ...key(80), data: { do: 'goto', chain: 'there' } }] },
        { do: 'add elements', ...where, set: 'gone', elements: [key(1)] },
        { do: 'delete elements', ...where, set: 'ports', elements: [key(82)] },
        { do: 'add rule', ...where, chain: 'gone', rule: accept },
        { do: 'flush chain', ...where, chain: 'gone' },
        { do: 'delete chain', ...where, chain: 'gone' },
        { do: 'flush set', ...where, set: { name: 'ways', data: 'verdict' } },
        { do: 'delete set', ...where, set: { name: 'gone' } },
        { do: 'add rule', ...where, chain: 'in', rule: drop },
        { do: 'insert rule', ...where, chain: 'in', rule: accept },
      ]),
    )
    t.equal(
      await listed(ns),
      [
        'table ip t {',
        '\tcomment "by commands"',
        '\tset ports {',
        '\t\ttype inet_service',
        '\t\tcomment "open"',
        '\t\telements = { 80, 81 comment "x" }',
        '\t}',
        '',
        '\tmap ways {',
        '\t\ttype inet_service : verdict',
        '\t}',
        '',
        '\tchain in {',
        '\t\tcomment "what comes"',
        '\t\ttype filter hook input priority filter; policy drop;',
        '\t\taccept',
        '\t\tdrop comment "last"',
        '\t}',
        '',
        '\tchain there {',
        '\t}',
        '}',
        '',
      ].join('\n'),
    )
    const rules = parseNftRuleset(await listed(ns, '-a')).tables[0]?.chains[0]?.rules ?? []
    const [first = 0, second = 0] = rules.map(({ handle }) => handle)
    await ns.run(
      'nft',
      ['-f', '-'],
      formatNftCommands([
        { do: 'replace rule', ...where, chain: 'in', handle: first, rule: drop },
        { do: 'delete rule', ...where, chain: 'in', handle: second },
      ]),
    )
    t.match(await listed(ns), /policy drop;\n\t\tdrop comment "last"\n\t\}/)
    await ns.run('nft', ['-f', '-'], formatNftCommands([{ do: 'flush table', ...where }]))
    t.notMatch(await listed(ns), /comment "last"/)
    await ns.run('nft', ['-f', '-'], formatNftCommands([{ do: 'delete table', ...where }]))
    t.equal(await listed(ns), '')
  }),
)
