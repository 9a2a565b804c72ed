/**
 * Reads virtual servers as `ipvsadm -Sn` prints them, and as `ipvsadm -R` takes them.
 *
 * @see ipvsadm.c of ipvsadm 1.31: parse_options, process_options
 * @module
 */
import { ParseError, within } from '../../base/error.ts'
import { type Family, familyOf, type Ip, parseIp, prefixOf } from '../../base/ip.ts'
import { parseIpv4 } from '../../base/ipv4.ts'
import { ipv6 } from '../../base/ipv6.ts'
import { SCTP, TCP, UDP } from '../../base/protocol.ts'
import { type Options, readOptions } from './ipvsadm-options.ts'
import {
  type Forwarding,
  familyAt,
  formatVirtualAddress,
  type Persistence,
  type RealServer,
  SCHEDULER_FLAGS,
  type SchedulerFlag,
  type Tunnel,
  type TunnelChecksum,
  type VirtualAddress,
  type VirtualServer,
} from './virtual-server.ts'

/** What `ipvsadm` takes when nothing is said. */
const DEFAULT_SCHEDULER = 'wlc'
const DEFAULT_TIMEOUT = 360
const LONGEST_TIMEOUT = 86_400 * 31

type OpenServer = Omit<VirtualServer, 'reals'> & { readonly reals: RealServer[] }

/**
 * The virtual servers in their order, each with its real servers.
 *
 * Ports and addresses must be numbers, as `-n` prints them. An option that is not known, and what follows it, is kept
 * with its server.
 *
 * @throws {InputError} with the line's number, when a line is malformed or anything but `-A` or `-a`
 */
export function parseIpvs(text: string): VirtualServer[] {
  const servers = new Map<string, OpenServer>()
  for (const [i, line] of text.split('\n').entries()) {
    const words = line.split(/[ \t\r]+/).filter(word => word !== '')
    if (words.length > 0)
      within(`line ${i + 1}`, () => readLine(words[0] === 'ipvsadm' ? words.slice(1) : words, servers))
  }
  return [...servers.values()]
}

function readLine([command = '', ...words]: readonly string[], servers: Map<string, OpenServer>): void {
  const options = readOptions(words)
  if (command === '-A' || command === '--add-service') {
    const server = readVirtual(options)
    const key = formatVirtualAddress(server.at)
    if (servers.has(key)) throw new ParseError('virtual server', key, 'it was added before')
    servers.set(key, server)
  } else if (command === '-a' || command === '--add-server') {
    const at = readAt(options)
    const key = formatVirtualAddress(at)
    const server = servers.get(key)
    if (!server) throw new ParseError('virtual server', key, 'none was added before')
    server.reals.push(readReal(options, server.at))
  } else throw new ParseError('ipvsadm command', command, 'neither -A nor -a')
}

function readAt({ values, flags }: Options): VirtualAddress {
  const chosen = (['t', 'u', 'sctp-service', 'f'] as const).filter(name => values.has(name))
  const [name] = chosen
  if (name === undefined || chosen.length > 1) {
    throw new ParseError('virtual server', chosen.join(' '), 'not one of -t, -u, --sctp-service, -f')
  }
  const text = values.get(name) ?? ''
  if (name !== 'f') {
    const { ip, port = 0 } = readSocket(text)
    return { by: 'address', protocol: { t: TCP, u: UDP, 'sctp-service': SCTP }[name], ip, port }
  }
  // As it is listed, with a sign, or as it is given.
  const mark = text.startsWith('-')
    ? -readNumber(text.slice(1), 'mark', 1, 0x8000_0000)
    : readNumber(text, 'mark', 1, 0xffff_ffff)
  return { by: 'mark', mark: mark | 0, family: flags.has('6') ? 6 : 4 }
}

/** `10.96.0.1:443`, `[fd00:96::1]:443`, or either address alone. */
function readSocket(text: string): { readonly ip: Ip; readonly port?: number } {
  if (text.startsWith('[')) {
    const end = text.indexOf(']:')
    if (end < 0) throw new ParseError('address', text, 'not "[ADDRESS]:PORT"')
    const ip = parseIp(text.slice(1, end))
    if (familyOf(ip) !== 6) throw new ParseError('address', text, 'only IPv6 addresses stand in brackets')
    return { ip, port: readNumber(text.slice(end + 2), 'port', 0, 0xffff) }
  }
  const colon = text.indexOf(':')
  if (colon < 0 || colon !== text.lastIndexOf(':')) return { ip: parseIp(text) }
  return { ip: parseIpv4(text.slice(0, colon)), port: readNumber(text.slice(colon + 1), 'port', 0, 0xffff) }
}

function readNumber(text: string, what: string, least: number, most: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= least && value <= most)) throw new ParseError(what, text, `not a number of ${least} to ${most}`)
  return value
}

function readVirtual(options: Options): OpenServer {
  const { values, flags, unknown } = options
  const at = readAt(options)
  const scheduler = values.get('s') ?? DEFAULT_SCHEDULER
  const persistence = readPersistence(options, familyAt(at))
  const engine = values.get('pe')
  if (at.by === 'address' && at.port === 0 && !persistence) {
    throw new ParseError('virtual server', formatVirtualAddress(at), 'port 0 is only for persistent ones')
  }
  if (flags.has('o') && at.by === 'address' && at.protocol !== UDP) {
    throw new ParseError('virtual server', formatVirtualAddress(at), '-o is only for UDP')
  }
  const told = values.get('b')
  return {
    at,
    scheduler,
    ...(persistence && { persistence }),
    ...(engine !== undefined && { engine }),
    ...(flags.has('o') && { onePacket: true as const }),
    ...(told !== undefined && { flags: readFlags(told, scheduler) }),
    ...(unknown !== '' && { unknown }),
    reals: [],
  }
}

