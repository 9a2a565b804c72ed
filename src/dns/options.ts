/**
 * How a cluster's DNS is set up: its zones, and what CoreDNS' plugins make of them.
 *
 * @see CoreDNS plugin/kubernetes/setup.go: ParseStanza
 * @module
 */
import type { Seconds } from '../base/clock.ts'
import { parseSelector, type Requirement } from '../objects/selector.ts'
import { corefileError, type Directive, parseCorefile, type ServerBlock } from './corefile.ts'
import { isWithin, type Name, parseName, ROOT } from './name.ts'
import { zonesOfKey } from './server-key.ts'

/** Which names below `pod.ZONE` are answered: none; whatever has the form of an address; those that pods have. */
export type PodsMode = 'disabled' | 'insecure' | 'verified'

/** A zone for which somebody listens, and who answers names in it that are not the cluster's. */
export interface ServedZone {
  readonly zone: Name
  /** Whether the cluster's names are looked up here; in other server blocks they are not. */
  readonly cluster: boolean
  readonly forwards: readonly Forward[]
}

export interface Forward {
  readonly from: Name
  /** Addresses or files, as the Corefile has them. */
  readonly to: readonly string[]
}

export interface DnsOptions {
  /** The zones of the cluster, reverse ones included, lower case. */
  readonly zones: readonly Name[]
  readonly ttl: Seconds
  readonly pods: PodsMode
  /** Endpoints without a hostname are called like their Pod, not like their address. */
  readonly endpointPodNames: boolean
  /** A Service with a cluster IP and no ready endpoint has no name. */
  readonly ignoreEmptyServices: boolean
  /** Endpoints are not looked at; headless Services then have no name. */
  readonly noEndpoints: boolean
  /** When not empty, only these namespaces have names. */
  readonly namespaces: readonly string[]
  /** Only objects (but namespaces) with these labels are seen. */
  readonly labels: readonly Requirement[]
  /** Only namespaces with these labels are seen. */
  readonly namespaceLabels: readonly Requirement[]
  /** Zones in which somebody else is asked for names that the cluster does not have. */
  readonly fallthrough: readonly Name[]
  /** Who may take the whole zone: addresses, or `*` for anybody; nobody when empty. */
  readonly transferTo: readonly string[]
  readonly served: readonly ServedZone[]
  /** Text of the addresses that the server answers at, loopback left out: the zone's name servers. */
  readonly servers: readonly string[]
}

const REVERSE_ZONES: readonly Name[] = [parseName('in-addr.arpa'), parseName('ip6.arpa')]
/** @see CoreDNS plugin/kubernetes/kubernetes.go: defaultTTL */
const PLUGIN_TTL = 5
const MOST_TTL = 3600

/** Without any option of the plugin. */
const PLUGIN_DEFAULTS: DnsOptions = {
  zones: [],
  ttl: PLUGIN_TTL,
  pods: 'disabled',
  endpointPodNames: false,
  ignoreEmptyServices: false,
  noEndpoints: false,
  namespaces: [],
  labels: [],
  namespaceLabels: [],
  fallthrough: [],
  transferTo: [],
  served: [],
  servers: [],
}

/**
 * As kubeadm sets CoreDNS up.
 *
 * @param domain of the cluster
 * @see Kubernetes cmd/kubeadm/app/phases/addons/dns/manifests.go: CoreDNSConfigMap
 */
export function kubeadmOptions(domain: Name = parseName('cluster.local')): DnsOptions {
  return {
    ...PLUGIN_DEFAULTS,
    zones: [domain, ...REVERSE_ZONES],
    ttl: 30,
    pods: 'insecure',
    fallthrough: REVERSE_ZONES,
    served: [{ zone: ROOT, cluster: true, forwards: [{ from: ROOT, to: ['/etc/resolv.conf'] }] }],
  }
}

export interface ReadOptions {
  readonly options: DnsOptions
  /** Plugins and properties that change answers and are not followed. */
  readonly notes: readonly string[]
}

/**
 * Reads a Corefile: the first `kubernetes` plugin in it, and what stands around.
 *
 * @throws {ParseError} when it is malformed, or no server block has the plugin
 */
