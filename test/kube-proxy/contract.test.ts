/**
 * One contract for all of kube-proxy's modes: for the same objects they name the same endpoints at every entry of every service
 * port, whoever asks, but for the differences that a table here names. What a mode names is read from its rules, maps and
 * virtual servers, not from what makes them.
 */
import { existsSync } from 'node:fs'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import {
  addIp,
  equalIp,
  FAMILIES,
  type Family,
  familyOf,
  formatIp,
  type Ip,
  isLinkLocal,
  isLoopback,
  parseIp,
} from '../../src/base/ip.ts'
import { protocolOf } from '../../src/base/protocol.ts'
import { formatEndpoint } from '../../src/kube-proxy/endpoint.ts'
import { createProxy, syncFull as syncIptables } from '../../src/kube-proxy/iptables/proxy.ts'
import { createIpvsProxy, syncFull as syncIpvs } from '../../src/kube-proxy/ipvs/proxy.ts'
import { contrastsOf, instancesOf, type ModePair } from '../../src/kube-proxy/modes/comparison.ts'
import { allPlaces, nodeViewOf, type Place, type PortView, portViewsOf } from '../../src/kube-proxy/modes/view.ts'
import { createNftProxy, syncFull as syncNftables } from '../../src/kube-proxy/nftables/proxy.ts'
import { RELEASES } from '../../src/kube-proxy/release.ts'
import { createServiceMap, type ServiceMap, setService, setSlice } from '../../src/kube-proxy/service-map.ts'
import type { ProxyMode, ProxyOptions } from '../../src/kube-proxy/settings.ts'
import { anyStep, informedOf, take, type World } from './changes.ts'
import type { Answer, Arrival, Sender } from './contract-arrival.ts'
import { iptablesAnswer } from './contract-iptables.ts'
import { ipvsAnswer } from './contract-ipvs.ts'
import { nftablesAnswer } from './contract-nftables.ts'
import { configuration, endpoint, host, loadBalancerService, slice } from './objects.ts'
import { informed, oracleCases } from './oracle-case.ts'

const PAIRS: readonly ModePair[] = [
  ['iptables', 'nftables'],
  ['iptables', 'ipvs'],
  ['nftables', 'ipvs'],
]

/** Who meets other endpoints in which mode, by the code of the difference that tells of it. */
interface Exception {
  readonly code: string
  readonly modes: readonly ProxyMode[]
  readonly source: string
  readonly concerns: (view: PortView, place: Place, arrival: Arrival) => boolean
}

const isExternal = (place: Place) => place.entry !== 'ClusterIP'
/** Without a way to tell pods from others, they count as outside. */
const isInside = ({ at }: PortView, { from }: Arrival) =>
  from.name === 'node' || (from.name === 'pod' && at.modes.iptables.detector !== undefined)
const isElsewhere = ({ verdict, categories }: PortView) => verdict.anywhere && categories.local.length === 0

const EXCEPTIONS: readonly Exception[] = [
  {
    code: 'external-local-none-here',
    modes: ['ipvs'],
    source: 'k/k#97081',
    concerns: (view, place, arrival) =>
      isExternal(place) && view.port.externalLocal && isElsewhere(view) && !isInside(view, arrival),
  },
  {
    code: 'external-local-own-traffic',
    modes: ['ipvs'],
    source: 'k/k#93456',
    concerns: (view, place, arrival) =>
      isExternal(place) && view.port.externalLocal && view.categories.local.length > 0 && isInside(view, arrival),
  },
  {
    code: 'external-local-own-packets-checked-early',
    modes: ['nftables'],
    source: 'k/k#132456',
    concerns: (view, place, { from }) =>
      place.ip !== undefined && view.port.externalLocal && isElsewhere(view) && from.name === 'node',
  },
  {
    code: 'internal-local-none-here',
    modes: ['ipvs'],
    source: 'k/k#97081',
    concerns: (view, place) => !isExternal(place) && view.port.internalLocal && isElsewhere(view),
  },
  {
    code: 'node-port-localhost',
    modes: ['iptables'],
    source: 'KEP-6032; node addresses of IPVS are without loopback',
    concerns: (_, place, { to }) => place.entry === 'NodePort' && isLoopback(to),
  },
  {
    code: 'node-port-addresses',
    modes: ['nftables'],
    source: 'k/k#123105',
    concerns: ({ at }, place, { to }) => {
      const { at: answering } = at.modes.nftables.nodePortAddresses
      return place.entry === 'NodePort' && answering !== 'any' && !answering.some(ip => equalIp(ip, to))
    },
  },
  {
    code: 'node-port-addresses',
    modes: ['ipvs'],
    source: 'pkg/proxy/ipvs/netlink_linux.go: isValidForSet',
    concerns: (_, place, { to }) => place.entry === 'NodePort' && isLinkLocal(to),
  },
]

