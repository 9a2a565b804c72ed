/**
 * Types and codes of ICMP and ICMPv6 that podwire sends or asks about, and what people call them.
 *
 * @see https://www.iana.org/assignments/icmp-parameters, icmpv6-parameters
 * @module
 */
import type { Family } from '../base/ip.ts'
import { ICMP } from '../base/protocol.ts'
import type { IcmpMessage } from './packet.ts'

const ECHO_REQUEST: Readonly<Record<Family, number>> = { 4: 8, 6: 128 }
const ECHO_REPLY: Readonly<Record<Family, number>> = { 4: 0, 6: 129 }

/** Unreachable, source quench, redirect, time exceeded, parameter problem. @see icmp_pointers in net/ipv4/icmp.c of Linux */
const ERRORS4: ReadonlySet<number> = new Set([3, 4, 5, 11, 12])

/** Of these the `rest` begins with an identifier. @see icmp_manip_pkt in net/netfilter/nf_nat_proto.c of Linux */
const QUERIES4: ReadonlySet<number> = new Set([0, 8, 13, 14, 15, 16, 17, 18])

export function echoType(family: Family, which: 'request' | 'reply'): number {
  return which === 'request' ? ECHO_REQUEST[family] : ECHO_REPLY[family]
}

export function isEchoRequest({ protocol, type }: IcmpMessage): boolean {
  return type === ECHO_REQUEST[protocol === ICMP ? 4 : 6]
}

export function isEchoReply({ protocol, type }: IcmpMessage): boolean {
  return type === ECHO_REPLY[protocol === ICMP ? 4 : 6]
}

/** Whether messages of this type quote the packet that they are about, and are never answered. */
export function isErrorType(type: number, family: Family): boolean {
  return family === 4 ? ERRORS4.has(type) : type < 128
}

/** Whether the message is about a packet, whose beginning it holds. */
export function isIcmpError({ protocol, type }: IcmpMessage): boolean {
  return isErrorType(type, protocol === ICMP ? 4 : 6)
}

/** Whether messages of this type have an identifier and a sequence number. */
export function hasIdentifier(type: number, family: Family): boolean {
  return family === 4 ? QUERIES4.has(type) : type === ECHO_REQUEST[6] || type === ECHO_REPLY[6]
}

// biome-ignore format: a table
const NAMES: Readonly<Record<Family, ReadonlyMap<number, string>>> = {
  4: new Map([
    [0x0000, 'echo reply'], [0x0300, 'net unreachable'], [0x0301, 'host unreachable'], [0x0302, 'protocol unreachable'],
    [0x0303, 'port unreachable'], [0x0304, 'fragmentation needed'], [0x0305, 'source route failed'],
    [0x0306, 'net unknown'], [0x0307, 'host unknown'], [0x0309, 'net prohibited'], [0x030a, 'host prohibited'],
    [0x030b, 'net unreachable for tos'], [0x030c, 'host unreachable for tos'], [0x030d, 'admin prohibited'],
    [0x0500, 'net redirect'], [0x0501, 'host redirect'], [0x0800, 'echo request'], [0x0b00, 'time exceeded in transit'],
    [0x0b01, 'time exceeded in reassembly'], [0x0c00, 'parameter problem'], [0x0d00, 'timestamp request'],
    [0x0e00, 'timestamp reply'],
  ]),
  6: new Map([
    [0x0100, 'no route'], [0x0101, 'admin prohibited'], [0x0102, 'beyond scope'], [0x0103, 'address unreachable'],
    [0x0104, 'port unreachable'], [0x0105, 'source policy failed'], [0x0106, 'route rejected'],
    [0x0200, 'packet too big'], [0x0300, 'time exceeded in transit'], [0x0301, 'time exceeded in reassembly'],
    [0x0400, 'bad header'], [0x0401, 'unknown next header'], [0x0402, 'unknown option'], [0x8000, 'echo request'],
    [0x8100, 'echo reply'], [0x8500, 'router solicitation'], [0x8600, 'router advertisement'],
    [0x8700, 'neighbour solicitation'], [0x8800, 'neighbour advertisement'], [0x8900, 'redirect'],
  ]),
}

/** `port unreachable`; of types that have no name here, `type 42 code 0`. */
export function icmpName({ protocol, type, code }: IcmpMessage): string {
  return NAMES[protocol === ICMP ? 4 : 6].get(type * 256 + code) ?? `type ${type} code ${code}`
}
