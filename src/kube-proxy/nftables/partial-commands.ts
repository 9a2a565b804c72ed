/**
 * A partial sync as commands for `nft -f`: one transaction.
 *
 * @module
 */
import type { NftCommand } from '../../netfilter/nftables/command.ts'
import type { NftElement } from '../../netfilter/nftables/expression.ts'
import { IP } from '../../netfilter/nftables/statements.ts'
import { TABLE } from './names.ts'
import type { NftPartialSync } from './proxy.ts'
import { SHARED_SETS } from './shared-sets.ts'

/**
 * None if nothing changed. To be loaded once, on top of what the sync before it left.
 *
 * Chains are empty while what they refer to changes. (kube-proxy deletes chains a second later, for kernels older than
 * 6.2 count a reference of the same transaction.)
 */
export function partialCommands({ family, chains, sets, elements, stale }: NftPartialSync): readonly NftCommand[] {
  const where = { family: IP[family], table: TABLE } as const
  const changed = (change: 'remove' | 'add') =>
    SHARED_SETS.flatMap(set => {
      const own = elements
        .filter(one => one.set === set)
        .flatMap((one): readonly NftElement[] => {
          const element = one[change]
          return element ? [element] : []
        })
      return own.length > 0 ? [{ set, elements: own }] : []
    })
  return [
    ...chains.map(({ name }): NftCommand => ({ ...where, do: 'add chain', chain: name })),
    ...[...chains.map(({ name }) => name), ...stale.chains].map(
      (chain): NftCommand => ({ ...where, do: 'flush chain', chain }),
    ),
    ...changed('remove').map((own): NftCommand => ({ ...where, do: 'delete elements', ...own })),
    ...stale.chains.map((chain): NftCommand => ({ ...where, do: 'delete chain', chain })),
    ...stale.sets.map((name): NftCommand => ({ ...where, do: 'delete set', set: { name } })),
    ...sets.map((set): NftCommand => ({ ...where, do: 'add set', set })),
    ...chains.flatMap(({ name, rules }) =>
      rules.map((rule): NftCommand => ({ ...where, do: 'add rule', chain: name, rule })),
    ),
    ...changed('add').map((own): NftCommand => ({ ...where, do: 'add elements', ...own })),
  ]
}
