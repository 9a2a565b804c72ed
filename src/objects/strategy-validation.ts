/**
 * Rules for how workloads replace their Pods.
 *
 * @see pkg/apis/apps/validation/validation.go of Kubernetes
 *
 * @module
 */
import { at, type Field } from './field.ts'
import { type Finding, forbidden, invalid, invalids, negative, required, unsupported } from './finding.ts'
import { percentProblems } from './name.ts'
import { objectIn, type Plain, textIn } from './plain.ts'

const ROLLING = 'RollingUpdate'

export function* validateDeploymentStrategy(strategy: Plain, field: Field): Generator<Finding> {
  const rolling = objectIn(strategy, 'rollingUpdate')
  switch (textIn(strategy, 'type')) {
    case 'Recreate':
      if (rolling !== undefined) {
        yield forbidden(at(field, 'rollingUpdate'), "may not be specified when strategy `type` is 'Recreate'")
      }
      return
    case ROLLING:
      yield* validateRolling(rolling ?? {}, at(field, 'rollingUpdate'))
      return
    default:
      yield unsupported(field, inside(strategy), ['Recreate', ROLLING])
  }
}

function* validateRolling(rolling: Plain, field: Field): Generator<Finding> {
  const { maxUnavailable, maxSurge } = rolling
  yield* validateShare(maxUnavailable, at(field, 'maxUnavailable'))
  yield* validateShare(maxSurge, at(field, 'maxSurge'))
  if (amountOf(maxUnavailable) === 0 && amountOf(maxSurge) === 0) {
    yield invalid(at(field, 'maxUnavailable'), maxUnavailable, 'may not be 0 when `maxSurge` is 0')
  }
  yield* validateAtMostAll(maxUnavailable, at(field, 'maxUnavailable'))
}

export function* validateSetStrategy(strategy: Plain, field: Field): Generator<Finding> {
  const rolling = objectIn(strategy, 'rollingUpdate')
  switch (textIn(strategy, 'type')) {
    case 'OnDelete':
      if (rolling !== undefined) {
        const only = "only allowed for updateStrategy 'RollingUpdate'"
        yield invalid(at(field, 'rollingUpdate'), rolling, only)
      }
      return
    case ROLLING:
      if (rolling === undefined) return
      yield* negative(at(field, 'rollingUpdate', 'partition'), rolling['partition'])
      if (rolling['maxUnavailable'] !== undefined) {
        yield* validateShare(rolling['maxUnavailable'], at(field, 'rollingUpdate', 'maxUnavailable'))
      }
      return
    default:
      yield invalid(field, inside(strategy), "must be 'RollingUpdate' or 'OnDelete'")
  }
}

export function* validateDaemonStrategy(strategy: Plain, parent: Field): Generator<Finding> {
  const type = textIn(strategy, 'type')
  if (type === 'OnDelete') return
  if (type !== ROLLING) {
    yield unsupported(parent, inside(strategy), [ROLLING, 'OnDelete'])
    return
  }
  const { maxUnavailable, maxSurge } = objectIn(strategy, 'rollingUpdate') ?? {}
  const field = at(parent, 'rollingUpdate')
  yield* validateShare(maxUnavailable, at(field, 'maxUnavailable'))
  yield* validateShare(maxSurge, at(field, 'maxSurge'))
  yield* validateAtMostAll(maxUnavailable, at(field, 'maxUnavailable'))
  yield* validateAtMostAll(maxSurge, at(field, 'maxSurge'))
  const unavailable = amountOf(maxUnavailable) !== 0
  const surge = amountOf(maxSurge) !== 0
  if (unavailable && surge) {
    yield invalid(at(field, 'maxSurge'), maxSurge, 'may not be set when maxUnavailable is non-zero')
  }
  if (!unavailable && !surge) yield required(at(field, 'maxUnavailable'), 'cannot be 0 when maxSurge is 0')
}

/** A strategy as the API server holds it inside. */
function inside(strategy: Plain): Plain {
  return { Type: textIn(strategy, 'type'), RollingUpdate: objectIn(strategy, 'rollingUpdate') ?? null }
}

/** A number of Pods, or a share of them: `2`, `25%`. */
function* validateShare(share: unknown, field: Field): Generator<Finding> {
  if (typeof share === 'string') yield* invalids(field, share, percentProblems(share))
  else yield* negative(field, share)
}

function* validateAtMostAll(share: unknown, field: Field): Generator<Finding> {
  if (typeof share === 'string' && amountOf(share) > 100) yield invalid(field, share, 'must not be greater than 100%')
}

function amountOf(share: unknown): number {
  if (typeof share === 'number') return share
  return typeof share === 'string' && percentProblems(share).length === 0 ? Number(share.slice(0, -1)) : 0
}
