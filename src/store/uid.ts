import { drawInteger, type Random } from '../base/random.ts'

/**
 * A random UUID.
 *
 * @see RFC 9562 section 5.4, version 4
 */
export function drawUid(random: Random): string {
  const words = Array.from({ length: 8 }, () => drawInteger(random, 0x1_0000))
  const hex = words.map((word, index) => {
    if (index === 3) return 0x4000 | (word & 0x0fff) // the version
    return index === 4 ? 0x8000 | (word & 0x3fff) : word // the variant
  })
  const [a, b, c, d, e, f, g, h] = hex.map(word => word.toString(16).padStart(4, '0'))
  return `${a}${b}-${c}-${d}-${e}-${f}${g}${h}`
}
