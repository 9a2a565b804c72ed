import { drawInteger, type Random } from '../base/random.ts'

/** Kubernetes' letters for names: without vowels and digits that look like them, so that no words appear. */
const LETTERS = 'bcdfghjklmnpqrstvwxz2456789'
const SUFFIX = 5
/** What is left of a base so that base and suffix fit a DNS label. */
const MAX_BASE = 63 - SUFFIX

/**
 * A name as the API server makes it from `generateName`: the base, cut to 58 characters, and five
 * letters.
 *
 * @see k8s.io/apiserver/pkg/storage/names: SimpleNameGenerator
 */
export function generateName(base: string, random: Random): string {
  let name = base.slice(0, MAX_BASE)
  for (let i = 0; i < SUFFIX; i++) name += LETTERS.charAt(drawInteger(random, LETTERS.length))
  return name
}

/**
 * Like {@link generateName}, drawing again while `taken` says that the name is in use.
 *
 * @throws {RangeError} when a hundred draws in a row are taken
 */
export function generateFreeName(base: string, taken: (name: string) => boolean, random: Random): string {
  for (let i = 0; i < 100; i++) {
    const name = generateName(base, random)
    if (!taken(name)) return name
  }
  throw new RangeError(`Cannot find a free name for ${JSON.stringify(base)}: a hundred draws are taken`)
}

/** The letters that stand for the digits of a hash in names such as `web-88f7c8847`. */
export function encodeHash(hash: number): string {
  let text = ''
  for (const digit of String(hash >>> 0)) text += LETTERS.charAt(digit.charCodeAt(0) % LETTERS.length)
  return text
}
