/**
 * What a program in a pod gets when it looks a name up: hosts file first, then DNS (`hosts: files dns`).
 *
 * @see nsswitch.conf(5), getaddrinfo(3), getnameinfo(3)
 * @module
 */
import { FAMILIES, type Family, findIp, formatIp, type Ip, isIpv4 } from '../../base/ip.ts'
import type { HostsEntry } from '../../kubelet/hosts.ts'
import type { ResolvConf } from '../../kubelet/resolv-conf.ts'
import { formatName, type Name } from '../name.ts'
import { type ResourceRecord, TYPES, typeOf } from '../record.ts'
import { type OwnAddresses, orderAddresses } from './address-order.ts'
import { type Attempt, recordsOf } from './attempt.ts'
import { findInHosts, findNameInHosts } from './hosts-search.ts'
import { type Library, type Reading, readingOf } from './library.ts'
import type { Ask } from './reply.ts'
import { type Failure, searchWalk, singleQuery, type Walk } from './search.ts'

/** What a program finds in its machine. */
export interface Client extends OwnAddresses {
  readonly conf: ResolvConf
  readonly hosts: readonly HostsEntry[]
  /** What `hostname` prints. */
  readonly hostname: string
}

export interface Sought {
  /** A name, or for PTR an address. */
  readonly name: string
  /** The type's number; absent: addresses of both families, as `getaddrinfo` gives them. */
  readonly type?: number
}

export type Result =
  /** In the order in which the program gets them. */
  | { readonly kind: 'addresses'; readonly addresses: readonly Ip[]; readonly from: 'hosts' | 'dns' }
  | { readonly kind: 'names'; readonly names: readonly string[]; readonly from: 'hosts' | 'dns' }
  | { readonly kind: 'records'; readonly records: readonly ResourceRecord[] }
  /** What only somebody outside of the cluster knows: this name's. */
  | { readonly kind: 'outside'; readonly name: string }
  | { readonly kind: 'failed'; readonly failure: Failure }

/** One lookup by one library, with all that was asked for it. */
export interface Lookup {
  readonly library: Library
  readonly reading: Reading
  readonly types: readonly number[]
  /** Whether a search list is walked for such a lookup. */
  readonly searches: boolean
  readonly attempts: readonly Attempt[]
  readonly result: Result
}

/** What a program of `library` gets. */
export function lookUp({ name, type }: Sought, client: Client, library: Library, ask: Ask): Lookup {
  const reading = readingOf(client.conf, library, client.hostname)
  const ip = findIp(name)
  if (ip !== undefined) return reverseLookup(ip, client, reading, ask)
  if (type === undefined || type === TYPES.A || type === TYPES.AAAA) {
    return addressLookup(name, familiesOf(type), client, reading, ask)
  }
  // musl's res_search does not search. @see src/network/res_query.c of musl
  const searches = library === 'glibc' && type !== TYPES.PTR
  const walk = (searches ? searchWalk : singleQuery)(name, [type], reading, ask)
  const made = { library, reading, types: [type], searches, attempts: walk.attempts }
  return { ...made, result: endOf(walk, records => ({ kind: 'records', records })) }
}

function familiesOf(type: number | undefined): readonly Family[] {
  return type === undefined ? FAMILIES : [type === TYPES.A ? 4 : 6]
}

function addressLookup(name: string, families: readonly Family[], client: Client, reading: Reading, ask: Ask): Lookup {
  const { library } = reading
  const known = findInHosts(client.hosts, name, library, families)
  const wanted = reading.noAaaa && families.includes(4) ? [4] : families
  const types = wanted.map(family => (family === 4 ? TYPES.A : TYPES.AAAA))
  const made = { library, reading, types, searches: true }
  if (known) {
    const addresses = orderAddresses(known, client, library)
    const found: Result = { kind: 'addresses', addresses, from: 'hosts' }
    return { ...made, attempts: [], result: known.length > 0 ? found : failed('EAI_NODATA') }
  }
  const walk = searchWalk(name, types, reading, ask)
  const result = endOf(walk, (records, by): Result => {
    const addresses = records.flatMap(record => (record.type === 'A' || record.type === 'AAAA' ? [record.address] : []))
    const beyond = beyondOf(by)
    if (addresses.length === 0)
      return beyond ? { kind: 'outside', name: formatName(beyond) } : failed(ALIAS_ALONE[library])
    return { kind: 'addresses', addresses: orderAddresses(addresses, client, library), from: 'dns' }
  })
  return { ...made, attempts: walk.attempts, result }
}