export function readCorefile(text: string): ReadOptions {
  const blocks = parseCorefile(text)
  const home = blocks.find(block => pluginOf(block, 'kubernetes'))
  const plugin = home && pluginOf(home, 'kubernetes')
  if (!home || !plugin) throw corefileError('', 1, 'no server block has the plugin kubernetes')
  const notes: string[] = []
  const zones = zonesOfPlugin(plugin.args, home)
  if (!zones.some(zone => !isReverse(zone))) {
    throw corefileError('kubernetes', plugin.line, 'non-reverse zone name must be used')
  }
  let options: DnsOptions = { ...PLUGIN_DEFAULTS, zones }
  for (const property of plugin.block) options = { ...options, ...readProperty(property, notes) }
  const transfer = pluginOf(home, 'transfer')
  const transferTo = transfer ? transferOf(transfer, home, zones) : []
  for (const { name, line } of home.plugins) {
    if (!KNOWN_PLUGINS.has(name)) notes.push(`line ${line}: plugin ${name} is not followed`)
  }
  return {
    options: { ...options, transferTo, served: blocks.flatMap(block => servedBy(block, block === home)) },
    notes,
  }
}

/** Those that are followed, and those that change no answer of the cluster's zone. */
const KNOWN_PLUGINS = new Set(
  'bind cache debug errors forward health kubernetes loadbalance log loop metadata nsid prometheus ready reload root timeouts trace transfer'.split(
    ' ',
  ),
)

/** Properties that say how the API server is reached. */
const CONNECTION = new Set(
  'endpoint tls kubeconfig startup_timeout apiserver_qps apiserver_burst apiserver_max_inflight'.split(' '),
)

function pluginOf({ plugins }: ServerBlock, name: string): Directive | undefined {
  return plugins.find(plugin => plugin.name === name)
}

function zonesOfPlugin(args: readonly string[], { keys }: ServerBlock): readonly Name[] {
  return (args.length > 0 ? args : keys).flatMap(zonesOfKey)
}

function readProperty(property: Directive, notes: string[]): Partial<DnsOptions> {
  const { name, args, line } = property
  const [first = ''] = args
  const fail = (problem: string) => corefileError([name, ...args].join(' '), line, problem)
  const selector = () => {
    if (args.length === 0) throw fail('a label selector is missing')
    return parseSelector(args.join(' '))
  }
  switch (name) {
    case 'pods':
      if (args.length === 1 && isPodsMode(first)) return { pods: first }
      throw fail('must be one of disabled, verified, insecure')
    case 'ttl':
      if (/^\d+$/.test(first) && Number(first) <= MOST_TTL) return { ttl: Number(first) }
      throw fail(`ttl must be in range [0, ${MOST_TTL}]`)
    case 'endpoint_pod_names':
      return { endpointPodNames: true }
    case 'noendpoints':
      return { noEndpoints: true }
    case 'ignore':
      if (first === 'empty_service') return { ignoreEmptyServices: true }
      throw fail('unable to parse ignore value')
    case 'namespaces':
      if (args.length > 0) return { namespaces: args }
      throw fail('a namespace is missing')
    case 'labels':
      return { labels: selector() }
    case 'namespace_labels':
      return { namespaceLabels: selector() }
    case 'fallthrough':
      return { fallthrough: args.length > 0 ? args.flatMap(zonesOfKey) : [ROOT] }
    default:
      if (!CONNECTION.has(name)) notes.push(`line ${line}: kubernetes ${name} is not followed`)
      return {}
  }
}

function isPodsMode(text: string): text is PodsMode {
  return text === 'disabled' || text === 'insecure' || text === 'verified'
}

/** @see CoreDNS plugin/transfer/setup.go */
function transferOf({ args, block }: Directive, home: ServerBlock, zones: readonly Name[]): readonly string[] {
  const around = zonesOfPlugin(args, home)
  const primary = primaryOf(zones)
  if (!around.some(zone => isWithin(primary, zone))) return []
  return block.filter(one => one.name === 'to').flatMap(one => one.args)
}

function servedBy(block: ServerBlock, home: boolean): readonly ServedZone[] {
  const forwards = block.plugins
    .filter(plugin => plugin.name === 'forward')
    .flatMap(({ args: [from = '.', ...to] }) => zonesOfKey(from).map(zone => ({ from: zone, to })))
  return block.keys.flatMap(zonesOfKey).map(zone => ({ zone, cluster: home, forwards }))
}

/** Whether names of the zone are addresses backwards. */
export function isReverse(zone: Name): boolean {
  return REVERSE_ZONES.some(arpa => isWithin(zone, arpa))
}

/** The zone that Services are named in: the first that is no reverse zone. */
export function primaryOf(zones: readonly Name[]): Name {
  return zones.find(zone => !isReverse(zone)) ?? ROOT
}
