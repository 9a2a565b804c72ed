/**
 * Packets to ask rules about, by name.
 *
 * @module
 */
import { parseIp } from '../../../src/base/ip.ts'
import { parseMac } from '../../../src/base/mac.ts'
import type { Connection } from '../../../src/netfilter/run/conntrack.ts'
import type { Devices, Hook } from '../../../src/netfilter/run/hook.ts'
import type { Skb, Tracked } from '../../../src/netfilter/run/skb.ts'
import type { Packet } from '../../../src/packet/packet.ts'
import { icmp, other, sctp, tcp, udp } from './packets.ts'

/** A packet, and what is so when it comes to the rules. */
export interface Given {
  readonly skb: Skb
  readonly devices?: Devices
  readonly hook?: Hook
  readonly now?: number
}

const A = '10.1.0.2:1000 > 10.2.0.3:80'
const given = (packet: Packet, more: Partial<Omit<Skb, 'packet'>> & Partial<Omit<Given, 'skb'>> = {}): Given => {
  const { devices, hook, now, ...skb } = more
  return {
    skb: { packet, mark: 0, ...skb },
    ...(devices && { devices }),
    ...(hook && { hook }),
    ...(now !== undefined && { now }),
  }
}
const changed = (packet: Packet, fields: Partial<Packet>) => given({ ...packet, ...fields })
const raw = (protocol: number, length: number) => ({ protocol, raw: new Uint8Array(length) })
const later = (packet: Packet, offset: number): Given =>
  changed(packet, { fragment: { offset, more: false }, payload: raw(packet.payload.protocol, 64) })

const syn = tcp(A, 'S')
const MAC = parseMac('02:00:0a:f4:01:02')

function connection(change: Partial<Connection> = {}): Connection {
  return {
    original: { src: parseIp('10.1.0.2'), dst: parseIp('10.96.0.1'), protocol: 6, sport: 1000, dport: 443 },
    reply: { src: parseIp('10.2.0.3'), dst: parseIp('10.1.0.2'), protocol: 6, sport: 6443, dport: 1000 },
    sourceDone: true,
    destinationDone: true,
    sourceRewritten: false,
    destinationRewritten: true,
    confirmed: true,
    seenReply: true,
    assured: false,
    mark: 0x20,
    expires: 61_500,
    ...change,
  }
}
const tracked = (
  state: Tracked['state'],
  change: Partial<Connection> = {},
  direction: Tracked['direction'] = 'original',
) => given(syn, { tracked: { state, direction, connection: connection(change) }, now: 1000 })

