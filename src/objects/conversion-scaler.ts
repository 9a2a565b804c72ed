/**
 * Former versions of HorizontalPodAutoscaler.
 *
 * @module
 */
import { changeEach, changePlain, type Plain } from './plain.ts'

/** @see pkg/apis/autoscaling/v1/conversion.go of Kubernetes */
export function convertScalerV1(object: Plain): Plain {
  return changePlain(withoutStatus(object), 'spec', spec => {
    const { targetCPUUtilizationPercentage: percent, ...rest } = spec
    if (percent === undefined || percent === null) return rest
    const resource = { name: 'cpu', target: { type: 'Utilization', averageUtilization: percent } }
    return { ...rest, metrics: [{ type: 'Resource', resource }] }
  })
}

/** @see pkg/apis/autoscaling/v2beta1/conversion.go of Kubernetes 1.24 */
export function convertScaler(object: Plain): Plain {
  return changePlain(withoutStatus(object), 'spec', spec => changeEach(spec, 'metrics', convertMetric))
}

/** What was observed has another shape, and the controller observes anew. */
function withoutStatus(object: Plain): Plain {
  const { status: _, ...rest } = object
  return rest
}

function convertMetric(metric: Plain): Plain {
  let out = metric
  for (const source of ['resource', 'containerResource']) out = changePlain(out, source, convertResource)
  out = changePlain(out, 'pods', convertSource)
  out = changePlain(out, 'external', convertSource)
  return changePlain(out, 'object', ({ target: describedObject, ...rest }) => ({
    ...convertSource(rest),
    ...(describedObject !== undefined && { describedObject }),
  }))
}

function convertResource(source: Plain): Plain {
  const { targetAverageUtilization, targetAverageValue, ...rest } = source
  if (targetAverageUtilization === undefined && targetAverageValue === undefined) return source
  const target =
    targetAverageUtilization === undefined
      ? { type: 'AverageValue', averageValue: targetAverageValue }
      : { type: 'Utilization', averageUtilization: targetAverageUtilization }
  return { ...rest, target }
}

function convertSource(source: Plain): Plain {
  const { metricName, metricSelector, selector, targetValue, targetAverageValue, averageValue, ...rest } = source
  if (metricName === undefined) return source
  const labels = metricSelector ?? selector
  const average = targetAverageValue ?? averageValue
  return {
    ...rest,
    metric: { name: metricName, ...(labels !== undefined && { selector: labels }) },
    target:
      average === undefined ? { type: 'Value', value: targetValue } : { type: 'AverageValue', averageValue: average },
  }
}
