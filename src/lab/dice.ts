/**
 * Words for chance: how what is drawn reads where it is drawn.
 *
 * @module
 */
import { drawInteger, type Random } from '../base/random.ts'

/** Whether it happens, with a probability of 0 to 1. Always draws once, so that what follows stays the same. */
export function happens(random: Random, probability: number): boolean {
  return random() < probability
}

/** @throws {RangeError} when there is nothing to pick from */
export function pick<T>(random: Random, items: readonly T[]): T {
  const at = drawInteger(random, items.length)
  if (at >= items.length) throw new RangeError('there is nothing to pick from')
  return items[at] as T
}

/** One of the names, each as often as its weight says: whole numbers or not, 0 or more. */
export function pickWeighted<K extends string>(random: Random, weights: Readonly<Record<K, number>>): K {
  const entries = Object.entries<number>(weights) as [K, number][]
  let left = random() * entries.reduce((sum, [, weight]) => sum + weight, 0)
  for (const [name, weight] of entries) {
    left -= weight
    if (left < 0 && weight > 0) return name
  }
  return pick(
    random,
    entries.map(([name]) => name),
  )
}

/** A whole number, both ends included. */
export function between(random: Random, least: number, most: number): number {
  return least + drawInteger(random, most - least + 1)
}

/** So many different ones of them, or all if there are fewer, in an order drawn. */
export function sample<T>(random: Random, items: readonly T[], count: number): readonly T[] {
  const left = [...items]
  const drawn: T[] = []
  while (drawn.length < count && left.length > 0) drawn.push(...left.splice(drawInteger(random, left.length), 1))
  return drawn
}
