/**
 * What happens at each hook, in order of priority.
 *
 *     raw −300 · tracking −200 · mangle −150 · destination NAT −100 · filter 0 · security 50 ·
 *     source NAT 100 · confirmation last
 *
 * @see enum nf_ip_hook_priorities of Linux
 * @module
 */
import type { TableName } from '../rule.ts'
import type { Hook } from './hook.ts'

/** NAT and its table are one stage: the table is asked only about connections that are not set up yet. */
export type Stage = Exclude<TableName, 'nat'> | 'track' | 'nat' | 'confirm'

export const STAGES: Readonly<Record<Hook, readonly Stage[]>> = {
  prerouting: ['raw', 'track', 'mangle', 'nat'],
  input: ['mangle', 'filter', 'security', 'nat', 'confirm'],
  forward: ['mangle', 'filter', 'security'],
  output: ['raw', 'track', 'mangle', 'nat', 'filter', 'security'],
  postrouting: ['mangle', 'nat', 'confirm'],
}

/** The built-in chain that a hook calls. */
export const CHAINS: Readonly<Record<Hook, string>> = {
  prerouting: 'PREROUTING',
  input: 'INPUT',
  forward: 'FORWARD',
  output: 'OUTPUT',
  postrouting: 'POSTROUTING',
}
