/**
 * Sets of small whole numbers, one bit each: the nodes of a cluster by their place in the list.
 *
 * @module
 */
export type Bits = Uint32Array

/** Room for the numbers from 0 up to, not including, `size`; all in it or none. */
export function makeBits(size: number, filled = false): Bits {
  const bits = new Uint32Array(Math.ceil(size / 32))
  if (!filled) return bits
  bits.fill(0xffffffff)
  if (size % 32 !== 0) bits[bits.length - 1] = (1 << (size % 32)) - 1
  return bits
}

export function hasBit(bits: Bits, at: number): boolean {
  return ((bits[at >>> 5] ?? 0) & (1 << (at & 31))) !== 0
}

export function setBit(bits: Bits, at: number): void {
  bits[at >>> 5] = (bits[at >>> 5] ?? 0) | (1 << (at & 31))
}

export function clearBit(bits: Bits, at: number): void {
  bits[at >>> 5] = (bits[at >>> 5] ?? 0) & ~(1 << (at & 31))
}

/** The lowest number that is in all three sets and that `accepts` takes; -1 if there is none. */
export function findCommon(a: Bits, b: Bits, c: Bits, accepts: (at: number) => boolean): number {
  for (let word = 0; word < a.length; word++) {
    let common = (a[word] ?? 0) & (b[word] ?? 0) & (c[word] ?? 0)
    while (common !== 0) {
      const bit = 31 - Math.clz32(common & -common)
      if (accepts(word * 32 + bit)) return word * 32 + bit
      common &= common - 1
    }
  }
  return -1
}

/** Numbers sorted into levels, such as nodes by how many Pods they have. */
export class Levels {
  readonly #size: number
  readonly #levels: { readonly bits: Bits; count: number }[]

  /** All numbers start on level 0. */
  constructor(size: number) {
    this.#size = size
    this.#levels = [{ bits: makeBits(size, true), count: size }]
  }

  move(at: number, from: number, to: number): void {
    while (this.#levels.length <= to) this.#levels.push({ bits: makeBits(this.#size), count: 0 })
    const [source, target] = [this.#levels[from], this.#levels[to]]
    if (!source || !target) throw new RangeError(`Cannot move ${at} from level ${from} to ${to}`)
    clearBit(source.bits, at)
    source.count--
    setBit(target.bits, at)
    target.count++
  }

  /** The levels that hold something, the lowest first. */
  *[Symbol.iterator](): Generator<Bits, void> {
    for (const { bits, count } of this.#levels) if (count > 0) yield bits
  }
}
