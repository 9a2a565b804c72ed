/** Random rules that iptables would take, in the form in which the reader gives them back. */
import fc from 'fast-check'
import { FAMILIES, type Family, hostPrefix, type Ip, type Prefix, prefixOf, widthOf } from '../../src/base/ip.ts'
import type { Ipv4 } from '../../src/base/ipv4.ts'
import { ipv6 } from '../../src/base/ipv6.ts'
import type { Form } from '../../src/netfilter/option.ts'
import type { AddressType, Match, PortMatch, PortRange, Rule, TableName, Target } from '../../src/netfilter/rule.ts'

type Arb<T> = fc.Arbitrary<T>

/** Plain objects, as the reader makes them. */
const record = <T extends object>(fields: { [K in keyof T]: Arb<T[K]> }) =>
  fc.record(fields, { noNullPrototype: true }) as Arb<T>

export const family: Arb<Family> = fc.constantFrom(...FAMILIES)

const word32 = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff })
/** IPv6 addresses that keep away from the forms that C's printer and RFC 5952 spell differently. */
const ip = (family: Family): Arb<Ip> =>
  family === 4
    ? word32.map(word => word as Ipv4)
    : fc.tuple(word32, word32, word32).map(([a, b, c]) => ipv6(0x2001_0db8, a, b, c))
const prefix = (family: Family): Arb<Prefix> =>
  fc.oneof(
    ip(family).map(hostPrefix),
    fc.tuple(ip(family), fc.integer({ min: 1, max: widthOf(family) })).map(([base, bits]) => prefixOf(base, bits)),
  )
const addressRange = (family: Family) => ip(family).map(from => ({ from, to: from }))

const byte = fc.integer({ min: 0, max: 255 })
const portNumber = fc.integer({ min: 1, max: 0xffff })
const portRange: Arb<PortRange> = fc.oneof(
  portNumber.map(from => ({ from, to: from })),
  fc.tuple(portNumber, portNumber).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) })),
)

/** The value, and at times its opposite. */
function negated<T extends object>(arb: Arb<T>): Arb<T & { not?: true }> {
  return fc.tuple(arb, fc.boolean()).map(([value, not]) => (not ? { ...value, not: true } : value))
}

const port: Arb<PortMatch> = negated(portRange)
/** Optional fields: present or absent, never undefined. */
const some = <T extends object>(fields: { [K in keyof T]: Arb<T[K]> }) =>
  fc.record(fields, { requiredKeys: [], noNullPrototype: true }) as Arb<Partial<T>>
const atLeastOne = <T extends object>(arb: Arb<T>) => arb.filter(value => Object.keys(value).length > 0)
const someOf = <const T extends string>(...words: T[]) => fc.subarray(words, { minLength: 1 })
const device = fc.constantFrom('eth0', 'cbr0', 'veth+', 'lo', 'br-b74b417b331f')
const mark = fc.oneof(
  word32.map(is => ({ is, mask: -1 })),
  fc.tuple(word32, word32).map(([is, mask]) => ({ is: is & mask, mask })),
)
const counted = fc.integer({ min: 1, max: 255 })
const yes = fc.constant(true as const)
const text = fc.oneof(
  fc.constantFrom('ns/name:port', 'two words', 'it\'s "quoted"', 'back\\slash', 'x'),
  fc.string({ unit: fc.integer({ min: 32, max: 126 }).map(code => String.fromCharCode(code)), maxLength: 60 }),
)
const name = fc.constantFrom('a', 'KUBE-SEP-CDGGSHYLG3RE2FKL', 'list_1')

const STATES = ['INVALID', 'NEW', 'RELATED', 'ESTABLISHED', 'UNTRACKED', 'SNAT', 'DNAT'] as const
/** The kernel refuses types of IPv4 in rules of IPv6. */
const TYPES = {
  4: ['UNSPEC', 'UNICAST', 'LOCAL', 'BROADCAST', 'ANYCAST', 'MULTICAST', 'BLACKHOLE', 'UNREACHABLE'],
  6: ['UNICAST', 'LOCAL', 'ANYCAST', 'MULTICAST'],
} as const

