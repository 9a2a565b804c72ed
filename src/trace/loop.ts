/**
 * Rounds of a packet that machines hand to each other.
 *
 * @module
 */

export interface Loop {
  /** The hops behind the first round, up to the last round's: what need not be told again. */
  readonly from: number
  readonly to: number
  readonly machines: readonly string[]
}

/** Rounds of more machines than these are told hop by hop. */
const LONGEST_ROUND = 8
/** As are loops of fewer hops than these. */
const FEWEST = 8

/** The longest stretch of a way in which the same machines come again and again; absent: there is none. */
export function loopIn(machines: readonly string[]): Loop | undefined {
  for (let start = 0; start < machines.length; start++) {
    for (let period = 1; period <= LONGEST_ROUND; period++) {
      let end = start + period
      while (end < machines.length && machines[end] === machines[end - period]) end++
      if (end - start < Math.max(3 * period, FEWEST)) continue
      // The first round and the last hop are told.
      const [from, to] = [start + period, end - 1]
      return { from, to, machines: [...new Set(machines.slice(start, start + period))] }
    }
  }
  return undefined
}
