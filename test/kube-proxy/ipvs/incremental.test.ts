/** Changes one by one lead where a fresh start with the last state leads. */
import { deepEqual } from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { FAMILIES, formatIp, parseIp } from '../../../src/base/ip.ts'
import {
  createIpvsProxy,
  currentState,
  type IpvsPartialSync,
  type IpvsState,
  syncChanged,
  syncFull,
} from '../../../src/kube-proxy/ipvs/proxy.ts'
import { OUT_FILTER } from '../../../src/kube-proxy/ipvs/rules.ts'
import { kernelName } from '../../../src/kube-proxy/ipvs/sets.ts'
import { setService } from '../../../src/kube-proxy/service-map.ts'
import type { ProxyOptions } from '../../../src/kube-proxy/settings.ts'
import { formatRule, formatSave } from '../../../src/netfilter/format.ts'
import type { SetEntry } from '../../../src/netfilter/ipset.ts'
import { formatElement } from '../../../src/netfilter/ipset-element.ts'
import { formatSetsSave } from '../../../src/netfilter/ipset-text.ts'
import { formatIpvsSave } from '../../../src/netfilter/ipvs/ipvsadm-text.ts'
import type { Rule, Ruleset } from '../../../src/netfilter/rule.ts'
import { canonIpset, canonIptables } from '../../canon.ts'
import { anyStep, informedOf, take, type World } from '../changes.ts'
import { configuration, host, service } from '../objects.ts'
import { ServerTable } from './server-table.ts'

const PLAIN = { config: configuration(), host: host() }

const ROWS: readonly (readonly [name: string, options: ProxyOptions])[] = [
  ['with kube-proxy as it comes', PLAIN],
  ['with the scheduler mh', { ...PLAIN, config: configuration({ ipvs: { scheduler: 'mh' } }) }],
  ['where the machine has an external address', { ...PLAIN, host: hostWith('198.51.100.1') }],
  ['without the match ipvs', { ...PLAIN, host: host({}, { ipvsMatch: false }) }],
]

function hostWith(address: string): ProxyOptions['host'] {
  return host({ interfaceIps: [...host().interfaceIps, parseIp(address)] })
}

/** As much of a kernel as a partial sync needs. */
class Kernel {
  readonly servers: ServerTable
  readonly sets = new Map<string, Set<string>>()
  readonly addresses: Set<string>
  readonly chains = new Map<string, string[]>()
  readonly family: IpvsState['family']

  constructor({ family, servers, sets, addresses, rules }: IpvsState) {
    this.family = family
    this.servers = new ServerTable(servers)
    for (const { name, entries } of sets) this.sets.set(name, new Set(entries.map(textOf)))
    this.addresses = new Set(addresses.map(formatIp))
    for (const [key, own] of chainsIn(rules)) this.chains.set(key, own)
  }

  apply({ servers, entries, bind, unbind, chains, refusals }: IpvsPartialSync): void {
    this.servers.apply(servers)
    for (const { do: what, set, entry } of entries) {
      const own = this.sets.get(kernelName(set, this.family))
      if (!own || own.has(textOf(entry)) === (what === 'add'))
        throw new Error(`cannot ${what} ${textOf(entry)} in ${set}`)
      if (what === 'add') own.add(textOf(entry))
      else own.delete(textOf(entry))
    }
    for (const ip of bind) if (this.addresses.size === this.addresses.add(formatIp(ip)).size) throw new Error('bound')
    for (const ip of unbind) if (!this.addresses.delete(formatIp(ip))) throw new Error(`${formatIp(ip)} is not bound`)
    for (const { table, chain } of chains)
      this.chains.set(`${table} ${chain.name}`, chain.rules.map(this.#text(chain.name)))
    const refused = this.chains.get(`filter ${OUT_FILTER}`) ?? []
    for (const text of refusals.remove.map(this.#text(OUT_FILTER))) {
      if (!refused.includes(text)) throw new Error(`no rule ${text}`)
      refused.splice(refused.indexOf(text), 1)
    }
    refused.push(...refusals.add.map(this.#text(OUT_FILTER)))
  }

  #text(chain: string) {
    return (rule: Rule) => formatRule(chain, rule, this.family, 'save')
  }

  held(): unknown {
    const sets = [...this.sets].map(([name, entries]) => [name, [...entries].sort()])
    const chains = Object.fromEntries(this.chains)
    return { servers: this.servers.text(), sets, addresses: [...this.addresses].sort(), chains: sortedRefusals(chains) }
  }
}

function sortedRefusals(chains: Record<string, string[]>) {
  return { ...chains, [`filter ${OUT_FILTER}`]: [...(chains[`filter ${OUT_FILTER}`] ?? [])].sort() }
}

function chainsIn({ family, tables }: Ruleset): [string, string[]][] {
  return [...tables.values()].flatMap(({ name, chains }) =>
    Array.from(chains.values(), (chain): [string, string[]] => {
      return [`${name} ${chain.name}`, chain.rules.map(rule => formatRule(chain.name, rule, family, 'save'))]
    }),
  )
}

const textOf = ({ elements }: SetEntry) => elements.map(formatElement).join()

/** Everything but the order in which things came. */
function canonOf({ servers, sets, addresses, rules }: IpvsState): unknown {
  return {
    servers: formatIpvsSave(servers),
    sets: canonIpset(formatSetsSave(sets)),
    addresses: addresses.map(formatIp).sort(),
    rules: canonIptables(formatSave(rules)),
  }
}

for (const [name, options] of ROWS) {
  t.test(`${name}, changes one by one, or several at once, end where a fresh start does`, async t => {
    let applied = 0
    fc.assert(
      fc.property(fc.array(fc.array(anyStep, { minLength: 1, maxLength: 3 }), { maxLength: 12 }), rounds => {
        const proxy = createIpvsProxy(options)
        const world: World = { services: new Map(), slices: new Map() }
        const kernels = FAMILIES.map(family => new Kernel(syncFull(proxy, family)))
        for (const steps of rounds) {
          for (const step of steps) take(step, proxy, world)
          for (const kernel of kernels) {
            const sync = syncChanged(proxy, kernel.family)
            applied += sync.servers.length + sync.entries.length + sync.chains.length
            kernel.apply(sync)
            const fresh = syncFull(informedOf(createIpvsProxy(options), world), kernel.family)
            deepEqual(canonOf(currentState(proxy, kernel.family)), canonOf(fresh))
            deepEqual(kernel.held(), new Kernel(fresh).held())
          }
        }
      }),
      { numRuns: 120 },
    )
    t.ok(applied > 500, 'the runs had much to do')
  })
}

t.test('changes need a full sync before them', async t => {
  t.throws(() => syncChanged(createIpvsProxy(PLAIN), 4), RangeError)
})

t.test('no change, nothing to do', async t => {
  const proxy = createIpvsProxy(PLAIN)
  setService(proxy, service())
  syncFull(proxy, 4)
  setService(proxy, service())
  t.strictSame(syncChanged(proxy, 4), {
    family: 4,
    servers: [],
    entries: [],
    bind: [],
    unbind: [],
    chains: [],
    refusals: { remove: [], add: [] },
  })
})
