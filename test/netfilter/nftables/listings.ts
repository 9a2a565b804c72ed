/** Listings by nft 1.0.6, and where more of them are beside the project. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const FIXTURES = 'test/netfilter/nftables/fixtures'

/** A listing by its name in this folder. */
export function fixture(name: string): string {
  return readFileSync(join(FIXTURES, name), 'utf8')
}

export interface Listing {
  readonly name: string
  readonly text: string
}

/** With the kernel's numbers (`-a`), without what counters count (`-s`), and neither. */
export const LISTINGS: readonly Listing[] = readdirSync(FIXTURES)
  .filter(name => name.endsWith('.nft'))
  .map(name => ({ name, text: fixture(name) }))

const ORACLE = '../shared/oracle'

/** What kube-proxy and flannel made of many clusters; `undefined` where that collection is not beside the project. */
export const COLLECTED: readonly Listing[] | undefined = existsSync(ORACLE)
  ? readdirSync(ORACLE, { recursive: true, encoding: 'utf8' })
      .filter(name => name.endsWith('/nft.txt'))
      .map(name => ({ name, text: readFileSync(join(ORACLE, name), 'utf8') }))
  : undefined