/** What an alias is that leads to no address. Measured with glibc 2.36. */
const ALIAS_ALONE: Readonly<Record<Library, Failure>> = { glibc: 'EAI_NONAME', musl: 'EAI_NODATA' }

/** The name outside that the records of an attempt lead to. */
export function beyondOf({ replies }: Attempt): Name | undefined {
  return replies.flatMap(reply => (reply.kind === 'answer' && reply.beyond ? [reply.beyond] : []))[0]
}

function reverseLookup(ip: Ip, client: Client, reading: Reading, ask: Ask): Lookup {
  const made = { library: reading.library, reading, types: [TYPES.PTR], searches: false }
  const known = findNameInHosts(client.hosts, ip)
  if (known !== undefined) return { ...made, attempts: [], result: { kind: 'names', names: [known], from: 'hosts' } }
  const walk = singleQuery(reverseName(ip), [TYPES.PTR], reading, ask)
  const result = endOf(walk, records => {
    const names = records.flatMap(record => (record.type === 'PTR' ? [formatName(record.target)] : []))
    return { kind: 'names', names, from: 'dns' }
  })
  return { ...made, attempts: walk.attempts, result }
}

/** The name under which an address is asked for. @see RFC 1035 section 3.5, RFC 3596 section 2.5 */
export function reverseName(ip: Ip): string {
  if (isIpv4(ip)) return `${formatIp(ip).split('.').reverse().join('.')}.in-addr.arpa.`
  const digits = [ip.w0, ip.w1, ip.w2, ip.w3].map(word => (word >>> 0).toString(16).padStart(8, '0')).join('')
  return `${[...digits].reverse().join('.')}.ip6.arpa.`
}

function endOf({ ending }: Walk, found: (records: readonly ResourceRecord[], by: Attempt) => Result): Result {
  switch (ending.kind) {
    case 'found':
      return found(recordsOf(ending.by), ending.by)
    case 'outside':
      return { kind: 'outside', name: ending.by.text }
    case 'failed':
      return failed(ending.failure)
  }
}

function failed(failure: Failure): Result {
  return { kind: 'failed', failure }
}

/** How programs tell of a failure. @see posix/gai_strerror-strs.h of glibc; src/network/gai_strerror.c of musl */
export const FAILURE_WORDS: Readonly<Record<Library, Readonly<Record<Failure, string>>>> = {
  glibc: {
    EAI_NONAME: 'Name or service not known',
    EAI_NODATA: 'No address associated with hostname',
    EAI_AGAIN: 'Temporary failure in name resolution',
  },
  musl: {
    EAI_NONAME: 'Name does not resolve',
    EAI_NODATA: 'Name has no usable address',
    EAI_AGAIN: 'Try again',
  },
}

/** Whether two lookups asked and got the same. */
export function isSameLookup(a: Lookup, b: Lookup): boolean {
  return toldOf(a) === toldOf(b)
}

function toldOf({ attempts, result }: Lookup): string {
  const asked = attempts.map(({ text, queries, verdict, goesOn }) => {
    return [text, verdict, goesOn, ...queries.map(({ type, server, overTcp }) => `${type} ${server} ${overTcp}`)].join(
      ' ',
    )
  })
  const got = result.kind === 'records' ? result.records.map(record => `${typeOf(record)}`) : JSON.stringify(result)
  return `${asked.join('\n')}\n${got}`
}
