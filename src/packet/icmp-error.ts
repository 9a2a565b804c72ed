/**
 * The errors that a machine sends about packets.
 *
 * @see icmp_send in net/ipv4/icmp.c and icmp6_send in net/ipv6/icmp.c of Linux; RFC 1122 section
 * 3.2.2, RFC 4443 section 2.4
 * @module
 */
import type { Family, Ip } from '../base/ip.ts'
import { ICMP, ICMPV6 } from '../base/protocol.ts'
import { isMulticast, isUnicast } from './address-kind.ts'
import { isErrorType } from './icmp-types.ts'
import { headersOf } from './ipv6-extensions.ts'
import { ICMP_HEADER, IPV4_HEADER, IPV6_HEADER } from './length.ts'
import { NO_BYTES } from './octets.ts'
import type { Packet } from './packet.ts'
import { encodePacket } from './packet-bytes.ts'

/** What went wrong. Not each is known to both families: see {@link hasErrorKind}. */
export type IcmpErrorKind =
  /** IPv6: "no route". */
  | 'net-unreachable'
  /** IPv6: "address unreachable". */
  | 'host-unreachable'
  /** IPv6: a parameter problem, "unknown next header". */
  | 'protocol-unreachable'
  | 'port-unreachable'
  | 'net-prohibited'
  | 'host-prohibited'
  | 'admin-prohibited'
  | 'policy-fail'
  | 'reject-route'
  /** The packet is longer than `mtu`: "fragmentation needed", or "packet too big". */
  | 'too-big'
  | 'ttl-exceeded'
  | 'reassembly-exceeded'
  /** The header is wrong at byte `pointer`. */
  | 'bad-header'
  | 'unknown-option'

export interface IcmpErrorWish {
  /** The packet that cannot go on, as it is at that point of its way. */
  readonly about: Packet
  readonly kind: IcmpErrorKind
  /** Of the sending machine; of the packet's family. */
  readonly src: Ip
  /** Of `too-big`, in bytes. */
  readonly mtu?: number
  /** Of `bad-header` and `unknown-option`: the byte that is wrong. Absent: 0. */
  readonly pointer?: number
  /** The identification of the message itself; absent: 0. */
  readonly id?: number
}

type TypeCode = readonly [type: number, code: number]

const NUMBERS: Readonly<Record<Family, Readonly<Partial<Record<IcmpErrorKind, TypeCode>>>>> = {
  4: {
    'net-unreachable': [3, 0],
    'host-unreachable': [3, 1],
    'protocol-unreachable': [3, 2],
    'port-unreachable': [3, 3],
    'too-big': [3, 4],
    'net-prohibited': [3, 9],
    'host-prohibited': [3, 10],
    'admin-prohibited': [3, 13],
    'ttl-exceeded': [11, 0],
    'reassembly-exceeded': [11, 1],
    'bad-header': [12, 0],
  },
  6: {
    'net-unreachable': [1, 0],
    'admin-prohibited': [1, 1],
    'host-unreachable': [1, 3],
    'port-unreachable': [1, 4],
    'policy-fail': [1, 5],
    'reject-route': [1, 6],
    'too-big': [2, 0],
    'ttl-exceeded': [3, 0],
    'reassembly-exceeded': [3, 1],
    'bad-header': [4, 0],
    'protocol-unreachable': [4, 1],
    'unknown-option': [4, 2],
  },
}

/** What `--reject-with` of iptables and ip6tables names. @see iptables-extensions(8), REJECT */
const REJECT_KINDS: ReadonlyMap<string, IcmpErrorKind> = new Map([
  ['icmp-net-unreachable', 'net-unreachable'],
  ['icmp-host-unreachable', 'host-unreachable'],
  ['icmp-proto-unreachable', 'protocol-unreachable'],
  ['icmp-port-unreachable', 'port-unreachable'],
  ['icmp-net-prohibited', 'net-prohibited'],
  ['icmp-host-prohibited', 'host-prohibited'],
  ['icmp-admin-prohibited', 'admin-prohibited'],
  ['icmp6-no-route', 'net-unreachable'],
  ['icmp6-adm-prohibited', 'admin-prohibited'],
  ['icmp6-addr-unreachable', 'host-unreachable'],
  ['icmp6-port-unreachable', 'port-unreachable'],
  ['icmp6-policy-fail', 'policy-fail'],
  ['icmp6-reject-route', 'reject-route'],
])

