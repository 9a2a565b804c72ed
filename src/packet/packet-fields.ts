/**
 * The fields of packets by name, each as text that can be read back.
 *
 * @module
 */
import { ParseError } from '../base/error.ts'
import { equalIp, formatIp, type Ip, parseIp } from '../base/ip.ts'
import { equalBytes, formatBytes, NO_BYTES, parseBytes } from './octets.ts'
import type { IcmpMessage, Packet, RawPayload, SctpChunk, SctpPacket, TcpSegment, UdpDatagram } from './packet.ts'

/** A field of something: its text, and the thing with another text there. */
export interface Field<T, Name extends string = string> {
  readonly name: Name
  readonly read: (of: T) => string
  /** @throws {ParseError} when the text is none of the field's */
  readonly write: (of: T, text: string) => T
  /** Whether two have the same there, without writing it out; absent: when their texts are. */
  readonly equal?: (a: T, b: T) => boolean
}

type KeyOf<T, V> = { [K in keyof T]-?: T[K] extends V ? K : never }[keyof T] & string

/** Makers of fields that are just kept under their name in a `T`. */
function fieldsOf<T>() {
  type Number = KeyOf<T, number>
  const numeric = <K extends Number>(name: K, format: (value: number) => string, kept = (value: number) => value) => ({
    name,
    read: (of: T) => format(of[name] as number),
    write: (of: T, text: string) => ({ ...of, [name]: kept(parseNumber(name, text)) }),
    equal: (a: T, b: T) => a[name] === b[name],
  })
  return {
    /** From 0 up, in tens. */
    number: <K extends Number>(name: K): Field<T, K> => numeric(name, String),
    /** In hexadecimal digits: `0x12`. */
    bits: <K extends Number>(name: K): Field<T, K> => numeric(name, formatBits),
    /** 32 bits, kept signed and shown unsigned. */
    word: <K extends Number>(name: K): Field<T, K> =>
      numeric(
        name,
        value => String(value >>> 0),
        value => value | 0,
      ),
    ip: <K extends KeyOf<T, Ip>>(name: K): Field<T, K> => ({
      name,
      read: of => formatIp(of[name] as Ip),
      write: (of, text) => ({ ...of, [name]: parseIp(text) }),
      equal: (a, b) => equalIp(a[name] as Ip, b[name] as Ip),
    }),
    bytes: <K extends KeyOf<T, Uint8Array>, N extends string>(name: N, key: K): Field<T, N> => ({
      name,
      read: of => formatBytes(of[key] as Uint8Array),
      write: (of, text) => ({ ...of, [key]: parseBytes(text) }),
      equal: (a, b) => a[key] === b[key] || equalBytes(a[key] as Uint8Array, b[key] as Uint8Array),
    }),
  }
}

const ofPacket = fieldsOf<Packet>()
const ofTcp = fieldsOf<TcpSegment>()
const ofUdp = fieldsOf<UdpDatagram>()
const ofSctp = fieldsOf<SctpPacket>()
const ofIcmp = fieldsOf<IcmpMessage>()

export const PACKET_FIELDS = [
  ofPacket.ip('src'),
  ofPacket.ip('dst'),
  ofPacket.number('ttl'),
  ofPacket.bits('tos'),
  ofPacket.number('id'),
  { name: 'df', read: of => String(of.df), write: (of, text) => ({ ...of, df: parseFlag(text) }) },
  { name: 'fragment', read: formatFragment, write: writeFragment },
  {
    name: 'options',
    read: of => formatBytes(of.options ?? NO_BYTES),
    write: ({ options: _, ...of }, text) => (text === '' ? of : { ...of, options: parseBytes(text) }),
  },
] as const satisfies readonly Field<Packet>[]

export const TCP_FIELDS = [
  ofTcp.number('sport'),
  ofTcp.number('dport'),
  ofTcp.word('seq'),
  ofTcp.word('ack'),
  ofTcp.bits('flags'),
  ofTcp.number('window'),
  ofTcp.number('urgent'),
  ofTcp.bytes('tcp-options', 'options'),
  ofTcp.bytes('data', 'data'),
] as const

