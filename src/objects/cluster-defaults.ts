/**
 * Defaults of Node, Namespace, Secret, NetworkPolicy, Ingress and HorizontalPodAutoscaler.
 *
 * @see pkg/apis/{core,networking,autoscaling}/…/defaults.go and pkg/registry/core/{node,namespace} of Kubernetes
 *
 * @module
 */
import { changeEach, changePlain, isPlain, type Plain } from './plain.ts'

const NAME_LABEL = 'kubernetes.io/metadata.name'

/** The first of `podCIDRs` and `podCIDR` are one; where they differ, `podCIDR` is believed. */
export function defaultNode(node: Plain): Plain {
  const defaulted = changePlain({ spec: {}, ...node }, 'spec', spec => {
    const { podCIDR, podCIDRs } = spec
    const several: readonly unknown[] = Array.isArray(podCIDRs) ? podCIDRs : []
    if (podCIDR === undefined) return several.length === 0 ? spec : { ...spec, podCIDR: several[0] }
    return several[0] === podCIDR ? spec : { ...spec, podCIDRs: [podCIDR] }
  })
  return changePlain(defaulted, 'status', status => {
    return isPlain(status['capacity']) ? { allocatable: status['capacity'], ...status } : status
  })
}

export function defaultNamespace(namespace: Plain): Plain {
  const named = changePlain(namespace, 'metadata', metadata => {
    const { name, labels } = metadata
    return name === undefined
      ? metadata
      : { ...metadata, labels: { ...(isPlain(labels) ? labels : {}), [NAME_LABEL]: name } }
  })
  return { spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' }, ...named }
}

export function defaultSecret(secret: Plain): Plain {
  return { type: 'Opaque', ...secret }
}

export function defaultNetworkPolicy(policy: Plain): Plain {
  return changePlain({ spec: {}, ...policy }, 'spec', spec => {
    const types = ['Ingress', ...(Array.isArray(spec['egress']) && spec['egress'].length > 0 ? ['Egress'] : [])]
    let out: Plain = { podSelector: {}, policyTypes: types, ...spec }
    for (const rules of ['ingress', 'egress']) {
      out = changeEach(out, rules, rule => changeEach(rule, 'ports', port => ({ protocol: 'TCP', ...port })))
    }
    return out
  })
}

export function defaultHorizontalPodAutoscaler(scaler: Plain): Plain {
  return changePlain({ spec: {}, ...scaler }, 'spec', spec => {
    const filled = { minReplicas: 1, metrics: CPU, ...spec }
    return changePlain(filled, 'behavior', behavior => {
      const up = isPlain(behavior['scaleUp']) ? behavior['scaleUp'] : {}
      const down = isPlain(behavior['scaleDown']) ? behavior['scaleDown'] : {}
      return { ...behavior, scaleUp: { ...SCALE_UP, ...up }, scaleDown: { ...SCALE_DOWN, ...down } }
    })
  })
}

const CPU = [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }]

const SCALE_UP: Plain = {
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ],
}

const SCALE_DOWN: Plain = {
  selectPolicy: 'Max',
  policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
}