/** Extensions that say nothing of a protocol, by kind. */
function extensions(family: Family, form: Form): Record<string, Arb<Match>> {
  const inside = <T>(arb: Arb<T>) => negated(arb.map(value => ({ in: value })))
  const on = <const K extends Match['on'], T extends object>(kind: K, arb: Arb<T>) =>
    arb.map(value => ({ on: kind, ...value }) as unknown as Match)
  return {
    comment: on('comment', record({ text })),
    conntrack: on(
      'conntrack',
      atLeastOne(
        some({
          state: inside(someOf(...STATES)),
          protocol: negated(record({ is: fc.constantFrom(1, 6, 17, 132) })),
          origSrc: inside(prefix(family)),
          origDst: inside(prefix(family)),
          replSrc: inside(prefix(family)),
          replDst: inside(prefix(family)),
          origSport: port,
          origDport: port,
          replSport: port,
          replDport: port,
          status: inside(someOf('EXPECTED', 'SEEN_REPLY', 'ASSURED', 'CONFIRMED')),
          expire: port,
          direction: fc.constantFrom('ORIGINAL', 'REPLY'),
        }),
      ),
    ),
    state: on('state', negated(record({ states: someOf('INVALID', 'NEW', 'RELATED', 'ESTABLISHED', 'UNTRACKED') }))),
    mark: on('mark', negated(mark)),
    connmark: on('connmark', negated(mark)),
    addrtype: on(
      'addrtype',
      atLeastOne(
        some({
          src: inside(someOf<AddressType>(...TYPES[family])),
          dst: inside(someOf<AddressType>(...TYPES[family])),
        }),
      ),
    ),
    // The reader gives back what was written: eleven decimals when saved, ten as kube-proxy writes.
    statistic: fc.oneof(
      on(
        'statistic',
        negated(
          record({
            mode: fc.constant('random' as const),
            probability: fc
              .integer({ min: 0, max: 0x7fff_ffff })
              .map(bits => Number((bits / 0x8000_0000).toFixed(form === 'save' ? 11 : 10))),
          }),
        ),
      ),
      on('statistic', negated(record({ mode: fc.constant('nth' as const), every: fc.constant(256), packet: byte }))),
    ),
    recent: on(
      'recent',
      fc
        .tuple(
          negated(
            record({
              do: fc.constantFrom('set', 'rcheck', 'update', 'remove'),
              list: name,
              by: fc.constantFrom('src', 'dst'),
              mask: fc.constant(family === 4 ? (-1 as Ipv4) : ipv6(-1, -1, -1, -1)),
            }),
          ),
          some({ seconds: counted, hits: fc.integer({ min: 1, max: 20 }), ttl: yes }),
          fc.boolean(),
        )
        .map(([what, limits, reap]) => {
          if (what.do !== 'rcheck' && what.do !== 'update') return what
          return { ...what, ...limits, ...(reap && limits.seconds && { reap: true }) }
        }),
    ),
    physdev: on(
      'physdev',
      atLeastOne(
        some({
          in: negated(record({ device })),
          out: negated(record({ device })),
          isIn: negated(fc.constant({})),
          isBridged: negated(fc.constant({})),
        }),
      ),
    ),
    iprange: on(
      'iprange',
      atLeastOne(some({ src: negated(addressRange(family)), dst: negated(addressRange(family)) })),
    ),
    limit: on(
      'limit',
      record({
        rate: fc.constantFrom(
          { count: 3, per: 'hour' },
          { count: 10, per: 'sec' },
          { count: 100, per: 'min' },
          { count: 7, per: 'day' },
        ),
        burst: counted,
      }),
    ),
    mac: on('mac', negated(record({ source: record({ high: fc.integer({ min: 0, max: 0xffff }), low: word32 }) }))),
    length: on('length', negated(portRange)),
    pkttype: on('pkttype', negated(record({ is: fc.constantFrom('unicast', 'broadcast', 'multicast') }))),
    set: on('set', negated(record({ set: fc.constant('foo'), by: fc.constantFrom(['src'], ['dst'], ['src', 'dst']) }))),
  }
}

/** The protocol with an extension of its own, which has an option at least. */
function ofProtocol(family: Family): Arb<readonly Match[]> {
  const ports = atLeastOne(some({ sport: port, dport: port }))
  const tcp = atLeastOne(
    some({
      sport: port,
      dport: port,
      flags: negated(record({ mask: fc.integer({ min: 0, max: 63 }), set: fc.integer({ min: 0, max: 63 }) })),
      option: negated(record({ kind: counted })),
    }),
  )
  const multiport = negated(
    record({
      of: fc.constantFrom('sports', 'dports', 'ports'),
      ports: fc.array(portRange, { minLength: 1, maxLength: 7 }),
    }),
  )
  const icmp = negated(
    fc
      .tuple(fc.integer({ min: 0, max: 254 }), fc.option(byte, { nil: undefined }))
      .map(([type, code]) => (code === undefined ? { type } : { type, code: { from: code, to: code } })),
  )
  const with_ = (is: number, kind: Match['on'], arb: Arb<object>) =>
    arb.map(value => [{ on: 'proto', is }, { on: kind, ...value } as Match] as const)
  return fc.oneof(
    with_(6, 'tcp', fc.oneof(fc.constant({}), tcp)),
    with_(17, 'udp', ports),
    with_(132, 'sctp', ports),
    with_(6, 'multiport', multiport),
    family === 4 ? with_(1, 'icmp', icmp) : with_(58, 'icmp6', icmp),
    negated(record({ on: fc.constant('proto' as const), is: fc.constantFrom(6, 17, 47, 200) })).map(match => [match]),
    fc.constant([]),
  )
}

