/**
 * Services drawn at random, of all kinds.
 *
 * @module
 */
import type { Family } from '../base/ip.ts'
import type { ServiceProtocol } from '../base/protocol.ts'
import type { Random } from '../base/random.ts'
import { SERVICE_NAME_LABEL } from '../objects/endpoint-slice.ts'
import type { Plain } from '../objects/plain.ts'
import { between, happens, pick, pickWeighted, sample } from './dice.ts'
import type { Ground } from './random-ground.ts'
import type { App, DrawnPod, DrawnPort } from './random-pods.ts'

/** Where what is not in the cluster lives: `outside` has all of it, and balancers their own. */
const OUTSIDE: Readonly<Record<Family, (n: number) => string>> = {
  4: n => `198.51.100.${n}`,
  6: n => `2001:db8:64::${n}`,
}
const BALANCERS: Readonly<Record<Family, (n: number) => string>> = {
  4: n => `203.0.113.${n}`,
  6: n => `2001:db8:113::${n}`,
}

/** The network of clients that source ranges let in, and one that they leave out. */
const RANGES: Readonly<Record<Family, readonly string[]>> = {
  4: ['198.51.100.0/25', '10.244.1.0/24'],
  6: ['2001:db8:64::/64'],
}

const KINDS = { ClusterIP: 5, headless: 1, NodePort: 4, LoadBalancer: 5, 'by hand': 2.5, 'without endpoints': 3 }

export function drawServices(random: Random, ground: Ground, pods: readonly DrawnPod[]): readonly Plain[] {
  const apps = [...new Set(pods.map(({ app }) => app))]
  return Array.from({ length: between(random, 2, 6) }, (_, i) =>
    drawService(random, { ground, pods, n: i + 1, app: pick(random, apps) }),
  ).flat()
}

interface Setting {
  readonly ground: Ground
  readonly pods: readonly DrawnPod[]
  /** Which Service it is, from 1. */
  readonly n: number
  readonly app: App
}

function drawService(random: Random, setting: Setting): readonly Plain[] {
  const { n, app, ground } = setting
  const kind = pickWeighted(random, KINDS)
  const name = `${kind === 'by hand' ? 'hand' : app.name}-${n}`
  const type = kind in { NodePort: 0, LoadBalancer: 0, ClusterIP: 0 } ? kind : drawType(random, kind)
  const wanted = drawPorts(random, app)
  const ports = wanted.map((port, i) => servicePort(random, port, { type, i, n, many: wanted.length > 1 }))
  const families = drawFamilies(random, ground.families)
  const own = families.length > 0 ? families : ground.families.slice(0, 1)
  const { metadata, spec: wishes } = drawWishes(random, type, setting, own)
  const selector = kind === 'by hand' ? {} : { selector: { app: kind === 'without endpoints' ? 'nobody' : app.name } }
  const service: Plain = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default', ...metadata },
    spec: {
      ...(kind === 'headless' ? { clusterIP: 'None' } : {}),
      type,
      ...selector,
      ...(families.length === 0 ? {} : familyFields(families)),
      ...(kind === 'headless' ? {} : wishes),
      ports,
    },
    ...(type === 'LoadBalancer' ? { status: { loadBalancer: { ingress: drawIngress(random, own, n) } } } : {}),
  }
  const slices = kind === 'by hand' ? own.flatMap(family => drawSlice(random, { ...setting, name, family, ports })) : []
  return [service, ...slices]
}

function drawType(random: Random, kind: string): string {
  return kind === 'headless' ? 'ClusterIP' : pickWeighted(random, { ClusterIP: 2, NodePort: 1, LoadBalancer: 1 })
}

/** Families that it asks for; none: those that it gets. */
function drawFamilies(random: Random, families: readonly Family[]): readonly Family[] {
  const wish = pickWeighted(random, { none: 2, all: 5, one: 1 })
  if (families.length === 1 || wish === 'none') return []
  return wish === 'all' ? families : [pick(random, families)]
}

function familyFields(families: readonly Family[]): Plain {
  return {
    ipFamilyPolicy: families.length > 1 ? 'RequireDualStack' : 'SingleStack',
    ipFamilies: families.map(family => `IPv${family}`),
  }
}

function drawPorts(random: Random, app: App): readonly DrawnPort[] {
  return happens(random, 0.6) ? app.ports : sample(random, app.ports, 1)
}

interface PortPlace {
  readonly type: string
  readonly i: number
  readonly n: number
  readonly many: boolean
}

const USUAL_PORT = { TCP: 80, UDP: 5000, SCTP: 2905 } as const

