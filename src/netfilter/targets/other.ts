/**
 * Targets that podwire reads and writes without carrying them out.
 *
 * @see extensions/libxt_*.c, libipt_*.c, libip6t_*.c of iptables
 * @module
 */
import { ParseError } from '../../base/error.ts'
import { parseMasked, parseNumber } from '../codec.ts'
import { dscpOfClass, tosOfName } from '../dscp.ts'
import {
  alias,
  asFullyMaskedHex,
  asHex,
  asNumber,
  asQuoted,
  bareOption,
  hex,
  type Listed,
  listed,
  listedExtension,
  type Spelling,
} from '../listed.ts'
import type { Extension } from '../option.ts'

const asClass: Spelling = text => {
  const numbers = /^([0-9a-fA-F]{1,4}):([0-9a-fA-F]{1,4})$/.exec(text)
  if (!numbers) throw new ParseError('class', text, 'not MAJOR:MINOR in hexadecimal')
  return `${(numbers[1] ?? '').padStart(4, '0')}:${(numbers[2] ?? '').padStart(4, '0')}`
}

/** The part of the byte that becomes something else, and what. */
function asTos(change: (value: number, mask: number) => readonly [value: number, mask: number]): Spelling {
  return text => {
    const named = tosOfName(text)
    const given = named === undefined ? parseMasked(text) : { value: named, mask: 0x3f }
    const [value, mask] = change(given.value & 0xff, given.mask & 0xff)
    return `${hex(value, 2)}/${hex(mask, 2)}`
  }
}

const TCP_OPTIONS: ReadonlyMap<string, number> = new Map([
  ['mss', 2],
  ['wscale', 3],
  ['sack-permitted', 4],
  ['sack', 5],
  ['timestamp', 8],
  ['md5', 19],
])

const asTcpOptions: Spelling = text =>
  text
    .split(',')
    .map(word => TCP_OPTIONS.get(word) ?? parseNumber(word, 'TCP option', 255))
    .join(',')

const asPort: Spelling = text => `${parseNumber(text, 'port', 0xffff)}`

const hops = (name: string, prefix: string) =>
  listedExtension(name, [
    listed(`${prefix}-set`, asNumber),
    listed(`${prefix}-dec`, asNumber),
    listed(`${prefix}-inc`, asNumber),
  ])

const EXTENSIONS: readonly Extension<Listed>[] = [
  listedExtension('AUDIT', [listed('type')]),
  listedExtension('CHECKSUM', [bareOption('checksum-fill')]),
  listedExtension('CLASSIFY', [listed('set-class', asClass)]),
  listedExtension('CONNSECMARK', [bareOption('save'), bareOption('restore')]),
  listedExtension('CT', [
    bareOption('notrack'),
    listed('helper', asQuoted),
    listed('timeout', asQuoted),
    listed('ctevents'),
    listed('expevents'),
    listed('zone-orig'),
    listed('zone-reply'),
    listed('zone'),
  ]),
  listedExtension('DSCP', [
    listed('set-dscp', asHex(2)),
    alias('set-dscp-class', 'set-dscp', text => hex(dscpOfClass(text), 2)),
  ]),
  listedExtension('ECN', [bareOption('ecn-tcp-remove')]),
  hops('HL', 'hl'),
  listedExtension('IDLETIMER', [listed('timeout', asNumber), listed('label', asQuoted), bareOption('alarm')]),
  listedExtension('NETMAP', [listed('to')]),
  listedExtension('NFLOG', [
    listed('nflog-prefix', asQuoted),
    listed('nflog-group', asNumber),
    listed('nflog-range', asNumber),
    listed('nflog-size', asNumber),
    listed('nflog-threshold', asNumber),
  ]),
  listedExtension(
    'NFQUEUE',
    [
      listed('queue-num', asNumber),
      listed('queue-balance'),
      bareOption('queue-bypass'),
      bareOption('queue-cpu-fanout'),
    ],
    { usual: said => (said.some(({ name }) => name === 'queue-balance') ? [] : [{ name: 'queue-num', words: ['0'] }]) },
  ),
  listedExtension('SECMARK', [listed('selctx', asQuoted)]),
  listedExtension('SET', [
    listed('add-set', undefined, 2),
    bareOption('exist'),
    listed('timeout', asNumber),
    listed('del-set', undefined, 2),
    listed('map-set', undefined, 2),
    bareOption('map-mark'),
    bareOption('map-prio'),
    bareOption('map-queue'),
  ]),
  listedExtension('SYNPROXY', [
    bareOption('sack-perm'),
    bareOption('timestamp'),
    listed('wscale', asNumber),
    listed('mss', asNumber),
    bareOption('ecn'),
  ]),
  listedExtension('TCPMSS', [listed('set-mss', asNumber), bareOption('clamp-mss-to-pmtu')]),
  listedExtension('TCPOPTSTRIP', [listed('strip-options', asTcpOptions)]),
  listedExtension('TEE', [listed('gateway'), listed('oif')]),
  listedExtension('TOS', [
    listed(
      'set-tos',
      asTos((value, mask) => [value, mask]),
    ),
    alias(
      'and-tos',
      'set-tos',
      asTos(value => [0, ~value & 0xff]),
    ),
    alias(
      'or-tos',
      'set-tos',
      asTos(value => [value, value]),
    ),
    alias(
      'xor-tos',
      'set-tos',
      asTos(value => [value, 0]),
    ),
  ]),
  listedExtension('TPROXY', [listed('on-port', asPort), listed('on-ip'), listed('tproxy-mark', asFullyMaskedHex)], {
    usual: (_, { family }) => [
      { name: 'on-ip', words: [family === 4 ? '0.0.0.0' : '::'] },
      { name: 'tproxy-mark', words: ['0x0/0x0'] },
    ],
  }),
  hops('TTL', 'ttl'),
]

/** By the name that follows `-j`. */
export const OTHER_TARGETS: ReadonlyMap<string, Extension<Listed>> = new Map(
  EXTENSIONS.map(extension => [extension.name, extension]),
)
