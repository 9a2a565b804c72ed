/**
 * Answers: what the cluster's zone says to one question.
 *
 * This is the definition, written to be read; `ready-answers.ts` gives the same answers fast.
 *
 * @see CoreDNS plugin/backend_lookup.go, plugin/kubernetes/handler.go
 * @module
 */
import { isIpv4 } from '../base/ip.ts'
import { type Host, NO_PORT } from './discovered.ts'
import { type Found, findReverseAddress, findTargets, namesOfAddress } from './find.ts'
import { type Question, RCODES } from './message.ts'
import { equalName, findName, isWithin, lowerName, type Name, zoneAround } from './name.ts'
import { nameServers } from './name-servers.ts'
import { type RecordData, type ResourceRecord, type Soa, TYPES } from './record.ts'
import type { Zone } from './zone.ts'

/** What a message says besides its header and question. */
export interface Answer {
  readonly rcode: number
  readonly authoritative: boolean
  readonly truncated: boolean
  readonly answer: readonly ResourceRecord[]
  readonly authority: readonly ResourceRecord[]
  readonly additional: readonly ResourceRecord[]
}

export type Outcome =
  | ({ readonly kind: 'answer' } & Answer)
  /** The answer needs records from outside: ask for them, then ask here again with what was said. */
  | { readonly kind: 'ask'; readonly name: Name; readonly type: number }
  /** The question is for somebody else; `otherwise` is the answer where there is nobody. */
  | { readonly kind: 'forward'; readonly otherwise: Answer }
  /** The whole zone is wanted. */
  | { readonly kind: 'transfer' }

/** What somebody outside answered. */
export interface OutsideAnswer {
  readonly records: readonly ResourceRecord[]
  readonly truncated: boolean
}

/** What is known from outside so far; nothing for what was not asked yet. */
export type Outside = (name: Name, type: number) => OutsideAnswer | undefined

/** For who asks nobody: an ExternalName's CNAME then stands alone. */
export const NOBODY: Outside = () => ({ records: [], truncated: false })

/** @see CoreDNS plugin/kubernetes/kubernetes.go: Services */
const VERSION_TTL = 28_800
const SCHEMA_VERSION = '1.1.0'
const MOST_CNAMES = 10
const MOST_SOA_TTL = 300

/** Outside records that an answer waits for. */
class Missing extends Error {
  readonly wanted: { readonly name: Name; readonly type: number }

  constructor(name: Name, type: number) {
    super('records from outside are missing')
    this.wanted = { name, type }
  }
}

/**
 * Answers a question of class IN.
 *
 * @param outside what was learned from outside; by default nobody is asked
 */
export function answerQuestion(zone: Zone, question: Question, outside: Outside = NOBODY): Outcome {
  return answerAtDepth(zone, question, outside, 0)
}

/** @param depth how many zones led here, one after the other */
function answerAtDepth(zone: Zone, question: Question, outside: Outside, depth: number): Outcome {
  const { name, type } = question
  const server = zoneAround(
    name,
    zone.options.served.map(served => served.zone),
  )
  if (!server) return { kind: 'answer', ...failure(RCODES.REFUSED) }
  const isOurs = zone.options.served.some(served => served.cluster && equalName(served.zone, server))
  const own = isOurs ? zoneAround(name, zone.options.zones) : undefined
  if (!own) return { kind: 'forward', otherwise: failure(RCODES.SERVFAIL) }
  if (type === TYPES.AXFR || type === TYPES.IXFR) {
    const isWhole = equalName(name, own) && zone.options.transferTo.length > 0
    return isWhole ? { kind: 'transfer' } : { kind: 'answer', ...failure(RCODES.REFUSED) }
  }
  try {
    const asked = new Asked(zone, question, name.slice(name.length - own.length), outside, depth)
    const said = asked.records()
    if (said === undefined && zone.options.fallthrough.some(around => isWithin(name, around))) {
      return { kind: 'forward', otherwise: asked.denial(RCODES.NXDOMAIN) }
    }
    return { kind: 'answer', ...asked.answer(said) }
  } catch (cause) {
    if (cause instanceof Missing) return { kind: 'ask', ...cause.wanted }
    throw cause
  }
}

/** An answer without records. */
export function failure(rcode: number): Answer {
  return { rcode, authoritative: false, truncated: false, answer: [], authority: [], additional: [] }
}

