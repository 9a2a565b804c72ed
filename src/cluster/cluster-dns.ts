/**
 * The cluster's own DNS: which programs answer at its address, and what kubeadm would put there where nobody has.
 *
 * @module
 */
import { findIp, formatIp, type Ip } from '../base/ip.ts'
import { type Protocol, protocolOf } from '../base/protocol.ts'
import { dnsService, type KubeletSettings, kubeletSettings } from '../kubelet/settings.ts'
import { admit, type Typed } from '../objects/admission.ts'
import type { Configuration } from '../objects/configuration.ts'
import { type EndpointSlice, SERVICE_NAME_LABEL } from '../objects/endpoint-slice.ts'
import { type KubeObject, keyOf } from '../objects/meta.ts'
import type { Service } from '../objects/service.ts'
import { admitObject } from './admission.ts'
import type { Cluster } from './cluster.ts'
import { settle } from './settle.ts'

/** Where a program behind the cluster's DNS address listens. */
export interface NameServerPort {
  readonly address: Ip
  readonly protocol: Protocol
  readonly port: number
}

/** The port of DNS at a Service. */
const DNS_PORT = 53
/** What kubeadm names a Service's ports of DNS. */
const DNS_PORT_NAMES = new Set(['dns', 'dns-tcp'])

/**
 * The Services at which kubelets let pods ask for names: that which is known by its name, and those that have one of the
 * addresses and a port of DNS.
 */
export function dnsServices(cluster: Cluster, configurations: readonly Configuration[]): readonly Service[] {
  const services = cluster.store.list('Service')
  const asked = new Set(settingsOf(cluster, configurations).clusterDns.map(formatIp))
  const usual = dnsService(services)
  const isAsked = (service: Service) => addressesOf(service).some(text => asked.has(text))
  return services.filter(service => service === usual || (isAsked(service) && dnsPortNames(service).size > 0))
}

/** Where the endpoints of those Services listen for DNS, each once; of pods that are not ready, too. */
export function nameServerPorts(cluster: Cluster, configurations: readonly Configuration[]): readonly NameServerPort[] {
  const found = new Map<string, NameServerPort>()
  for (const service of dnsServices(cluster, configurations)) {
    for (const one of endpointPorts(service, cluster)) {
      found.set(`${one.protocol} ${one.port} ${formatIp(one.address)}`, one)
    }
  }
  return [...found.values()]
}

function endpointPorts(service: Service, { store }: Cluster): readonly NameServerPort[] {
  const { name, namespace = '' } = service.metadata
  const names = dnsPortNames(service)
  return store
    .list('EndpointSlice', { namespace })
    .filter(({ metadata }) => metadata.labels?.[SERVICE_NAME_LABEL] === name)
    .flatMap(slice => slicePorts(slice, names))
}

/** As slices have them, too. */
function dnsPortNames({ spec }: Service): ReadonlySet<string> {
  const ports = (spec.ports ?? []).filter(({ port, name = '' }) => port === DNS_PORT || DNS_PORT_NAMES.has(name))
  return new Set(ports.map(({ name = '' }) => name))
}

function slicePorts({ endpoints, ports }: EndpointSlice, names: ReadonlySet<string>): readonly NameServerPort[] {
  const addresses = (endpoints ?? []).flatMap(one => one.addresses).flatMap(text => findIp(text) ?? [])
  return (ports ?? []).flatMap(({ name, port, protocol = 'TCP' }) =>
    port && names.has(name ?? '') ? addresses.map(address => ({ address, protocol: protocolOf(protocol), port })) : [],
  )
}

/** The cluster's DNS, and why it may not answer. */
export interface ClusterDns {
  /** What was added to the cluster: `Service kube-system/kube-dns at 10.96.0.10`. */
  readonly added: readonly string[]
  /** Why names are not found, or not where one would expect it. */
  readonly remarks: readonly string[]
}

/**
 * Gives a settled cluster the DNS that kubeadm would have given it before anything else, unless it has one. It settles
 * again; pods that were there keep their places and addresses.
 */
