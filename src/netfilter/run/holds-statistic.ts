/**
 * Conditions that draw, and those that count to a number.
 *
 * @see net/netfilter/xt_statistic.c of Linux
 * @module
 */
import { probabilityBits } from '../matches/rate.ts'
import type { MatchOn } from '../rule.ts'
import type { Holds, Setting } from './condition.ts'

/** The kernel draws 31 bits, and the rule matches when they are below those that it keeps of the probability. */
const DRAWN = 0x8000_0000

export function holdsStatistic(match: MatchOn<'statistic'>, { place }: Setting): Holds {
  const { not = false } = match
  if (match.mode === 'nth') return holdsNth(match.every, match.packet, not, place())
  const below = probabilityBits(match.probability)
  // Where there is nothing to draw, nobody is asked to.
  if (below <= 0 || below >= DRAWN) return () => below > 0 === !not
  const fork = { by: 'statistic', weights: [below, DRAWN - below] }
  const taken = not ? DRAWN - below : below
  return probe => {
    probe.chanceTaken = taken
    probe.chanceOf = DRAWN
    return (probe.passing.circumstances.choose(fork) === 0) === !not
  }
}

/** Packet `packet` (from 0) of every `every`. */
function holdsNth(every: number, packet: number, not: boolean, place: string): Holds {
  return ({ passing: { memory } }) => {
    const counted = memory.nth.get(place) ?? every - 1 - packet
    const next = counted === every - 1 ? 0 : counted + 1
    memory.nth.set(place, next)
    return (next === 0) === !not
  }
}
