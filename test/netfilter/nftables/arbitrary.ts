/** Random tables that the kernel takes, in the form in which it lists them. */
import fc from 'fast-check'
import type { Family } from '../../../src/base/ip.ts'
import type { NftBase, NftChain, NftTable } from '../../../src/netfilter/nftables/rule.ts'
import { filterRule, natRule } from './arbitrary-rules.ts'
import { type Arb, comment, dynamicSet, name, record, set, some, TARGETS } from './arbitrary-sets.ts'

const base = (type: 'filter' | 'nat', hooks: readonly NftBase['hook'][]): Arb<NftBase> =>
  record<NftBase>({
    type: fc.constant(type),
    hook: fc.constantFrom(...hooks),
    // NAT does not come before connections are tracked.
    priority: fc.integer({ min: type === 'nat' ? -199 : -400, max: 400 }),
    policy: type === 'nat' ? fc.constant('accept') : fc.constantFrom('accept', 'drop'),
  })

const chain = (family: Family): Arb<NftChain> =>
  fc
    .oneof(
      fc.record({
        name,
        base: base('filter', ['input', 'forward', 'output']),
        rules: fc.array(filterRule(family), { maxLength: 5 }),
        more: some({ comment }),
      }),
      fc.record({
        name,
        base: base('nat', ['prerouting', 'output']),
        rules: fc.array(natRule(family), { maxLength: 5 }),
        more: some({ comment }),
      }),
    )
    .map(({ more, ...chain }) => ({ ...chain, ...more }))

const distinctly = <T extends { readonly name: string }>(arb: Arb<T>, maxLength: number) =>
  fc.uniqueArray(arb, { maxLength, selector: ({ name }) => name })

/** A table of family ip or ip6. */
export const table: Arb<NftTable> = fc.constantFrom<Family>(4, 6).chain(family =>
  fc
    .record({
      name,
      more: some({ comment }),
      sets: distinctly(fc.oneof(set(family), dynamicSet(family)), 4),
      chains: distinctly(chain(family), 4),
    })
    .map(({ name, more, sets, chains }) => ({
      family: family === 4 ? 'ip' : 'ip6',
      name,
      ...more,
      sets,
      chains: [...TARGETS.map(name => ({ name, rules: [] })), ...chains],
    })),
)
