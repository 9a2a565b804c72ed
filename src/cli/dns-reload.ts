/**
 * The zone, read again whenever the files have changed.
 *
 * @module
 */
import type { Seconds } from '../base/clock.ts'
import { InputError } from '../base/error.ts'
import { visibleLines } from '../base/visible.ts'
import { updateBetween, type ZoneMakings, type ZoneUpdate } from '../dns/zone-change.ts'
import type { Given } from './command.ts'
import { loadZone } from './dns-options.ts'
import { RefusedInput } from './exit.ts'
import type { InputChanges } from './input-changes.ts'
import type { Io } from './io.ts'

/** Told at the last reading, and not again while they hold. */
type Told = ReadonlySet<string>

/**
 * Reads the zone again after each change, until the changes are over. Files that cannot be used are told of with their
 * places, and what was read before stays.
 *
 * @param first what was read before
 * @param told what was said of it
 * @param update hands on what became of the zone
 */
export async function followFiles(
  changes: InputChanges,
  first: ZoneMakings,
  told: Told,
  given: Given,
  io: Io,
  update: (update: ZoneUpdate, makings: ZoneMakings) => void,
): Promise<void> {
  let makings = first
  let known = told
  let isBroken = false
  while (await changes.next()) {
    const said = new Set<string>()
    const { err } = io
    const quiet: Io = { ...io, live: false, err: text => tellOnce(text, known, said, err) }
    try {
      const next = followed(makings, (await loadZone(given, quiet)).makings, Date.now() / 1000)
      if (next) update(next.update, next.makings)
      if (next || isBroken) err(`files read again: ${next ? whatChanged(next.update) : 'no name is another'}\n`)
      makings = next?.makings ?? makings
      known = said
      isBroken = false
    } catch (cause) {
      for (const finding of findingsOf(cause)) err(`${visibleLines(finding)}\n`)
      err('the files cannot be used; answers stay as they were\n')
      isBroken = true
    }
  }
}

function tellOnce(text: string, known: Told, said: Set<string>, err: (text: string) => void): void {
  said.add(text)
  if (!known.has(text)) err(text)
}

/** @throws what is no fault of the files */
function findingsOf(cause: unknown): readonly string[] {
  if (cause instanceof RefusedInput) return cause.findings
  if (cause instanceof InputError) return [cause.message]
  throw cause
}

/** The zone's next moment: its serial always grows. @see RFC 1035 section 3.3.13 */
function followed(
  before: ZoneMakings,
  read: ZoneMakings,
  now: Seconds,
): { readonly update: ZoneUpdate; readonly makings: ZoneMakings } | undefined {
  const makings = { ...read, serial: Math.max(before.serial + 1, Math.floor(now)) >>> 0 }
  const update = updateBetween(before, makings)
  return update && { update, makings }
}

function whatChanged(update: ZoneUpdate): string {
  if (update.kind === 'makings') return 'the zone is set up otherwise'
  const counted = (kind: string, one: string) => {
    const count = update.changes.filter(change => change.kind === kind).length
    return count === 0 ? [] : [`${count} ${one}${count === 1 ? '' : 's'}`]
  }
  const parts = [...counted('service', 'Service'), ...counted('namespace', 'namespace'), ...counted('pod', 'pod')]
  return `${parts.join(', ')} changed`
}
