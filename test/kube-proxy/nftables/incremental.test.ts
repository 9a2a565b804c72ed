/** Changes one by one lead where a fresh start with the last state leads. */
import { deepEqual } from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { FAMILIES, type Family } from '../../../src/base/ip.ts'
import type { ElementChange } from '../../../src/kube-proxy/nftables/claims.ts'
import { partialCommands } from '../../../src/kube-proxy/nftables/partial-commands.ts'
import {
  createNftProxy,
  currentTable,
  type NftPartialSync,
  syncChanged,
  syncFull,
} from '../../../src/kube-proxy/nftables/proxy.ts'
import type { Release } from '../../../src/kube-proxy/release.ts'
import { setService, setSlice } from '../../../src/kube-proxy/service-map.ts'
import { formatNftElement, formatNftValue } from '../../../src/netfilter/nftables/expression-text.ts'
import { formatNftRuleset } from '../../../src/netfilter/nftables/format.ts'
import type { NftRule, NftSet, NftTable } from '../../../src/netfilter/nftables/rule.ts'
import { formatNftRule } from '../../../src/netfilter/nftables/rule-text.ts'
import { canonNft } from '../../canon.ts'
import { anyStep, informedOf, take, type World } from '../changes.ts'
import { configuration, endpoint, host, service, slice } from '../objects.ts'

const OPTIONS = { config: configuration(), host: host() }

/** Chains and sets by name: as much of a kernel as a partial sync needs. */
class Kernel {
  readonly family: Family
  readonly chains = new Map<string, readonly string[]>()
  readonly sets = new Map<string, Map<string, string>>()

  constructor(family: Family, { chains, sets }: NftTable) {
    this.family = family
    for (const { name, rules } of chains) this.chains.set(name, rules.map(textOf))
    for (const set of sets) this.sets.set(set.name, contentOf(set))
  }

  apply({ chains, sets, elements, stale }: NftPartialSync): void {
    for (const name of stale.chains) if (!this.chains.delete(name)) throw new Error(`no chain ${name}`)
    for (const name of stale.sets) if (!this.sets.delete(name)) throw new Error(`no set ${name}`)
    for (const set of sets) {
      if (this.sets.has(set.name)) throw new Error(`set ${set.name} is not new`)
      this.sets.set(set.name, contentOf(set))
    }
    for (const { name, rules } of chains) this.chains.set(name, rules.map(textOf))
    for (const change of elements) this.#change(change)
  }

  #change({ set, remove, add }: ElementChange): void {
    const own = this.sets.get(set)
    if (!own) throw new Error(`no set ${set}`)
    if (remove && !own.delete(formatNftValue(remove.key))) throw new Error(`${set} holds no such element`)
    if (add && own.has(formatNftValue(add.key))) throw new Error(`${set} holds one with that key`)
    if (add) own.set(formatNftValue(add.key), formatNftElement(add))
  }

  held(): unknown {
    const sets = [...this.sets].map(([name, elements]) => [name, [...elements].sort(byName)] as const)
    return { chains: [...this.chains].sort(byName), sets: sets.sort(byName) }
  }
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]) => (a < b ? -1 : 1)
/** With what it is, under a key that no element has. */
function contentOf({ elements, ...set }: NftSet): Map<string, string> {
  const content = elements.map(element => [formatNftValue(element.key), formatNftElement(element)] as const)
  return new Map([['', JSON.stringify(set)], ...content])
}

const textOf = (rule: NftRule) => formatNftRule(rule)

for (const release of ['1.37', '1.36', '1.35', '1.33'] satisfies readonly Release[]) {
  t.test(`as of ${release}, changes one by one, or several at once, end in the table of a fresh start`, async t => {
    let applied = 0
    fc.assert(
      fc.property(fc.array(fc.array(anyStep, { minLength: 1, maxLength: 3 }), { maxLength: 12 }), rounds => {
        const proxy = createNftProxy({ ...OPTIONS, release })
        const world: World = { services: new Map(), slices: new Map() }
        const kernels = FAMILIES.map(family => new Kernel(family, syncFull(proxy, family)))
        for (const steps of rounds) {
          for (const step of steps) take(step, proxy, world)
          for (const kernel of kernels) {
            const { family } = kernel
            const sync = syncChanged(proxy, family)
            applied += sync.chains.length + sync.elements.length + sync.stale.chains.length
            kernel.apply(sync)
            const fresh = syncFull(informedOf(createNftProxy({ ...OPTIONS, release }), world), family)
            deepEqual(canonOf(currentTable(proxy, family)), canonOf(fresh))
            deepEqual(kernel.held(), new Kernel(family, fresh).held())
          }
        }
      }),
      { numRuns: 150 },
    )
    t.ok(applied > 500, 'the runs had much to do')
  })
}

function canonOf(table: NftTable): readonly string[] {
  return canonNft(formatNftRuleset({ tables: [table] }))
}

t.test('changes need a full sync before them', async t => {
  t.throws(() => syncChanged(createNftProxy(OPTIONS), 4), RangeError)
})

t.test('no change, nothing to do', async t => {
  const proxy = createNftProxy(OPTIONS)
  setService(proxy, service())
  syncFull(proxy, 4)
  const sync = syncChanged(proxy, 4)
  t.strictSame(sync, { family: 4, chains: [], sets: [], elements: [], stale: { chains: [], sets: [] } })
  t.strictSame(partialCommands(sync), [])
})

t.test('two services may claim one address: the first by name has it, then the other', async t => {
  const proxy = createNftProxy(OPTIONS)
  const claimant = (name: string, clusterIP: string) =>
    service({ clusterIP, clusterIPs: [clusterIP], externalIPs: ['198.51.100.1'] }, { name })
  for (const [name, ip, pod] of [
    ['a', '10.96.0.1', '10.244.1.1'],
    ['b', '10.96.0.2', '10.244.1.2'],
  ] as const) {
    setService(proxy, claimant(name, ip))
    setSlice(proxy, slice([endpoint(pod)], { of: name, name }))
  }
  const holder = () => {
    const map = currentTable(proxy, 4).sets.find(({ name }) => name === 'service-ips')
    return map?.elements.map(formatNftElement).filter(text => text.startsWith('198.51.100.1'))
  }
  syncFull(proxy, 4)
  t.match(holder(), [/ goto external-[A-Z2-7]{8}-default\/a\//])
  setService(proxy, service({ clusterIP: 'None', clusterIPs: ['None'] }, { name: 'a' }))
  syncChanged(proxy, 4)
  t.match(holder(), [/ goto external-[A-Z2-7]{8}-default\/b\//])
})
