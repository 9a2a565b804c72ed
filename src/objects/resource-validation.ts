/**
 * Rules for requests and limits.
 *
 * @see ValidateResourceRequirements in pkg/apis/core/validation/validation.go of Kubernetes
 *
 * @module
 */
import { at, atKey, type Field } from './field.ts'
import { type Finding, invalid, invalids, NOT_NEGATIVE, required } from './finding.ts'
import { qualifiedNameProblems } from './name.ts'
import { entriesIn, type Plain } from './plain.ts'
import { formatQuantity, parseQuantity } from './quantity.ts'

const CONTAINER_RESOURCES = ['cpu', 'memory', 'ephemeral-storage']
const HUGE_PAGES = 'hugepages-'
const STANDARD = [
  ...CONTAINER_RESOURCES,
  'storage',
  'pods',
  'services',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
]

/** @param field the `resources` of a container */
export function* validateResources(resources: Plain, field: Field): Generator<Finding> {
  const limits = new Map(entriesIn(resources, 'limits'))
  for (const [name, amount] of limits) yield* validateAmount(name, amount, atKey(at(field, 'limits'), name))
  for (const [name, amount] of entriesIn(resources, 'requests')) {
    yield* validateAmount(name, amount, atKey(at(field, 'requests'), name))
    yield* validateAgainstLimit(name, amount, limits.get(name), field)
  }
}

function* validateAgainstLimit(
  name: string,
  amount: string,
  limit: string | undefined,
  field: Field,
): Generator<Finding> {
  const overcommitted = isNative(name) && !name.startsWith(HUGE_PAGES)
  if (limit === undefined) {
    if (!overcommitted) yield required(at(field, 'limits'), 'Limit must be set for non overcommitable resources')
    return
  }
  const difference = parseQuantity(amount) - parseQuantity(limit)
  if (overcommitted ? difference <= 0 : difference === 0) return
  const relation = overcommitted ? 'less than or equal to' : 'equal to'
  const detail = `must be ${relation} ${name} limit of ${formatQuantity(limit)}`
  yield invalid(at(field, 'requests'), formatQuantity(amount), detail)
}

function* validateAmount(name: string, amount: string, field: Field): Generator<Finding> {
  yield* validateResourceName(name, field)
  const value = parseQuantity(amount)
  if (value < 0) yield invalid(field, formatQuantity(amount), NOT_NEGATIVE)
  if (!isNative(name) && !Number.isInteger(value)) yield invalid(field, formatQuantity(amount), 'must be an integer')
}

function* validateResourceName(name: string, field: Field): Generator<Finding> {
  const problems = qualifiedNameProblems(name)
  if (problems.length > 0) {
    yield* invalids(field, name, problems)
    return
  }
  if (name.includes('/') || name.startsWith(HUGE_PAGES)) return
  if (!STANDARD.includes(name)) yield invalid(field, name, 'must be a standard resource type or fully qualified')
  if (!CONTAINER_RESOURCES.includes(name)) yield invalid(field, name, 'must be a standard resource for containers')
}

/** Resources of Kubernetes itself, as opposed to those that devices bring. */
function isNative(name: string): boolean {
  return !name.includes('/') || name.startsWith('kubernetes.io/')
}
