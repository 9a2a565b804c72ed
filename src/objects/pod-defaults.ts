/**
 * Defaults of Pods and Pod templates.
 *
 * @see SetDefaults_Pod, SetDefaults_PodSpec and SetDefaults_Container in pkg/apis/core/v1/defaults.go of Kubernetes
 *
 * @module
 */
import { changeEach, changePlain, isPlain, type Plain } from './plain.ts'
import { defaultFieldReference, defaultVolume, pullPolicyOf } from './volume-defaults.ts'

const SPEC: Plain = {
  restartPolicy: 'Always',
  terminationGracePeriodSeconds: 30,
  dnsPolicy: 'ClusterFirst',
  securityContext: {},
  schedulerName: 'default-scheduler',
}

const CONTAINER: Plain = {
  resources: {},
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
}

const PROBE: Plain = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 }
const PROBES = ['livenessProbe', 'readinessProbe', 'startupProbe']
const HOOKS = ['postStart', 'preStop']
/** A Pod ends at once, but not before it began. */
const LEAST_GRACE = 1

/** A Pod as the API server stores it. Only Pods, not templates, get requests from limits and ports on the host. */
export function defaultPod(pod: Plain): Plain {
  return changePlain(pod, 'spec', spec => {
    const full: Plain = { enableServiceLinks: true, ...defaultPodSpec(spec) }
    const onHost = spec['hostNetwork'] === true
    return changeContainers(full, container => defaultRequests(onHost ? defaultHostPorts(container) : container))
  })
}

/** The same for the template of a workload, whose spec is always there. */
export function defaultTemplate(template: Plain): Plain {
  return changePlain({ spec: {}, ...template }, 'spec', defaultPodSpec)
}

export function defaultPodSpec(spec: Plain): Plain {
  const grace = spec['terminationGracePeriodSeconds']
  const filled: Plain = {
    ...SPEC,
    ...spec,
    ...(typeof grace === 'number' && grace < 0 && { terminationGracePeriodSeconds: LEAST_GRACE }),
    ...defaultAccount(spec),
  }
  const withContainers = changeContainers(filled, defaultContainer)
  const all = changeEach(withContainers, 'ephemeralContainers', defaultContainer)
  return changeEach(all, 'volumes', defaultVolume)
}

/** `serviceAccount` is the former name of `serviceAccountName`; both are kept alike. */
function defaultAccount(spec: Plain): Plain {
  const name = spec['serviceAccountName'] ?? spec['serviceAccount']
  return name === undefined ? {} : { serviceAccountName: name, serviceAccount: name }
}

function changeContainers(spec: Plain, change: (container: Plain) => Plain): Plain {
  return changeEach(changeEach(spec, 'initContainers', change), 'containers', change)
}

function defaultContainer(container: Plain): Plain {
  let out: Plain = { ...CONTAINER, imagePullPolicy: pullPolicyOf(container['image']), ...container }
  for (const probe of PROBES) out = changePlain(out, probe, given => defaultHandler({ ...PROBE, ...given }))
  out = changePlain(out, 'lifecycle', lifecycle => {
    let hooks = lifecycle
    for (const hook of HOOKS) hooks = changePlain(hooks, hook, defaultHandler)
    return hooks
  })
  out = changeEach(out, 'ports', port => ({ protocol: 'TCP', ...port }))
  return changeEach(out, 'env', variable => changePlain(variable, 'valueFrom', defaultSource))
}

function defaultSource(source: Plain): Plain {
  const referenced = defaultFieldReference(source)
  return changePlain(referenced, 'resourceFieldRef', reference => ({ divisor: '0', ...reference }))
}

function defaultHandler(handler: Plain): Plain {
  const http = changePlain(handler, 'httpGet', action => ({ path: '/', scheme: 'HTTP', ...action }))
  return changePlain(http, 'grpc', action => ({ service: '', ...action }))
}

function defaultHostPorts(container: Plain): Plain {
  return changeEach(container, 'ports', port => ({ hostPort: port['containerPort'], ...port }))
}

function defaultRequests(container: Plain): Plain {
  return changePlain(container, 'resources', resources => {
    const { limits, requests } = resources
    return isPlain(limits)
      ? { ...resources, requests: { ...limits, ...(isPlain(requests) ? requests : {}) } }
      : resources
  })
}
