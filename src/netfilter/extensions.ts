/**
 * All extensions, by the kind of match or target that they are in a rule.
 *
 * @module
 */

import { ICMP, ICMPV6, type Protocol, SCTP, TCP, UDP } from '../base/protocol.ts'
import type { Listed } from './listed.ts'
import { comment } from './matches/comment.ts'
import * as connection from './matches/connection.ts'
import { OTHER_MATCHES } from './matches/other.ts'
import * as packet from './matches/packet.ts'
import * as rate from './matches/rate.ts'
import * as transport from './matches/transport.ts'
import type { Context, Extension } from './option.ts'
import { writeOptions } from './option.ts'
import type { Match, MatchOn, Target, TargetDo } from './rule.ts'
import * as nat from './targets/nat.ts'
import { OTHER_TARGETS } from './targets/other.ts'
import * as verdict from './targets/verdict.ts'

/** Kinds of match that are options of iptables itself, or keep their words as they are. */
type PlainMatch = 'src' | 'dst' | 'in' | 'out' | 'proto' | 'fragment' | 'extension' | 'unknown'
/** Kinds of target that have no options, or keep their words as they are. */
type PlainTarget = 'accept' | 'drop' | 'return' | 'queue' | 'jump' | 'goto' | 'extension' | 'unknown'

type Matches = { readonly [K in Exclude<Match['on'], PlainMatch>]: Extension<MatchOn<K>> }
type Targets = { readonly [K in Exclude<Target['do'], PlainTarget>]: Extension<TargetDo<K>> }

const MATCHES: Matches = {
  comment,
  tcp: transport.tcp,
  udp: transport.udp,
  sctp: transport.sctp,
  icmp: transport.icmp,
  icmp6: transport.icmp6,
  multiport: transport.multiport,
  nfacct: transport.nfacct,
  conntrack: connection.conntrack,
  state: connection.state,
  mark: connection.mark,
  connmark: connection.connmark,
  addrtype: packet.addrtype,
  physdev: packet.physdev,
  iprange: packet.iprange,
  mac: packet.macSource,
  rpfilter: packet.rpfilter,
  length: packet.length,
  pkttype: packet.pkttype,
  set: packet.set,
  limit: rate.limit,
  statistic: rate.statistic,
  recent: rate.recent,
}

const TARGETS: Targets = {
  reject: verdict.reject,
  mark: verdict.mark,
  connmark: verdict.connmark,
  log: verdict.log,
  notrack: verdict.notrack,
  trace: verdict.trace,
  dnat: nat.dnat,
  snat: nat.snat,
  masquerade: nat.masquerade,
  redirect: nat.redirect,
}

/** An extension as the reader finds it: `kind` is what it is in a rule's value. */
export interface Loaded {
  readonly kind: string
  readonly table: Extension<never>
}

function byName(tables: object, others: ReadonlyMap<string, Extension<Listed>>): ReadonlyMap<string, Loaded> {
  const typed = Object.entries(tables) as [string, Extension<never>][]
  return new Map([
    ...[...others].map(([name, table]) => [name, { kind: 'extension', table: table as Extension<never> }] as const),
    ...typed.map(([kind, table]) => [table.name, { kind, table }] as const),
  ])
}

const MATCHES_BY_NAME = byName(MATCHES, OTHER_MATCHES)
const TARGETS_BY_NAME = byName(TARGETS, OTHER_TARGETS)
const MATCH_ALIASES: ReadonlyMap<string, string> = new Map([
  ['icmpv6', 'icmp6'],
  ['ipv6-icmp', 'icmp6'],
])

/** What `-m NAME` loads, or nothing when podwire does not know it. */
export function findMatch(name: string): Loaded | undefined {
  return MATCHES_BY_NAME.get(MATCH_ALIASES.get(name) ?? name)
}

/** What `-j NAME` loads, or nothing when podwire does not know it. */
export function findTarget(name: string): Loaded | undefined {
  return TARGETS_BY_NAME.get(name)
}

/** The extension that goes with a protocol: `-p tcp --dport 80` needs no `-m tcp`. */
export function protocolModule(protocol: Protocol): string | undefined {
  return PROTOCOL_MODULES.get(protocol)
}

const PROTOCOL_MODULES: ReadonlyMap<Protocol, string> = new Map([
  [TCP, 'tcp'],
  [UDP, 'udp'],
  [SCTP, 'sctp'],
  [ICMP, 'icmp'],
  [ICMPV6, 'icmp6'],
  [33, 'dccp'],
  [50, 'esp'],
  [51, 'ah'],
  [135, 'mh'],
])

/** The options of a match, each with a blank before it. */
export function writeMatch(match: Match, context: Context): string {
  const table = (MATCHES as Readonly<Record<string, Extension<Match>>>)[match.on]
  return table ? writeOptions(table, match, context) : ''
}

/** `-j NAME` and the target's options, with a blank before. */
export function writeTarget(target: Target, context: Context): string {
  const table = (TARGETS as Readonly<Record<string, Extension<Target>>>)[target.do]
  return table ? ` -j ${table.name}${writeOptions(table, target, context)}` : ''
}
