/**
 * Traps that lie in how names are looked up: search lists, name servers, and what the two C libraries make of them.
 *
 * @module
 */
import { formatName, isWithin, parseName } from '../name.ts'
import { isReverse } from '../options.ts'
import { MUSL_MOST_ADDRESSES } from './address-order.ts'
import type { Attempt } from './attempt.ts'
import { FAILURE_WORDS, isSameLookup, type Lookup } from './lookup.ts'
import { bareName, counted, didFail, type Ground, isAddress, isClusterDns, note, type Trap, warning } from './trap.ts'

export function resolverTraps(ground: Ground): readonly Trap[] {
  return [
    ...kubeletTraps(ground),
    ...fileTraps(ground),
    ...serverTraps(ground),
    ...fanOut(ground),
    ...notSearched(ground),
    ...leaving(ground),
    ...difference(ground),
    ...longAnswers(ground),
    ...caching(ground),
  ]
}

/** What kubelet itself warns about. */
function kubeletTraps({ resolver }: Ground): readonly Trap[] {
  return resolver.events.filter(({ about }) => about === 'pod').map(({ reason, message }) => warning(reason, message))
}

/** glibc before 2.26 read so much of a search list. @see resolv/resolv.h of glibc 2.25: MAXDNSRCH, defdname */
const OLD_GLIBC = { searches: 6, characters: 256 } as const

/** What is in the file and not followed. */
function fileTraps({ lookups, resolver: { conf } }: Ground): readonly Trap[] {
  const told = lookups.flatMap(({ reading }) => reading.remarks.map(text => warning('NotFollowed', text)))
  const isLong = conf.searches.length > OLD_GLIBC.searches || conf.searches.join(' ').length >= OLD_GLIBC.characters
  const old = `glibc before 2.26 reads ${OLD_GLIBC.searches} suffixes and ${OLD_GLIBC.characters} characters of a search list at most; this one has ${conf.searches.length} and ${conf.searches.join(' ').length}`
  const root = 'the search list has "." in it: musl before 1.2.4 then finds no name that has fewer dots than ndots'
  return [
    ...told,
    ...(isLong ? [note('LongSearchList', old)] : []),
    ...(conf.searches.includes('.') ? [warning('RootInSearchList', root)] : []),
  ]
}

/** Whom the pod asks. @see k8s.io/docs/concepts/services-networking/dns-pod-service */
function serverTraps(ground: Ground): readonly Trap[] {
  const [{ reading } = {}] = ground.lookups
  if (!reading) return []
  const others = reading.nameservers.filter(server => !isClusterDns(server, ground))
  if (others.length === 0) return []
  const asked = others.join(', ')
  if (others.length < reading.nameservers.length) {
    const message = `beside the cluster's DNS the pod asks ${asked}: glibc only when the one before does not answer, musl always, and takes the answer that comes first`
    return [warning('MixedNameservers', message)]
  }
  const { hostNetwork, dnsPolicy = 'ClusterFirst' } = ground.pod.spec
  const why =
    hostNetwork && dnsPolicy === 'ClusterFirst'
      ? "on its node's network ClusterFirst is like Default; set dnsPolicy: ClusterFirstWithHostNet"
      : `dnsPolicy is ${dnsPolicy}`
  return [warning('NotClusterDns', `the pod does not ask the cluster's DNS but ${asked}: ${why}`)]
}

/** @see kubernetes/kubernetes#14051, kubernetes/kubernetes#33554 */
function fanOut({ sought, lookups }: Ground): readonly Trap[] {
  const bare = bareName(sought)
  const most = lookups.reduce((a, b) => (queriesOf(b) > queriesOf(a) ? b : a))
  const last = most.attempts.at(-1)
  const before = most.attempts.length - 1
  if (!last || last.suffix !== undefined || before < 2 || !bare.includes('.')) return []
  const dots = bare.split('.').length - 1
  const { ndots } = most.reading
  const all = `${before} names with suffixes are asked for before it, ${queriesOf(most)} queries in all`
  const other = dots > 1 ? ', and so does a dnsConfig with ndots:2' : ''
  const cure = `"${bare}." asks for it at once${other}`
  return [warning('SearchFanOut', `${bare} has ${counted(dots, 'dot')}, fewer than ndots:${ndots}: ${all}; ${cure}`)]
}

/** A name of the cluster with too many dots for the search list. */
function notSearched({ sought, lookups, zone }: Ground): readonly Trap[] {
  const [first] = lookups
  const [, namespace = '', ...more] = bareName(sought).split('.')
  const isPartial = zone.isExposed(namespace) && (more.length === 0 || (more.length === 1 && more[0] === 'svc'))
  const attempt = first?.attempts[0]
  if (!first || !isPartial || attempt?.suffix !== undefined || attempt?.verdict !== 'outside') return []
  const { ndots } = first.reading
  if (bareName(sought).split('.').length <= ndots) return []
  const message = `${bareName(sought)} has as many dots as ndots:${ndots}: it is asked for as it is first; glibc tries the search list if nobody outside knows it, musl does not`
  return [warning('AskedAsItIs', message)]
}

function queriesOf({ attempts }: Lookup): number {
  return attempts.reduce((sum, { queries }) => sum + queries.length, 0)
}

