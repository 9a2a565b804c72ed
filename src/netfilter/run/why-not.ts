/**
 * Why a condition did not hold, in words.
 *
 * @module
 */
import { formatIp } from '../../base/ip.ts'
import { formatMac } from '../../base/mac.ts'
import { formatNear, ratio } from '../../base/ratio.ts'
import { formatProtocol } from '../name.ts'
import type { ExtensionOption, Match, MatchOn, PortMatch, PortRange } from '../rule.ts'
import { NONE, type Probe } from './probe.ts'
import { whyNotConnmark, whyNotConntrack, whyNotState } from './why-not-connection.ts'
import { formatPorts, whyNotIn, whyNotMark, whyNotPort } from './why-not-words.ts'

/** Why `match` does not hold for the packet, which the kernel has just said. */
export function whyNot(match: Match, probe: Probe): string {
  const explain = REASONS[match.on] as (match: Match, probe: Probe) => string
  return explain(match, probe)
}

/** What neighbours have in common that fail on the same thing, or nothing where it would say too little. */
export function kindOfMiss(match: Match, probe: Probe): string | undefined {
  switch (match.on) {
    case 'dst':
      return match.not ? undefined : 'other destinations'
    case 'src':
      return match.not ? undefined : 'other sources'
    case 'in':
    case 'out':
      return match.not ? undefined : `other devices ${match.on}`
    case 'proto':
      return match.not ? undefined : 'other protocols'
    case 'tcp':
    case 'udp':
    case 'sctp':
      return match.dport && !match.dport.not && !isIn(probe.dport, match.dport) ? 'other destination ports' : undefined
    case 'mac':
      return match.not ? undefined : 'other hardware addresses'
    default:
      return undefined
  }
}

const REASONS: { readonly [K in Match['on']]: (match: MatchOn<K>, probe: Probe) => string } = {
  src: whyNotAddress,
  dst: whyNotAddress,
  in: whyNotDevice,
  out: whyNotDevice,
  proto: ({ is }, { protocol }) => isOrIsNot('protocol', formatProtocol(protocol), formatProtocol(is)),
  fragment: ({ not }) => (not ? 'it is a later fragment' : 'it is not a later fragment'),
  comment: () => 'it is a remark',
  nfacct: () => 'it only counts',
  tcp: (match, probe) => whyNotPorts(match, probe) ?? whyNotTcp(match, probe),
  udp: (match, probe) => whyNotPorts(match, probe) ?? 'the UDP header is not as asked',
  sctp: (match, probe) => whyNotPorts(match, probe) ?? 'the chunks are not as asked',
  icmp: whyNotIcmp,
  icmp6: whyNotIcmp,
  conntrack: whyNotConntrack,
  state: ({ states, not }, { skb }) => whyNotState(skb, states, not),
  connmark: whyNotConnmark,
  mark: ({ is, mask, not }, { mark }) => whyNotMark('mark', mark, is, mask, not),
  addrtype: ({ src, dst, limit }, probe) => whyNotTyped(src, dst, limit, probe),
  statistic: (match, { chanceTaken, chanceOf }) => {
    if (match.mode === 'nth') return `it is not this packet's turn: one of every ${match.every} is`
    if (chanceOf === 0) return match.probability > 0 ? 'the draw is always won' : 'the draw is never won'
    return `the draw fell on another way (${formatNear(ratio(chanceTaken, chanceOf))})`
  },
  recent: ({ list, by, not }, probe) => {
    const whose = `${SIDES[by]} ${formatIp(probe.skb.packet[by])}`
    return not ? `${whose} is in list ${list}` : `${whose} is not in list ${list} as asked`
  },
  multiport: ({ of, ports, not }, probe) => {
    if (probe.fragmentOffset > 0) return FRAGMENT
    if (probe.dport === NONE) return `protocol ${formatProtocol(probe.protocol)} has no ports`
    const which = {
      sports: `source port ${probe.sport} is`,
      dports: `destination port ${probe.dport} is`,
      ports: `ports ${probe.sport} and ${probe.dport} are`,
    }[of]
    return `${which} ${not ? '' : 'not '}in ${ports.map(formatPorts).join(', ')}`
  },
  set: ({ set, by, not }, { skb: { packet } }) => {
    const whose = by.map(side => `${SIDES[side]} ${formatIp(packet[side])}`).join(', ')
    return `${whose}: ${not ? '' : 'not '}in set ${set}`
  },
  physdev: (_, { passing: { devices } }) =>
    devices.physIn === undefined && devices.physOut === undefined
      ? 'the packet does not cross a bridge'
      : `the bridge ports are ${devices.physIn ?? 'none'} and ${devices.physOut ?? 'none'}`,
  iprange: whyNotRange,
  limit: ({ rate, burst }) => `the limit of ${rate.count}/${rate.per}, ${burst} at once, is reached`,
  mac: ({ source, not }, { skb }) => {
    if (!skb.source) return 'the packet has no hardware address'
    return not
      ? `hardware address is ${formatMac(source)}`
      : `hardware address ${formatMac(skb.source)} is not ${formatMac(source)}`
  },
  rpfilter: ({ invert }, probe) =>
    `the way back to ${formatIp(probe.skb.packet.src)} ${invert ? 'leads' : 'does not lead'} through ${probe.in}`,
  length: ({ from, to, not }) => `the length is ${not ? '' : 'not '}${formatPorts({ from, to })}`,
  pkttype: ({ is, not }, { skb }) =>
    not ? `the frame is ${is}` : `the frame is for ${skb.addressed ?? 'unicast'}, not ${is}`,
  extension: ({ module, options }) => `${module}${optionsText(options)} does not hold`,
  unknown: ({ module }) => `${module} does not hold`,
}

