/**
 * Extensions that look at the transport header.
 *
 * @see extensions/libxt_tcp.c, libxt_udp.c, libxt_sctp.c, libipt_icmp.c, libxt_multiport.c of iptables
 * @module
 */
import { ParseError } from '../../base/error.ts'
import { bare, number, portRange, under } from '../codec.ts'
import { formatIcmpType, type IcmpType, parseIcmpType } from '../icmp.ts'
import { type Codec, type Extension, type Option, optionsOf } from '../option.ts'
import type { MatchOn, PortMatch, PortRange } from '../rule.ts'

interface Ports {
  readonly sport?: PortMatch
  readonly dport?: PortMatch
}

/** iptables does not print a range of all ports, not even a negated one. */
function port<V extends Ports>(key: 'sport' | 'dport', option: Option<V>): Option<V> {
  return {
    ...option,
    write: (value, context) => {
      const range = value[key]
      return range && range.from === 0 && range.to === 0xffff ? '' : option.write(value, context)
    },
  }
}

const FLAGS: readonly string[] = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG']
const ALL_FLAGS = 63

function parseFlags(text: string): number {
  let bits = 0
  for (const word of text.toUpperCase().split(',')) {
    const bit = FLAGS.indexOf(word)
    if (bit < 0 && word !== 'ALL' && word !== 'NONE')
      throw new ParseError('TCP flags', text, `no flag is called "${word}"`)
    bits |= word === 'ALL' ? ALL_FLAGS : word === 'NONE' ? 0 : 1 << bit
  }
  return bits
}

function formatFlags(bits: number): string {
  return bits === 0 ? 'NONE' : FLAGS.filter((_, bit) => bits & (1 << bit)).join(',')
}

const flags: Codec<{ readonly mask: number; readonly set: number }> = {
  words: 2,
  parse: text => {
    const [mask = '', set = ''] = text.split(' ')
    return { mask: parseFlags(mask), set: parseFlags(set) }
  },
  format: ({ mask, set }) => `${formatFlags(mask)} ${formatFlags(set)}`,
}

/** `--syn` is read as what it stands for. */
const syn: Codec<{ readonly mask: number; readonly set: number }> = {
  words: 0,
  parse: () => ({ mask: parseFlags('FIN,SYN,RST,ACK'), set: parseFlags('SYN') }),
  format: flags.format,
}

const ofTcp = optionsOf<MatchOn<'tcp'>>()
export const tcp: Extension<MatchOn<'tcp'>> = {
  name: 'tcp',
  options: [
    port('sport', ofTcp.part('sport', ['sport', 'source-port'], portRange)),
    port('dport', ofTcp.part('dport', ['dport', 'destination-port'], portRange)),
    ofTcp.part('option', ['tcp-option'], under('kind', number('TCP option', 255))),
    ofTcp.part('flags', ['tcp-flags'], flags),
    { ...ofTcp.part('flags', ['syn'], syn), write: () => '' },
  ],
}

const ofUdp = optionsOf<MatchOn<'udp'>>()
export const udp: Extension<MatchOn<'udp'>> = {
  name: 'udp',
  options: [
    port('sport', ofUdp.part('sport', ['sport', 'source-port'], portRange)),
    port('dport', ofUdp.part('dport', ['dport', 'destination-port'], portRange)),
  ],
}

/** `any DATA:Be,INIT`: which chunks, and under which flags. */
const chunks: Codec<{ readonly text: string }> = {
  words: 2,
  parse: text => ({ text }),
  format: ({ text }) => text,
}

const ofSctp = optionsOf<MatchOn<'sctp'>>()
export const sctp: Extension<MatchOn<'sctp'>> = {
  name: 'sctp',
  options: [
    port('sport', ofSctp.part('sport', ['sport', 'source-port'], portRange)),
    port('dport', ofSctp.part('dport', ['dport', 'destination-port'], portRange)),
    ofSctp.part('chunks', ['chunk-types'], chunks),
  ],
}

const icmpType: Codec<IcmpType> = {
  parse: (text, context) => parseIcmpType(text, context.family),
  format: (value, context) => formatIcmpType(value, context.family),
}

export const icmp: Extension<MatchOn<'icmp'>> = {
  name: 'icmp',
  options: [optionsOf<MatchOn<'icmp'>>().whole(['icmp-type'], icmpType)],
  needs: ['type'],
}

export const icmp6: Extension<MatchOn<'icmp6'>> = {
  name: 'icmp6',
  options: [optionsOf<MatchOn<'icmp6'>>().whole(['icmpv6-type'], icmpType)],
  needs: ['type'],
}

const portList: Codec<readonly PortRange[]> = {
  parse: (text, context) => {
    const list = text.split(',').map(word => portRange.parse(word, context))
    const weight = list.reduce((sum, range) => sum + (range.from === range.to ? 1 : 2), 0)
    if (weight > 15) throw new ParseError('port list', text, 'more than 15 ports (a range counts as two)')
    return list
  },
  format: (list, context) => list.map(range => portRange.format(range, context)).join(','),
}

/** The three options of `multiport` differ in which ports they are about. */
function multiportOption(
  of: MatchOn<'multiport'>['of'],
  names: readonly [string, ...string[]],
): Option<MatchOn<'multiport'>> {
  const option = optionsOf<MatchOn<'multiport'>>().whole(names, under('ports', portList))
  return {
    ...option,
    read: (draft, text, not, context) => {
      option.read(draft, text, not, context)
      draft['of'] = of
    },
    write: (value, context) => (value.of === of ? option.write(value, context) : ''),
  }
}

export const multiport: Extension<MatchOn<'multiport'>> = {
  name: 'multiport',
  options: [
    multiportOption('sports', ['sports', 'source-ports']),
    multiportOption('dports', ['dports', 'destination-ports']),
    multiportOption('ports', ['ports']),
  ],
  needs: ['of'],
}

/** `--nfacct-name  NAME`: with two blanks, as libxt_nfacct prints. */
export const nfacct: Extension<MatchOn<'nfacct'>> = {
  name: 'nfacct',
  options: [
    {
      ...optionsOf<MatchOn<'nfacct'>>().field('counter', ['nfacct-name'], bare),
      write: (value, context) => ` --nfacct-name ${context.form === 'save' ? ' ' : ''}${value.counter}`,
    },
  ],
  needs: ['counter'],
}
