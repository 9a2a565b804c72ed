/**
 * What a cluster has before anybody declares anything: namespaces, the `kubernetes` Service, and
 * nodes where the input brings none.
 *
 * @module
 */
import { addIp, type Family, formatIp, type Ip, parseIp } from '../base/ip.ts'
import { type EndpointSlice, SERVICE_NAME_LABEL } from '../objects/endpoint-slice.ts'
import type { Endpoints } from '../objects/endpoints.ts'
import type { KubeObject } from '../objects/meta.ts'
import type { Node, NodeAddress } from '../objects/node.ts'
import type { Service } from '../objects/service.ts'

/** @see Kubernetes pkg/controlplane/controller/systemnamespaces and defaultservicecidr */
export const SYSTEM_NAMESPACES: readonly string[] = ['default', 'kube-node-lease', 'kube-public', 'kube-system']

/** The version that nodes made here say they run. */
const KUBELET_VERSION = 'v1.37.1'

/** Where the nodes of a made-up cluster live; node-1 has the first of these. */
const FIRST_NODE: Readonly<Record<Family, Ip>> = { 4: parseIp('192.168.64.11'), 6: parseIp('fd00:64::11') }

/** The port at which the API server listens on its node. @see kubeadm's localAPIEndpoint.bindPort */
const API_SERVER_PORT = 6443

export function namespaceObject(name: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  } as KubeObject
}

export function defaultServiceAccount(namespace: string): KubeObject {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } }
}

/** The address that a node without one gets, by its place in the list of nodes (from 0). */
export function madeUpAddress(family: Family, index: number): Ip {
  // fd00:64::11 follows fd00:64::10 for the eye: the last group repeats the decimal digits where it can.
  if (family === 6 && index < 9989) return parseIp(`fd00:64::${index + 11}`)
  return addIp(FIRST_NODE[family], index)
}

/** `node-1` … `node-N`, each with 32 CPUs, 256 GiB and room for 110 pods. */
export function madeUpNodes(count: number, families: readonly Family[]): readonly Node[] {
  return Array.from({ length: count }, (_, index) => {
    const name = `node-${index + 1}`
    return {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name,
        labels: {
          'beta.kubernetes.io/arch': 'amd64',
          'beta.kubernetes.io/os': 'linux',
          'kubernetes.io/arch': 'amd64',
          'kubernetes.io/hostname': name,
          'kubernetes.io/os': 'linux',
        },
      },
      spec: {},
      status: {
        addresses: nodeAddresses(name, families, index),
        capacity: { cpu: '32', memory: '256Gi', pods: '110' },
        allocatable: { cpu: '32', memory: '256Gi', pods: '110' },
        nodeInfo: {
          architecture: 'amd64',
          containerRuntimeVersion: 'podwire',
          kernelVersion: 'podwire',
          kubeletVersion: KUBELET_VERSION,
          operatingSystem: 'linux',
          osImage: 'podwire',
        },
      },
    }
  })
}

/**
 * The node with what a running kubelet reports: an internal address of each family, and that it is ready.
 *
 * What the object already says is kept.
 */
export function reportedNode(node: Node, families: readonly Family[], index: number): Node {
  const given = node.status?.addresses ?? []
  const missing = families.filter(family => !given.some(one => one.type === 'InternalIP' && isOf(family, one)))
  // A node that says where it is keeps to the families that it says; only a silent one is placed.
  const silent = missing.length === families.length
  return {
    ...node,
    status: {
      ...node.status,
      addresses: silent ? [...nodeAddresses(node.metadata.name, families, index), ...given] : given,
      conditions: node.status?.conditions?.some(one => one.type === 'Ready')
        ? node.status.conditions
        : [
            ...(node.status?.conditions ?? []),
            { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' },
          ],
    },
  }
}

function isOf(family: Family, { address }: NodeAddress): boolean {
  return address.includes(':') === (family === 6)
}

function nodeAddresses(name: string, families: readonly Family[], index: number): readonly NodeAddress[] {
  return [
    ...families.map(family => ({ type: 'InternalIP' as const, address: formatIp(madeUpAddress(family, index)) })),
    { type: 'Hostname' as const, address: name },
  ]
}

/**
 * The Service through which pods reach the API server.
 *
 * @see Kubernetes pkg/controlplane/controller/kubernetesservice
 */
export function kubernetesService(clusterIp: Ip): Service {
  const ip = formatIp(clusterIp)
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: 'kubernetes',
      namespace: 'default',
      labels: { component: 'apiserver', provider: 'kubernetes' },
    },
    spec: {
      type: 'ClusterIP',
      clusterIP: ip,
      clusterIPs: [ip],
      ipFamilies: [ip.includes(':') ? 'IPv6' : 'IPv4'],
      ipFamilyPolicy: 'SingleStack',
      internalTrafficPolicy: 'Cluster',
      sessionAffinity: 'None',
      ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: API_SERVER_PORT }],
    },
    status: { loadBalancer: {} },
  }
}

/** The endpoints of {@link kubernetesService}: the API server keeps them itself. */
export function kubernetesEndpoints(apiServer: Ip): readonly [Endpoints, EndpointSlice] {
  const ip = formatIp(apiServer)
  const port = { name: 'https', port: API_SERVER_PORT, protocol: 'TCP' as const }
  return [
    {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: {
        name: 'kubernetes',
        namespace: 'default',
        labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' },
      },
      subsets: [{ addresses: [{ ip }], ports: [port] }],
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'kubernetes', namespace: 'default', labels: { [SERVICE_NAME_LABEL]: 'kubernetes' } },
      addressType: ip.includes(':') ? 'IPv6' : 'IPv4',
      endpoints: [{ addresses: [ip], conditions: { ready: true } }],
      ports: [port],
    },
  ]
}