const own = (family: Family): Arb<Match[]> =>
  fc
    .tuple(
      fc.option(negated(record({ on: fc.constant('src' as const), in: prefix(family) })), { nil: undefined }),
      fc.option(negated(record({ on: fc.constant('dst' as const), in: prefix(family) })), { nil: undefined }),
      fc.option(negated(record({ on: fc.constant('in' as const), device })), { nil: undefined }),
      fc.option(negated(record({ on: fc.constant('out' as const), device })), { nil: undefined }),
    )
    .map(all => all.filter(match => match !== undefined))

const choice = { random: yes, randomFully: yes }

/** Targets by table, `needsPorts` for those that a protocol with ports must go before. */
function targets(family: Family): Record<TableName, Arb<Target>> {
  const to = ip(family).map(from => ({ from, to: from }))
  const nat = fc.tuple(
    fc.oneof(record({ to }), record({ to, ports: portRange })),
    some({ random: yes, persistent: yes }),
  )
  const answers =
    family === 4 ? ['icmp-port-unreachable', 'icmp-host-prohibited'] : ['icmp6-port-unreachable', 'icmp6-no-route']
  const anywhere = fc.constantFrom<Target>(
    { do: 'accept' },
    { do: 'return' },
    { do: 'jump', chain: 'Y' },
    { do: 'goto', chain: 'Y' },
  )
  const log = fc
    .tuple(
      fc.option(text, { nil: undefined }),
      some({ level: fc.constantFrom(0, 3, 7), tcpSequence: yes, ipOptions: yes, uid: yes, macDecode: yes }),
    )
    .map(([prefix, rest]): Target => ({ do: 'log', ...(prefix && { prefix: prefix.slice(0, 29) }), ...rest }))
  const masks = record({ nfmask: word32, ctmask: word32 })
  return {
    filter: fc.oneof(
      anywhere,
      // The other tables refuse to drop, or should.
      fc.constant<Target>({ do: 'drop' }),
      log,
      fc.constantFrom(...answers).map((answer): Target => ({ do: 'reject', with: answer })),
    ),
    mangle: fc.oneof(
      anywhere,
      record({ do: fc.constant('mark' as const), set: word32, mask: fc.oneof(word32, fc.constantFrom(0, -1)) }),
      word32.map((set): Target => ({ do: 'mark', set, mask: set })),
      record({ do: fc.constant('connmark' as const), op: fc.constant('set' as const), set: word32, mask: word32 }),
      fc
        .tuple(fc.constantFrom('save', 'restore'), masks)
        .map(([op, rest]): Target => ({ do: 'connmark', op, ...rest })),
    ),
    nat: fc.oneof(
      anywhere,
      nat.map(([where, how]): Target => ({ do: 'dnat', ...where, ...how })),
      nat.map(([where, how]): Target => ({ do: 'snat', ...where, ...how })),
      fc.tuple(fc.constantFrom('masquerade', 'redirect'), some({ ports: portRange, ...choice })).map(
        ([what, { randomFully, ...rest }]): Target => ({
          do: what,
          ...rest,
          ...(randomFully && what === 'masquerade' && { randomFully }),
        }),
      ),
    ),
    raw: fc.oneof(anywhere, fc.constantFrom<Target>({ do: 'notrack' }, { do: 'trace' })),
    security: anywhere,
  }
}

/** A rule of a table; in the save form, what is iptables' own stands in front. */
export function rule(family: Family, table: TableName, form: Form): Arb<Rule> {
  const kinds = extensions(family, form)
  return record({
    own: own(family),
    protocol: ofProtocol(family),
    others: fc.subarray(Object.keys(kinds), { maxLength: 4 }),
    target: fc.option(targets(family)[table], { nil: undefined }),
    shuffled: fc.infiniteStream(fc.nat()),
  }).chain(({ own, protocol, others, target, shuffled }) =>
    fc.tuple(...others.map(kind => kinds[kind] ?? fc.constant<Match>({ on: 'comment', text: '' }))).map(extended => {
      const matches =
        form === 'save' ? [...own, ...protocol, ...extended] : mix([...own, ...extended], protocol, shuffled)
      return withPorts({ matches, ...(target && { target }) })
    }),
  )
}

/** Puts the pair of a protocol and its extension somewhere among the others. */
function mix(others: readonly Match[], pair: readonly Match[], numbers: Iterator<number>): Match[] {
  const mixed = [...others]
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = (numbers.next().value ?? 0) % (i + 1)
    const [a, b] = [mixed[i], mixed[j]]
    if (a && b) [mixed[i], mixed[j]] = [b, a]
  }
  mixed.splice((numbers.next().value ?? 0) % (mixed.length + 1), 0, ...pair)
  return mixed
}

/** Ports of NAT need a protocol that has some. */
function withPorts(rule: Rule): Rule {
  const { target } = rule
  if (!target || !('ports' in target)) return rule
  const hasPorts = rule.matches.some(match => match.on === 'proto' && match.is === 6 && !match.not)
  if (hasPorts) return rule
  const { ports: _, ...without } = target
  return { ...rule, target: without }
}
