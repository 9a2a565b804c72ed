/**
 * Chains whose rules are made when they are asked for.
 *
 * A node with 10,000 services of 10 endpoints has 120,000 chains. Who writes them out reads each
 * once, who follows a packet reads three of them, often. Rules are therefore kept from the second
 * reading on: keeping them from the first costs 90 MB and, in garbage collection, twice the time
 * that making them takes (bench/render.ts, 2026-11-21).
 *
 * @module
 */
/** Equal rules at every reading, which the subclass makes of values that do not change. */
export abstract class ChainOnDemand<R> {
  readonly name: string
  #kept: readonly R[] | 'read' | undefined

  constructor(name: string) {
    this.name = name
    this.#kept = undefined
  }

  protected abstract make(): readonly R[]

  get rules(): readonly R[] {
    if (typeof this.#kept === 'object') return this.#kept
    const rules = this.make()
    this.#kept = this.#kept === 'read' ? rules : 'read'
    return rules
  }
}