/** Every link of a node has such an address. */
const LINK_LOCAL = parseIp('fe80::1')

/** The codes of exceptions that some case needed. */
const met = new Set<string>()

interface Case {
  readonly options: ProxyOptions
  readonly tell: <P extends ServiceMap>(proxy: P) => P
}

function answersOf({ options, tell }: Case, family: Family): Readonly<Record<ProxyMode, Answer>> {
  return {
    iptables: iptablesAnswer(syncIptables(tell(createProxy(options)), family)),
    nftables: nftablesAnswer(syncNftables(tell(createNftProxy(options)), family)),
    ipvs: ipvsAnswer(syncIpvs(tell(createIpvsProxy(options)), family)),
  }
}

/** A pod of the node without endpoints, the node itself, somebody outside. */
function sendersOf(
  { config, host: { podPrefixes, nodeIps } }: ProxyOptions,
  family: Family,
  to: Ip,
): readonly Sender[] {
  const pods = podPrefixes.find(prefix => prefix.family === family)
  const nodeIp = nodeIps.find(ip => familyOf(ip) === family)
  const { bridgeInterface, interfaceNamePrefix = '' } = config.detectLocal ?? {}
  if (isLoopback(to)) return [{ name: 'node', ip: to }]
  return [
    ...(pods
      ? [{ name: 'pod', ip: addIp(pods.base, 250), device: bridgeInterface ?? `${interfaceNamePrefix}1` } as const]
      : []),
    ...(nodeIp === undefined ? [] : [{ name: 'node', ip: nodeIp } as const]),
    { name: 'outside', ip: parseIp(family === 4 ? '198.51.100.252' : '2001:db8:ffff::1'), device: 'eth0' },
  ]
}

/** Somebody who is within the source ranges. */
function admittedBy({ port }: PortView, { entry }: Place): readonly Sender[] {
  const [range] = entry === 'LoadBalancer' ? port.sourceRanges : []
  return range ? [{ name: 'outside', ip: addIp(range.base, 1), device: 'eth0' }] : []
}

/** A port of a Service met at one address. */
interface Encounter {
  readonly view: PortView
  readonly place: Place
  readonly arrival: Arrival
}

/** Without those addresses and ports that several Services want: which of them has it, Kubernetes leaves to chance. */
function encountersOf(own: Case, views: readonly PortView[], family: Family): readonly Encounter[] {
  const claims = new Map<string, number>()
  const found: (Encounter & { readonly socket: string })[] = []
  for (const view of views) {
    const { ownIps } = view.at
    for (const place of allPlaces(view)) {
      for (const to of place.ip === undefined ? ownIps : [place.ip]) {
        const socket = `${view.port.protocol} ${formatEndpoint(to, place.port)}`
        claims.set(socket, (claims.get(socket) ?? 0) + 1)
        for (const from of [...sendersOf(own.options, family, to), ...admittedBy(view, place)]) {
          const protocol = protocolOf(view.port.protocol)
          found.push({ view, place, socket, arrival: { from, protocol, to, port: place.port, own: ownIps } })
        }
      }
    }
  }
  return found.filter(({ socket }) => claims.get(socket) === 1)
}

const spotOf = (name: string, { entry, ip, port }: Place) =>
  `${name} ${entry} ${ip === undefined ? port : formatEndpoint(ip, port)}`

/** What breaks the contract, a line each. */
function breaches({ options, tell }: Case): readonly string[] {
  const { host: machine } = options
  const own = {
    options: { ...options, host: { ...machine, interfaceIps: [...machine.interfaceIps, LINK_LOCAL] } },
    tell,
  }
  return FAMILIES.flatMap(family => {
    const at = nodeViewOf(own.options, family)
    const map = own.tell(createServiceMap())
    const answers = answersOf(own, family)
    const encounters = encountersOf(own, [...portViewsOf(at, map)], family)
    return PAIRS.flatMap(pair => {
      const told = new Map<string, boolean>()
      for (const { contrast, port, places } of instancesOf(at, map, contrastsOf(at, pair))) {
        for (const place of places) told.set(`${contrast.difference.code} ${spotOf(port.name, place)}`, false)
      }
      const unexplained = encounters.flatMap(encounter => unexplainedIn(encounter, pair, answers, told))
      return [...unexplained, ...idleIn(encounters, pair, told)]
    })
  })
}

