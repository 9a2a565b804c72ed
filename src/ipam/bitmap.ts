/**
 * A row of bits that remembers which of many numbers are taken.
 *
 * Made of pages that exist only once one of their bits is set, so that a row of 2^32 costs no more
 * than what is taken of it; a full page is passed over as a whole.
 *
 * @module
 */

/** Small, for a draw from a sparse row of 2^32 touches a page of its own each time. */
const PAGE_BITS = 1024
const PAGE_WORDS = PAGE_BITS / 32

interface Page {
  /** Each of 32 bits; -1 is full. */
  readonly words: Int32Array
  count: number
}

export class Bitmap {
  /** How many bits the row has, at most 2^53. */
  readonly size: number
  readonly #pages = new Map<number, Page>()
  #count = 0

  constructor(size: number) {
    this.size = size
  }

  /** How many bits are set. */
  get count(): number {
    return this.#count
  }

  has(index: number): boolean {
    const page = this.#pages.get(Math.floor(index / PAGE_BITS))
    const bit = index % PAGE_BITS
    return page !== undefined && (((page.words[bit >>> 5] ?? 0) >>> (bit & 31)) & 1) === 1
  }

  /** Sets one bit. @returns whether it was clear */
  set(index: number): boolean {
    return this.setRange(index, index + 1) === 1
  }

  /** Clears one bit. @returns whether it was set */
  clear(index: number): boolean {
    return this.clearRange(index, index + 1) === 1
  }

  /** Sets the bits from `from` up to, not including, `to`. @returns how many were clear */
  setRange(from: number, to: number): number {
    return this.#change(from, to, true)
  }

  /** Clears the bits from `from` up to, not including, `to`. @returns how many were set */
  clearRange(from: number, to: number): number {
    return this.#change(from, to, false)
  }

  /** The first clear bit from `from` up to, not including, `to`. */
  findClear(from: number, to: number): number | undefined {
    let at = from
    while (at < to) {
      const number = Math.floor(at / PAGE_BITS)
      const page = this.#pages.get(number)
      if (page === undefined) return at
      const start = number * PAGE_BITS
      const found = page.count === PAGE_BITS ? PAGE_BITS : start + clearBit(page.words, at - start)
      if (page.count < PAGE_BITS && found < start + PAGE_BITS) return found < to ? found : undefined
      at = start + PAGE_BITS
    }
    return undefined
  }

  /** The first clear bit from `start` on, going on from `from` behind `to`; `start` lies between them. */
  findClearFrom(start: number, from: number, to: number): number | undefined {
    return this.findClear(start, to) ?? this.findClear(from, start)
  }

  #change(from: number, to: number, set: boolean): number {
    let changed = 0
    for (let at = from; at < to; ) {
      const number = Math.floor(at / PAGE_BITS)
      const start = number * PAGE_BITS
      const end = Math.min(to, start + PAGE_BITS)
      const page = this.#pages.get(number) ?? (set ? this.#newPage(number) : undefined)
      if (page !== undefined) {
        const before = page.count
        page.count += changeBits(page.words, at - start, end - start, set)
        changed += Math.abs(page.count - before)
        if (page.count === 0) this.#pages.delete(number)
      }
      at = end
    }
    this.#count += set ? changed : -changed
    return changed
  }

  #newPage(number: number): Page {
    const page = { words: new Int32Array(PAGE_WORDS), count: 0 }
    this.#pages.set(number, page)
    return page
  }
}

/** The place of the first clear bit from `from` on, or behind the page. */
function clearBit(words: Int32Array, from: number): number {
  let word = from >>> 5
  // What lies before `from` in its word counts as set.
  let taken = (words[word] ?? -1) | ((1 << (from & 31)) - 1)
  while (taken === -1 && ++word < PAGE_WORDS) taken = words[word] ?? -1
  return word < PAGE_WORDS ? word * 32 + 31 - Math.clz32(~taken & -~taken) : PAGE_BITS
}

/** @returns how many more bits are set than before */
function changeBits(words: Int32Array, from: number, to: number, set: boolean): number {
  let difference = 0
  for (let at = from; at < to; ) {
    const word = at >>> 5
    const end = Math.min(to, (word + 1) * 32)
    const mask = end - at === 32 ? -1 : ((1 << (end - at)) - 1) << (at & 31)
    const before = words[word] ?? 0
    const after = set ? before | mask : before & ~mask
    words[word] = after
    difference += ones(after) - ones(before)
    at = end
  }
  return difference
}

/** How many of 32 bits are set. @see Warren, Hacker's Delight, figure 5-2 */
function ones(word: number): number {
  let sum = word - ((word >>> 1) & 0x5555_5555)
  sum = (sum & 0x3333_3333) + ((sum >>> 2) & 0x3333_3333)
  return Math.imul((sum + (sum >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24
}
