/**
 * Chance among a few ways, as an argument.
 *
 * Where a kernel draws (a rule with a probability, a route with several next hops), whoever asks
 * says the weights and is told the way. So the same code follows one seed, one wanted way, or all
 * ways one after the other.
 *
 * @module
 */

/** What is chosen among: in words, with the weight of each way (whole numbers, 0 or more, not all 0). */
export interface Fork {
  /** What draws: `statistic`, `next hop`, `load balancer`; `neighbour`: whether it is known already. */
  readonly by: string
  readonly weights: readonly number[]
}

/** The index of the way that is taken; never one of weight 0. */
export type Choose = (fork: Fork) => number