/** Names that others than the cluster's DNS get to see. */
function leaving(ground: Ground): readonly Trap[] {
  const { sought, lookups, zone } = ground
  const domain = zone.options.zones.find(one => !isReverse(one)) ?? []
  const outside = lookups.flatMap(({ attempts }) => attempts.filter(({ verdict }) => verdict === 'outside'))
  const own = outside.find(({ suffix }) => !suffix)
  const suffixes = [...new Set(outside.flatMap(({ suffix }) => suffix || []))]
  const label = bareName(sought)
  const traps: Trap[] = []
  if (suffixes.length > 0) {
    const message = `with the suffix ${suffixes[0]}${suffixes.length > 1 ? ` and ${suffixes.length - 1} more` : ''} the name goes to somebody outside of the cluster; it is taken not to exist there`
    traps.push(note('SuffixOutside', message))
  }
  if (own && !isAddress(sought)) {
    const by = byWhom(own, ground)
    traps.push(
      label.includes('.')
        ? note('LeavesCluster', `${own.text} is not in ${formatName(domain)}, the cluster's zone: ${by}`)
        : warning(
            'SingleLabel',
            `no suffix leads to a Service ${label}: ${own.text} itself is asked for, as if it were a top-level domain, and ${by}; it is taken not to exist there`,
          ),
    )
  }
  return traps
}

/** Who answers what is not the cluster's. */
function byWhom({ text, queries }: Attempt, ground: Ground): string {
  const asked = [...new Set(queries.map(({ server }) => server))]
  if (!asked.some(server => isClusterDns(server, ground))) return `${asked.join(', ')} answers`
  const name = parseName(text)
  const served = ground.zone.options.served.filter(({ zone }) => isWithin(name, zone))
  const to = served.flatMap(({ forwards }) =>
    forwards.filter(({ from }) => isWithin(name, from)).flatMap(one => one.to),
  )
  return to.length > 0 ? `the cluster's DNS asks ${to.join(', ')}` : "the cluster's DNS has nobody to ask and fails"
}

/** Programs of one image find what those of another do not. @see gliderlabs/docker-alpine#8, kind#2418 */
function difference({ lookups }: Ground): readonly Trap[] {
  const [glibc, musl] = lookups
  if (!glibc || !musl || wordOf(glibc) === wordOf(musl) || (didFail(glibc) && didFail(musl))) return []
  const last = musl.attempts.at(-1)
  const why =
    last?.verdict === 'no such record'
      ? `musl stops at ${last.text}, which exists without such records; glibc goes on`
      : last?.verdict === 'failed'
        ? `musl stops at ${last.text}, which no server could answer`
        : !musl.searches && glibc.searches
          ? 'of musl only lookups of addresses walk the search list'
          : musl.attempts.length < glibc.attempts.length
            ? 'musl does not try the search list here'
            : 'they read the files differently'
  const told = lookups.map(
    one => `${one.library} (${one.library === 'musl' ? 'Alpine' : 'Debian and most others'}): ${wordOf(one)}`,
  )
  return [warning('LibrariesDiffer', `programs get different things: ${told.join('; ')}; ${why}`)]
}

/** What the program gets, in a few words. */
function wordOf({ result, library }: Lookup): string {
  switch (result.kind) {
    case 'addresses':
      return result.addresses.length === 1 ? 'one address' : `${result.addresses.length} addresses`
    case 'names':
      return 'a name'
    case 'records':
      return 'records'
    case 'outside':
      return 'what somebody outside answers'
    case 'failed':
      return FAILURE_WORDS[library][result.failure]
  }
}

/** Answers that do not fit a datagram. */
function longAnswers({ lookups }: Ground): readonly Trap[] {
  const long = lookups.flatMap(({ attempts }) => attempts.flatMap(({ queries }) => queries.filter(one => one.overTcp)))
  const octets = Math.max(...long.map(({ reply }) => (reply.kind === 'answer' ? reply.octets : 0)))
  if (long.length === 0) return []
  const message = `the answer has ${octets} octets and fits no datagram: it is asked for again over TCP; musl before 1.2.4 takes the part that fits, and any musl ${MUSL_MOST_ADDRESSES} addresses at most`
  return [note('LongAnswer', message)]
}

/** @see kubernetes/kubernetes#71308, RFC 2308 */
function caching({ lookups }: Ground): readonly Trap[] {
  if (!lookups.every(didFail)) return []
  const denials = lookups.flatMap(({ attempts }) =>
    attempts.flatMap(({ replies }) => replies.flatMap(reply => (reply.kind === 'answer' ? reply.authority : []))),
  )
  const soa = denials.find(record => record.type === 'SOA')
  if (soa?.type !== 'SOA') return []
  const span = Math.min(soa.ttl, soa.minimum)
  const message = `that there is no such name may be remembered for ${span} s, by CoreDNS' cache, NodeLocal DNSCache and programs: a Service made now may be found only then`
  return [note('NegativeCache', message)]
}

/** Whether the libraries are told of together. */
export function areTheSame(lookups: readonly Lookup[]): boolean {
  const [first, ...others] = lookups
  return first !== undefined && others.every(other => isSameLookup(first, other))
}