export function addClusterDns(cluster: Cluster, configurations: readonly Configuration[]): ClusterDns {
  if (dnsServices(cluster, configurations).length > 0) return { added: [], remarks: [] }
  const { clusterDns, dnsFrom } = settingsOf(cluster, configurations)
  const [wanted] = clusterDns
  const [deployment, fixed] = [accepted(COREDNS), accepted(kubeDns(wanted))]
  const refused = admitObject(fixed, cluster)
  if (refused && dnsFrom === 'configuration') {
    return {
      added: [],
      remarks: [`kubelets send pods to ${wanted && formatIp(wanted)} for names, which no Service can have`],
    }
  }
  if (refused) {
    const other = admitObject(accepted(kubeDns()), cluster)
    if (other) return { added: [], remarks: [`there is no cluster DNS: ${other.message}`] }
  }
  const { kind, metadata } = deployment
  const isNew = cluster.store.find(kind, metadata.namespace, metadata.name) === undefined
  if (isNew) admitObject(deployment, cluster)
  settle(cluster)
  const at = dnsService(cluster.store.list('Service'))?.spec.clusterIP ?? ''
  return {
    added: [`Service ${keyOf(fixed.metadata)} at ${at}`, ...(isNew ? [`Deployment ${keyOf(metadata)}`] : [])],
    remarks: refused && wanted ? [`${formatIp(wanted)}, where kubeadm puts it, is taken`] : [],
  }
}

function settingsOf({ store, settings }: Cluster, configurations: readonly Configuration[]): KubeletSettings {
  return kubeletSettings(configurations, store.list('Service'), settings.serviceCidrs)
}

function addressesOf({ spec: { clusterIP, clusterIPs = [] } }: Service): readonly string[] {
  return [clusterIP ?? '', ...clusterIPs].flatMap(text => {
    const ip = findIp(text)
    return ip === undefined ? [] : [formatIp(ip)]
  })
}

const LABELS = { 'k8s-app': 'kube-dns' }

/**
 * The Service as kubeadm writes it.
 *
 * @param address absent: any of the cluster's
 * @see cmd/kubeadm/app/phases/addons/dns/manifests.go of Kubernetes: CoreDNSService
 */
export function kubeDns(address?: Ip): Typed {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: 'kube-dns',
      namespace: 'kube-system',
      annotations: { 'prometheus.io/port': '9153', 'prometheus.io/scrape': 'true' },
      labels: { ...LABELS, 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' },
    },
    spec: {
      ...(address === undefined ? {} : { clusterIP: formatIp(address) }),
      ports: [
        { name: 'dns', port: DNS_PORT, protocol: 'UDP', targetPort: 53 },
        { name: 'dns-tcp', port: DNS_PORT, protocol: 'TCP', targetPort: 53 },
        { name: 'metrics', port: 9153, protocol: 'TCP', targetPort: 9153 },
      ],
      selector: LABELS,
    },
  }
}

/**
 * The Deployment as kubeadm writes it, as far as places and ports go. It asks for no share of a node and for no label of
 * its system, so that any node can have it, and for no priority: it takes no other pod's place.
 *
 * @see cmd/kubeadm/app/phases/addons/dns/manifests.go of Kubernetes: CoreDNSDeployment
 */
export const COREDNS: Typed = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'coredns', namespace: 'kube-system', labels: LABELS },
  spec: {
    replicas: 2,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } },
    selector: { matchLabels: LABELS },
    template: {
      metadata: { labels: LABELS },
      spec: {
        serviceAccountName: 'coredns',
        affinity: {
          podAntiAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              {
                weight: 100,
                podAffinityTerm: {
                  labelSelector: { matchExpressions: [{ key: 'k8s-app', operator: 'In', values: ['kube-dns'] }] },
                  topologyKey: 'kubernetes.io/hostname',
                },
              },
            ],
          },
        },
        tolerations: [
          { key: 'CriticalAddonsOnly', operator: 'Exists' },
          { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' },
        ],
        containers: [
          {
            name: 'coredns',
            image: 'registry.k8s.io/coredns/coredns:v1.15.0',
            imagePullPolicy: 'IfNotPresent',
            args: ['-conf', '/etc/coredns/Corefile'],
            ports: [
              { containerPort: 53, name: 'dns', protocol: 'UDP' },
              { containerPort: 53, name: 'dns-tcp', protocol: 'TCP' },
              { containerPort: 9153, name: 'metrics', protocol: 'TCP' },
              { containerPort: 8080, name: 'liveness-probe', protocol: 'TCP' },
              { containerPort: 8181, name: 'readiness-probe', protocol: 'TCP' },
            ],
            livenessProbe: { httpGet: { path: '/health', port: 'liveness-probe', scheme: 'HTTP' } },
            readinessProbe: { httpGet: { path: '/ready', port: 'readiness-probe', scheme: 'HTTP' } },
          },
        ],
        dnsPolicy: 'Default',
      },
    },
  },
}

/** As the API server takes it, with its defaults. */
function accepted(object: Typed): KubeObject {
  const admission = admit(object)
  if (admission.verdict !== 'accepted')
    throw new RangeError(`${object.kind} of the cluster DNS is ${admission.verdict}`)
  return admission.object
}
