/**
 * A partial sync as input for `iptables-restore --noflush`.
 *
 * @module
 */
import { formatChain, formatRule } from '../../netfilter/format.ts'
import type { TableName } from '../../netfilter/rule.ts'
import type { ChainEdit } from './chain-edit.ts'
import type { PartialSync } from './proxy.ts'

/** Empty if nothing changed. To be loaded once, on top of what the sync before it left. */
export function formatPartialRestore(sync: PartialSync): string {
  const filter = formatEdits(sync, 'filter')
  const nat = formatEdits(sync, 'nat')
  let text = filter === '' ? '' : `*filter\n${filter}COMMIT\n`
  if (nat === '' && sync.chains.length === 0 && sync.stale.length === 0) return text
  text += '*nat\n'
  // Declaring a chain that is there empties it: stale chains must refer to no other before they go.
  for (const { name } of sync.chains) text += `:${name} - [0:0]\n`
  for (const name of sync.stale) text += `:${name} - [0:0]\n`
  for (const chain of sync.chains) text += formatChain(chain, sync.family, 'restore')
  text += nat
  for (const name of sync.stale) text += `-X ${name}\n`
  return `${text}COMMIT\n`
}

function formatEdits(sync: PartialSync, table: TableName): string {
  return sync.edits
    .filter(edit => edit.table === table)
    .map(edit => formatEdit(edit, sync))
    .join('')
}

function formatEdit({ chain, at, remove, insert }: ChainEdit, { family }: PartialSync): string {
  const head = `-A ${chain}`
  const inserted = insert.map((rule, i) => {
    return `-I ${chain} ${at + i}${formatRule(chain, rule, family, 'restore').slice(head.length)}\n`
  })
  return `-D ${chain} ${at}\n`.repeat(remove) + inserted.join('')
}