const SIDES = { src: 'source', dst: 'destination' } as const
const FRAGMENT = 'a later fragment has no transport header'

function isOrIsNot(what: string, own: string, asked: string): string {
  return own === asked ? `${what} is ${own}` : `${what} ${own} is not ${asked}`
}

function whyNotAddress({ on, in: prefix, not }: MatchOn<'src' | 'dst'>, { skb: { packet } }: Probe): string {
  return whyNotIn(SIDES[on], packet[on], prefix, not)
}

function whyNotDevice({ on, device, not }: MatchOn<'in' | 'out'>, probe: Probe): string {
  const own = on === 'in' ? probe.in : probe.out
  const what = on === 'in' ? 'device in' : 'device out'
  if (own === '') return `the hook knows no ${what}`
  return not ? `${what} is ${own}` : `${what} ${own} is not ${device}`
}

interface Ports {
  readonly sport?: PortMatch
  readonly dport?: PortMatch
}

function whyNotPorts({ sport, dport }: Ports, probe: Probe): string | undefined {
  if (probe.fragmentOffset > 0) return FRAGMENT
  if (probe.dport === NONE) return `protocol ${formatProtocol(probe.protocol)} is another`
  if (dport && isIn(probe.dport, dport) !== !dport.not) return whyNotPort('destination port', probe.dport, dport)
  if (sport && isIn(probe.sport, sport) !== !sport.not) return whyNotPort('source port', probe.sport, sport)
  return undefined
}

function isIn(port: number, { from, to }: PortRange): boolean {
  return port >= from && port <= to
}

const FLAGS = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR']

function formatFlags(bits: number): string {
  return FLAGS.filter((_, bit) => bits & (1 << bit)).join(',') || 'none'
}

function whyNotTcp({ flags, option }: MatchOn<'tcp'>, probe: Probe): string {
  if (flags && ((probe.flags & flags.mask) === flags.set) !== !flags.not) {
    const own = formatFlags(probe.flags & flags.mask)
    return `of the flags ${formatFlags(flags.mask)} it has ${own}${flags.not ? '' : `, not ${formatFlags(flags.set)}`}`
  }
  return option ? `TCP option ${option.kind} is ${option.not ? '' : 'not '}there` : 'the TCP header is not as asked'
}

function whyNotIcmp(
  { type, code, not }: MatchOn<'icmp' | 'icmp6'>,
  { icmpType, icmpCode, fragmentOffset }: Probe,
): string {
  if (fragmentOffset > 0) return FRAGMENT
  if (icmpType === NONE) return 'it is no ICMP message'
  if (not) return `ICMP type is ${icmpType}`
  return icmpType === type
    ? `ICMP code ${icmpCode} is not ${code ? formatPorts(code) : 'it'}`
    : `ICMP type ${icmpType} is not ${type}`
}

function whyNotTyped(
  src: MatchOn<'addrtype'>['src'],
  dst: MatchOn<'addrtype'>['dst'],
  limit: MatchOn<'addrtype'>['limit'],
  { skb: { packet }, passing: { surroundings }, in: input, out }: Probe,
): string {
  const device = (limit === 'in' ? input : limit === 'out' ? out : '') || undefined
  const reasons: string[] = []
  for (const [side, asked] of [
    ['src', src],
    ['dst', dst],
  ] as const) {
    if (!asked) continue
    const own = surroundings.addressType(packet[side], device)
    if (asked.in.includes(own) === !asked.not) continue
    const list = asked.in.join(',')
    const what = `${SIDES[side]} ${formatIp(packet[side])} is`
    reasons.push(asked.not ? `${what} ${own}` : `${what} ${own}, not ${list}`)
  }
  return reasons[0] ?? 'the addresses are not of the types asked for'
}

function whyNotRange({ src, dst }: MatchOn<'iprange'>, { skb: { packet } }: Probe): string {
  const parts: string[] = []
  for (const [side, range] of [
    ['src', src],
    ['dst', dst],
  ] as const) {
    if (range)
      parts.push(
        `${SIDES[side]} ${formatIp(packet[side])}: ${range.not ? '' : 'not '}in ${formatIp(range.from)}-${formatIp(range.to)}`,
      )
  }
  return parts.join(' or ')
}

function optionsText(options: readonly ExtensionOption[]): string {
  return options.map(({ name, words, not }) => `${not ? ' !' : ''} --${[name, ...words].join(' ')}`).join('')
}
