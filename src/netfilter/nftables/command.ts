/**
 * Single changes to nftables' tables, as data: what `nft -f` does besides loading whole tables.
 *
 * @see nft(8)
 * @module
 */
import type { NftElement } from './expression.ts'
import type { NftBase, NftFamily, NftRule, NftSet } from './rule.ts'

interface In {
  readonly family: NftFamily
  readonly table: string
}

/** `add` of what is there already changes nothing; `delete` of what is not there fails, and with it all of the file. */
export type NftCommand = In &
  (
    | { readonly do: 'add table'; readonly comment?: string }
    | { readonly do: 'delete table' | 'flush table' }
    | { readonly do: 'add chain'; readonly chain: string; readonly base?: NftBase; readonly comment?: string }
    | { readonly do: 'delete chain' | 'flush chain'; readonly chain: string }
    /** A set or map without its elements. */
    | { readonly do: 'add set'; readonly set: NftSet }
    | { readonly do: 'delete set' | 'flush set'; readonly set: Pick<NftSet, 'name' | 'data'> }
    | {
        readonly do: 'add elements' | 'delete elements'
        /** The set's name. */
        readonly set: string
        /** At least one. To delete, a key is enough. */
        readonly elements: readonly NftElement[]
      }
    /** Behind the last rule, or before the first. */
    | { readonly do: 'add rule' | 'insert rule'; readonly chain: string; readonly rule: NftRule }
    | { readonly do: 'replace rule'; readonly chain: string; readonly handle: number; readonly rule: NftRule }
    | { readonly do: 'delete rule'; readonly chain: string; readonly handle: number }
  )
