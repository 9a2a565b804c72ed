/**
 * Raw sockets of either family, by the optional package raw-socket.
 *
 * @module
 */
import { type Family, formatIp, type Ip, parseIp } from '../../base/ip.ts'
import { ICMP, ICMPV6, type Protocol } from '../../base/protocol.ts'
import { ICMP_HEADER, IPV4_HEADER } from '../../packet/length.ts'
import { get8, get32, getIp } from '../../packet/octets.ts'
import type { IcmpMessage } from '../../packet/packet.ts'

type RawSocketModule = typeof import('raw-socket').default
type RawSocket = ReturnType<RawSocketModule['createSocket']>

/** What a raw socket received. */
export interface Received {
  readonly family: Family
  readonly src: Ip
  /** Absent in IPv6: such sockets do not say. */
  readonly dst?: Ip
  /** What the packet carries, behind the headers of IP. */
  readonly body: Uint8Array
}

export interface Raw {
  /** @throws {Error} as the system's call does; see `codeOf` */
  readonly send: (bytes: Uint8Array, dst: Ip) => Promise<void>
  readonly setTtl: (ttl: number) => void
  readonly close: () => void
}

/** No protocol: sends whole packets, receives none. @see raw(7), IPPROTO_RAW */
export const WHOLE_PACKETS: Protocol = 255

/** The longest packet, in bytes. */
const LARGEST = 65_535

/** @see linux/in.h, linux/in6.h: IPPROTO_IP IP_TTL, IPPROTO_IPV6 IPV6_UNICAST_HOPS */
const TTL: Readonly<Record<Family, readonly [level: number, option: number]>> = { 4: [0, 2], 6: [41, 16] }

/** raw-socket closes what nobody refers to, although it listens: these are referred to. */
const open = new Set<RawSocket>()

interface Loaded {
  readonly module?: RawSocketModule
  /** Why there is none. */
  readonly lack?: string
}

let loading: Promise<Loaded> | undefined

function load(): Promise<Loaded> {
  loading ??= import('raw-socket').then(
    ({ default: module }) => ({ module }),
    cause => ({ lack: lackOfRawSocket(cause) }),
  )
  return loading
}

/** Why there can be no raw sockets, and what helps; nothing where there can. */
export async function whyNoRawSocket(): Promise<string | undefined> {
  return (await load()).lack
}

/** @see https://nodejs.org/api/errors.html; node_api and process.versions.modules for NODE_MODULE_VERSION */
const ABSENT = /^Cannot find (?:package|module) 'raw-socket'/
const FOREIGN = /NODE_MODULE_VERSION/

/**
 * What is to be done where the package raw-socket does not load: it is not there, or what a compiler made of it is not
 * for this Node.
 *
 * @param cause what `import` failed with
 */
export function lackOfRawSocket(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause)
  if (ABSENT.test(message))
    return 'the optional package raw-socket is not there: "npm install raw-socket" builds it, which needs a C++ compiler'
  const why = FOREIGN.test(message)
    ? `is built for another version of Node than this (${process.version})`
    : `does not load (${message.split('\n')[0]})`
  return `the optional package raw-socket ${why}: "npm rebuild raw-socket" builds it anew, which needs a C++ compiler`
}

/**
 * Opens a raw socket.
 *
 * @throws {Error} when the package is missing, or as the system's call does
 */
export async function openRaw(
  family: Family,
  protocol: Protocol,
  hear: (received: Received) => void = () => undefined,
): Promise<Raw> {
  const { module, lack } = await load()
  if (!module) throw new Error(lack)
  const socket = module.createSocket({ protocol, addressFamily: family === 4 ? 1 : 2, bufferSize: LARGEST })
  socket.on('message', (bytes: Buffer, source: string) => {
    const received = readReceived(bytes, family, source)
    if (received) hear(received)
  })
  open.add(socket)
  // What fails on receiving is left to whoever waits to find out by the clock.
  socket.on('error', () => undefined)
  return {
    send: (bytes, dst) => send(socket, bytes, dst),
    setTtl: ttl => socket.setOption(...TTL[family], ttl),
    close: () => {
      open.delete(socket)
      socket.close()
    },
  }
}

function send(socket: RawSocket, bytes: Uint8Array, dst: Ip): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(Buffer.from(bytes), 0, bytes.length, formatIp(dst), error => (error ? reject(error) : resolve()))
  })
}

/** Sockets of IPv4 give the whole packet, those of IPv6 what is behind its headers. */
function readReceived(bytes: Uint8Array, family: Family, source: string): Received | undefined {
  if (family === 6) return { family, src: parseIp(source), body: bytes.slice() }
  const header = (get8(bytes, 0) & 15) * 4
  if (header < IPV4_HEADER || bytes.length < header) return undefined
  return { family, src: getIp(bytes, 12, 4), dst: getIp(bytes, 16, 4), body: bytes.slice(header) }
}

export function icmpOf(family: Family): typeof ICMP | typeof ICMPV6 {
  return family === 4 ? ICMP : ICMPV6
}

/** The kernel has looked at the checksum, or will not pass the message on. */
export function readIcmp({ family, body }: Received): IcmpMessage | undefined {
  if (body.length < ICMP_HEADER) return undefined
  const [type, code, rest] = [get8(body, 0), get8(body, 1), get32(body, 4)]
  return { protocol: icmpOf(family), type, code, rest, data: body.subarray(ICMP_HEADER) }
}