interface DrawnServicePort extends Plain {
  readonly name?: string
  readonly protocol: ServiceProtocol
}

function servicePort(
  random: Random,
  { name, protocol, port }: DrawnPort,
  { type, i, n, many }: PortPlace,
): DrawnServicePort {
  const byName = happens(random, 0.5)
  const chosen = happens(random, 0.5)
  return {
    ...(many || byName ? { name } : {}),
    protocol,
    // One number, two protocols: as DNS has it.
    port: port < 1024 ? port : USUAL_PORT[protocol] + i,
    targetPort: byName ? name : port,
    ...(type !== 'ClusterIP' && chosen ? { nodePort: 30_000 + n * 10 + i } : {}),
  }
}

/** What a Service may ask for beside its ports. */
function drawWishes(
  random: Random,
  type: string,
  { n, ground }: Setting,
  families: readonly Family[],
): { readonly metadata: Plain; readonly spec: Plain } {
  const wants = (probability: number) => happens(random, probability)
  const external = wants(0.2) ? drawExternal(random, ground, families, n) : undefined
  const balanced = type === 'LoadBalancer'
  const outward = type !== 'ClusterIP' || external !== undefined
  const nearby = pickWeighted(random, { no: 8, PreferSameZone: 1, PreferSameNode: 1, PreferClose: 0.5, Auto: 1 })
  return {
    metadata: nearby === 'Auto' ? { annotations: { 'service.kubernetes.io/topology-mode': 'Auto' } } : {},
    spec: {
      ...(wants(0.25)
        ? { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 10800 } } }
        : {}),
      ...(wants(0.15) ? { internalTrafficPolicy: 'Local' } : {}),
      ...(wants(0.4) && outward ? { externalTrafficPolicy: 'Local' } : {}),
      ...(wants(0.2) ? { publishNotReadyAddresses: true } : {}),
      ...(external ? { externalIPs: external } : {}),
      ...(wants(0.25) && balanced ? { loadBalancerSourceRanges: families.flatMap(family => RANGES[family]) } : {}),
      ...(wants(0.15) && balanced ? { allocateLoadBalancerNodePorts: false } : {}),
      ...(nearby === 'no' || nearby === 'Auto' ? {} : { trafficDistribution: nearby }),
    },
  }
}

/** Addresses that are led in from outside, or those of a node. */
function drawExternal(random: Random, { nodes }: Ground, families: readonly Family[], n: number): readonly string[] {
  const own = happens(random, 0.25)
  const node = pick(random, nodes)
  return families.flatMap(family => (own ? (node.addresses[family] ?? []) : BALANCERS[family](50 + n)))
}

function drawIngress(random: Random, families: readonly Family[], n: number): readonly Plain[] {
  const mode = pickWeighted(random, { none: 3, VIP: 3, Proxy: 1 })
  return families.map(family => ({ ip: BALANCERS[family](n), ...(mode === 'none' ? {} : { ipMode: mode }) }))
}

interface SliceSetting extends Setting {
  readonly name: string
  readonly family: Family
  readonly ports: readonly DrawnServicePort[]
}

/** Endpoints that nobody's labels made: pods, nodes, machines outside. None at all now and then. */
function drawSlice(random: Random, { ground, pods, n, name, family, ports }: SliceSetting): readonly Plain[] {
  if (happens(random, 0.1)) return []
  const inside = sample(random, pods, between(random, 0, 2)).map(({ addresses, node }) => ({
    address: addresses[family],
    node: node.name,
  }))
  const hosts = happens(random, 0.4) ? sample(random, ground.nodes, 1) : []
  const outside = happens(random, 0.5) ? [{ address: OUTSIDE[family](200 + n), node: undefined }] : []
  const places = [...inside, ...hosts.map(node => ({ address: node.addresses[family], node: node.name })), ...outside]
  const endpoints = new Map(places.map(place => [place.address, place]))
  return [
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: `${name}-ipv${family}`,
        namespace: 'default',
        labels: { [SERVICE_NAME_LABEL]: name },
      },
      addressType: `IPv${family}`,
      ports: ports.map(({ name: port = '', protocol }, i) => ({ name: port, protocol, port: 9300 + n * 10 + i })),
      endpoints: [...endpoints.values()].map(({ address, node }) => ({
        addresses: [address],
        ...(node === undefined ? {} : { nodeName: node }),
        conditions: drawConditions(random),
      })),
    },
  ]
}

function drawConditions(random: Random): Plain {
  const state = pickWeighted(random, { ready: 8, 'not ready': 1, draining: 1 })
  return {
    ready: state === 'ready',
    serving: state !== 'not ready',
    terminating: state === 'draining',
  }
}
