/**
 * Changes of a table of virtual servers, one command of `ipvsadm` each.
 *
 * @module
 */
import { formatProperties, formatReal } from './ipvsadm-text.ts'
import {
  formatRealAddress,
  formatVirtualAddress,
  type RealServer,
  type VirtualAddress,
  type VirtualServer,
} from './virtual-server.ts'

export type ServerChange =
  /** The virtual server alone: its real servers follow. */
  | { readonly do: 'add' | 'edit'; readonly server: VirtualServer }
  /** With all of its real servers. */
  | { readonly do: 'delete'; readonly at: VirtualAddress }
  | { readonly do: 'add real' | 'edit real' | 'delete real'; readonly at: VirtualAddress; readonly real: RealServer }

/** What leads from one state of a virtual server to the other; undefined: it is not there. */
export function serverChanges(before: VirtualServer | undefined, after: VirtualServer | undefined): ServerChange[] {
  if (before === after) return []
  if (!after) return before ? [{ do: 'delete', at: before.at }] : []
  const { at, reals } = after
  if (!before)
    return [{ do: 'add', server: after }, ...reals.map((real): ServerChange => ({ do: 'add real', at, real }))]
  const changes: ServerChange[] = isEditOf(after, before) ? [{ do: 'edit', server: after }] : []
  if (reals === before.reals) return changes
  const held = new Map(before.reals.map(real => [formatRealAddress(real), real]))
  for (const real of reals) {
    const address = formatRealAddress(real)
    const own = held.get(address)
    held.delete(address)
    if (!own) changes.push({ do: 'add real', at, real })
    else if (formatReal(own, 'restore') !== formatReal(real, 'restore')) changes.push({ do: 'edit real', at, real })
  }
  for (const real of held.values()) changes.push({ do: 'delete real', at, real })
  return changes
}

/** Whether anything but the real servers is another. */
export function isEditOf(after: VirtualServer, before: VirtualServer): boolean {
  return formatProperties(after) !== formatProperties(before)
}

/** Input for `ipvsadm -R`, to be loaded once, on top of what the changes are about. */
export function formatServerChanges(changes: readonly ServerChange[]): string {
  return changes.map(change => `${formatServerChange(change)}\n`).join('')
}

function formatServerChange(change: ServerChange): string {
  switch (change.do) {
    case 'add':
    case 'edit':
      return `${change.do === 'add' ? '-A' : '-E'} ${formatVirtualAddress(change.server.at)}${formatProperties(change.server)}`
    case 'delete':
      return `-D ${formatVirtualAddress(change.at)}`
    case 'add real':
    case 'edit real':
      return `${change.do === 'add real' ? '-a' : '-e'} ${formatVirtualAddress(change.at)}${formatReal(change.real, 'restore')}`
    case 'delete real':
      return `-d ${formatVirtualAddress(change.at)} -r ${formatRealAddress(change.real)}`
  }
}
