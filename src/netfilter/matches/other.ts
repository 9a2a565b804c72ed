/**
 * Extensions that podwire reads and writes without asking what they mean.
 *
 * @see extensions/libxt_*.c, libipt_*.c, libip6t_*.c of iptables
 * @module
 */
import { ParseError } from '../../base/error.ts'
import { widthOf } from '../../base/ip.ts'
import { parseMasked } from '../codec.ts'
import { dscpOfClass, tosOfName } from '../dscp.ts'
import {
  alias,
  asAlwaysQuoted,
  asHex,
  asMaskedHex,
  asNumber,
  asQuoted,
  asRange,
  bareOption,
  hex,
  type Listed,
  listed,
  listedExtension,
  type Spelling,
} from '../listed.ts'
import type { Extension } from '../option.ts'
import type { ExtensionOption } from '../rule.ts'
import { formatRate, keptRate, parseRate } from './rate.ts'

const asDscpClass: Spelling = text => hex(dscpOfClass(text), 2)

/** `--tos 0x10` asks for all bits, a name for those that names are about. */
const asTos: Spelling = text => {
  const named = tosOfName(text)
  const { value, mask } = named === undefined ? parseMasked(text) : { value: named, mask: 0x3f }
  return `${hex(value & 0xff, 2)}/${hex(mask & 0xff, 2)}`
}

const asU32: Spelling = text =>
  asAlwaysQuoted(
    text.replace(/\s+/g, '').replace(/0[xX][0-9a-fA-F]+|\d+/g, word => hex(Number(word), 1)),
    { family: 4, form: 'save' },
  )

const asTime: Spelling = text => {
  const parts = text.split(':')
  if (parts.length < 2 || parts.length > 3 || !parts.every(part => /^\d{1,2}$/.test(part))) {
    throw new ParseError('time of day', text, 'not hh:mm[:ss]')
  }
  return [...parts, '00']
    .slice(0, 3)
    .map(part => part.padStart(2, '0'))
    .join(':')
}

/** `5/min`, or bytes as `512kb/s`. */
const asHashRate: Spelling = text =>
  BYTE_RATE.test(text) ? text : formatRate(keptRate(parseRate(text), HASHLIMIT_SCALE))
const BYTE_RATE = /^\d+[km]?b\/s$/
const HASHLIMIT_SCALE = 1_000_000

function isByteRate({ name, words: [word = ''] }: ExtensionOption): boolean {
  return (name === 'hashlimit-upto' || name === 'hashlimit-above') && BYTE_RATE.test(word)
}

/** Options that compare the hops left. */
const hops = (prefix: string) => [
  listed([`${prefix}-eq`, prefix], asNumber),
  listed(`${prefix}-lt`, asNumber),
  listed(`${prefix}-gt`, asNumber),
]

const extensionHeader = (name: string) =>
  listedExtension(name, [listed(`${name}-len`, asNumber), listed(`${name}-opts`)])

