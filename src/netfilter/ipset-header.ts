/**
 * What an ipset is made with, and its words.
 *
 * @module
 */
import { ParseError } from '../base/error.ts'
import { addIp, type Family, formatIp, prefixOf } from '../base/ip.ts'
import { parseIpOf, parseNumber } from './codec.ts'
import type { IpSet } from './ipset.ts'
import type { Form } from './option.ts'

/** A field of a set with the words that stand for it, in the order in which ipset prints them. */
export interface HeaderOption {
  readonly name: string
  readonly words: 0 | 1
  read(text: string, family: Family): Partial<Record<keyof IpSet, unknown>>
  write(set: IpSet, form: Form): string | undefined
}

type NumberField = 'hashsize' | 'maxelem' | 'size' | 'netmask' | 'timeout' | 'bucketsize'

/** What the kernel takes when nothing is said; `ipset save` prints it all the same. */
const USUAL: Partial<Record<NumberField, readonly [types: string, value: number]>> = {
  hashsize: ['hash:', 1024],
  maxelem: ['hash:', 65536],
  size: ['list:', 8],
}

function usual(set: IpSet, name: NumberField, form: Form): number | undefined {
  const [types, value] = USUAL[name] ?? []
  return form === 'save' && types !== undefined && set.type.startsWith(types) ? value : undefined
}

function numberOption(name: NumberField): HeaderOption {
  return {
    name,
    words: 1,
    read: text => ({ [name]: parseNumber(text, name) }),
    // The kernel chooses the size of its buckets unless somebody knows better.
    write: (set, form) =>
      form === 'restore' && name === 'bucketsize' ? undefined : (set[name] ?? usual(set, name, form))?.toString(),
  }
}

function flagOption(name: 'counters' | 'comment' | 'skbinfo' | 'forceadd'): HeaderOption {
  return {
    name,
    words: 0,
    read: () => ({ [name]: true }),
    write: (set, form) => (set[name] && (form === 'restore' || name !== 'forceadd') ? '' : undefined),
  }
}

function hexOption(name: 'markmask' | 'initval'): HeaderOption {
  return {
    name,
    words: 1,
    read: text => ({ [name]: parseNumber(text, name) | 0 }),
    write: (set, form) => {
      const value = set[name]
      if (value === undefined || (form === 'restore' && name === 'initval')) return undefined
      return `0x${(value >>> 0).toString(16).padStart(8, '0')}`
    },
  }
}

export const HEADER: readonly HeaderOption[] = [
  {
    name: 'family',
    words: 1,
    read: text => ({ family: parseFamily(text) }),
    write: ({ family }) => family && (family === 4 ? 'inet' : 'inet6'),
  },
  { name: 'range', words: 1, read: parseSpan, write: formatSpan },
  hexOption('markmask'),
  numberOption('hashsize'),
  numberOption('maxelem'),
  numberOption('size'),
  numberOption('netmask'),
  numberOption('timeout'),
  flagOption('counters'),
  flagOption('comment'),
  flagOption('skbinfo'),
  flagOption('forceadd'),
  numberOption('bucketsize'),
  hexOption('initval'),
]

function parseFamily(text: string): Family {
  if (text === 'inet' || text === 'ipv4' || text === '-4') return 4
  if (text === 'inet6' || text === 'ipv6' || text === '-6') return 6
  throw new ParseError('family', text, 'neither inet nor inet6')
}

/** `0-65535` of a bitmap of ports, `10.0.0.0-10.0.0.255` or `10.0.0.0/24` of one of addresses. */
function parseSpan(text: string, family: Family): Partial<Record<keyof IpSet, unknown>> {
  const [first = '', last, ...more] = text.split('-')
  if (more.length > 0) throw new ParseError('range', text, 'more than two ends')
  if (!first.includes('.')) {
    const from = parseNumber(first, 'port', 0xffff)
    return { ports: { from, to: last === undefined ? from : parseNumber(last, 'port', 0xffff) } }
  }
  const [base = '', length] = first.split('/')
  const from = parseIpOf(base, family)
  if (length === undefined) return { addresses: { from, to: last === undefined ? from : parseIpOf(last, family) } }
  const bits = parseNumber(length, 'network length', 32)
  const network = prefixOf(from, bits).base
  return { addresses: { from: network, to: addIp(network, 2 ** (32 - bits) - 1) } }
}

function formatSpan({ ports, addresses }: IpSet): string | undefined {
  if (ports) return `${ports.from}-${ports.to}`
  return addresses && `${formatIp(addresses.from)}-${formatIp(addresses.to)}`
}
