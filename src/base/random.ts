/**
 * Chance, as an argument.
 *
 * Nothing below the top rung draws from the machine; it is handed a source that a seed decides,
 * so that the same input and seed give the same bytes.
 *
 * @module
 */

/** A source of numbers from 0 up to, not including, 1. */
export type Random = () => number

const GOLDEN = 0x9e3779b9

/**
 * A repeatable source: the same seed and stream give the same numbers.
 *
 * `stream` keeps draws of different purpose apart (`clusterIP`, `nodePort`, …), so that one more
 * draw of one kind does not change all that follow of another.
 *
 * @see Doty-Humphrey, PractRand: sfc32
 */
export function seededRandom(seed: number, stream = ''): Random {
  let a = hash32(stream, seed)
  let b = hash32(stream, seed ^ GOLDEN)
  let c = seed | 0
  let counter = 1
  const next = () => {
    const out = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + out
    return (out >>> 0) / 0x1_0000_0000
  }
  for (let i = 0; i < 12; i++) next() // sfc32 needs a dozen rounds to forget its seed
  return next
}

/** A whole number from 0 up to, not including, `below`. */
export function drawInteger(random: Random, below: number): number {
  return Math.floor(random() * below)
}

/**
 * FNV-1a over the UTF-16 units of `text`, 32 bits, signed.
 *
 * @see draft-eastlake-fnv, section 2
 */
export function hash32(text: string, start = 0): number {
  let hash = 0x811c9dc5 ^ start
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash | 0
}
