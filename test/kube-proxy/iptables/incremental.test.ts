/** Changes one by one lead where a fresh start with the last state leads. */
import { deepEqual, equal } from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { FAMILIES, type Family } from '../../../src/base/ip.ts'
import {
  createProxy,
  currentRuleset,
  type PartialSync,
  syncChanged,
  syncFull,
} from '../../../src/kube-proxy/iptables/proxy.ts'
import { setService, setSlice } from '../../../src/kube-proxy/service-map.ts'
import { formatRestore, formatRule, formatSave } from '../../../src/netfilter/format.ts'
import type { Ruleset } from '../../../src/netfilter/rule.ts'
import { anyStep, informedOf, take, type World } from '../changes.ts'
import { configuration, endpoint, host, service, slice } from '../objects.ts'

const OPTIONS = { config: configuration(), host: host({}, { nfacct: true }) }

/** Chains by table and name, each a list of rules as text: as much of a kernel as restore needs. */
class Kernel {
  readonly chains = new Map<string, string[]>()
  readonly family: Family

  constructor({ family, tables }: Ruleset) {
    this.family = family
    for (const table of tables.values()) {
      for (const { name, rules } of table.chains.values()) {
        this.chains.set(
          `${table.name} ${name}`,
          rules.map(rule => formatRule(name, rule, family, 'save')),
        )
      }
    }
  }

  apply({ chains, edits, stale }: PartialSync): void {
    for (const { name, rules } of chains) {
      this.chains.set(
        `nat ${name}`,
        rules.map(rule => formatRule(name, rule, this.family, 'save')),
      )
    }
    for (const { table, chain, at, remove, insert } of edits) {
      const rules = insert.map(rule => formatRule(chain, rule, this.family, 'save'))
      this.chains.get(`${table} ${chain}`)?.splice(at - 1, remove, ...rules)
    }
    for (const name of stale) this.chains.delete(`nat ${name}`)
  }

  sorted(): [string, string[]][] {
    return [...this.chains].sort(([a], [b]) => (a < b ? -1 : 1))
  }
}

function freshRuleset(world: World, family: Family): Ruleset {
  return syncFull(informedOf(createProxy(OPTIONS), world), family)
}

t.test('changes one by one, or several at once, end in the rules that a fresh start makes', async t => {
  let applied = 0
  fc.assert(
    fc.property(fc.array(fc.array(anyStep, { minLength: 1, maxLength: 3 }), { maxLength: 12 }), rounds => {
      const proxy = createProxy(OPTIONS)
      const world: World = { services: new Map(), slices: new Map() }
      const kernels = FAMILIES.map(family => new Kernel(syncFull(proxy, family)))
      for (const steps of rounds) {
        for (const step of steps) take(step, proxy, world)
        for (const kernel of kernels) {
          const { family } = kernel
          const sync = syncChanged(proxy, family)
          applied += sync.edits.length + sync.chains.length + sync.stale.length
          kernel.apply(sync)
          const fresh = freshRuleset(world, family)
          equal(formatRestore(currentRuleset(proxy, family)), formatRestore(fresh))
          deepEqual(kernel.sorted(), new Kernel(fresh).sorted())
        }
      }
    }),
    { numRuns: 500 },
  )
  t.ok(applied > 500, 'the runs had much to do')
})

t.test('a ruleset that was handed out stays as it was', async t => {
  const proxy = createProxy(OPTIONS)
  setService(proxy, service())
  setSlice(proxy, slice([endpoint('10.244.1.2')]))
  const before = syncFull(proxy, 4)
  const text = formatSave(before)
  setSlice(proxy, slice([endpoint('10.244.1.3')]))
  syncChanged(proxy, 4)
  t.equal(formatSave(before), text)
  t.not(formatSave(currentRuleset(proxy, 4)), text)
})

t.test('changes need a full sync before them', async t => {
  t.throws(() => syncChanged(createProxy(OPTIONS), 4), RangeError)
})

t.test('no change, nothing to do', async t => {
  const proxy = createProxy(OPTIONS)
  setService(proxy, service())
  const ruleset = syncFull(proxy, 4)
  t.strictSame(syncChanged(proxy, 4), { family: 4, chains: [], edits: [], stale: [] })
  t.equal(currentRuleset(proxy, 4), ruleset, 'the very same value')
})
