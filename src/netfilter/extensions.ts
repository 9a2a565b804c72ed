/**
 * All extensions, by the kind of match or target that they are in a rule.
 *
 * @module
 */

import { comment } from './matches/comment.ts'
import * as connection from './matches/connection.ts'
import * as packet from './matches/packet.ts'
import * as rate from './matches/rate.ts'
import * as transport from './matches/transport.ts'
import type { Context, Extension } from './option.ts'
import { writeOptions } from './option.ts'
import type { Match, MatchOn, Target, TargetDo } from './rule.ts'
import * as nat from './targets/nat.ts'
import * as verdict from './targets/verdict.ts'

/** Kinds of match that are options of iptables itself, or keep their words as they are. */
export type PlainMatch = 'src' | 'dst' | 'in' | 'out' | 'proto' | 'fragment' | 'extension' | 'unknown'
/** Kinds of target that have no options, or keep their words as they are. */
export type PlainTarget = 'accept' | 'drop' | 'return' | 'queue' | 'jump' | 'goto' | 'extension' | 'unknown'

type Matches = { readonly [K in Exclude<Match['on'], PlainMatch>]: Extension<MatchOn<K>> }
type Targets = { readonly [K in Exclude<Target['do'], PlainTarget>]: Extension<TargetDo<K>> }

export const MATCHES: Matches = {
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

export const TARGETS: Targets = {
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
