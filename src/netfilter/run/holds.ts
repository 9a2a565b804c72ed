/**
 * Every kind of condition, made ready to be asked.
 *
 * @module
 */
import type { Match, MatchOn } from '../rule.ts'
import { type Condition, type Holds, type Setting, undecided } from './condition.ts'
import { holdsAddress, holdsAddressType, holdsIprange, holdsReversePath } from './holds-address.ts'
import { holdsConnmark, holdsConntrack, holdsMark, holdsState } from './holds-connection.ts'
import { holdsDevice, holdsMac, holdsPacketType, holdsPhysdev } from './holds-device.ts'
import { holdsExtension, isRemembering } from './holds-extension.ts'
import { holdsSctp } from './holds-sctp.ts'
import { holdsStatistic } from './holds-statistic.ts'
import {
  holdsFragment,
  holdsIcmp,
  holdsLength,
  holdsMultiport,
  holdsProtocol,
  holdsTcp,
  holdsUdp,
} from './holds-transport.ts'
import { holdsLimit } from './limit.ts'
import { holdsRecent } from './recent.ts'
import { changesWhenAsked, holdsSet } from './set-lookup.ts'

const always: Holds = () => true

const HOLDS: { readonly [K in Match['on']]: (match: MatchOn<K>, setting: Setting) => Holds } = {
  src: holdsAddress,
  dst: holdsAddress,
  in: holdsDevice,
  out: holdsDevice,
  proto: holdsProtocol,
  fragment: holdsFragment,
  comment: () => always,
  tcp: holdsTcp,
  udp: holdsUdp,
  sctp: holdsSctp,
  icmp: holdsIcmp,
  icmp6: holdsIcmp,
  conntrack: holdsConntrack,
  state: holdsState,
  mark: holdsMark,
  connmark: holdsConnmark,
  addrtype: holdsAddressType,
  statistic: holdsStatistic,
  recent: holdsRecent,
  multiport: holdsMultiport,
  set: holdsSet,
  physdev: holdsPhysdev,
  iprange: holdsIprange,
  limit: holdsLimit,
  mac: holdsMac,
  rpfilter: holdsReversePath,
  nfacct: () => always,
  length: holdsLength,
  pkttype: holdsPacketType,
  extension: ({ module, options }, setting) => holdsExtension(module, options, setting),
  unknown: ({ module, why }) => {
    const reason = `the match ${module} is not known${why === undefined ? '' : `: ${why}`}`
    return probe => undecided(probe, reason)
  },
}

export function conditionOf(match: Match, setting: Setting): Condition {
  const make = HOLDS[match.on] as (match: Match, setting: Setting) => Holds
  return { match, holds: make(match, setting), stateful: statefulOf(match) }
}

const yes = () => true

/** Whether to ask leaves something behind, or draws. */
function statefulOf(match: Match): Condition['stateful'] {
  switch (match.on) {
    case 'statistic':
    case 'recent':
    case 'limit':
      return yes
    case 'set':
      return probe => changesWhenAsked(match.set, probe)
    case 'extension':
      return isRemembering(match.module) ? yes : undefined
    default:
      return undefined
  }
}

/** Whether to ask may do more than say no: leave something behind, draw, or end a packet whose header is whole. */
export function mayIntervene(match: Match): boolean {
  return statefulOf(match) !== undefined || (match.on === 'sctp' && match.chunks !== undefined)
}

/** Whether `iptables` holds the condition in the rule itself: those are asked first, wherever they stand. */
export function isOwnCondition({ on }: Match): boolean {
  return on === 'src' || on === 'dst' || on === 'in' || on === 'out' || on === 'proto' || on === 'fragment'
}