/** A mask without persistence means nothing. */
function readPersistence({ values }: Options, family: Family): Persistence | undefined {
  const text = values.get('p')
  if (text === undefined) return undefined
  const timeout = text === '' ? DEFAULT_TIMEOUT : readNumber(text, 'timeout', 1, LONGEST_TIMEOUT)
  const mask = values.get('M')
  const bits = family === 6 && mask !== undefined ? readNumber(mask, 'mask length', 1, 128) : 128
  if (family === 6) return bits === 128 ? { timeout } : { timeout, mask: prefixOf(ALL_ONES, bits).base }
  return mask === undefined || parseIpv4(mask) === -1 ? { timeout } : { timeout, mask: parseIpv4(mask) }
}

const ALL_ONES = ipv6(-1, -1, -1, -1)

/** Named flags are those of the scheduler; `flag-1` to `flag-3` are the same bits under names that any scheduler has. */
function readFlags(text: string, scheduler: string): readonly SchedulerFlag[] {
  const flags = text.split(',').map((word): SchedulerFlag => {
    const flag = SCHEDULER_FLAGS.find(known => known === word)
    if (flag === undefined) throw new ParseError('scheduler flag', word, `not one of ${SCHEDULER_FLAGS.join(', ')}`)
    const owner = flag.slice(0, 2)
    if (owner !== 'fl' && owner !== scheduler) throw new ParseError('scheduler flag', word, `not one of ${scheduler}`)
    if (owner === 'fl' && (scheduler === 'sh' || scheduler === 'mh')) return NAMED[scheduler][flag] ?? flag
    return flag
  })
  return SCHEDULER_FLAGS.filter(flag => flags.includes(flag))
}

/** @see include/uapi/linux/ip_vs.h of Linux: IP_VS_SVC_F_SCHED_SH_FALLBACK and those that follow */
const NAMED: Readonly<Record<'sh' | 'mh', Partial<Record<SchedulerFlag, SchedulerFlag>>>> = {
  sh: { 'flag-1': 'sh-fallback', 'flag-2': 'sh-port' },
  mh: { 'flag-1': 'mh-fallback', 'flag-2': 'mh-port' },
}

function readReal({ values, flags, unknown }: Options, at: VirtualAddress): RealServer {
  const text = values.get('r')
  if (text === undefined) throw new ParseError('real server', formatVirtualAddress(at), 'its address is missing')
  const { ip, port } = readSocket(text)
  const forwarding = readForwarding(flags)
  if (familyOf(ip) !== familyAt(at) && forwarding !== 'tunnel') {
    throw new ParseError('real server', text, 'only tunnels lead to another family')
  }
  const own = at.by === 'address' ? at.port : 0
  const kept = at.by === 'address' && forwarding !== 'masquerade'
  const tunnel = readTunnel({ values, flags }, forwarding)
  const upper = values.get('x')
  const lower = values.get('y')
  return {
    ip,
    // Who does not rewrite packets cannot change their port.
    port: kept ? own : (port ?? own),
    forwarding,
    weight: readNumber(values.get('w') ?? '1', 'weight', 0, 0x7fff_ffff),
    ...(tunnel && { tunnel }),
    ...(upper !== undefined && { upper: readNumber(upper, 'threshold', 0, 0x7fff_ffff) }),
    ...(lower !== undefined && { lower: readNumber(lower, 'threshold', 0, 0x7fff_ffff) }),
    ...(unknown !== '' && { unknown }),
  }
}

function readForwarding(flags: ReadonlySet<string>): Forwarding {
  const said = (['m', 'i', 'g'] as const).filter(flag => flags.has(flag))
  if (said.length > 1) throw new ParseError('forwarding', said.join(' '), 'more than one')
  return { m: 'masquerade', i: 'tunnel', g: 'route' }[said[0] ?? 'g'] as Forwarding
}

function readTunnel({ values, flags }: Pick<Options, 'values' | 'flags'>, forwarding: Forwarding): Tunnel | undefined {
  const type = values.get('tun-type')
  const port = values.get('tun-port')
  const checksums = (['nocsum', 'csum', 'remcsum'] as const).filter(name => flags.has(`tun-${name}`))
  if (type === undefined && port === undefined && checksums.length === 0) return undefined
  if (forwarding !== 'tunnel') throw new ParseError('tunnel', type ?? '', 'packets to the server are not tunnelled')
  if (checksums.length > 1) throw new ParseError('tunnel', checksums.join(' '), 'more than one way to make checksums')
  const checksum = ({ nocsum: 'none', csum: 'full', remcsum: 'remote' } as const)[checksums[0] ?? 'nocsum']
  return tunnelOf(type ?? 'ipip', port, checksum, checksums.length > 0)
}

/** @see ipvsadm.c of ipvsadm: tunnel_types_v_options */
function tunnelOf(type: string, port: string | undefined, checksum: TunnelChecksum, said: boolean): Tunnel {
  if (type === 'gue') {
    if (port === undefined) throw new ParseError('tunnel', type, 'its port is missing')
    return { type, port: readNumber(port, 'port', 1, 0xffff), checksum }
  }
  if (port !== undefined) throw new ParseError('tunnel', type, 'it has no port')
  if (type === 'gre' && checksum !== 'remote') return { type, checksum }
  if (type === 'ipip' && !said) return { type }
  throw new ParseError('tunnel', type, 'no such tunnel, or none with such checksums')
}
