/**
 * What a trace comes to, in a word.
 *
 * @module
 */
import type { Exchange, Path, Trace } from './journey.ts'

/** Of all that was followed: every packet arrived and was answered, some did, none did. */
export type Result = 'delivered' | 'partly' | 'not delivered'

function isAnswered({ experience }: Exchange): boolean {
  return experience === 'answered'
}

/** A path counts if each of its packets came through. */
export function isDelivered({ exchanges }: Path): boolean {
  return exchanges.every(isAnswered)
}

export function resultOf({ paths }: Trace): Result {
  const delivered = paths.filter(isDelivered).length
  if (delivered === paths.length) return 'delivered'
  return delivered > 0 ? 'partly' : 'not delivered'
}
