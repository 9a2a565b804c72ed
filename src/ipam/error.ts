/** Why an allocator refuses. */
export type AllocationProblem = 'full' | 'taken' | 'outside' | 'invalid'

/** A refusal of an allocator, in the words of the Kubernetes or CNI component that it stands for. */
export class AllocationError extends Error {
  override readonly name = 'AllocationError'
  readonly code = 'ERR_ALLOCATION'
  readonly problem: AllocationProblem

  constructor(problem: AllocationProblem, message: string, options?: ErrorOptions) {
    super(message, options)
    this.problem = problem
  }
}