export const UDP_FIELDS = [
  ofUdp.number('sport'),
  ofUdp.number('dport'),
  {
    name: 'checksum',
    read: of => (of.noChecksum ? 'absent' : 'present'),
    write: ({ noChecksum: _, ...of }, text) => (text === 'absent' ? { ...of, noChecksum: true } : of),
  },
  ofUdp.bytes('data', 'data'),
] as const satisfies readonly Field<UdpDatagram>[]

export const SCTP_FIELDS = [
  ofSctp.number('sport'),
  ofSctp.number('dport'),
  ofSctp.word('tag'),
  { name: 'chunks', read: formatChunks, write: (of, text) => ({ ...of, chunks: parseChunks(text) }) },
] as const satisfies readonly Field<SctpPacket>[]

export const ICMP_FIELDS = [ofIcmp.number('type'), ofIcmp.number('code')] as const

/** The `rest` of messages that are told apart by an identifier. */
export const ICMP_IDENTITY_FIELDS = [
  {
    name: 'icmp-id',
    read: of => String(of.rest >>> 16),
    write: (of, text) => ({ ...of, rest: (parseNumber('icmp-id', text) << 16) | (of.rest & 0xffff) }),
  },
  {
    name: 'icmp-seq',
    read: of => String(of.rest & 0xffff),
    write: (of, text) => ({ ...of, rest: (of.rest & ~0xffff) | parseNumber('icmp-seq', text) }),
  },
] as const satisfies readonly Field<IcmpMessage>[]

/** The `rest` of all others. */
export const ICMP_REST_FIELDS = [ofIcmp.word('rest')] as const

export const ICMP_DATA_FIELDS = [ofIcmp.bytes('data', 'data')] as const

export const RAW_FIELDS = [fieldsOf<RawPayload>().bytes('data', 'raw')] as const

function formatBits(value: number): string {
  return `0x${value.toString(16).padStart(2, '0')}`
}

function parseNumber(what: string, text: string): number {
  if (!/^(?:0x[0-9a-f]+|\d+)$/.test(text)) throw new ParseError(what, text, 'not a number')
  return Number(text)
}

function parseFlag(text: string): boolean {
  if (text !== 'true' && text !== 'false') throw new ParseError('df', text, 'neither true nor false')
  return text === 'true'
}

/** `none`; `1480 last`, `0 more`; with the identification of IPv6 behind it, `0 more 17`. */
function formatFragment({ fragment }: Packet): string {
  if (!fragment) return 'none'
  const { offset, more, id } = fragment
  const place = `${offset} ${more ? 'more' : 'last'}`
  return id === undefined ? place : `${place} ${id >>> 0}`
}

function writeFragment({ fragment: _, ...of }: Packet, text: string): Packet {
  if (text === 'none') return of
  const [offset = '', follows, id, ...rest] = text.split(' ')
  if ((follows !== 'more' && follows !== 'last') || rest.length > 0) {
    throw new ParseError('fragment', text, 'neither "none" nor OFFSET and "more" or "last"')
  }
  const place = { offset: parseNumber('fragment', offset), more: follows === 'more' }
  return { ...of, fragment: id === undefined ? place : { ...place, id: parseNumber('fragment', id) | 0 } }
}

/** `1/0/00000001`: type, flags and value of each. */
function formatChunks({ chunks }: SctpPacket): string {
  return chunks.map(({ type, flags, value }) => `${type}/${flags}/${formatBytes(value)}`).join(' ')
}

function parseChunks(text: string): readonly SctpChunk[] {
  if (text === '') return []
  return text.split(' ').map(part => {
    const [type = '', flags = '', value = ''] = part.split('/')
    return { type: parseNumber('chunk', type), flags: parseNumber('chunk', flags), value: parseBytes(value) }
  })
}