/** Where the modes name different endpoints, and nothing says why; notes what was told of in `told`. */
function unexplainedIn(
  { view, place, arrival }: Encounter,
  pair: ModePair,
  answers: Readonly<Record<ProxyMode, Answer>>,
  told: Map<string, boolean>,
): readonly string[] {
  const [a, b] = [answers[pair[0]](arrival), answers[pair[1]](arrival)]
  if (a.join() === b.join()) return []
  const spot = spotOf(view.port.name, place)
  const codes = EXCEPTIONS.filter(({ modes }) => pair.some(mode => modes.includes(mode)))
    .filter(({ concerns }) => concerns(view, place, arrival))
    .map(({ code }) => `${code} ${spot}`)
    .filter(code => told.has(code))
  for (const code of codes) {
    told.set(code, true)
    met.add(code.slice(0, code.indexOf(' ')))
  }
  if (codes.length > 0) return []
  return [`${spot} from ${arrival.from.name} to ${formatIp(arrival.to)}: ${pair[0]} [${a}], ${pair[1]} [${b}]`]
}

/** Differences that are told of, of those in the table here, where the modes name the same endpoints after all. */
function idleIn(
  encounters: readonly Encounter[],
  pair: ModePair,
  told: ReadonlyMap<string, boolean>,
): readonly string[] {
  return (
    encounters
      .filter(({ view, arrival }) => view.verdict.anywhere && arrival.from.name !== 'outside')
      // Who would meet the difference may not be within the ranges.
      .filter(({ view }) => view.port.sourceRanges.length === 0)
      .flatMap(({ view, place }) => EXCEPTIONS.map(({ code }) => `${code} ${spotOf(view.port.name, place)}`))
      .filter((code, i, all) => told.get(code) === false && all.indexOf(code) === i)
      .map(code => `${code}: told of, but ${pair.join(' and ')} name the same`)
  )
}

const ALL = '../shared/oracle/kube-proxy'
const COPIED = 'test/fixtures/kube-proxy'

function checkFolder(t: Test, folder: string) {
  for (const own of oracleCases(folder)) {
    t.strictSame(breaches({ options: own, tell: proxy => informed(proxy, own) }), [], own.name)
  }
}

t.test('cases of the project', async t => checkFolder(t, COPIED))
t.test('all cases', { skip: existsSync(ALL) ? false : `${ALL} is not there` }, async t => checkFolder(t, ALL))

const anyConfig = fc.record({
  nodePortAddresses: fc.constantFrom<readonly string[]>(
    [],
    ['0.0.0.0/0', '::/0'],
    ['192.168.64.0/24', 'fd00:64::/64'],
    ['127.0.0.0/8'],
  ),
  iptables: fc.record({ localhostNodePorts: fc.boolean() }),
  clusterCIDR: fc.constantFrom('10.244.0.0/16,fd00:10:244::/56', ''),
  ipvs: fc.record({ strictARP: fc.boolean() }),
})

t.test('policies Local, with endpoints here, elsewhere and nowhere', async t => {
  const local = loadBalancerService({ internalTrafficPolicy: 'Local', externalTrafficPolicy: 'Local' })
  const [here, there] = [endpoint('10.244.1.2'), endpoint('10.244.2.2', 'node-2')]
  for (const release of RELEASES) {
    for (const endpoints of [[], [here], [there], [here, there]]) {
      const tell: Case['tell'] = proxy => {
        setService(proxy, local)
        setSlice(proxy, slice(endpoints))
        return proxy
      }
      const options = { config: configuration(), host: host(), release }
      t.strictSame(breaches({ options, tell }), [], `${release}: ${endpoints.map(({ nodeName }) => nodeName)}`)
    }
  }
})

t.test('clusters at random', async t => {
  const property = fc.property(
    fc.array(anyStep, { minLength: 1, maxLength: 12 }),
    anyConfig,
    fc.constantFrom(...RELEASES),
    (steps, fields, release) => {
      const world: World = { services: new Map(), slices: new Map() }
      const told = createServiceMap()
      for (const step of steps) take(step, told, world)
      const options: ProxyOptions = { config: configuration(fields), host: host(), release }
      const found = breaches({ options, tell: proxy => informedOf(proxy, world) })
      if (found.length > 0) throw new Error(found.join('\n'))
    },
  )
  t.doesNotThrow(() => fc.assert(property, { numRuns: 500 }))
})

t.test('no exception is there for nothing', async t => {
  t.strictSame([...met].sort(), [...new Set(EXCEPTIONS.map(({ code }) => code))].sort())
})
