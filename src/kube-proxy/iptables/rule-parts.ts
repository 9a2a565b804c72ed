/**
 * The matches and targets that kube-proxy's rules are put together from.
 *
 * Parts that many rules have in common exist once: a node that knows 100,000 endpoints has
 * 300,000 rules.
 *
 * @module
 */
import type { Seconds } from '../../base/clock.ts'
import { type Family, hostPrefix, type Ip, type Prefix } from '../../base/ip.ts'
import type { Ipv4 } from '../../base/ipv4.ts'
import { ipv6 } from '../../base/ipv6.ts'
import { protocolOf, type ServiceProtocol } from '../../base/protocol.ts'
import type { Match, PortRange, Target } from '../../netfilter/rule.ts'
import { LOOPBACK } from '../node-port-addresses.ts'
import { MARK_MASQ } from './chain-names.ts'

export const ACCEPT: Target = { do: 'accept' }
export const DROP: Target = { do: 'drop' }
export const RETURN: Target = { do: 'return' }

export type Jump = Extract<Target, { readonly do: 'jump' | 'goto' }>

export function jump(chain: string): Jump {
  return { do: 'jump', chain }
}

/** Has the packet masqueraded when it leaves. */
export const MASQUERADE_LATER: Target = jump(MARK_MASQ)

export const REJECT: Readonly<Record<Family, Target>> = {
  4: { do: 'reject', with: 'icmp-port-unreachable' },
  6: { do: 'reject', with: 'icmp6-port-unreachable' },
}

export function comment(text: string): Match {
  return { on: 'comment', text }
}

export function from(prefix: Prefix): Match {
  return { on: 'src', in: prefix }
}

export function fromIp(ip: Ip): Match {
  return from(hostPrefix(ip))
}

export function toIp(ip: Ip): Match {
  return { on: 'dst', in: hostPrefix(ip) }
}

export const TO_LOOPBACK: Readonly<Record<Family, Match>> = {
  4: { on: 'dst', in: LOOPBACK[4] },
  6: { on: 'dst', in: LOOPBACK[6] },
}

export const NOT_TO_LOOPBACK: Readonly<Record<Family, Match>> = {
  4: { on: 'dst', in: LOOPBACK[4], not: true },
  6: { on: 'dst', in: LOOPBACK[6], not: true },
}

export const TO_LOCAL: Match = { on: 'addrtype', dst: { in: ['LOCAL'] } }
export const FROM_LOCAL: Match = { on: 'addrtype', src: { in: ['LOCAL'] } }

export const NEW_CONNECTION: Match = { on: 'conntrack', state: { in: ['NEW'] } }

const PROTOCOL: Readonly<Record<ServiceProtocol, Match>> = {
  TCP: { on: 'proto', is: protocolOf('TCP') },
  UDP: { on: 'proto', is: protocolOf('UDP') },
  SCTP: { on: 'proto', is: protocolOf('SCTP') },
}

const EXTENSION = { TCP: 'tcp', UDP: 'udp', SCTP: 'sctp' } as const

const ANY_PORT: Readonly<Record<ServiceProtocol, Match>> = {
  TCP: { on: 'tcp' },
  UDP: { on: 'udp' },
  SCTP: { on: 'sctp' },
}

const ONE_PORT: PortRange[] = []

export function onePort(port: number): PortRange {
  const known = ONE_PORT[port]
  if (known !== undefined) return known
  const range: PortRange = { from: port, to: port }
  ONE_PORT[port] = range
  return range
}

/** `-p tcp -m tcp`: the protocol alone. */
export function ofProtocol(protocol: ServiceProtocol): readonly [Match, Match] {
  return [PROTOCOL[protocol], ANY_PORT[protocol]]
}

/** `-p tcp -d DESTINATION -m tcp --dport PORT`, the destination if there is one. */
export function toPort(protocol: ServiceProtocol, port: number, destination?: Match): readonly Match[] {
  const dport: Match = { on: EXTENSION[protocol], dport: onePort(port) }
  return destination === undefined ? [PROTOCOL[protocol], dport] : [PROTOCOL[protocol], destination, dport]
}

/** The whole of an address, as the recent match masks with it. */
const FULL_MASK: Readonly<Record<Family, Ip>> = { 4: -1 as Ipv4, 6: ipv6(-1, -1, -1, -1) }

/** Notes the source in `list`. */
export function remember(list: string, family: Family): Match {
  return { on: 'recent', do: 'set', list, by: 'src', mask: FULL_MASK[family] }
}

/** Whether the source was noted in `list` within so many seconds; what is older is forgotten. */
export function remembered(list: string, seconds: Seconds, family: Family): Match {
  return { on: 'recent', do: 'rcheck', list, by: 'src', mask: FULL_MASK[family], seconds, reap: true }
}

const ONE_OF: (readonly Match[])[] = [[], []]

/** Applies to one of `count` packets by chance; no condition at all for a `count` of 1. */
export function oneOf(count: number): readonly Match[] {
  const known = ONE_OF[count]
  if (known !== undefined) return known
  // kube-proxy writes ten decimals, and the kernel gets no more than is written.
  const matches: Match[] = [{ on: 'statistic', mode: 'random', probability: Number((1 / count).toFixed(10)) }]
  ONE_OF[count] = matches
  return matches
}
