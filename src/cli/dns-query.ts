/**
 * `podwire dns query`: what a pod gets when it looks a name up.
 *
 * @module
 */
import { findIp } from '../base/ip.ts'
import { clusterZone, dnsObjects } from '../cluster/dns-zone.ts'
import { podGround } from '../cluster/pod-ground.ts'
import { dnsAddresses, plainPod, podAsk, podClient } from '../cluster/pod-lookup.ts'
import { findName } from '../dns/name.ts'
import { findType, TYPES } from '../dns/record.ts'
import { LIBRARIES } from '../dns/resolver/library.ts'
import { type Lookup, lookUp, type Sought } from '../dns/resolver/lookup.ts'
import { lookupsToJson, type Told } from '../dns/resolver/lookup-json.ts'
import { trapsOf } from '../dns/resolver/traps.ts'
import type { ResolvConf } from '../kubelet/resolv-conf.ts'
import type { Command, Given } from './command.ts'
import { ZONE_OPTIONS, zoneWishes } from './dns-options.ts'
import { type ExitCode, UsageError } from './exit.ts'
import type { Io } from './io.ts'
import { type LoadedCluster, loadCluster, locating } from './load.ts'
import { formatLookups } from './lookup-text.ts'
import { CLUSTER_OPTIONS } from './options.ts'
import { parsePodName, podNamed } from './pod-name.ts'
import { podGroundOptions, RESOLV_CONF, readNodeConf } from './pod-options.ts'

const FORMATS = ['text', 'json'] as const
const RESOLVERS = [...LIBRARIES, 'both'] as const

export const DNS_QUERY: Command = {
  name: 'dns query',
  summary: 'Show what a pod gets when it looks a name up, and every query on the way.',
  usage: 'NAME -f FILE… [--from POD] [OPTIONS]',
  about: `
Looks a name up as a program in the pod would: in the pod's /etc/hosts, then in DNS along the search list of its
resolv.conf (dnsPolicy, dnsConfig and limits as kubelet has them), with the answers that CoreDNS would give. Shows each name
that is asked for, and warns of what users trip over. An address as NAME is looked up backwards.

glibc (Debian, Ubuntu, Fedora) and musl (Alpine) walk differently; both are told of, once where they do the same. Without
--type, A and AAAA are asked for as getaddrinfo does, and the addresses are in the order in which programs get them.

What servers outside of the cluster answer is not known here: with a suffix the name is taken not to exist there.
Exit code: 0 found, 1 not found by one of the resolvers, 2 bad input, 3 only somebody outside knows.`,
  options: [
    ...CLUSTER_OPTIONS,
    { name: 'from', value: 'POD', help: 'who asks: pod/NAME, NAMESPACE/NAME', default: 'any pod of the namespace' },
    { name: 'type', value: 'TYPE', help: 'A, AAAA, SRV, PTR, TXT, …', default: 'A and AAAA' },
    { name: 'resolver', value: 'NAME', help: RESOLVERS.join(', '), default: 'both' },
    { name: 'output', short: 'o', value: 'FORMAT', help: FORMATS.join(', '), default: 'text' },
    RESOLV_CONF,
    ...ZONE_OPTIONS,
  ],
  examples: [
    { does: 'what a pod gets for a Service', call: 'podwire dns query web --from pod/a -f manifests/' },
    { does: 'how often an outside name is asked for', call: 'podwire dns query api.example.com -f manifests/' },
    { does: 'the ports of a Service', call: 'podwire dns query _http._tcp.web --type SRV -f manifests/' },
    { does: 'whose address it is', call: 'podwire dns query 10.96.0.10 -f manifests/' },
  ],
  run: runQuery,
}

async function runQuery(given: Given, io: Io): Promise<ExitCode> {
  const sought = soughtOf(given)
  const resolver = given.choice('resolver', RESOLVERS) ?? 'both'
  const format = given.choice('output', FORMATS) ?? 'text'
  const from = given.text('from')
  const asker = from === undefined ? undefined : parsePodName(from)
  zoneWishes(given)
  const loaded = await loadCluster(given, io)
  const nodeConf = await readNodeConf(given, io)
  return locating(loaded.harvest, async (): Promise<ExitCode> => {
    const pod = asker && podNamed(asker, loaded)
    const told = tell(sought, pod, resolver, loaded, given, nodeConf)
    await io.out(
      format === 'json'
        ? `${JSON.stringify(lookupsToJson(told), undefined, 2)}\n`
        : formatLookups(told, io.page?.unicode ?? false),
    )
    return codeOf(told.lookups)
  })
}

function tell(
  sought: Sought,
  known: Told['pod'],
  resolver: (typeof RESOLVERS)[number],
  loaded: LoadedCluster,
  given: Given,
  nodeConf: ResolvConf | undefined,
): Told {
  const pod = known ?? plainPod(loaded.namespace)
  const ground = podGround(loaded.cluster, { ...podGroundOptions(loaded.harvest), ...(nodeConf ? { nodeConf } : {}) })
  const { zone } = clusterZone(loaded.cluster, ground.options.configurations, zoneWishes(given))
  const { client, resolver: file } = podClient(pod, ground)
  const ask = podAsk(zone, ground, pod.spec.hostNetwork !== true)
  const libraries = resolver === 'both' ? LIBRARIES : [resolver]
  const lookups = libraries.map(library => lookUp(sought, client, library, ask))
  const traps = trapsOf({
    sought,
    lookups,
    pod,
    resolver: file,
    zone,
    objects: dnsObjects(loaded.cluster),
    dnsAddresses: dnsAddresses(ground),
  })
  const { namespace = loaded.namespace } = pod.metadata
  return { sought, ...(known ? { pod: known } : {}), namespace, client, lookups, traps }
}

/** Types that no program asks a resolver for. */
const NOT_ASKED: ReadonlySet<number> = new Set([TYPES.OPT, TYPES.TSIG, TYPES.AXFR, TYPES.IXFR])

/** @throws {UsageError} */
function soughtOf(given: Given): Sought {
  const [name, ...others] = given.words
  if (name === undefined || others.length > 0) throw new UsageError('name one name: podwire dns query NAME -f FILE')
  const text = given.text('type')
  const type = text === undefined ? undefined : findType(text)
  if (text !== undefined && (type === undefined || NOT_ASKED.has(type))) {
    throw new UsageError(`--type takes a record type such as A, AAAA, SRV, PTR, not "${text}"`)
  }
  if (findIp(name) !== undefined) {
    if (type === undefined || type === TYPES.PTR) return { name, type: TYPES.PTR }
    throw new UsageError(`${name} is an address, which has names (PTR) but no records of type ${text}`)
  }
  if (findName(name) === undefined) throw new UsageError(`"${name}" is neither a domain name nor an address`)
  return { name, ...(type === undefined ? {} : { type }) }
}

function codeOf(lookups: readonly Lookup[]): ExitCode {
  if (lookups.some(({ result }) => result.kind === 'failed')) return 1
  return lookups.some(({ result }) => result.kind === 'outside') ? 3 : 0
}
