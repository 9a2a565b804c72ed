/**
 * All traps around a lookup: warnings first, then what is only worth knowing.
 *
 * @module
 */
import { resolverTraps } from './resolver-traps.ts'
import { serviceTraps } from './service-traps.ts'
import { type Ground, onceEach, type Trap } from './trap.ts'

export function trapsOf(ground: Ground): readonly Trap[] {
  const all = onceEach([...serviceTraps(ground), ...resolverTraps(ground)])
  return [...all.filter(({ level }) => level === 'warning'), ...all.filter(({ level }) => level === 'note')]
}
