/**
 * The statements and expressions that kube-proxy's nftables rules are put together from.
 *
 * @module
 */
import type { Family, Prefix } from '../../base/ip.ts'
import { protocolOf, type ServiceProtocol } from '../../base/protocol.ts'
import type { NftElement, NftExpression, NftValue } from '../../netfilter/nftables/expression.ts'
import type { NftStatement } from '../../netfilter/nftables/rule.ts'
import { ADDRESS, isNotWithin, isWithin, prefixValue } from '../../netfilter/nftables/statements.ts'
import type { Match } from '../../netfilter/rule.ts'
import { LOOPBACK } from '../node-port-addresses.ts'
import { intervalsOf } from './intervals.ts'

const L4PROTO: NftExpression = { kind: 'meta', key: 'l4proto' }
const DPORT: NftExpression = { kind: 'payload', protocol: 'th', field: 'dport' }

/** `ip daddr . meta l4proto . th dport` */
export function byDestination(family: Family): NftExpression {
  return { kind: 'concat', parts: [ADDRESS[family].daddr, L4PROTO, DPORT] }
}

/** `meta l4proto . th dport` */
export const BY_PORT: NftExpression = { kind: 'concat', parts: [L4PROTO, DPORT] }

/** `ip saddr . ip daddr . meta l4proto . th dport` */
export function byBothEnds(family: Family): NftExpression {
  return { kind: 'concat', parts: [ADDRESS[family].saddr, ADDRESS[family].daddr, L4PROTO, DPORT] }
}

/** `ip saddr != { 10.0.0.0/8, 192.0.2.0/24 }`; one alone has no braces, as nft lists it. */
export function addressIs(
  family: Family,
  field: 'saddr' | 'daddr',
  op: '==' | '!=',
  prefixes: readonly Prefix[],
): NftStatement {
  const [only, ...others] = prefixes
  const elements = intervalsOf(prefixes).map((key): NftElement => ({ key }))
  const right = only && others.length === 0 ? prefixValue(only) : { kind: 'anonymous' as const, elements }
  return { do: 'match', left: ADDRESS[family][field], op, right }
}

/** `ip daddr != 127.0.0.0/8` */
export function notToLoopback(family: Family): NftStatement {
  return isNotWithin('daddr', LOOPBACK[family])
}

export function isOfProtocol(protocol: ServiceProtocol): NftStatement {
  return { do: 'match', left: L4PROTO, op: '==', right: protocolValue(protocol) }
}

export function protocolValue(protocol: ServiceProtocol): NftValue {
  return PROTOCOLS[protocol]
}

const PROTOCOLS: Readonly<Record<ServiceProtocol, NftValue>> = {
  TCP: { kind: 'protocol', protocol: protocolOf('TCP') },
  UDP: { kind: 'protocol', protocol: protocolOf('UDP') },
  SCTP: { kind: 'protocol', protocol: protocolOf('SCTP') },
}

/**
 * The question that tells pods of this node from others, as iptables asks it, in nftables' terms.
 *
 * @throws {RangeError} for one that no detector asks
 */
export function detection(match: Match): NftStatement {
  if (match.on === 'src') {
    return match.not ? isNotWithin('saddr', match.in) : isWithin('saddr', match.in)
  }
  if (match.on === 'in') {
    const text = match.device.replace(/\+$/, '*')
    return {
      do: 'match',
      left: { kind: 'meta', key: 'iifname' },
      op: match.not ? '!=' : '==',
      right: { kind: 'string', text },
    }
  }
  throw new RangeError(`no detector asks by ${match.on}`)
}
