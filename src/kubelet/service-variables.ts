/**
 * The variables by which a container learns of Services: `WEB_SERVICE_HOST`, `WEB_PORT_80_TCP_ADDR`.
 *
 * @see pkg/kubelet/envvars/envvars.go and getServiceEnvVarMap in pkg/kubelet/kubelet_pods.go of Kubernetes
 *
 * @module
 */
import type { Service } from '../objects/service.ts'

export interface NamedValue {
  readonly name: string
  readonly value: string
}

/** What every pod is told of, whatever it says: the way to the API server. */
const MASTER = { namespace: 'default', name: 'kubernetes' }

/** Whether the Service is the one that every pod is told of. */
export function isMasterService({ metadata }: Service): boolean {
  return metadata.namespace === MASTER.namespace && metadata.name === MASTER.name
}

/** A headless Service has no address that a variable could hold, nor has an ExternalName. */
export function hasClusterIp({ spec }: Service): boolean {
  return spec.clusterIP !== undefined && spec.clusterIP !== '' && spec.clusterIP !== 'None'
}

/**
 * The Services of which a pod of `namespace` is told, by name: kubelet walks them at random, here they have an order.
 *
 * A Service of the pod's own namespace stands before the one of the same name that every pod is told of.
 *
 * @param services at least those of the pod's namespace and of `default`
 * @param links the pod's `enableServiceLinks`
 */
export function visibleServices(services: Iterable<Service>, namespace: string, links: boolean): readonly Service[] {
  const byName = new Map<string, Service>()
  for (const service of services) {
    const { name } = service.metadata
    if (!hasClusterIp(service)) continue
    if (isMasterService(service)) {
      if (!byName.has(name)) byName.set(name, service)
    } else if (links && service.metadata.namespace === namespace) byName.set(name, service)
  }
  return [...byName.values()].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
}

/**
 * The variables of one Service, in kubelet's order; none without a cluster IP.
 *
 * Names are in capitals with `_` for `-` and otherwise as they are, so that `a.b` gives `A.B_PORT`. Only the primary
 * address is told.
 */
export function serviceVariables(service: Service): readonly NamedValue[] {
  if (!hasClusterIp(service)) return []
  const { clusterIP: host = '', ports = [] } = service.spec
  const prefix = servicePrefix(service)
  const variables = [{ name: `${prefix}_SERVICE_HOST`, value: host }]
  const [first] = ports
  if (!first) return variables
  const firstPort = `${prefix}_SERVICE_PORT`
  variables.push({ name: firstPort, value: `${first.port}` })
  for (const { name, port } of ports) {
    if (name) variables.push({ name: `${firstPort}_${variableWord(name)}`, value: `${port}` })
  }
  for (const [index, { port, protocol = 'TCP' }] of ports.entries()) {
    const proto = protocol.toLowerCase()
    const link = `${prefix}_PORT_${port}_${protocol.toUpperCase()}`
    const url = `${proto}://${host.includes(':') ? `[${host}]` : host}:${port}`
    if (index === 0) variables.push({ name: `${prefix}_PORT`, value: url })
    variables.push(
      { name: link, value: url },
      { name: `${link}_PROTO`, value: proto },
      { name: `${link}_PORT`, value: `${port}` },
      { name: `${link}_ADDR`, value: host },
    )
  }
  return variables
}

/** What the names of the Service's variables begin with: `MY_WEB` of `my-web`. */
export function servicePrefix({ metadata }: Service): string {
  return variableWord(metadata.name)
}

/** A name of Kubernetes as a part of a variable's name: `MY_WEB` of `my-web`. */
export function variableWord(name: string): string {
  return name.replaceAll('-', '_').toUpperCase()
}
