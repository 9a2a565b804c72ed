/** Objects for tests of DNS: from files, and in a line each. */
import { readFileSync } from 'node:fs'
import { parseAllDocuments } from 'yaml'
import type { DnsObjects } from '../../src/dns/zone.ts'
import { type EndpointSlice, SERVICE_NAME_LABEL } from '../../src/objects/endpoint-slice.ts'
import type { KubeObject } from '../../src/objects/meta.ts'
import type { Namespace } from '../../src/objects/namespace.ts'
import type { Pod } from '../../src/objects/pod.ts'
import type { Service, ServicePort, ServiceSpec } from '../../src/objects/service.ts'

export function readObjects(path: string): DnsObjects {
  const all = parseAllDocuments(readFileSync(path, 'utf8')).flatMap(document => (document.toJS() as KubeObject) ?? [])
  const of = <T extends KubeObject>(kind: T['kind']) => all.filter((one): one is T => one.kind === kind)
  const namespaces = of<Namespace>('Namespace')
  const known = namespaces.map(one => one.metadata.name)
  // Every API server has these, and the answers were given with them; files hold only what was added.
  const others = ['default', 'kube-system', 'kube-public', 'kube-node-lease'].filter(name => !known.includes(name))
  return {
    namespaces: [...namespaces, ...others.map(namespaceOf)],
    services: of<Service>('Service'),
    slices: of<EndpointSlice>('EndpointSlice'),
    pods: of<Pod>('Pod'),
  }
}

export function namespaceOf(name: string): Namespace {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }
}

/** `serviceOf('shop/web', {…})` */
export function serviceOf(key: string, spec: ServiceSpec): Service {
  return { apiVersion: 'v1', kind: 'Service', metadata: metadataOf(key), spec }
}

export function port(number: number, name = '', protocol: ServicePort['protocol'] = 'TCP'): ServicePort {
  return { port: number, name, protocol }
}

export interface EndpointFacts {
  readonly ip: string
  readonly hostname?: string
  readonly pod?: string
  readonly ready?: boolean
}

/** `sliceOf('shop/web', [...], [...])`, called `web-N` */
export function sliceOf(
  key: string,
  endpoints: readonly EndpointFacts[],
  ports: readonly ServicePort[] = [],
  n = 0,
): EndpointSlice {
  const { name, namespace } = metadataOf(key)
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${name}-${n}`, namespace, labels: { [SERVICE_NAME_LABEL]: name } },
    addressType: endpoints.some(one => one.ip.includes(':')) ? 'IPv6' : 'IPv4',
    endpoints: endpoints.map(({ ip, hostname, pod, ready }) => ({
      addresses: [ip],
      ...(hostname === undefined ? {} : { hostname }),
      ...(pod === undefined ? {} : { targetRef: { kind: 'Pod', name: pod } }),
      ...(ready === undefined ? {} : { conditions: { ready } }),
    })),
    ports: ports.map(({ port, name = '', protocol = 'TCP' }) => ({ port, name, protocol })),
  }
}

/** `podOf('shop/a', '10.244.0.5')` */
export function podOf(key: string, ...ips: readonly string[]): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: metadataOf(key),
    spec: { containers: [] },
    status: { phase: 'Running', podIPs: ips.map(ip => ({ ip })) },
  }
}

function metadataOf(key: string): { readonly name: string; readonly namespace: string } {
  const [namespace = '', name = ''] = key.split('/')
  return { name, namespace }
}