export const PACKETS = {
  'a SYN': given(syn),
  'a SYN to 81': given(tcp('10.1.0.2:1000 > 10.2.0.3:81', 'S')),
  'a SYN from 999': given(tcp('10.1.0.2:999 > 10.2.0.3:80', 'S')),
  'a SYN, ACK': given(tcp(A, 'SA')),
  'a SYN with MSS': given(tcp(A, 'S', { options: Uint8Array.of(1, 1, 2, 4, 5, 0xb4, 0, 0) })),
  'a datagram': given(udp(A)),
  'a ping': given(icmp('10.1.0.2 > 10.2.0.3', 8)),
  'a pong': given(icmp('10.1.0.2 > 10.2.0.3', 0)),
  'port unreachable': given(icmp('10.1.0.2 > 10.2.0.3', 3, 1, 3)),
  'host unreachable': given(icmp('10.1.0.2 > 10.2.0.3', 3, 1, 1)),
  'a ping of IPv6': given(icmp('fd00::2 > fd00::1', 128)),
  'IPv6 type 255': given(icmp('fd00::2 > fd00::1', 255)),
  'an SCTP INIT': given(sctp(A, [1], 0, 7)),
  'SCTP DATA and SACK': given(sctp(A, [0, 3], 7)),
  'SCTP without chunks': given(sctp(A, [], 7)),
  GRE: given(other('10.1.0.2 > 10.2.0.3', 47)),
  'UDP-Lite to 80': changed(udp(A), { payload: { protocol: 136, raw: Uint8Array.of(3, 232, 0, 80, 0, 0, 0, 0) } }),
  'a second fragment of TCP': later(syn, 16),
  'a fragment inside the TCP header': later(syn, 8),
  'a fragment of IPv6 inside the TCP header': later(tcp('[fd00::2]:1 > [fd00::1]:80', 'S'), 8),
  'a second fragment of UDP': later(udp(A), 8),
  'a second fragment of SCTP': later(sctp(A, [1], 0), 8),
  'a second fragment of a ping': later(icmp('10.1.0.2 > 10.2.0.3', 8), 8),
  'TCP cut short': changed(syn, { payload: raw(6, 3) }),
  'UDP cut short': changed(syn, { payload: raw(17, 6) }),
  'ICMP cut short': changed(syn, { payload: raw(1, 3) }),
  'SCTP cut short': changed(syn, { payload: raw(132, 6) }),
  'a packet of IPv6': given(tcp('[fd00::2]:1000 > [fd00::1]:80', 'S')),
  'a packet to a group of IPv6': given(udp('[fd00::2]:1000 > [ff02::1]:80')),
  'a packet from :: of IPv6': given(udp('[::]:1000 > [fd00::1]:80')),
  'a packet to the machine': given(tcp('10.1.0.2:1000 > 10.0.0.1:80', 'S')),
  'a packet to the machine by eth1': given(tcp('10.1.0.2:1000 > 10.0.0.1:80', 'S'), { devices: { in: 'eth1' } }),
  'a packet to a group': given(udp('10.1.0.2:1000 > 224.0.0.1:80')),
  'a packet from afar': given(tcp('192.0.2.1:1000 > 10.2.0.3:80', 'S')),
  'a packet from 0.0.0.0 to all': given(udp('0.0.0.0:68 > 255.255.255.255:67')),
  'a packet of loopback': given(tcp('192.0.2.1:1000 > 10.2.0.3:80', 'S'), { devices: { in: 'lo' } }),
  'a packet that leaves': given(syn, { devices: { out: 'eth0' }, hook: 'output' }),
  'a packet on its way through': given(syn, { devices: { in: 'veth12', out: 'eth0' }, hook: 'forward' }),
  'a packet from port to port': given(syn, {
    devices: { in: 'br0', out: 'br0', physIn: 'veth1', physOut: 'veth2', bridged: true },
    hook: 'forward',
  }),
  'a packet that came by a port': given(syn, { devices: { in: 'br0', out: 'eth0', physIn: 'veth1' }, hook: 'forward' }),
  'a packet with mark 0x4001': given(syn, { mark: 0x4001 }),
  'a packet with mark -1': given(syn, { mark: -1 }),
  'a packet in a frame': given(syn, { source: MAC }),
  'a broadcast': given(syn, { addressed: 'broadcast' }),
  'a packet for another host': given(syn, { addressed: 'other host' }),
  'a packet of 1500 bytes': given(tcp(A, 'A', { data: new Uint8Array(1460) })),
  'a GET': given(tcp(A, 'A', { data: new TextEncoder().encode('GET /index HTTP/1.1') })),
  'a packet with TTL 1': changed(syn, { ttl: 1 }),
  'a packet of class EF': changed(syn, { tos: 46 << 2 }),
  'a packet with CE': changed(syn, { tos: 3 }),
  'a packet on Sunday noon': given(syn, { now: Date.UTC(2026, 10, 22, 12) }),
  'a packet on Monday at 00:30': given(syn, { now: Date.UTC(2026, 10, 23, 0, 30) }),
  'a packet of no connection': given(syn),
  'an invalid packet': given(syn, { tracked: { state: 'INVALID', direction: 'original' } }),
  'an untracked packet': given(syn, { tracked: { state: 'UNTRACKED', direction: 'original' } }),
  'a new packet': tracked('NEW', { confirmed: false, seenReply: false, expires: 0 }),
  'a packet of a connection': tracked('ESTABLISHED'),
  'a packet of an assured connection': tracked('ESTABLISHED', { assured: true }),
  'a reply': tracked('ESTABLISHED', {}, 'reply'),
  'a packet of a masqueraded connection': tracked('ESTABLISHED', {
    sourceRewritten: true,
    destinationRewritten: false,
  }),
  'an EUI-64 sender': given(udp('[fe80::aff:fef4:102]:1 > [fd00::1]:2'), { source: MAC }),
} as const

export type PacketName = keyof typeof PACKETS