/** The error that REJECT sends by that name of iptables; none for `tcp-reset` and names that iptables lacks. */
export function rejectKind(name: string): IcmpErrorKind | undefined {
  return REJECT_KINDS.get(name)
}

export function hasErrorKind(kind: IcmpErrorKind, family: Family): boolean {
  return NUMBERS[family][kind] !== undefined
}

/** Bytes of the whole message that Linux sends at most. @see RFC 1812 section 4.3.2.3, RFC 4443 section 2.4 (c) */
const LONGEST: Readonly<Record<Family, number>> = { 4: 576, 6: 1280 }

/** Routers' precedence "internetwork control". @see IPTOS_PREC_INTERNETCONTROL of Linux, RFC 1812 section 4.3.2.5 */
const INTERNETWORK_CONTROL = 0xc0

/** What Linux keeps of the TOS that it answers to. @see RT_TOS in include/uapi/linux/in_route.h */
const TOS_BITS = 0x1e

/** @see ICMP types up to NR_ICMP_TYPES of Linux: it says nothing about messages of types that it does not know */
const LAST_TYPE4 = 18

/** Where IPv6's header says what is behind it. */
const NEXT_HEADER = 6

/**
 * The error about a packet, or nothing where none may be sent: about an error, about a later
 * fragment (IPv4), to or about what is not one machine's address.
 *
 * Whether a network's own broadcast address or a broadcast frame was meant, the packet does not
 * say: the caller knows. The options of the packet are not echoed, as Linux would some of them.
 *
 * @throws {RangeError} when the packet's family has no such error
 */
export function icmpError(wish: IcmpErrorWish): Packet | undefined {
  const { about, kind, src, id = 0 } = wish
  const { family } = about
  const numbers = NUMBERS[family][kind]
  if (!numbers) throw new RangeError(`IPv${family} has no error "${kind}"`)
  if (!mayBeToldOf(about, kind)) return undefined
  const [type, code] = numbers
  const room = LONGEST[family] - (family === 4 ? IPV4_HEADER : IPV6_HEADER) - ICMP_HEADER
  const bytes = encodePacket(about)
  return {
    family,
    src,
    dst: about.src,
    ttl: 64,
    tos: family === 4 ? (about.tos & TOS_BITS) | INTERNETWORK_CONTROL : 0,
    id,
    df: family === 6,
    payload: {
      protocol: family === 4 ? ICMP : ICMPV6,
      type,
      code,
      rest: restOf(wish),
      data: bytes.length > room ? bytes.slice(0, room) : bytes,
    },
  }
}

function restOf({ about, kind, mtu = 0, pointer = 0 }: IcmpErrorWish): number {
  if (kind === 'too-big') return about.family === 4 ? mtu & 0xffff : mtu | 0
  if (about.family === 4) return pointer << 24
  return kind === 'protocol-unreachable' ? protocolPlace(about) : pointer | 0
}

/** The byte of an IPv6 packet that says which protocol it carries. */
function protocolPlace({ options }: Packet): number {
  let place = NEXT_HEADER
  for (const [at] of headersOf(options ?? NO_BYTES)) place = IPV6_HEADER + at
  return place
}

function mayBeToldOf(about: Packet, kind: IcmpErrorKind): boolean {
  if (!isUnicast(about.src)) return false
  if (!isUnicast(about.dst) && !(about.family === 6 && isMulticast(about.dst) && mayAnswerMulticast(kind))) return false
  if (isLaterFragment(about)) return about.family === 6
  const type = icmpTypeOf(about)
  if (type === undefined) return true
  return !isErrorType(type, about.family) && (about.family === 6 || type <= LAST_TYPE4)
}

/** So that the path's MTU can be found for multicast too. @see RFC 4443 section 2.4 (e.3) */
function mayAnswerMulticast(kind: IcmpErrorKind): boolean {
  return kind === 'too-big' || kind === 'unknown-option'
}

function isLaterFragment({ fragment }: Packet): boolean {
  return fragment !== undefined && fragment.offset > 0
}

function icmpTypeOf({ family, payload }: Packet): number | undefined {
  if (payload.protocol !== (family === 4 ? ICMP : ICMPV6)) return undefined
  if ('type' in payload) return payload.type
  return 'raw' in payload ? payload.raw[0] : undefined
}
