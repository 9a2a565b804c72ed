/** Clusters of any size to measure on: every service like the next, endpoints spread over all nodes. */
import { parseIp, parsePrefix } from '../src/base/ip.ts'
import type { ProxyOptions } from '../src/kube-proxy/settings.ts'
import { type EndpointSlice, SERVICE_NAME_LABEL } from '../src/objects/endpoint-slice.ts'
import type { Service } from '../src/objects/service.ts'

export const OPTIONS: ProxyOptions = {
  config: {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clusterCIDR: '10.128.0.0/9',
  },
  host: {
    nodeName: 'node-1',
    zone: 'zone-a',
    podPrefixes: [parsePrefix('10.128.1.0/24')],
    nodeIps: [parseIp('192.168.64.11')],
    interfaceIps: [parseIp('127.0.0.1'), parseIp('192.168.64.11'), parseIp('10.128.1.1')],
    features: { nfacct: true, randomFully: true, tcpBeLiberal: false, kubeletChains: false },
  },
}

export function benchService(number: number): Service {
  const clusterIP = `10.${96 + (number >>> 16)}.${(number >>> 8) & 255}.${number & 255}`
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: `ns-${number % 100}`, name: `service-${number}` },
    spec: {
      type: 'ClusterIP',
      clusterIP,
      clusterIPs: [clusterIP],
      ipFamilies: ['IPv4'],
      internalTrafficPolicy: 'Cluster',
      sessionAffinity: 'None',
      ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 8080 }],
    },
  }
}

/** @param moved the last endpoint's address is another one */
export function benchSlice(number: number, endpoints: number, moved = false): EndpointSlice {
  const addressOf = (i: number) => {
    const pod = number * endpoints + i + (moved && i === endpoints - 1 ? 5_000_000 : 0)
    return `10.${128 + (pod >>> 16)}.${(pod >>> 8) & 255}.${pod & 255}`
  }
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    addressType: 'IPv4',
    metadata: {
      namespace: `ns-${number % 100}`,
      name: `service-${number}-slice`,
      labels: { [SERVICE_NAME_LABEL]: `service-${number}` },
    },
    ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
    endpoints: Array.from({ length: endpoints }, (_, i) => ({
      addresses: [addressOf(i)],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName: `node-${i % 50}`,
      zone: 'zone-a',
    })),
  }
}
