/**
 * What `nft -a -n -s monitor trace` prints, line by line.
 *
 *     trace id 645c4fcf ip nat OUTPUT packet: oif "lo" ip saddr 127.0.0.1 ip daddr 127.0.0.1 … udp dport 99 …
 *     trace id 645c4fcf ip nat OUTPUT rule counter jump KUBE # handle 7 (verdict jump KUBE)
 *     trace id 645c4fcf ip nat OUTPUT unknown rule handle 8 (verdict accept)
 *     trace id 645c4fcf ip nat OUTPUT policy accept
 *
 * A packet is shown anew in each base chain, before its rules; lines of several packets may be mixed,
 * and belong together by their id. `xtables-monitor --trace` would be iptables' own reader of the same
 * events, but ends at the first rule that iptables could not have made (measured with 1.8.9), and
 * does not say a packet's protocol.
 *
 * @see trace_print_hdr, trace_print_rule, trace_print_packet in src/netlink.c of nftables
 * @module
 */
import { ParseError } from '../base/error.ts'
import { type Family, parseIp } from '../base/ip.ts'
import { ICMP, ICMPV6, type Protocol, SCTP, TCP, UDP } from '../base/protocol.ts'
import { hasIdentifier } from '../packet/icmp-types.ts'
import type { TracedPacket } from './observation.ts'

/** A rule or policy that a packet met. */
export interface NftTrace {
  readonly family: Family
  readonly table: string
  readonly chain: string
  /** The rule's handle, or that the chain came to its end. */
  readonly rule: number | 'policy'
  readonly packet: TracedPacket
}

/** A packet that comes to a base chain. */
export interface NftArrival {
  readonly family: Family
  readonly table: string
  readonly chain: string
  readonly packet: TracedPacket
}

export type NftEvent = (NftTrace & { readonly kind: 'met' }) | (NftArrival & { readonly kind: 'arrival' })

/** What `nft monitor` says when its buffer ran over. @see mnl_nft_event_listener in src/mnl.c of nftables */
export const LOST = '# ERROR: We lost some netlink events!'

const LINE =
  /^trace id ([0-9a-f]+) (\S+) (\S+) (.+?) (packet:|rule|unknown rule handle|policy|verdict|conntrack:)(?: (.*))?$/

/** The last of its kind: a rule's comment may look like one. */
const HANDLE = /^.* # handle (\d+) \(verdict .*\)\s*$/
const UNKNOWN_HANDLE = /^ (\d+) /

const FAMILIES: ReadonlyMap<string, Family> = new Map([
  ['ip', 4],
  ['ip6', 6],
])

/** How many packets' ids are kept: many more than are on their way at once. */
const REMEMBERED = 4096

/** Or why what is shown of it cannot be read. */
type Shown = TracedPacket | ParseError

/** Reads lines in their order; remembers which packet an id means. */
export class NftTraceReader {
  readonly #own: string
  #packets = new Map<string, Shown>()
  #before = new Map<string, Shown>()

  /** @param own the table whose rules and policies nobody wants to know of */
  constructor(own: string) {
    this.#own = own
  }

  /**
   * What a line says; nothing where it is about the tables of another family, or says what follows from
   * other lines. Of a piece of a packet the kernel does not always show who it is from: that matters once
   * it meets a rule.
   *
   * @throws {ParseError} when the line is of another form, or of a packet that was never shown
   */
  read(line: string): NftEvent | undefined {
    const [, id = '', protocolFamily = '', table = '', chain = '', what, rest = ''] = LINE.exec(line) ?? []
    if (what === undefined) throw new ParseError('nft trace', line, 'not a line of `nft monitor trace`')
    const family = FAMILIES.get(protocolFamily)
    // The end of a chain that was jumped to is no rule, and connections are told by their effects.
    if (family === undefined || what === 'verdict' || what === 'conntrack:') return undefined
    const place = { family, table, chain }
    if (what === 'packet:') {
      const packet = this.#remember(id, shownIn(family, rest))
      return packet instanceof ParseError ? undefined : { kind: 'arrival', ...place, packet }
    }
    if (table === this.#own) return undefined
    const packet = this.#packets.get(id) ?? this.#before.get(id)
    if (!packet) throw new ParseError('nft trace', line, 'the packet was not shown before')
    if (packet instanceof ParseError) throw packet
    return { kind: 'met', ...place, rule: ruleOf(what, rest), packet }
  }

  #remember(id: string, packet: Shown): Shown {
    if (this.#packets.size >= REMEMBERED) {
      this.#before = this.#packets
      this.#packets = new Map()
    }
    this.#packets.set(id, packet)
    return packet
  }
}

function shownIn(family: Family, text: string): Shown {
  try {
    return packetOf(family, text)
  } catch (cause) {
    if (cause instanceof ParseError) return cause
    throw cause
  }
}

function ruleOf(what: string, rest: string): number | 'policy' {
  if (what === 'policy') return 'policy'
  const handle = (what === 'rule' ? HANDLE : UNKNOWN_HANDLE).exec(` ${rest}`)?.[1]
  if (handle === undefined) throw new ParseError('nft trace', rest, 'no handle of the rule')
  return Number(handle)
}

const PROTOCOLS: ReadonlyMap<string, Protocol> = new Map([
  ['icmp', ICMP],
  ['tcp', TCP],
  ['udp', UDP],
  ['icmpv6', ICMPV6],
  ['sctp', SCTP],
])

const TRANSPORT = / (?:(tcp|udp|sctp) sport|(icmp|icmpv6) type|ip protocol (\d+)|ip6 nexthdr (\d+))(?: |$)/

function packetOf(family: Family, text: string): TracedPacket {
  const line = ` ${text}`
  const word = (name: string) => new RegExp(` ${name} (\\S+)`).exec(line)?.[1]
  const ip = family === 4 ? 'ip' : 'ip6'
  const address = (name: string) => {
    const found = word(`${ip} ${name}`)
    if (found === undefined) throw new ParseError('nft trace', text, `no "${ip} ${name}"`)
    return parseIp(found)
  }
  const transport = TRANSPORT.exec(line)
  const name = transport?.[1] ?? transport?.[2]
  const protocol = name === undefined ? Number(transport?.[3] ?? transport?.[4]) : PROTOCOLS.get(name)
  const ttl = Number(word(family === 4 ? 'ip ttl' : 'ip6 hoplimit'))
  if (protocol === undefined || Number.isNaN(protocol)) throw new ParseError('nft trace', text, 'no protocol')
  if (Number.isNaN(ttl)) throw new ParseError('nft trace', text, 'no TTL')
  const sport = transport?.[1] ? word(`${name} sport`) : identifierOf(family, word)
  const dport = transport?.[1] ? word(`${name} dport`) : undefined
  return {
    protocol,
    src: address('saddr'),
    dst: address('daddr'),
    ...(sport === undefined ? {} : { sport: Number(sport) }),
    ...(dport === undefined ? {} : { dport: Number(dport) }),
    ttl,
  }
}

/** The identifier of an echo. Of ICMPv6, nft 1.0.6 shows it with the sequence number under another name. */
function identifierOf(family: Family, word: (name: string) => string | undefined): number | undefined {
  const type = word(family === 4 ? 'icmp type' : 'icmpv6 type')
  if (type === undefined || !hasIdentifier(Number(type), family)) return undefined
  const id = word(family === 4 ? 'icmp id' : 'icmpv6 id')
  if (id !== undefined) return Number(id)
  const rest = word('icmpv6 parameter-problem')
  return rest === undefined ? undefined : Number(rest) >>> 16
}
