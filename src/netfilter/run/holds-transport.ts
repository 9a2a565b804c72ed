/**
 * Conditions on the protocol and its header.
 *
 * Second and further fragments have no header to look at: no condition on one holds for them, not
 * even a negated one.
 *
 * @see net/netfilter/xt_tcpudp.c, xt_multiport.c, net/ipv4/netfilter/ip_tables.c of Linux
 * @module
 */
import { TCP, UDP } from '../../base/protocol.ts'
import { lengthOf } from '../../packet/length.ts'
import { isTcp } from '../../packet/packet.ts'
import type { MatchOn, PortMatch, PortRange, TcpMatch } from '../rule.ts'
import { type Holds, hotdrop } from './condition.ts'
import { hasPorts, NONE, type Probe } from './probe.ts'

/** Protocol 0 stands for all of them. */
export function holdsProtocol({ is, not }: MatchOn<'proto'>): Holds {
  return is === 0 ? () => true : probe => (probe.protocol === is) === !not
}

/** Second and further fragments. */
export function holdsFragment({ not }: MatchOn<'fragment'>): Holds {
  return probe => probe.fragmentOffset > 0 === !not
}

const CUT_SHORT = 'the transport header is cut short'

export function holdsTcp(match: TcpMatch): Holds {
  const ports = holdsPorts(match)
  const { flags, option } = match
  if (!flags && !option) return probe => tcpHeader(probe) ?? ports(probe)
  const { mask, set, not: notFlags = false } = flags ?? { mask: 0, set: 0 }
  return probe =>
    tcpHeader(probe) ??
    (ports(probe) &&
      ((probe.flags & mask) === set) === !notFlags &&
      (!option || hasOption(probe, option.kind) === !option.not))
}

/** What is to be said of a packet whose header cannot be looked at. */
function tcpHeader(probe: Probe): false | 'hotdrop' | undefined {
  if (probe.protocol !== TCP) return false
  if (probe.flags !== NONE) return undefined
  if (probe.fragmentOffset === 0) return hotdrop(probe, CUT_SHORT)
  // IPv6 counts the offset in bytes where IPv4 counts it in eights, and so never finds 1.
  if (probe.fragmentOffset === 8 && probe.passing.family === 4)
    return hotdrop(probe, 'a fragment begins inside the TCP header')
  return false
}

function hasOption({ skb }: Probe, kind: number): boolean {
  const { payload } = skb.packet
  if (!isTcp(payload)) return false
  const { options } = payload
  for (let at = 0; at < options.length; ) {
    const known = options[at] ?? 0
    if (known === kind) return true
    at += known < 2 ? 1 : options[at + 1] || 1
  }
  return false
}

export function holdsUdp(match: MatchOn<'udp'>): Holds {
  const ports = holdsPorts(match)
  return probe => {
    if (probe.protocol !== UDP || probe.fragmentOffset > 0) return false
    return probe.dport === NONE ? hotdrop(probe, CUT_SHORT) : ports(probe)
  }
}

interface Ports {
  readonly sport?: PortMatch
  readonly dport?: PortMatch
}

/** Both ports, of a packet that has them. */
export function holdsPorts({ sport, dport }: Ports): (probe: Probe) => boolean {
  const [s, d] = [sport ?? ANY_PORT, dport ?? ANY_PORT]
  const { from: sFrom, to: sTo } = s
  const { from: dFrom, to: dTo } = d
  const [notS, notD] = [s.not ?? false, d.not ?? false]
  return probe =>
    (probe.dport >= dFrom && probe.dport <= dTo) === !notD && (probe.sport >= sFrom && probe.sport <= sTo) === !notS
}

const ANY_PORT: PortMatch = { from: 0, to: 0xffff }

export function holdsMultiport({ of, ports, not }: MatchOn<'multiport'>): Holds {
  return probe => {
    const { sport, dport } = probe
    if (probe.fragmentOffset > 0 || !hasPorts(probe)) return false
    if (dport === NONE) return hotdrop(probe, CUT_SHORT)
    return ((of !== 'dports' && isAmong(sport, ports)) || (of !== 'sports' && isAmong(dport, ports))) === !not
  }
}

export function isAmong(port: number, ranges: readonly PortRange[]): boolean {
  for (const { from, to } of ranges) if (port >= from && port <= to) return true
  return false
}

/** Type 255 of IPv4 stands for all types. */
export function holdsIcmp({ on, type, code, not }: MatchOn<'icmp' | 'icmp6'>): Holds {
  const any = on === 'icmp' && type === 255
  const { from, to } = code ?? { from: 0, to: 255 }
  const protocol = on === 'icmp' ? 1 : 58
  return probe => {
    const { icmpType, icmpCode } = probe
    if (probe.protocol !== protocol || probe.fragmentOffset > 0) return false
    if (icmpType === NONE) return hotdrop(probe, CUT_SHORT)
    return (any || (icmpType === type && icmpCode >= from && icmpCode <= to)) === !not
  }
}

/** Bytes of the whole packet from the IP header on. */
export function holdsLength({ from, to, not }: MatchOn<'length'>): Holds {
  return ({ skb }) => {
    const length = lengthOf(skb.packet)
    return (length >= from && length <= to) === !not
  }
}
