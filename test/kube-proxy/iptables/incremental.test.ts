/** Changes one by one lead where a fresh start with the last state leads. */
import { deepEqual, equal } from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { FAMILIES, type Family } from '../../../src/base/ip.ts'
import {
  createProxy,
  currentRuleset,
  type KubeProxy,
  type PartialSync,
  syncChanged,
  syncFull,
} from '../../../src/kube-proxy/iptables/proxy.ts'
import { removeService, removeSlice, setService, setSlice } from '../../../src/kube-proxy/service-map.ts'
import { formatRestore, formatRule, formatSave } from '../../../src/netfilter/format.ts'
import type { Ruleset } from '../../../src/netfilter/rule.ts'
import type { Endpoint, EndpointSlice } from '../../../src/objects/endpoint-slice.ts'
import type { Service } from '../../../src/objects/service.ts'
import { configuration, endpoint, host, service, slice } from '../objects.ts'

const OPTIONS = { config: configuration(), host: host({}, { nfacct: true }) }

/** Chains by table and name, each a list of rules as text: as much of a kernel as restore needs. */
class Kernel {
  readonly chains = new Map<string, string[]>()
  readonly family: Family

  constructor({ family, tables }: Ruleset) {
    this.family = family
    for (const table of tables.values()) {
      for (const { name, rules } of table.chains.values()) {
        this.chains.set(
          `${table.name} ${name}`,
          rules.map(rule => formatRule(name, rule, family, 'save')),
        )
      }
    }
  }

  apply({ chains, edits, stale }: PartialSync): void {
    for (const { name, rules } of chains) {
      this.chains.set(
        `nat ${name}`,
        rules.map(rule => formatRule(name, rule, this.family, 'save')),
      )
    }
    for (const { table, chain, at, remove, insert } of edits) {
      const rules = insert.map(rule => formatRule(chain, rule, this.family, 'save'))
      this.chains.get(`${table} ${chain}`)?.splice(at - 1, remove, ...rules)
    }
    for (const name of stale) this.chains.delete(`nat ${name}`)
  }

  sorted(): [string, string[]][] {
    return [...this.chains].sort(([a], [b]) => (a < b ? -1 : 1))
  }
}

interface World {
  readonly services: Map<string, Service>
  readonly slices: Map<string, EndpointSlice>
}

type Step =
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

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: anyService.map((own): Step => ({ do: 'setService', service: own })) },
  { weight: 1, arbitrary: anyService.map((own): Step => ({ do: 'removeService', service: own })) },
  { weight: 4, arbitrary: anySlice.map((own): Step => ({ do: 'setSlice', slice: own })) },
  { weight: 1, arbitrary: anySlice.map((own): Step => ({ do: 'removeSlice', slice: own })) },
)

function take(step: Step, proxy: KubeProxy, world: World): void {
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

function freshRuleset({ services, slices }: World, family: Family): Ruleset {
  const proxy = createProxy(OPTIONS)
  // Not in the order of their making.
  for (const own of [...slices.values()].reverse()) setSlice(proxy, own)
  for (const own of [...services.values()].reverse()) setService(proxy, own)
  return syncFull(proxy, family)
}

t.test('changes one by one, or several at once, end in the rules that a fresh start makes', async t => {
  let applied = 0
  fc.assert(
    fc.property(fc.array(fc.array(anyStep, { minLength: 1, maxLength: 3 }), { maxLength: 12 }), rounds => {
      const proxy = createProxy(OPTIONS)
      const world: World = { services: new Map(), slices: new Map() }
      const kernels = FAMILIES.map(family => new Kernel(syncFull(proxy, family)))
      for (const steps of rounds) {
        for (const step of steps) take(step, proxy, world)
        for (const kernel of kernels) {
          const { family } = kernel
          const sync = syncChanged(proxy, family)
          applied += sync.edits.length + sync.chains.length + sync.stale.length
          kernel.apply(sync)
          const fresh = freshRuleset(world, family)
          equal(formatRestore(currentRuleset(proxy, family)), formatRestore(fresh))
          deepEqual(kernel.sorted(), new Kernel(fresh).sorted())
        }
      }
    }),
    { numRuns: 500 },
  )
  t.ok(applied > 500, 'the runs had much to do')
})

t.test('a ruleset that was handed out stays as it was', async t => {
  const proxy = createProxy(OPTIONS)
  setService(proxy, service())
  setSlice(proxy, slice([endpoint('10.244.1.2')]))
  const before = syncFull(proxy, 4)
  const text = formatSave(before)
  setSlice(proxy, slice([endpoint('10.244.1.3')]))
  syncChanged(proxy, 4)
  t.equal(formatSave(before), text)
  t.not(formatSave(currentRuleset(proxy, 4)), text)
})

t.test('changes need a full sync before them', async t => {
  t.throws(() => syncChanged(createProxy(OPTIONS), 4), RangeError)
})

t.test('no change, nothing to do', async t => {
  const proxy = createProxy(OPTIONS)
  setService(proxy, service())
  const ruleset = syncFull(proxy, 4)
  t.strictSame(syncChanged(proxy, 4), { family: 4, chains: [], edits: [], stale: [] })
  t.equal(currentRuleset(proxy, 4), ruleset, 'the very same value')
})
