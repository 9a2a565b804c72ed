/**
 * What a rule asks of packets, in a few words.
 *
 * @module
 */
import { formatPrefix } from '../base/ip.ts'
import { formatRule } from '../netfilter/format.ts'
import type { AddressTypeMatch, Match, Rule } from '../netfilter/rule.ts'
import { protocolName } from '../packet/summary.ts'

/** What a rule without conditions asks for. */
export const ANY_PACKET = 'any packet'

/** `from 10.244.1.0/24 to 10.244.0.0/16`; `any packet` for a rule without conditions. */
export function formatConditions({ matches }: Rule): string {
  const words = matches.map(formatCondition).filter(text => text !== '')
  return words.length > 0 ? words.join(' ') : ANY_PACKET
}

/** Empty for what is no condition. */
function formatCondition(match: Match): string {
  switch (match.on) {
    case 'comment':
    case 'nfacct':
      return ''
    case 'src':
      return `${not(match)}from ${formatPrefix(match.in)}`
    case 'dst':
      return `${not(match)}to ${formatPrefix(match.in)}`
    case 'in':
    case 'out':
      return `${not(match)}${match.on} by ${match.device}`
    case 'proto':
      return `${not(match)}${protocolName(match.is)}`
    case 'mark':
    case 'connmark':
      return formatMark(match)
    case 'conntrack':
      return match.state && Object.keys(match).length === 2
        ? `${not(match.state)}${match.state.in.join(',')}`
        : asWritten(match)
    case 'state':
      return `${not(match)}${match.states.join(',')}`
    case 'addrtype':
      return formatAddressType(match)
    case 'recent':
      return match.do === 'rcheck' && match.seconds !== undefined
        ? `${not(match)}seen by ${match.list} within ${match.seconds} s`
        : asWritten(match)
    default:
      return asWritten(match)
  }
}

function not({ not }: { readonly not?: true }): string {
  return not ? 'not ' : ''
}

function formatMark({ on, is, mask, not }: Extract<Match, { on: 'mark' | 'connmark' }>): string {
  const name = on === 'mark' ? 'mark' : 'connection mark'
  if (is === mask) return `${name} ${hex(is)} ${not ? 'not set' : 'set'}`
  return `${name} ${not ? 'not ' : ''}${hex(is)}${mask === -1 ? '' : `/${hex(mask)}`}`
}

/** `0x4000`, of 32 bits that are kept signed. */
export function hex(bits: number): string {
  return `0x${(bits >>> 0).toString(16)}`
}

function formatAddressType(match: AddressTypeMatch): string {
  const { src, dst } = match
  return [
    ...(src ? [`${not(src)}from an address of type ${src.in.join(',')}`] : []),
    ...(dst ? [`${not(dst)}to an address of type ${dst.in.join(',')}`] : []),
  ].join(' ')
}

/** As `iptables -S` prints it. */
function asWritten(match: Match): string {
  return formatRule('', { matches: [match] }, 4, 'save').replace(/^-A +/, '')
}
