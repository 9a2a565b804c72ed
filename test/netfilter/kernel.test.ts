/**
 * The kernel as judge: what it prints after loading is what we said it would.
 */
import fc from 'fast-check'
import t, { type Test } from 'tap'
import type { Family } from '../../src/base/ip.ts'
import { parseRules } from '../../src/netfilter/document-reader.ts'
import { formatRestore, formatRule, formatSave } from '../../src/netfilter/format.ts'
import type { Chain, Rule, Ruleset, TableName } from '../../src/netfilter/rule.ts'
import { rulesetOf } from '../../src/netfilter/ruleset.ts'
import { inNamespace, type Namespace } from '../kernel/netns.ts'
import * as arbitrary from './arbitrary.ts'
import { SET, SPELLINGS } from './spellings.ts'

const FAMILIES = { 4: 'iptables', 6: 'ip6tables' } as const
const VARIANTS = ['legacy', 'nft'] as const
type Variant = (typeof VARIANTS)[number]

const cases = ([4, 6] as const).flatMap(family =>
  VARIANTS.map(variant => ({ family, variant, tool: `${FAMILIES[family]}-${variant}` as const })),
)

/** A namespace with the set that some rules look into. */
function withSet(t: Test, family: Family, variant: Variant, body: (ns: Namespace) => Promise<void>): Promise<void> {
  return inNamespace(t, ['ipset', `${FAMILIES[family]}-${variant}-restore`], async ns => {
    await ns.run('ipset', ['create', SET, 'hash:ip', 'family', family === 4 ? 'inet' : 'inet6', 'counters'])
    await body(ns)
  })
}

/** What the kernel has in a table, without remarks. */
async function saved(ns: Namespace, tool: string, table: TableName): Promise<string[]> {
  const text = await ns.run(`${tool}-save`, ['-t', table])
  return text.split('\n').filter(line => line !== '' && !line.startsWith('#'))
}

/** Counters aside, the chain lines of the kernel's own chains count packets. */
const uncounted = (lines: readonly string[]) => lines.map(line => line.replace(/ \[\d+:\d+\]$/, ''))

for (const { family, variant, tool } of cases) {
  for (const { table, rows } of SPELLINGS.filter(spellings => spellings.family === family)) {
    t.test(`${tool} prints rules of ${table} as we say`, t =>
      withSet(t, family, variant, async ns => {
        const written = rows.map(([written]) => `-A X ${written}`)
        const loaded = await loadable(t, ns, tool, table, written)
        await ns.run(`${tool}-restore`, [], fileOf(table, loaded))
        const expected = rows
          .filter((_, i) => loaded.includes(written[i] ?? ''))
          .map(([written, saved = written]) => `-A X ${saved}`.trimEnd())
        t.strictSame(
          (await saved(ns, tool, table)).filter(line => line.startsWith('-A')),
          expected,
        )
      }),
    )
  }

  t.test(`${tool} prints random rules as we say`, t =>
    withSet(t, family, variant, async ns => {
      for (const table of ['filter', 'mangle', 'nat', 'raw'] as const) {
        const drawn = fc.sample(arbitrary.rule(family, table, 'restore'), { numRuns: 120, seed: 20261121 })
        const written = drawn.map(rule => formatRule('X', rule, family, 'restore'))
        const loaded = await loadable(t, ns, tool, table, written)
        const rules = drawn.filter((_, i) => loaded.includes(written[i] ?? ''))
        const ruleset = rulesetWith(family, table, { X: rules, X2: [], Y: [] })
        await ns.run(`${tool}-restore`, [], formatRestore(ruleset))
        t.strictSame(uncounted(await saved(ns, tool, table)), uncounted(linesOf(formatSave(ruleset))), table)
      }
    }),
  )

  t.test(`${tool} loads the same file twice without harm`, t =>
    withSet(t, family, variant, async ns => {
      const before = '*filter\n:OTHER - [0:0]\n-A INPUT -j OTHER\n-A OTHER -j DROP\n-A OUTPUT -j OTHER\nCOMMIT\n'
      await ns.run(`${tool}-restore`, [], before)
      const jump: Rule = { matches: [], target: { do: 'jump', chain: 'OWN' } }
      const ruleset = rulesetWith(family, 'filter', {
        INPUT: [jump],
        FORWARD: [jump],
        OWN: [{ matches: [], target: { do: 'accept' } }],
      })
      const file = formatRestore(ruleset)
      await ns.run(`${tool}-restore`, ['--noflush'], file)
      const once = await saved(ns, tool, 'filter')
      await ns.run(`${tool}-restore`, ['--noflush'], file)
      t.strictSame(uncounted(await saved(ns, tool, 'filter')), uncounted(once), 'the same rules afterwards')
      t.strictSame(
        once.filter(line => line.startsWith('-A')),
        ['-A INPUT -j OWN', '-A FORWARD -j OWN', '-A OUTPUT -j OTHER', '-A OTHER -j DROP', '-A OWN -j ACCEPT'],
      )
    }),
  )

  t.test(`what ${tool}-save prints is read and loaded again`, t =>
    withSet(t, family, variant, async ns => {
      const rules = fc.sample(arbitrary.rule(family, 'filter', 'restore'), { numRuns: 60, seed: 7 })
      await ns.run(`${tool}-restore`, [], formatRestore(rulesetWith(family, 'filter', { X: rules, Y: [] })))
      const text = await ns.run(`${tool}-save`, ['-t', 'filter'])
      const document = parseRules(text, family)
      t.strictSame(
        document.lines.filter(line => line.spelling !== undefined),
        [],
        'no line has a spelling of its own',
      )
      await ns.run(`${tool}-restore`, [], formatRestore(rulesetOf(document)))
      t.strictSame(
        uncounted(await saved(ns, tool, 'filter')),
        uncounted(linesOf(text).filter(line => !line.startsWith('#'))),
      )
    }),
  )
}

/**
 * Those of the rules that the kernel takes. One that it refuses is skipped by name with the reason
 * (its module may be missing), or fails where the kernel is required to take it.
 */
async function loadable(t: Test, ns: Namespace, tool: string, table: TableName, rules: readonly string[]) {
  const attempt = (some: readonly string[]) => ns.try(`${tool}-restore`, [], fileOf(table, some))
  if ((await attempt(rules)).code === 0) return rules
  const taken: string[] = []
  for (const rule of rules) {
    const { code, stderr } = await attempt([rule])
    if (code === 0) taken.push(rule)
    else if (process.env['PODWIRE_KERNEL'] === 'required') t.fail(`${tool} refuses ${rule}: ${stderr}`)
    else t.pass(rule, { skip: stderr.split('\n')[0] ?? true })
  }
  return taken
}

function fileOf(table: TableName, rules: readonly string[]): string {
  return `*${table}\n:X - [0:0]\n:X2 - [0:0]\n:Y - [0:0]\n${rules.map(rule => `${rule}\n`).join('')}COMMIT\n`
}

function rulesetWith(family: Family, table: TableName, chains: Readonly<Record<string, readonly Rule[]>>): Ruleset {
  const map = new Map(Object.entries(chains).map(([name, rules]): [string, Chain] => [name, { name, rules }]))
  return { family, tables: new Map([[table, { name: table, chains: map }]]) }
}

function linesOf(text: string): string[] {
  return text.split('\n').filter(Boolean)
}