/** @param around the zone, spelled as the question spells it */
export function soaRecord({ options, serial }: Zone, around: Name): ResourceRecord & Soa {
  return {
    owner: around,
    ttl: Math.min(options.ttl, MOST_SOA_TTL),
    type: 'SOA',
    mname: ['ns', 'dns', ...around],
    rname: ['hostmaster', ...around],
    serial,
    refresh: 7200,
    retry: 1800,
    expire: 86_400,
    minimum: options.ttl,
  }
}

/** Records of the answer and the additional section; nothing when the name does not exist. */
type Said = { readonly answer: readonly ResourceRecord[]; readonly additional: readonly ResourceRecord[] } | undefined

const said = (answer: readonly ResourceRecord[], additional: readonly ResourceRecord[] = []): Said => {
  return { answer, additional }
}

/** A question on its way through the zone. */
class Asked {
  readonly #zone: Zone
  readonly #question: Question
  /** The zone, spelled as the question spells it. */
  readonly #around: Name
  readonly #outside: Outside
  readonly #depth: number
  #truncated = false

  constructor(zone: Zone, question: Question, around: Name, outside: Outside, depth: number) {
    this.#zone = zone
    this.#question = question
    this.#around = around
    this.#outside = outside
    this.#depth = depth
  }

  answer(records: Said): Answer {
    if (records === undefined) return this.denial(RCODES.NXDOMAIN)
    if (records.answer.length === 0) return this.denial(RCODES.NOERROR)
    return { rcode: RCODES.NOERROR, authoritative: true, truncated: this.#truncated, ...records, authority: [] }
  }

  /** There is no such name (NXDOMAIN), or no such record of it (NOERROR). @see RFC 2308 section 2 */
  denial(rcode: number): Answer {
    return { ...failure(rcode), authoritative: true, authority: [soaRecord(this.#zone, this.#around)] }
  }

  records(): Said {
    const { name, type } = this.#question
    switch (type) {
      case TYPES.A:
      case TYPES.AAAA:
        return this.#addresses(name, type)
      case TYPES.CNAME:
        return this.#canonical()
      case TYPES.SRV:
        return this.#services()
      case TYPES.PTR:
        return this.#pointers()
      case TYPES.TXT:
        return this.#texts()
      case TYPES.SOA: // no look whether the name exists
        return said(this.#isApex(name) ? [soaRecord(this.#zone, this.#around)] : [])
      case TYPES.NS:
        return this.#isApex(name) ? this.#servers() : this.#nothing()
      default:
        return this.#nothing()
    }
  }

  #isApex(name: Name): boolean {
    return name.length === this.#around.length
  }

  /** Labels left of the zone. */
  #labels(name: Name): Name {
    return name.slice(0, name.length - this.#around.length)
  }

  /** `ns.dns.ZONE`, which no object makes. */
  #isServer(name: Name): boolean {
    return equalName(this.#labels(name), ['ns', 'dns'])
  }

  #find(name: Name): Found {
    return findTargets(this.#zone, this.#labels(name), this.#around)
  }

  #record(owner: Name, data: RecordData): ResourceRecord {
    return { owner, ttl: this.#zone.options.ttl, ...data }
  }

  /** No record of that type, if the name exists. */
  #nothing(): Said {
    const { name } = this.#question
    return this.#isServer(name) || this.#find(name) !== undefined ? said([]) : undefined
  }

  #addresses(name: Name, type: number): Said {
    const hosts = this.#isServer(name) ? this.#serverHosts() : this.#find(name)?.map(target => target.host)
    return hosts && said(this.#addressesOf(name, hosts, type, []))
  }

  /** Addresses of the type, with those of names that hosts are called by. */
  #addressesOf(owner: Name, hosts: readonly Host[], type: number, before: readonly Name[]): readonly ResourceRecord[] {
    const seen = new Set<string>()
    return hosts.flatMap(host => {
      if (host.ip === undefined) return this.#follow(owner, host, type, before)
      const data = addressData(host)
      if (data === undefined || TYPES[data.type] !== type || seen.has(host.text)) return []
      seen.add(host.text)
      return [this.#record(owner, data)]
    })
  }

  /** A CNAME and what it leads to; nothing at all where it leads nowhere within the zone. */
  #follow(owner: Name, host: Host, type: number, before: readonly Name[]): readonly ResourceRecord[] {
    const target = findName(host.text)
    if (target === undefined || isWithin(target, owner) || before.length > MOST_CNAMES) return []
    if (before.some(one => equalName(one, target))) return []
    const cname = this.#record(owner, { type: 'CNAME', target })
    if (!isWithin(target, this.#around)) return [cname, ...this.#lookUp(target, type)]
    const found = this.#isServer(target) ? this.#serverHosts() : this.#find(target)
    const hosts = (found ?? []).map(one => ('host' in one ? one.host : one))
    const next = this.#addressesOf(target, hosts, type, [...before, target])
    return next.length > 0 ? [cname, ...next] : []
  }

  /** Asks as anybody would: another of the zones, or somebody outside. */
  #lookUp(name: Name, type: number): readonly ResourceRecord[] {
    if (this.#depth === MOST_CNAMES) return []
    const inside = answerAtDepth(this.#zone, { ...this.#question, name, type }, this.#outside, this.#depth + 1)
    if (inside.kind === 'answer') return inside.answer
    if (inside.kind === 'ask') throw new Missing(inside.name, inside.type)
    const known = this.#outside(name, type)
    if (known === undefined) throw new Missing(name, type)
    this.#truncated ||= known.truncated
    return known.records
  }

  #canonical(): Said {
    const { name } = this.#question
    if (this.#isServer(name)) return said([])
    const found = this.#find(name)
    const [first] = found ?? []
    const target = first && first.host.ip === undefined ? findName(first.host.text) : undefined
    return found && said(target ? [this.#record(name, { type: 'CNAME', target })] : [])
  }

  #services(): Said {
    const { name } = this.#question
    if (this.#isServer(name)) return said([])
    const found = this.#find(name)?.filter(({ host }) => host.ip !== undefined)
    if (found === undefined) return undefined
    // The weight is that of all, though those of one target and port become one record.
    const weight = Math.max(1, Math.floor(100 / found.length))
    const answer = new Map<string, ResourceRecord>()
    const additional = new Map<string, ResourceRecord>()
    for (const { host, port, owner } of found) {
      const data = addressData(host)
      if (port === NO_PORT || data === undefined) continue
      const target = [...owner, ...this.#around]
      const service = this.#record(name, { type: 'SRV', priority: 0, weight, port, target })
      const key = owner.join('.')
      if (!answer.has(`${key} ${port}`)) answer.set(`${key} ${port}`, service)
      if (!additional.has(`${key} ${host.text}`)) additional.set(`${key} ${host.text}`, this.#record(target, data))
    }
    return said([...answer.values()], [...additional.values()])
  }

  #pointers(): Said {
    const { name } = this.#question
    const address = findReverseAddress(name)
    if (address === undefined) return this.#find(name) && said([])
    const names = namesOfAddress(this.#zone, address)
    const once = new Map(names.map(target => [target.join('.'), target]))
    if (names.length === 0) return undefined
    return said([...once.values()].map(target => this.#record(name, { type: 'PTR', target })))
  }

  /** Names that only have others below them count as missing here. */
  #texts(): Said {
    const { name } = this.#question
    if (equalName(this.#labels(name), ['dns-version'])) {
      return said([{ owner: name, ttl: VERSION_TTL, type: 'TXT', texts: [SCHEMA_VERSION] }])
    }
    return (this.#find(name)?.length ?? 0) > 0 ? said([]) : undefined
  }

  #serverHosts(): readonly Host[] {
    return nameServers(this.#zone).map(server => server.host)
  }

  #servers(): Said {
    const { name } = this.#question
    const servers = nameServers(this.#zone).map(server => ({ ...server, target: [...server.owner, ...this.#around] }))
    const targets = new Map(servers.map(({ target }) => [lowerName(target).join('.'), target]))
    const glue = servers.flatMap(({ host, target }) => {
      const data = addressData(host)
      return data ? [this.#record(target, data)] : []
    })
    return said(
      [...targets.values()].map(target => this.#record(name, { type: 'NS', target })),
      glue,
    )
  }
}

/** The record of an address; nothing for a name. */
export function addressData({ ip }: Host): (RecordData & { readonly type: 'A' | 'AAAA' }) | undefined {
  if (ip === undefined) return undefined
  return isIpv4(ip) ? { type: 'A', address: ip } : { type: 'AAAA', address: ip }
}
