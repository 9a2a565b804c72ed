/**
 * Rules in a few words, and what hooks are called with.
 *
 * @module
 */
import type { HookContext } from '../../../src/netfilter/run/netfilter.ts'
import { type Router, surroundingsOf } from './router.ts'

/** What the hooks of a router are called with when nothing is drawn. */
export function contextOf(router: Router): HookContext {
  return {
    netfilter: router.netfilter,
    memory: router.memory,
    surroundings: surroundingsOf(router),
    circumstances: { now: 0, random: () => 0, choose: () => 0, verbose: false },
  }
}

/** Table nat with these rules. */
export const nat = (...rules: string[]) =>
  ['*nat', ':PREROUTING ACCEPT', ':INPUT ACCEPT', ':OUTPUT ACCEPT', ':POSTROUTING ACCEPT', ...rules, 'COMMIT', ''].join(
    '\n',
  )
/** A table with these chains and policies (`INPUT ACCEPT, FORWARD DROP`) and rules. */
export const table = (name: string, policies: string, ...rules: string[]) =>
  [`*${name}`, ...policies.split(', ').map(policy => `:${policy}`), ...rules, 'COMMIT', ''].join('\n')
