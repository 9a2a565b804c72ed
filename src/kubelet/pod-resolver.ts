/**
 * The resolv.conf of a pod: whom its containers ask for names, and which names they try.
 *
 * @see pkg/kubelet/network/dns/dns.go of Kubernetes: GetPodDNS
 *
 * @module
 */
import { type Family, formatIp, type Ip } from '../base/ip.ts'
import { byteLength } from '../objects/metadata-validation.ts'
import { isPlain, objectsIn, type Plain, textIn, textsIn } from '../objects/plain.ts'
import type { Pod } from '../objects/pod.ts'
import type { Notice } from '../objects/write.ts'
import type { ResolvConf } from './resolv-conf.ts'

/** What the kubelet of a node was told about names. */
export interface ResolverSettings {
  /** Where the cluster's DNS answers; none: it has none. */
  readonly clusterDns: readonly Ip[]
  /** `cluster.local`; empty: names of the cluster are not searched for. */
  readonly clusterDomain: string
  /** The node's own file; absent: kubelet was told to use none. */
  readonly nodeConf?: ResolvConf
  /** Families of the node's addresses: where no file is used, a pod asks its own loopback in these. */
  readonly nodeFamilies: readonly Family[]
}

/** What kubelet tells about a pod, or about its node. */
export interface KubeletEvent extends Notice {
  readonly about: 'pod' | 'node'
}

export interface PodResolver {
  readonly conf: ResolvConf
  readonly events: readonly KubeletEvent[]
}

/** @see pkg/apis/core/validation/validation.go: MaxDNSNameservers, MaxDNSSearchPaths, MaxDNSSearchListChars */
const MAX_SERVERS = 3
const MAX_SEARCHES = 32
const MAX_SEARCH_TEXT = 2048
/** Longer ones made glibc 2.28 abort. @see DNS1123SubdomainMaxLength */
const MAX_DOMAIN = 253

/** @see defaultDNSOptions */
const CLUSTER_OPTIONS: readonly string[] = ['ndots:5']

const NO_CLUSTER_DNS =
  'kubelet does not have ClusterDNS IP configured and cannot create Pod using "ClusterFirst" policy. Falling back to "Default" policy.'

const EMPTY: ResolvConf = { nameservers: [], searches: [], options: [] }

/** What the runtime writes into the pod's `/etc/resolv.conf`, and what kubelet warns about. */
export function podResolver(pod: Pod, settings: ResolverSettings): PodResolver {
  const events: KubeletEvent[] = []
  const base = baseOf(pod, settings, events)
  const { dnsConfig } = pod.spec
  const whole = isPlain(dnsConfig) ? withConfig(base, dnsConfig) : base
  const nameservers = fittingServers(whole.nameservers, events)
  const searches = fittingSearches(whole.searches, events)
  return { conf: { ...whole, nameservers, searches }, events }
}

/** Who is asked as long as the pod says nothing of its own. */
function baseOf(pod: Pod, settings: ResolverSettings, events: KubeletEvent[]): ResolvConf {
  const source = sourceOf(pod)
  if (source === 'none') return EMPTY
  if (source === 'node') return nodeConf(settings)
  if (settings.clusterDns.length > 0) return clusterConf(pod, settings)
  const { name, namespace, uid = '' } = pod.metadata
  const event = { type: 'Warning', reason: 'MissingClusterDNS' } as const
  events.push({ ...event, about: 'node', message: NO_CLUSTER_DNS })
  events.push({ ...event, about: 'pod', message: `pod: "${name}_${namespace}(${uid})". ${NO_CLUSTER_DNS}` })
  return nodeConf(settings)
}

/** @see getPodDNSType */
function sourceOf({ spec: { dnsPolicy = 'ClusterFirst', hostNetwork = false } }: Pod): 'none' | 'cluster' | 'node' {
  if (dnsPolicy === 'None') return 'none'
  if (dnsPolicy === 'Default') return 'node'
  return dnsPolicy === 'ClusterFirst' && hostNetwork ? 'node' : 'cluster'
}

function clusterConf({ metadata }: Pod, { clusterDns, clusterDomain, nodeConf = EMPTY }: ResolverSettings): ResolvConf {
  const own = [`${metadata.namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain]
  return {
    nameservers: clusterDns.map(formatIp),
    searches: clusterDomain === '' ? nodeConf.searches : onceEach([...own, ...nodeConf.searches]),
    options: CLUSTER_OPTIONS,
  }
}

/** Told to use no file, kubelet sends the pod to its own loopback, where nobody answers. */
function nodeConf({ nodeConf, nodeFamilies }: ResolverSettings): ResolvConf {
  if (nodeConf) return nodeConf
  const own = nodeFamilies.map(family => (family === 6 ? '::1' : '127.0.0.1'))
  return { nameservers: own.length > 0 ? own : ['127.0.0.1'], searches: ['.'], options: [] }
}

/** @see appendDNSConfig */
function withConfig(base: ResolvConf, config: Plain): ResolvConf {
  return {
    nameservers: onceEach([...base.nameservers, ...textsIn(config, 'nameservers')]),
    searches: onceEach([...base.searches, ...textsIn(config, 'searches')]),
    options: mergedOptions(base.options, objectsIn(config, 'options')),
  }
}

/**
 * Options by their names, the pod's over the others; kubelet's own order is random.
 *
 * @see mergeDNSOptions
 */
function mergedOptions(options: readonly string[], more: readonly Plain[]): readonly string[] {
  const values = new Map<string, string>()
  for (const option of options) {
    const colon = option.indexOf(':')
    if (colon < 0) values.set(option, '')
    else values.set(option.slice(0, colon), option.slice(colon + 1))
  }
  for (const option of more) values.set(textIn(option, 'name'), textIn(option, 'value'))
  return [...values].map(([name, value]) => (value === '' ? name : `${name}:${value}`))
}

function onceEach(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)]
}

/** @see formDNSNameserversFitsLimits */
function fittingServers(servers: readonly string[], events: KubeletEvent[]): readonly string[] {
  if (servers.length <= MAX_SERVERS) return servers
  const kept = servers.slice(0, MAX_SERVERS)
  events.push(
    forming(
      `Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: ${kept.join(' ')}`,
    ),
  )
  return kept
}

/** @see formDNSSearchFitsLimits */
function fittingSearches(searches: readonly string[], events: KubeletEvent[]): readonly string[] {
  const kept = searches.slice(0, MAX_SEARCHES).filter(search => byteLength(search) <= MAX_DOMAIN)
  while (byteLength(kept.join(' ')) > MAX_SEARCH_TEXT) kept.pop()
  if (kept.length === searches.length) return searches
  events.push(
    forming(
      `Search Line limits were exceeded, some search paths have been omitted, the applied search line is: ${kept.join(' ')}`,
    ),
  )
  return kept
}

function forming(message: string): KubeletEvent {
  return { type: 'Warning', reason: 'DNSConfigForming', about: 'pod', message }
}
