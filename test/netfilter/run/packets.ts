/**
 * Packets in a few words: `tcp('10.1.0.2:1000 > 10.2.0.2:80', 'S')`.
 *
 * @module
 */
import { parseIp } from '../../../src/base/ip.ts'
import type { Packet, Payload, SctpChunk, TcpSegment } from '../../../src/packet/packet.ts'

const NOTHING = new Uint8Array(0)
const FLAGS: Readonly<Record<string, number>> = { F: 1, S: 2, R: 4, P: 8, A: 16, U: 32 }

/** `10.1.0.2:1000 > 10.2.0.2:80`, `[fd01::2]:1000 > [fd02::2]:80`, `10.1.0.2 > 10.2.0.2` */
function ends(text: string) {
  const [from = '', to = ''] = text.split(' > ')
  const [src, sport] = endOf(from)
  const [dst, dport] = endOf(to)
  return { src, dst, sport, dport }
}

function endOf(text: string) {
  const [, bracketed, plain, port] = /^(?:\[(.+)\]|([^:]+|[^:]*:.*:[^:]*))(?::(\d+))?$/.exec(text) ?? []
  return [parseIp(bracketed ?? plain ?? ''), Number(port ?? 0)] as const
}

function packet(text: string, payload: (sport: number, dport: number) => Payload): Packet {
  const { src, dst, sport, dport } = ends(text)
  const family = typeof src === 'number' ? 4 : 6
  return { family, src, dst, ttl: 64, tos: 0, id: 0, df: true, payload: payload(sport, dport) }
}

export function tcp(text: string, flags: string, fields: Partial<TcpSegment> = {}): Packet {
  return packet(text, (sport, dport) => ({
    protocol: 6,
    sport,
    dport,
    seq: 1000,
    ack: flags.includes('A') ? 5000 : 0,
    flags: [...flags].reduce((bits, flag) => bits | (FLAGS[flag] ?? 0), 0),
    window: 1000,
    urgent: 0,
    options: NOTHING,
    data: NOTHING,
    ...fields,
  }))
}

export function udp(text: string): Packet {
  return packet(text, (sport, dport) => ({ protocol: 17, sport, dport, data: NOTHING }))
}

export function icmp(text: string, type: number, id = 1, code = 0): Packet {
  const protocol = text.includes('::') ? 58 : 1
  return packet(text, () => ({ protocol, type, code, rest: (id << 16) | 1, data: NOTHING }))
}

/** INIT and INIT ACK ask for tag 7 when they come from the client, 9 from the server. */
export function sctp(text: string, types: readonly number[], tag: number, initiate = 0): Packet {
  const chunk = (type: number): SctpChunk => ({
    type,
    flags: 0,
    value: type === 1 || type === 2 ? init(initiate) : NOTHING,
  })
  return packet(text, (sport, dport) => ({ protocol: 132, sport, dport, tag, chunks: types.map(chunk) }))
}

function init(tag: number): Uint8Array {
  const value = new Uint8Array(16)
  value[3] = tag
  return value
}

/** A packet of a protocol without ports. */
export function other(text: string, protocol: number): Packet {
  return packet(text, () => ({ protocol, raw: new Uint8Array(8) }))
}
