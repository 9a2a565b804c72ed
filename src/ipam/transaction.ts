/**
 * Several takings and givings that hold together or not at all.
 *
 * What is taken is taken at once, so that nobody else gets it; what is given back is given back only at
 * the end, so that nobody else gets it before it is certain.
 *
 * @see pkg/registry/core/service/portallocator/operation.go of Kubernetes
 * @module
 */

/** Something that gives out each of its items to one taker at a time. */
export interface Pool<T> {
  /** @throws {AllocationError} when it is taken or not of this pool */
  allocate(item: T): void
  /** @throws {AllocationError} when nothing is left */
  allocateNext(): T
  release(item: T): void
}

/** Ends in {@link commit} or {@link revert}; a dry run always ends in the latter. */
export class Transaction<T> {
  readonly #pool: Pool<T>
  #taken: T[] = []
  #leaving: T[] = []

  constructor(pool: Pool<T>) {
    this.#pool = pool
  }

  allocate(item: T): void {
    this.#pool.allocate(item)
    this.#taken.push(item)
  }

  allocateNext(): T {
    const item = this.#pool.allocateNext()
    this.#taken.push(item)
    return item
  }

  /** Gives `item` back when the transaction commits. */
  release(item: T): void {
    this.#leaving.push(item)
  }

  commit(): void {
    for (const item of this.#leaving) this.#pool.release(item)
    this.#end()
  }

  /** As if nothing had been done; after {@link commit} it does nothing. */
  revert(): void {
    for (const item of this.#taken) this.#pool.release(item)
    this.#end()
  }

  #end(): void {
    this.#taken = []
    this.#leaving = []
  }
}