const EXTENSIONS: readonly Extension<Listed>[] = [
  listedExtension('ah', [listed('ahspi', asRange(0xffff_ffff)), listed('ahlen', asNumber), bareOption('ahres')]),
  listedExtension('bpf', [listed('bytecode', asAlwaysQuoted), listed('object-pinned')]),
  listedExtension('cgroup', [listed('path', asQuoted), listed('cgroup', asNumber)]),
  listedExtension('cluster', [
    listed('cluster-local-node', asNumber),
    listed('cluster-local-nodemask', asHex(8)),
    listed('cluster-total-nodes', asNumber),
    listed('cluster-hash-seed', asHex(8)),
  ]),
  listedExtension('connbytes', [listed('connbytes'), listed('connbytes-mode'), listed('connbytes-dir')]),
  listedExtension('connlabel', [listed('label', asAlwaysQuoted), bareOption('set')]),
  listedExtension(
    'connlimit',
    [
      listed('connlimit-upto', asNumber),
      listed('connlimit-above', asNumber),
      listed('connlimit-mask', asNumber),
      bareOption('connlimit-saddr'),
      bareOption('connlimit-daddr'),
    ],
    {
      usual: (said, { family }) => [
        { name: 'connlimit-mask', words: [`${widthOf(family)}`] },
        ...(said.some(({ name }) => name === 'connlimit-daddr') ? [] : [{ name: 'connlimit-saddr', words: [] }]),
      ],
    },
  ),
  listedExtension('cpu', [listed('cpu', asNumber)]),
  listedExtension('dccp', [
    listed(['sport', 'source-port'], asRange(0xffff)),
    listed(['dport', 'destination-port'], asRange(0xffff)),
    listed('dccp-types'),
    listed('dccp-option', asNumber),
  ]),
  listedExtension('devgroup', [listed('src-group', asMaskedHex), listed('dst-group', asMaskedHex)]),
  listedExtension('dscp', [listed('dscp', asHex(2)), alias('dscp-class', 'dscp', asDscpClass)]),
  extensionHeader('dst'),
  listedExtension('ecn', [bareOption('ecn-tcp-ece'), bareOption('ecn-tcp-cwr'), listed('ecn-ip-ect', asNumber)]),
  listedExtension('esp', [listed('espspi', asRange(0xffff_ffff))]),
  listedExtension('eui64', []),
  listedExtension('frag', [
    listed('fragid', asRange(0xffff_ffff)),
    listed('fraglen', asNumber),
    bareOption('fragres'),
    bareOption('fragfirst'),
    bareOption('fragmore'),
    bareOption('fraglast'),
  ]),
  listedExtension(
    'hashlimit',
    [
      listed(['hashlimit-upto', 'hashlimit'], asHashRate),
      listed('hashlimit-above', asHashRate),
      listed('hashlimit-burst'),
      listed('hashlimit-mode'),
      listed('hashlimit-name'),
      listed('hashlimit-htable-size', asNumber),
      listed('hashlimit-htable-max', asNumber),
      listed('hashlimit-htable-gcinterval', asNumber),
      listed('hashlimit-htable-expire', asNumber),
      listed('hashlimit-srcmask', asNumber),
      listed('hashlimit-dstmask', asNumber),
      bareOption('hashlimit-rate-match'),
      listed('hashlimit-rate-interval', asNumber),
    ],
    { usual: said => (said.some(isByteRate) ? [] : [{ name: 'hashlimit-burst', words: ['5'] }]) },
  ),
  extensionHeader('hbh'),
  listedExtension('helper', [listed('helper', asQuoted)]),
  listedExtension('hl', hops('hl')),
  listedExtension('ipcomp', [listed('ipcompspi', asRange(0xffff_ffff)), bareOption('compres')]),
  listedExtension('ipv6header', [listed('header'), bareOption('soft')]),
  listedExtension('ipvs', [
    bareOption('ipvs'),
    listed('vproto'),
    listed('vaddr'),
    listed('vport'),
    listed('vdir'),
    listed('vmethod'),
    listed('vportctl'),
  ]),
  listedExtension('mh', [listed('mh-type', asRange(255))]),
  listedExtension('osf', [listed('genre', asQuoted), listed('ttl', asNumber), listed('log', asNumber)]),
  listedExtension('owner', [
    bareOption('socket-exists'),
    listed('uid-owner'),
    listed('gid-owner'),
    bareOption('suppl-groups'),
  ]),
  listedExtension(
    'policy',
    [
      listed('dir'),
      listed('pol'),
      bareOption('strict'),
      listed('reqid', asNumber),
      listed('spi', asHex(1)),
      listed('proto'),
      listed('mode'),
      listed('tunnel-src'),
      listed('tunnel-dst'),
      bareOption('next'),
    ],
    { ordered: true },
  ),
  listedExtension('quota', [listed('quota', asNumber)]),
  listedExtension('realm', [listed('realm', asMaskedHex)]),
  listedExtension('rt', [
    listed('rt-type', asNumber),
    listed('rt-segsleft', asRange(0xffff_ffff)),
    listed('rt-len', asNumber),
    bareOption('rt-0-res'),
    listed('rt-0-addrs'),
    bareOption('rt-0-not-strict'),
  ]),
  listedExtension('socket', [bareOption('transparent'), bareOption('nowildcard'), bareOption('restore-skmark')]),
  listedExtension(
    'string',
    [
      listed('string', asAlwaysQuoted),
      listed('hex-string', asAlwaysQuoted),
      listed('algo'),
      listed('from', asNumber),
      listed('to', asNumber),
      bareOption('icase'),
    ],
    { idle: ({ name, words: [word] }) => (name === 'from' && word === '0') || (name === 'to' && word === '65535') },
  ),
  listedExtension('tcpmss', [listed('mss', asRange(0xffff))]),
  listedExtension('time', [
    listed('timestart', asTime),
    listed('timestop', asTime),
    listed('monthdays'),
    listed('weekdays'),
    listed('datestart'),
    listed('datestop'),
    bareOption('kerneltz'),
    bareOption('contiguous'),
    bareOption('utc'),
    bareOption('localtz'),
  ]),
  listedExtension('tos', [listed('tos', asTos)]),
  listedExtension('ttl', hops('ttl')),
  listedExtension('u32', [listed('u32', asU32)]),
]

/** By the name that follows `-m`. */
export const OTHER_MATCHES: ReadonlyMap<string, Extension<Listed>> = new Map(
  EXTENSIONS.map(extension => [extension.name, extension]),
)
