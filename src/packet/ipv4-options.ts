/**
 * The options of IPv4, as far as podwire acts on them.
 *
 * @see RFC 791 section 3.1
 * @module
 */
import { get8 } from './octets.ts'

export const END_OF_OPTIONS = 0
export const NO_OPERATION = 1

/** Of an option's type: it goes into each fragment, not only into the first. */
const COPIED = 0x80

/** An option that is malformed: at which byte of the options, and how. */
export interface OptionProblem {
  readonly at: number
  readonly problem: string
}

/**
 * What is wrong with the options, if anything.
 *
 * @see ip_options_compile in net/ipv4/ip_options.c of Linux, which drops packets with such options
 */
export function findOptionProblem(options: Uint8Array): OptionProblem | undefined {
  for (let at = 0; at < options.length; ) {
    const kind = get8(options, at)
    if (kind === END_OF_OPTIONS) return undefined
    const length = optionLength(options, at)
    if (length === 0) return { at, problem: `option ${kind} without a length` }
    if (at + length > options.length)
      return { at: at + 1, problem: `option ${kind} of ${length} bytes ends behind the header` }
    at += length
  }
  return undefined
}

/** 0 where there is none that could be. */
function optionLength(options: Uint8Array, at: number): number {
  if (get8(options, at) === NO_OPERATION) return 1
  const length = at + 1 < options.length ? get8(options, at + 1) : 0
  return length < 2 ? 0 : length
}

/**
 * The options of later fragments: of the same length, with those blanked that belong into the first only.
 *
 * @see ip_options_fragment in net/ipv4/ip_options.c of Linux
 */
export function laterOptions(options: Uint8Array): Uint8Array {
  const later = options.slice()
  for (let at = 0; at < options.length && get8(options, at) !== END_OF_OPTIONS; ) {
    const length = optionLength(options, at)
    if (length === 0 || at + length > options.length) break
    if ((get8(options, at) & COPIED) === 0) later.fill(NO_OPERATION, at, at + length)
    at += length
  }
  return later
}
