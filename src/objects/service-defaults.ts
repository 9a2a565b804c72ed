/**
 * Defaults of Service, Endpoints and EndpointSlice. Addresses and node ports are allocated elsewhere.
 *
 * @see SetDefaults_Service in pkg/apis/core/v1/defaults.go and pkg/apis/discovery/v1/defaults.go of Kubernetes
 *
 * @module
 */
import { changeEach, changePlain, isPlain, type Plain } from './plain.ts'

/** Three hours. */
const AFFINITY_SECONDS = 10_800
const REACHED_INSIDE = ['ClusterIP', 'NodePort', 'LoadBalancer']

export function defaultService(service: Plain): Plain {
  const defaulted = changePlain({ spec: {}, ...service }, 'spec', defaultServiceSpec)
  return changePlain(defaulted, 'status', status => {
    return changePlain(status, 'loadBalancer', balancer => {
      return changeEach(balancer, 'ingress', one => (one['ip'] === undefined ? one : { ipMode: 'VIP', ...one }))
    })
  })
}

function defaultServiceSpec(given: Plain): Plain {
  const { sessionAffinityConfig, ...rest } = given
  const spec: Plain = { type: 'ClusterIP', sessionAffinity: 'None', ...rest }
  const type = spec['type']
  const affinity = spec['sessionAffinity'] === 'None' ? {} : defaultAffinity(spec, sessionAffinityConfig)
  const outside = type === 'NodePort' || type === 'LoadBalancer' || (type === 'ClusterIP' && 'externalIPs' in spec)
  const filled = {
    ...(outside && { externalTrafficPolicy: 'Cluster' }),
    ...(REACHED_INSIDE.includes(`${type}`) && { internalTrafficPolicy: 'Cluster' }),
    ...(type === 'LoadBalancer' && { allocateLoadBalancerNodePorts: true }),
    ...spec,
    ...affinity,
  }
  return changeEach(filled, 'ports', defaultPort)
}

function defaultAffinity(spec: Plain, config: unknown): Plain {
  if (spec['sessionAffinity'] !== 'ClientIP') return config === undefined ? {} : { sessionAffinityConfig: config }
  const clientIP = isPlain(config) && isPlain(config['clientIP']) ? config['clientIP'] : {}
  return { sessionAffinityConfig: { clientIP: { timeoutSeconds: AFFINITY_SECONDS, ...clientIP } } }
}

function defaultPort(port: Plain): Plain {
  const { targetPort, ...rest } = port
  const target = targetPort === undefined || targetPort === '' || targetPort === 0 ? port['port'] : targetPort
  return { protocol: 'TCP', ...rest, ...(target !== undefined && { targetPort: target }) }
}

export function defaultEndpoints(endpoints: Plain): Plain {
  return changeEach(endpoints, 'subsets', subset => changeEach(subset, 'ports', port => ({ protocol: 'TCP', ...port })))
}

export function defaultEndpointSlice(slice: Plain): Plain {
  return changeEach(slice, 'ports', port => ({ name: '', protocol: 'TCP', ...port }))
}
