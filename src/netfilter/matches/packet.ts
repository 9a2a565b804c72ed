/**
 * Extensions that look at the packet's addresses, devices and size.
 *
 * @see extensions/libxt_addrtype.c, libxt_physdev.c, libxt_iprange.c, libxt_set.c of iptables
 * @module
 */
import { addressRange, bare, exactly, inside, mac, nothing, numberRange, oneOf, someOf, under } from '../codec.ts'
import { type Codec, type Extension, type Option, optionsOf } from '../option.ts'
import type { AddressType, ExtensionOption, MatchOn } from '../rule.ts'

const addressTypes: Codec<readonly AddressType[]> = someOf('address type', [
  'UNSPEC',
  'UNICAST',
  'LOCAL',
  'BROADCAST',
  'ANYCAST',
  'MULTICAST',
  'BLACKHOLE',
  'UNREACHABLE',
  'PROHIBIT',
  'THROW',
  'NAT',
  'XRESOLVE',
])

const ofAddrtype = optionsOf<MatchOn<'addrtype'>>()

function limit(to: 'in' | 'out'): Option<MatchOn<'addrtype'>> {
  return {
    names: [`limit-iface-${to}`],
    words: 0,
    negatable: false,
    read: draft => {
      draft['limit'] = to
    },
    write: value => (value.limit === to ? ` --limit-iface-${to}` : ''),
  }
}

export const addrtype: Extension<MatchOn<'addrtype'>> = {
  name: 'addrtype',
  options: [
    ofAddrtype.part('src', ['src-type'], inside(addressTypes)),
    ofAddrtype.part('dst', ['dst-type'], inside(addressTypes)),
    limit('in'),
    limit('out'),
  ],
}

const ofPhysdev = optionsOf<MatchOn<'physdev'>>()
export const physdev: Extension<MatchOn<'physdev'>> = {
  name: 'physdev',
  options: [
    ofPhysdev.part('isIn', ['physdev-is-in'], nothing),
    ofPhysdev.part('in', ['physdev-in'], under('device', bare)),
    ofPhysdev.part('isOut', ['physdev-is-out'], nothing),
    ofPhysdev.part('out', ['physdev-out'], under('device', bare)),
    ofPhysdev.part('isBridged', ['physdev-is-bridged'], nothing),
  ],
}

const ofIprange = optionsOf<MatchOn<'iprange'>>()
export const iprange: Extension<MatchOn<'iprange'>> = {
  name: 'iprange',
  options: [ofIprange.part('src', ['src-range'], addressRange), ofIprange.part('dst', ['dst-range'], addressRange)],
}

export const macSource: Extension<MatchOn<'mac'>> = {
  name: 'mac',
  options: [optionsOf<MatchOn<'mac'>>().whole(['mac-source'], under('source', mac))],
  needs: ['source'],
}

const ofRpfilter = optionsOf<MatchOn<'rpfilter'>>()
export const rpfilter: Extension<MatchOn<'rpfilter'>> = {
  name: 'rpfilter',
  options: [
    ofRpfilter.flag('loose', ['loose']),
    ofRpfilter.flag('validMark', ['validmark']),
    ofRpfilter.flag('acceptLocal', ['accept-local']),
    ofRpfilter.flag('invert', ['invert']),
  ],
}

export const length: Extension<MatchOn<'length'>> = {
  name: 'length',
  options: [optionsOf<MatchOn<'length'>>().whole(['length'], numberRange('length', 0xffff))],
  needs: ['from'],
}

export const pkttype: Extension<MatchOn<'pkttype'>> = {
  name: 'pkttype',
  options: [
    optionsOf<MatchOn<'pkttype'>>().whole(
      ['pkt-type'],
      exactly(oneOf('packet type', ['unicast', 'broadcast', 'multicast'])),
    ),
  ],
  needs: ['is'],
}

const directions: Codec<readonly ('src' | 'dst')[]> = {
  parse: (text, context) => text.split(',').map(word => DIRECTION.parse(word, context)),
  format: list => list.join(','),
}
const DIRECTION = oneOf('direction', ['src', 'dst'])

type SetMatch = MatchOn<'set'>
const setName: Codec<Pick<SetMatch, 'set' | 'by'>> = {
  words: 2,
  parse: (text, context) => {
    const [set = '', by = ''] = text.split(' ')
    return { set, by: directions.parse(by, context) }
  },
  format: (value, context) => `${value.set} ${directions.format(value.by, context)}`,
}

/** An option of `set` that is kept by name: it asks for counters of the set's entries. */
function listed(name: string, words: 0 | 1): Option<SetMatch> {
  return {
    names: [name],
    words,
    negatable: true,
    read: (draft, text, not) => {
      const own: ExtensionOption = { name, words: words ? [text] : [], ...(not && { not: true as const }) }
      draft['options'] = [...((draft['options'] as readonly ExtensionOption[] | undefined) ?? []), own]
    },
    write: ({ options }) => {
      const own = options?.find(option => option.name === name)
      return own ? `${own.not ? ' !' : ''} --${[name, ...own.words].join(' ')}` : ''
    },
  }
}

export const set: Extension<SetMatch> = {
  name: 'set',
  options: [
    optionsOf<SetMatch>().whole(['match-set', 'set'], setName),
    listed('return-nomatch', 0),
    listed('update-counters', 0),
    listed('update-subcounters', 0),
    listed('packets-eq', 1),
    listed('packets-lt', 1),
    listed('packets-gt', 1),
    listed('bytes-eq', 1),
    listed('bytes-lt', 1),
    listed('bytes-gt', 1),
  ],
  needs: ['set'],
}
