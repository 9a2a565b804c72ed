/**
 * Answers by the names of their questions, packed closely.
 *
 * Between two queries the kernel's work empties the processor's caches, so what counts is how many places in memory an
 * answer is gathered from: here two, one to find it and one to read it. As objects it was eight, and a query among 10,000
 * Services cost a sixth more than one among 100 (`npm run bench:dns`).
 *
 * @module
 */
import type { AskedName } from './asked-name.ts'

/** What an answer says behind its question. */
export interface PackedAnswer {
  readonly type: number
  /** Empty where there is no such record. */
  readonly tail: Uint8Array
  readonly answers: number
  readonly additional: number
  /** Octets of each answer, where they may be turned; else 0. */
  readonly stride: number
}

/** Says that nothing was found. */
export const NO_ENTRY = -1

// An entry, in words: type and answers, additional and stride, octets of the tail and of the name; name; tail.
const NAME_AT = 3

/** A slot: the hash, and the entry or one of these. */
const EMPTY = 0
const REMOVED = -1
/** No entry is where `EMPTY` says. */
const FIRST_ENTRY = 1

const LEAST_SLOTS = 64
const LEAST_WORDS = 1024

function wordsOf(octets: number): number {
  return (octets + 3) >> 2
}

export class AnswerTable {
  /** Two words a slot; the number of slots is a power of two, and at most three of four are used. */
  #slots = new Int32Array(2 * LEAST_SLOTS)
  #used = 0
  #words = new Int32Array(LEAST_WORDS)
  #octets = new Uint8Array(this.#words.buffer)
  #end = FIRST_ENTRY

  /** The octets of all entries; other ones after each {@link add}. */
  get octets(): Uint8Array {
    return this.#octets
  }

  /**
   * Finds the entry of a question.
   *
   * @param hash of name and type
   * @returns the entry, {@link NO_ENTRY} where there is none
   */
  find(hash: number, name: AskedName, type: number): number {
    const slots = this.#slots
    const mask = slots.length - 1
    for (let at = (hash << 1) & mask; ; at = (at + 2) & mask) {
      const entry = slots[at + 1] ?? EMPTY
      if (entry === EMPTY) return NO_ENTRY
      if (slots[at] === hash && entry !== REMOVED && this.#is(entry, name, type)) return entry
    }
  }

  /** @returns the entry */
  add(hash: number, name: AskedName, { type, tail, answers, additional, stride }: PackedAnswer): number {
    const nameWords = wordsOf(name.octets)
    const needed = NAME_AT + nameWords + wordsOf(tail.length)
    if (8 * (this.#used + 1) > 3 * this.#slots.length || this.#end + needed > this.#words.length) this.#widen(needed)
    const entry = this.#end
    const words = this.#words
    words[entry] = (type << 16) | answers
    words[entry + 1] = (additional << 16) | stride
    words[entry + 2] = (tail.length << 16) | name.octets
    for (let i = 0; i < nameWords; i++) words[entry + NAME_AT + i] = name.words[i] ?? 0
    this.#octets.set(tail, this.tailOf(entry))
    this.#end += needed
    this.#place(hash, entry)
    return entry
  }

  /** Removes all entries of the hash. */
  remove(hash: number): void {
    const slots = this.#slots
    const mask = slots.length - 1
    for (let at = (hash << 1) & mask; slots[at + 1] !== EMPTY; at = (at + 2) & mask) {
      if (slots[at] === hash) slots[at + 1] = REMOVED
    }
  }

  clear(): void {
    this.#slots = new Int32Array(2 * LEAST_SLOTS)
    this.#words = new Int32Array(LEAST_WORDS)
    this.#octets = new Uint8Array(this.#words.buffer)
    this.#used = 0
    this.#end = FIRST_ENTRY
  }

  answersOf(entry: number): number {
    return (this.#words[entry] ?? 0) & 0xffff
  }

  additionalOf(entry: number): number {
    return (this.#words[entry + 1] ?? 0) >>> 16
  }

  strideOf(entry: number): number {
    return (this.#words[entry + 1] ?? 0) & 0xffff
  }

  tailOctetsOf(entry: number): number {
    return (this.#words[entry + 2] ?? 0) >>> 16
  }

  /** Where the tail starts in {@link octets}. */
  tailOf(entry: number): number {
    return 4 * (entry + NAME_AT + wordsOf(this.#nameOctetsOf(entry)))
  }

  #nameOctetsOf(entry: number): number {
    return (this.#words[entry + 2] ?? 0) & 0xffff
  }

  #is(entry: number, name: AskedName, type: number): boolean {
    const own = this.#words
    const asked = name.words
    const count = wordsOf(name.octets)
    if ((own[entry] ?? 0) >>> 16 !== type || this.#nameOctetsOf(entry) !== name.octets) return false
    for (let i = 0; i < count; i++) if (own[entry + NAME_AT + i] !== asked[i]) return false
    return true
  }

  #place(hash: number, entry: number): void {
    const slots = this.#slots
    const mask = slots.length - 1
    let at = (hash << 1) & mask
    while (slots[at + 1] !== EMPTY) at = (at + 2) & mask
    slots[at] = hash
    slots[at + 1] = entry
    this.#used++
  }

  /** Packs what is not removed anew, with room for as much again and for one more entry of so many words. */
  #widen(more: number): void {
    const kept = this.#kept()
    const needed = kept.reduce((sum, [, entry]) => sum + this.#wordsOf(entry), FIRST_ENTRY + more)
    const from = this.#words
    this.#slots = new Int32Array(2 * Math.max(LEAST_SLOTS, 2 ** Math.ceil(Math.log2(1.5 * (kept.length + 1)))))
    this.#used = 0
    const into = new Int32Array(Math.max(LEAST_WORDS, 2 * needed))
    let end = FIRST_ENTRY
    for (const [hash, entry] of kept) {
      const words = this.#wordsOf(entry)
      into.set(from.subarray(entry, entry + words), end)
      this.#place(hash, end)
      end += words
    }
    this.#words = into
    this.#octets = new Uint8Array(into.buffer)
    this.#end = end
  }

  /** Hash and entry of all that is not removed. */
  #kept(): readonly (readonly [hash: number, entry: number])[] {
    const slots = this.#slots
    const kept: [number, number][] = []
    for (let at = 0; at < slots.length; at += 2) {
      const entry = slots[at + 1] ?? EMPTY
      if (entry >= FIRST_ENTRY) kept.push([slots[at] ?? 0, entry])
    }
    return kept
  }

  #wordsOf(entry: number): number {
    return NAME_AT + wordsOf(this.#nameOctetsOf(entry)) + wordsOf(this.tailOctetsOf(entry))
  }
}
