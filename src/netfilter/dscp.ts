/**
 * Names for the bits of the IP header's type of service.
 *
 * @module
 */
import { ParseError } from '../base/error.ts'

/**
 * The code point of a class such as `EF`, `CS3`, `AF11`.
 *
 * @throws {ParseError} when there is no such class
 * @see RFC 2474, 2597, 3246, 8622
 */
export function dscpOfClass(text: string): number {
  const name = text.toUpperCase()
  const selector = /^CS([0-7])$/.exec(name)
  if (selector) return Number(selector[1]) << 3
  const assured = /^AF([1-4])([1-3])$/.exec(name)
  if (assured) return (Number(assured[1]) << 3) | (Number(assured[2]) << 1)
  if (name === 'BE') return 0
  if (name === 'EF') return 46
  throw new ParseError('DSCP class', text, 'not BE, EF, CS0 to CS7 or AF11 to AF43')
}

const TOS: Readonly<Record<string, number>> = {
  'minimize-delay': 16,
  'maximize-throughput': 8,
  'maximize-reliability': 4,
  'minimize-cost': 2,
  'normal-service': 0,
}

/** The bits that a name such as `Minimize-Delay` stands for, or nothing. @see RFC 1349 */
export function tosOfName(text: string): number | undefined {
  const name = text.toLowerCase()
  return Object.hasOwn(TOS, name) ? TOS[name] : undefined
}
