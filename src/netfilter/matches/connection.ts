/**
 * Extensions that look at the connection or at marks.
 *
 * @see extensions/libxt_conntrack.c, libxt_mark.c, libxt_connmark.c of iptables
 * @module
 */
import { exactly, inside, maskedMark, network, numberRange, oneOf, portRange, someOf, under } from '../codec.ts'
import { formatProtocol, parseProtocol } from '../name.ts'
import { type Codec, type Extension, optionsOf } from '../option.ts'
import type { ConnectionState, MatchOn } from '../rule.ts'

const STATES = ['INVALID', 'NEW', 'RELATED', 'ESTABLISHED', 'UNTRACKED', 'SNAT', 'DNAT'] as const
const states: Codec<readonly ConnectionState[]> = someOf('connection state', STATES)
const statuses = someOf('connection status', ['NONE', 'EXPECTED', 'SEEN_REPLY', 'ASSURED', 'CONFIRMED'])

/** conntrack prints protocols as numbers. */
const protocolNumber: Codec<number> = {
  parse: parseProtocol,
  format: (value, context) => (context.form === 'save' ? `${value}` : formatProtocol(value)),
}

const make = optionsOf<MatchOn<'conntrack'>>()

export const conntrack: Extension<MatchOn<'conntrack'>> = {
  name: 'conntrack',
  options: [
    make.part('state', ['ctstate'], inside(states)),
    make.part('protocol', ['ctproto'], exactly(protocolNumber)),
    make.part('origSrc', ['ctorigsrc'], inside(network)),
    make.part('origDst', ['ctorigdst'], inside(network)),
    make.part('replSrc', ['ctreplsrc'], inside(network)),
    make.part('replDst', ['ctrepldst'], inside(network)),
    make.part('origSport', ['ctorigsrcport'], portRange),
    make.part('origDport', ['ctorigdstport'], portRange),
    make.part('replSport', ['ctreplsrcport'], portRange),
    make.part('replDport', ['ctrepldstport'], portRange),
    make.part('status', ['ctstatus'], inside(statuses)),
    make.part('expire', ['ctexpire'], numberRange('seconds')),
    make.field('direction', ['ctdir'], oneOf('connection direction', ['ORIGINAL', 'REPLY'])),
  ],
}

export const state: Extension<MatchOn<'state'>> = {
  name: 'state',
  options: [optionsOf<MatchOn<'state'>>().whole(['state'], under('states', states))],
  needs: ['states'],
}

export const mark: Extension<MatchOn<'mark'>> = {
  name: 'mark',
  options: [optionsOf<MatchOn<'mark'>>().whole(['mark'], maskedMark)],
  needs: ['is'],
}

export const connmark: Extension<MatchOn<'connmark'>> = {
  name: 'connmark',
  options: [optionsOf<MatchOn<'connmark'>>().whole(['mark'], maskedMark)],
  needs: ['is'],
}
