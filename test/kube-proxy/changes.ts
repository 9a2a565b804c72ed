/** Changes of a small cluster, at random: Services and slices that come, change and go. */
import fc from 'fast-check'
import type { Family } from '../../src/base/ip.ts'
import { removeService, removeSlice, type ServiceMap, setService, setSlice } from '../../src/kube-proxy/service-map.ts'
import type { Endpoint, EndpointSlice } from '../../src/objects/endpoint-slice.ts'
import type { Service } from '../../src/objects/service.ts'
import { endpoint, service, slice } from './objects.ts'

export interface World {
  readonly services: Map<string, Service>
  readonly slices: Map<string, EndpointSlice>
}

export type Step =
  | { readonly do: 'setService'; readonly service: Service }
  | { readonly do: 'removeService'; readonly service: Service }
  | { readonly do: 'setSlice'; readonly slice: EndpointSlice }
  | { readonly do: 'removeSlice'; readonly slice: EndpointSlice }

const NAMES = ['a', 'a-b', 'b', 'c'] as const
const anyName = fc.constantFrom(...NAMES)
const anyPolicy = fc.constantFrom('Cluster' as const, 'Local' as const)
const anySubset = <T>(...values: T[]) => fc.subarray(values)

const anyService = fc
  .record({
    name: anyName,
    namespace: fc.constantFrom('default', 'default-2'),
    type: fc.constantFrom('ClusterIP' as const, 'NodePort' as const, 'LoadBalancer' as const, 'ExternalName' as const),
    clusterIPs: fc.constantFrom(['10.96.0.1'], ['10.96.0.2', 'fd00:96::2'], ['fd00:96::3'], ['None']),
    internalTrafficPolicy: anyPolicy,
    externalTrafficPolicy: anyPolicy,
    sessionAffinity: fc.constantFrom('None' as const, 'ClientIP' as const),
    sessionAffinityConfig: fc.constantFrom({}, { clientIP: { timeoutSeconds: 60 } }),
    nodePorts: fc.boolean(),
    portNames: fc.constantFrom(['http'], ['http', 'dns'], ['dns']),
    externalIPs: anySubset('198.51.100.1', '2001:db8::1'),
    vips: anySubset('203.0.113.1', '203.0.113.2', '2001:db8:1::1'),
    loadBalancerSourceRanges: anySubset('192.168.0.0/16', '2001:db8::/32'),
  })
  .map(({ name, namespace, clusterIPs, portNames, nodePorts, vips, ...spec }) =>
    service(
      {
        ...spec,
        clusterIP: clusterIPs[0] ?? '',
        clusterIPs,
        ipFamilies: clusterIPs.map(ip => (ip.includes(':') ? 'IPv6' : 'IPv4')),
        healthCheckNodePort: 32000,
        ports: portNames.map((port, i) => ({
          name: port,
          protocol: port === 'dns' ? 'UDP' : 'TCP',
          port: 80 + i,
          ...(nodePorts && { nodePort: 30080 + i }),
        })),
      },
      { name, namespace, ingress: vips.map(ip => ({ ip })) },
    ),
  )

const anyEndpoint = fc.record({
  number: fc.integer({ min: 1, max: 4 }),
  node: fc.constantFrom('node-1', 'node-2'),
  state: fc.constantFrom('ready' as const, 'unready' as const, 'draining' as const, 'ending' as const),
  hints: fc.constantFrom({}, { forZones: [{ name: 'zone-a' }] }, { forNodes: [{ name: 'node-1' }] }),
})

const anySlice = fc
  .record({
    family: fc.constantFrom<Family>(4, 6),
    of: anyName,
    namespace: fc.constantFrom('default', 'default-2'),
    name: fc.constantFrom('slice-1', 'slice-2', 'slice-3'),
    endpoints: fc.array(anyEndpoint, { maxLength: 4 }),
    labels: fc.constantFrom({}, {}, {}, { 'service.kubernetes.io/headless': '' }),
  })
  .map(({ family, endpoints, ...more }) =>
    slice(
      endpoints.map(({ number, node, state, hints }): Endpoint => {
        return endpoint(family === 4 ? `10.244.1.${number}` : `fd00:10:244:1::${number}`, node, state, { hints })
      }),
      {
        ...more,
        addressType: family === 4 ? 'IPv4' : 'IPv6',
        ports: [
          { name: 'http', protocol: 'TCP', port: 8080 },
          { name: 'dns', protocol: 'UDP', port: 53 },
        ],
      },
    ),
  )

export const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: anyService.map((own): Step => ({ do: 'setService', service: own })) },
  { weight: 1, arbitrary: anyService.map((own): Step => ({ do: 'removeService', service: own })) },
  { weight: 4, arbitrary: anySlice.map((own): Step => ({ do: 'setSlice', slice: own })) },
  { weight: 1, arbitrary: anySlice.map((own): Step => ({ do: 'removeSlice', slice: own })) },
)

/** Takes the step in the proxy and in the world. */
export function take(step: Step, proxy: ServiceMap, world: World): void {
  const key = (object: Service | EndpointSlice) => `${object.metadata.namespace}/${object.metadata.name}`
  switch (step.do) {
    case 'setService':
      setService(proxy, step.service)
      world.services.set(key(step.service), step.service)
      break
    case 'removeService':
      removeService(proxy, step.service)
      world.services.delete(key(step.service))
      break
    case 'setSlice':
      setSlice(proxy, step.slice)
      world.slices.set(key(step.slice), step.slice)
      break
    case 'removeSlice':
      removeSlice(proxy, step.slice)
      world.slices.delete(key(step.slice))
      break
  }
}

/** The world as a proxy meets it that starts in it: not in the order of its making. */
export function informedOf<P extends ServiceMap>(proxy: P, { services, slices }: World): P {
  for (const own of [...slices.values()].reverse()) setSlice(proxy, own)
  for (const own of [...services.values()].reverse()) setService(proxy, own)
  return proxy
}
