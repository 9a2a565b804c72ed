/**
 * Rules for HorizontalPodAutoscalers.
 *
 * @see pkg/apis/autoscaling/validation/validation.go of Kubernetes
 *
 * @module
 */
import { at, type Field, ROOT } from './field.ts'
import { type Finding, forbidden, invalid, invalids, negative, required, unsupported } from './finding.ts'
import { validateMetadata } from './metadata-validation.ts'
import { subdomainProblems } from './name.ts'
import { numberIn, objectIn, objectsIn, type Plain, textIn } from './plain.ts'
import { parseQuantity } from './quantity.ts'

const SPEC: Field = at(ROOT, 'spec')
const METRICS_TO_ZERO = 'must specify at least one Object or External metric to support scaling to zero replicas'

export function* validateHorizontalPodAutoscaler(scaler: Plain): Generator<Finding> {
  yield* validateMetadata(scaler, { nameProblems: subdomainProblems, namespaced: true })
  const spec = objectIn(scaler, 'spec') ?? {}
  const least = numberIn(spec, 'minReplicas')
  const most = numberIn(spec, 'maxReplicas')
  yield* negative(at(SPEC, 'minReplicas'), least)
  if (most < 0) yield invalid(at(SPEC, 'maxReplicas'), most, 'must be greater than 0')
  if (most < least) yield invalid(at(SPEC, 'maxReplicas'), most, 'must be greater than or equal to `minReplicas`')
  const target = objectIn(spec, 'scaleTargetRef') ?? {}
  for (const name of ['kind', 'name']) {
    const value = textIn(target, name)
    const place = at(SPEC, 'scaleTargetRef', name)
    if (value === '') yield required(place)
    else yield* invalids(place, value, pathSegmentProblems(value))
  }
  const outside = objectsIn(spec, 'metrics').some(
    metric => metric['type'] === 'Object' || metric['type'] === 'External',
  )
  for (const [index, metric] of objectsIn(spec, 'metrics').entries())
    yield* validateMetric(metric, at(SPEC, 'metrics', index))
  if (least === 0 && !outside) yield forbidden(at(SPEC, 'metrics'), METRICS_TO_ZERO)
  if (most === 0) yield required(at(SPEC, 'maxReplicas'))
}

function pathSegmentProblems(name: string): string[] {
  if (name === '.' || name === '..') return [`may not be '${name}'`]
  return ['/', '%'].filter(character => name.includes(character)).map(character => `may not contain '${character}'`)
}

/** By type of metric: the field that describes it. */
const SOURCES: Readonly<Record<string, string>> = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
}

function* validateMetric(metric: Plain, field: Field): Generator<Finding> {
  const type = textIn(metric, 'type')
  if (type === '') {
    yield required(at(field, 'type'), 'must specify a metric source type')
    return
  }
  const source = Object.hasOwn(SOURCES, type) ? SOURCES[type] : undefined
  if (source === undefined) {
    yield unsupported(at(field, 'type'), type, Object.keys(SOURCES))
    return
  }
  const described = objectIn(metric, source)
  if (described === undefined) {
    yield required(at(field, source), 'must populate information for the given metric source')
    return
  }
  yield* validateTarget(objectIn(described, 'target') ?? {}, at(field, source, 'target'))
}

const TARGETS = ['Utilization', 'Value', 'AverageValue']

function* validateTarget(target: Plain, field: Field): Generator<Finding> {
  const type = textIn(target, 'type')
  if (type === '') yield required(at(field, 'type'), 'must specify a metric target type')
  else if (!TARGETS.includes(type)) {
    yield invalid(at(field, 'type'), type, 'must be either Utilization, Value, or AverageValue')
  }
  for (const name of ['value', 'averageValue']) {
    const amount = target[name]
    if ((typeof amount === 'string' || typeof amount === 'number') && parseQuantity(amount) <= 0) {
      yield invalid(at(field, name), `${amount}`, 'must be positive')
    }
  }
  const share = target['averageUtilization']
  if (typeof share === 'number' && share < 1)
    yield invalid(at(field, 'averageUtilization'), share, 'must be greater than 0')
}
