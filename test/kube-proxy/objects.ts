/** Objects and machines for tests: everything that a row does not say has a plain value. */
import { parseIp, parsePrefix } from '../../src/base/ip.ts'
import { createProxy, type KubeProxy } from '../../src/kube-proxy/iptables/proxy.ts'
import { setService, setSlice } from '../../src/kube-proxy/service-map.ts'
import type { HostFeatures, ProxyHost, ProxyOptions } from '../../src/kube-proxy/settings.ts'
import {
  type Endpoint,
  type EndpointConditions,
  type EndpointSlice,
  SERVICE_NAME_LABEL,
} from '../../src/objects/endpoint-slice.ts'
import type { KubeProxyConfiguration } from '../../src/objects/kube-proxy-configuration.ts'
import type { LoadBalancerIngress, Service, ServiceSpec } from '../../src/objects/service.ts'

export const NODE = 'node-1'

/** Service default/web, port http, 10.96.0.10:80. */
export function service(spec: Partial<ServiceSpec> = {}, more: ServiceExtras = {}): Service {
  const clusterIP = spec.clusterIP ?? '10.96.0.10'
  const { name = 'web', namespace = 'default', ingress, labels, annotations } = more
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, ...(labels && { labels }), ...(annotations && { annotations }) },
    spec: {
      type: 'ClusterIP',
      clusterIP,
      clusterIPs: [clusterIP],
      ipFamilies: [clusterIP.includes(':') ? 'IPv6' : 'IPv4'],
      internalTrafficPolicy: 'Cluster',
      sessionAffinity: 'None',
      ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 8080 }],
      ...spec,
    },
    ...(ingress && { status: { loadBalancer: { ingress } } }),
  }
}

interface ServiceExtras {
  readonly name?: string
  readonly namespace?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly ingress?: readonly LoadBalancerIngress[]
}

/** A NodePort service: its port is 30080 on every node. */
export function nodePortService(spec: Partial<ServiceSpec> = {}, more: ServiceExtras = {}): Service {
  const ports = [{ name: 'http', protocol: 'TCP' as const, port: 80, targetPort: 8080, nodePort: 30080 }]
  return service({ type: 'NodePort', externalTrafficPolicy: 'Cluster', ports, ...spec }, more)
}

/** A LoadBalancer service at 203.0.113.10. */
export function loadBalancerService(spec: Partial<ServiceSpec> = {}, more: ServiceExtras = {}): Service {
  return nodePortService({ type: 'LoadBalancer', ...spec }, { ingress: [{ ip: '203.0.113.10' }], ...more })
}

/** An endpoint on `node`; the words say which conditions hold. */
export function endpoint(address: string, node = NODE, state: State = 'ready', more: Partial<Endpoint> = {}): Endpoint {
  return { addresses: [address], nodeName: node, conditions: CONDITIONS[state], ...more }
}

export type State = 'ready' | 'unready' | 'serving' | 'draining' | 'ending' | 'readyEnding'

const CONDITIONS: Readonly<Record<State, EndpointConditions>> = {
  ready: {},
  unready: { ready: false, serving: false, terminating: false },
  serving: { ready: false, serving: true, terminating: false },
  draining: { ready: false, serving: true, terminating: true },
  ending: { ready: false, serving: false, terminating: true },
  readyEnding: { ready: true, serving: true, terminating: true },
}

/** A slice of default/web, port http, 8080. */
export function slice(endpoints: readonly Endpoint[], more: SliceExtras = {}): EndpointSlice {
  const { name = 'web-1', namespace = 'default', of = 'web', labels = {}, ...rest } = more
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace, labels: { [SERVICE_NAME_LABEL]: of, ...labels } },
    addressType: endpoints[0]?.addresses[0]?.includes(':') ? 'IPv6' : 'IPv4',
    ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
    endpoints,
    ...rest,
  }
}

interface SliceExtras extends Partial<Pick<EndpointSlice, 'addressType' | 'ports'>> {
  readonly name?: string
  readonly namespace?: string
  readonly of?: string
  readonly labels?: Readonly<Record<string, string>>
}

export function configuration(fields: Partial<KubeProxyConfiguration> = {}): KubeProxyConfiguration {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clusterCIDR: '10.244.0.0/16,fd00:10:244::/56',
    ...fields,
  }
}

const FEATURES: HostFeatures = { nfacct: false, randomFully: true, tcpBeLiberal: false, kubeletChains: false }

/** node-1 in zone-a, 192.168.64.11 and fd00:64::11, without the odder features. */
export function host(fields: Partial<ProxyHost> = {}, features: Partial<HostFeatures> = {}): ProxyHost {
  const nodeIps = [parseIp('192.168.64.11'), parseIp('fd00:64::11')]
  return {
    nodeName: NODE,
    zone: 'zone-a',
    podPrefixes: [parsePrefix('10.244.1.0/24'), parsePrefix('fd00:10:244:1::/64')],
    nodeIps,
    interfaceIps: [parseIp('127.0.0.1'), parseIp('::1'), ...nodeIps, parseIp('10.244.1.1')],
    features: { ...FEATURES, ...features },
    ...fields,
  }
}

/** A proxy that knows the objects. */
export function proxyWith(
  objects: readonly (Service | EndpointSlice)[],
  options: Partial<ProxyOptions> = {},
): KubeProxy {
  const proxy = createProxy({ config: configuration(), host: host(), ...options })
  for (const object of objects) {
    if (object.kind === 'Service') setService(proxy, object)
    else setSlice(proxy, object)
  }
  return proxy
}
