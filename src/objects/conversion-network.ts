/**
 * Former versions of Ingress and EndpointSlice.
 *
 * @module
 */
import { changeEach, changePlain, isPlain, type Plain, renamePlain } from './plain.ts'

/** @see pkg/apis/networking/v1beta1/conversion.go of Kubernetes 1.21 */
export function convertIngress(object: Plain): Plain {
  return changePlain(object, 'spec', spec => {
    const renamed = changePlain(renamePlain(spec, 'backend', 'defaultBackend'), 'defaultBackend', convertBackend)
    return changeEach(renamed, 'rules', rule =>
      changePlain(rule, 'http', http => changeEach(http, 'paths', convertPath)),
    )
  })
}

function convertPath(path: Plain): Plain {
  return changePlain({ pathType: 'ImplementationSpecific', ...path }, 'backend', convertBackend)
}

function convertBackend(backend: Plain): Plain {
  const { serviceName, servicePort, ...rest } = backend
  if (serviceName === undefined && servicePort === undefined) return backend
  const port = typeof servicePort === 'string' ? { name: servicePort } : { number: servicePort ?? 0 }
  return { ...rest, service: { name: serviceName ?? '', port } }
}

const HOSTNAME = 'kubernetes.io/hostname'
const ZONE = 'topology.kubernetes.io/zone'

/** @see pkg/apis/discovery/v1beta1/conversion.go of Kubernetes 1.24 */
export function convertSlice(object: Plain): Plain {
  return changeEach(object, 'endpoints', endpoint => {
    const { topology, ...rest } = endpoint
    if (!isPlain(topology)) return endpoint
    const { [HOSTNAME]: nodeName, [ZONE]: zone, ...others } = topology
    return {
      ...(nodeName !== undefined && { nodeName }),
      ...(zone !== undefined && { zone }),
      ...(Object.keys(others).length > 0 && { deprecatedTopology: others }),
      ...rest,
    }
  })
}
