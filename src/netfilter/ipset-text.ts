/**
 * ipsets as text: what `ipset restore -exist` takes and what `ipset save` prints.
 *
 * @see ipset(8) 7.17
 * @module
 */
import type { IpSet, SetEntry } from './ipset.ts'
import { formatElement } from './ipset-element.ts'
import { HEADER } from './ipset-header.ts'
import type { Form } from './option.ts'

/**
 * Input for `ipset restore -exist`. A set that exists is emptied first, so that loaded twice it
 * gives the same sets as loaded once. Lists of sets must come behind the sets that they list.
 */
export function formatSetsRestore(sets: readonly IpSet[]): string {
  let text = ''
  for (const set of sets) text += `${formatCreate(set, 'restore')}\nflush ${set.name}\n${formatEntries(set)}`
  return text
}

/** What `ipset save` prints, apart from the order of the entries, which the kernel's hash decides. */
export function formatSetsSave(sets: readonly IpSet[]): string {
  let text = ''
  for (const set of sets) text += `${formatCreate(set, 'save')}\n${formatEntries(set)}`
  return text
}

/** An entry that a set gets or loses. */
export interface SetChange {
  readonly do: 'add' | 'delete'
  readonly set: string
  readonly entry: SetEntry
}

/** Input for `ipset restore`, to be loaded once, on top of what the changes are about. */
export function formatSetChanges(changes: readonly SetChange[]): string {
  return changes
    .map(({ do: what, set, entry }) => `${what === 'add' ? 'add' : 'del'} ${set} ${formatEntry(entry)}\n`)
    .join('')
}

function formatCreate(set: IpSet, form: Form): string {
  let text = `create ${set.name} ${set.type}`
  for (const option of HEADER) {
    const words = option.write(set, form)
    if (words !== undefined) text += words === '' ? ` ${option.name}` : ` ${option.name} ${words}`
  }
  return text
}

function formatEntries(set: IpSet): string {
  let text = ''
  for (const entry of set.entries) text += `add ${set.name} ${formatEntry(entry)}\n`
  return text
}

/** What stands behind the name of the set: `10.96.0.10,tcp:80 timeout 5`. */
function formatEntry(entry: SetEntry): string {
  let text = ''
  for (const element of entry.elements) text += text === '' ? formatElement(element) : `,${formatElement(element)}`
  if (entry.timeout !== undefined) text += ` timeout ${entry.timeout}`
  if (entry.nomatch) text += ' nomatch'
  if (entry.packets !== undefined) text += ` packets ${entry.packets}`
  if (entry.bytes !== undefined) text += ` bytes ${entry.bytes}`
  if (entry.comment !== undefined) text += ` comment "${checkComment(entry.comment)}"`
  if (entry.skbmark !== undefined) text += ` skbmark ${entry.skbmark}`
  if (entry.skbprio !== undefined) text += ` skbprio ${entry.skbprio}`
  return entry.skbqueue === undefined ? text : `${text} skbqueue ${entry.skbqueue}`
}

/** ipset has no way to write a quote inside of quotes. */
function checkComment(comment: string): string {
  if (/["\n]/.test(comment)) throw new RangeError(`Cannot write ${JSON.stringify(comment)} as the comment of an entry`)
  return comment
}
