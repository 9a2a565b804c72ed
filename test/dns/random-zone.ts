/** Zones and questions at random, for properties. */
import fc from 'fast-check'
import { parseName } from '../../src/dns/name.ts'
import { type DnsOptions, kubeadmOptions } from '../../src/dns/options.ts'
import type { DnsObjects } from '../../src/dns/zone.ts'
import type { EndpointSlice } from '../../src/objects/endpoint-slice.ts'
import type { Service, ServiceSpec } from '../../src/objects/service.ts'
import { type EndpointFacts, namespaceOf, podOf, port, serviceOf, sliceOf } from './objects.ts'

export const NAMESPACES = ['default', 'shop', 'Gone']
export const NAMES = ['web', 'db', 'api']

const PORTS = [port(80, 'http'), port(53, 'dns', 'UDP'), port(53, 'dns-tcp'), port(9090)]
const ADDRESSES = ['10.96.0.1', '10.96.0.2', 'fd00::1', 'fd00:96::']
const ENDPOINTS = ['10.244.0.5', '10.244.0.6', '10.244.1.7', 'fd00:244::5', 'fd00:244::6', '10.96.0.1']
const OUTSIDE = [
  'example.com',
  'web.shop.svc.cluster.local',
  'api.default.svc.cluster.local.',
  'x.web.shop.svc.cluster.local',
]

export const ports = fc.subarray(PORTS)

const specs: fc.Arbitrary<ServiceSpec> = fc.oneof(
  fc.constantFrom(...OUTSIDE).map(externalName => ({ type: 'ExternalName' as const, externalName })),
  ports.map(ports => ({ clusterIP: 'None', clusterIPs: ['None'], ports })),
  fc
    .tuple(fc.subarray(ADDRESSES, { minLength: 1, maxLength: 2 }), fc.subarray(PORTS, { minLength: 1 }))
    .map(([clusterIPs, ports]) => ({ clusterIPs, ports })),
)

const endpoints: fc.Arbitrary<EndpointFacts> = fc.record(
  {
    ip: fc.constantFrom(...ENDPOINTS),
    hostname: fc.constantFrom('a', 'b', 'db-0'),
    pod: fc.constantFrom('web-7x', 'x'.repeat(70)),
    ready: fc.boolean(),
  },
  { requiredKeys: ['ip'] },
)

/** A Service with its slices; either may be absent. */
export interface Drawn {
  readonly name: string
  readonly namespace: string
  readonly service: Service | undefined
  readonly slices: readonly EndpointSlice[]
}

export const drawn: fc.Arbitrary<Drawn> = fc
  .record({
    name: fc.constantFrom(...NAMES),
    namespace: fc.constantFrom(...NAMESPACES),
    spec: fc.option(specs, { nil: undefined }),
    groups: fc.array(fc.tuple(fc.array(endpoints, { maxLength: 3 }), ports), { maxLength: 2 }),
  })
  .map(({ name, namespace, spec, groups }) => {
    const key = `${namespace}/${name}`
    return {
      name,
      namespace,
      service: spec && serviceOf(key, spec),
      slices: groups.map(([endpoints, ports], i) => sliceOf(key, endpoints, ports, i)),
    }
  })

const keyOf = ({ name, namespace }: Drawn) => `${name}.${namespace}`

/** At most one of each name. */
export const cluster: fc.Arbitrary<readonly Drawn[]> = fc.uniqueArray(drawn, { selector: keyOf, maxLength: 6 })

export function objectsOf(all: readonly Drawn[], namespaces: readonly string[] = ['default', 'shop']): DnsObjects {
  return {
    namespaces: namespaces.map(namespaceOf),
    services: all.flatMap(one => one.service ?? []),
    slices: all.flatMap(one => one.slices),
    pods: [podOf('shop/p', '10.244.0.5', 'fd00:244::5'), podOf('default/q', '10.244.0.5')],
  }
}

const reverse = parseName('in-addr.arpa')

export const options: fc.Arbitrary<DnsOptions> = fc
  .record({
    pods: fc.constantFrom('disabled' as const, 'insecure' as const, 'verified' as const),
    ttl: fc.constantFrom(0, 5, 30, 3600),
    endpointPodNames: fc.boolean(),
    ignoreEmptyServices: fc.boolean(),
    noEndpoints: fc.boolean(),
    namespaces: fc.constantFrom([], ['shop']),
    fallthrough: fc.constantFrom([], [reverse], [[]]),
    servers: fc.constantFrom([], ['10.244.0.5'], ['192.0.2.1', 'fd00::53']),
  })
  .map(drawn => ({ ...kubeadmOptions(), ...drawn }))

const label = fc.constantFrom(
  ...['web', 'db', 'api', 'nope', 'a', 'db-0', 'web-7x', '10-244-0-5', 'fd00-244--5', '10-244-9-9', '_http', '_tcp'],
  ...['_dns', '_udp', 'http', 'tcp', '_', '*', 'default', 'shop', 'gone', 'svc', 'pod', 'dns', 'ns', 'dns-version'],
  ...['www', 'com', 'hostmaster', 'a.b', 'é', '\0', '5', '0', '244', '10', '96', '1'],
)
const kinds = fc.constantFrom(['svc'], ['svc'], ['svc'], ['pod'], ['dns'], [])
const wellFormed = fc
  .tuple(
    fc.constantFrom(
      [],
      ['a'],
      ['db-0'],
      ['10-244-0-5'],
      ['fd00-244--5'],
      ['_http', '_tcp'],
      ['_dns', '_udp'],
      ['_', '_tcp'],
    ),
    fc.constantFrom(...NAMES, '10-244-0-5', 'nope'),
    fc.constantFrom(...NAMESPACES, 'default', 'shop', 'nope'),
    kinds,
  )
  .map(([left, name, namespace, kind]) => [...left, name, namespace, ...kind, 'cluster', 'local'])
const anything = fc
  .tuple(
    fc.array(label, { maxLength: 6 }),
    kinds,
    fc.constantFrom(['cluster', 'local'], ['local'], ['in-addr', 'arpa']),
  )
  .map(parts => parts.flat())
const reversed = fc
  .constantFrom(
    ...['5.0.244.10.in-addr.arpa', '1.0.96.10.in-addr.arpa', '7.1.244.10.in-addr.arpa', '9.9.9.9.in-addr.arpa'],
    '5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.4.4.2.0.0.0.d.f.ip6.arpa',
    'x.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa',
    ...['244.10.in-addr.arpa', 'in-addr.arpa'],
  )
  .map(text => [...parseName(text)])

/** Names in any case. */
export const names = fc
  .tuple(
    fc.oneof({ weight: 4, arbitrary: wellFormed }, anything, reversed),
    fc.constantFrom('lower', 'lower', 'upper', 'some'),
  )
  .map(([name, as]) => {
    if (as === 'lower') return name
    return name.map((label, i) =>
      as === 'upper' || i % 2 === 0 ? label.replace(/[a-z]/g, one => one.toUpperCase()) : label,
    )
  })

export const types = fc.constantFrom(1, 1, 28, 33, 33, 12, 16, 5, 6, 2, 15, 65, 255, 999, 252)
