/**
 * A packet that is for the machine itself, behind INPUT: to whoever takes it.
 *
 * @see net/ipv4/ip_input.c of Linux: ip_local_deliver_finish; net/ipv6/ip6_input.c: ip6_protocol_deliver_rcu
 * @module
 */
import { ICMP, ICMPV6, SCTP, TCP, UDP } from '../base/protocol.ts'
import type { Skb } from '../netfilter/run/skb.ts'
import { echoReply } from '../packet/echo.ts'
import { isEchoReply, isEchoRequest, isIcmpError } from '../packet/icmp-types.ts'
import { type IcmpMessage, isIcmp, type Packet, portsOf } from '../packet/packet.ts'
import { readQuote } from '../packet/quote.ts'
import { tcpReset } from '../packet/tcp-reset.ts'
import type { Device } from './device.ts'
import { answerError, answerWith, isForUs, withoutConnection } from './error-answer.ts'
import { learnMtu } from './mtu.ts'
import { blankQuery, type Routed, UNSPECIFIED } from './route.ts'
import { consult } from './routing-rules.ts'
import { findSocket } from './socket.ts'
import type { Listener } from './step.ts'
import { end, note, type Walk } from './walk.ts'

/** The TOS without its bits for congestion. */
const DSCP = 0xfc

const KERNEL: Listener = { listens: 'yes', what: 'the kernel, which answers echo requests' }
const QUOTED: Listener = { listens: 'yes', what: 'the sender of the packet that the error is about' }

/**
 * Hands the packet to a program or to the kernel's own protocols, with what they answer.
 *
 * @param device by which it came
 */
export function handOver(walk: Walk, skb: Skb, routed: Routed, device: Device): void {
  if (isIcmp(skb.packet.payload)) takeIcmp(walk, skb, skb.packet.payload, { routed, device })
  else if (routed.kind !== 'local') end(walk, { kind: 'consumed', why: 'it went to all, or to a group' })
  else toProgram(walk, skb)
}

function toProgram(walk: Walk, skb: Skb): void {
  const { packet } = skb
  const { protocol } = packet.payload
  const ports = portsOf(packet.payload)
  const listener =
    findSocket(walk.memory, packet) ?? walk.machine.config.listenerAt(packet.dst, protocol, ports?.dport ?? 0)
  if (listener.listens !== 'no') {
    deliver(walk, skb, listener)
    return
  }
  // @see net/ipv4/ip_input.c of Linux: ip_protocol_deliver_rcu; net/ipv6/ip6_input.c: ip6_protocol_deliver_rcu
  const isOverheard = listener.overheard || walk.around.rawProtocol === protocol
  if (isOverheard && protocol !== TCP && protocol !== UDP) {
    end(walk, { kind: 'consumed', why: 'a raw socket took it, and nobody answers' })
    return
  }
  note(walk, { component: 'socket', action: 'refuse', listener }, packet)
  refuse(walk, skb)
  const what = NAMES.get(protocol) ?? `protocol ${protocol}`
  end(walk, {
    kind: 'refused',
    why: ports ? `nothing listens on ${what} port ${ports.dport}` : `nothing takes ${what}`,
  })
}

const NAMES: ReadonlyMap<number, string> = new Map([
  [TCP, 'TCP'],
  [UDP, 'UDP'],
  [SCTP, 'SCTP'],
])

function deliver(walk: Walk, skb: Skb, listener: Listener): void {
  note(walk, { component: 'socket', action: 'deliver', listener }, skb.packet)
  walk.delivered = { skb, listener }
}

/**
 * What each protocol says to a packet that nobody waits for.
 *
 * SCTP is taken not to be loaded where no program listens: the kernel loads it for the first one that
 * opens a socket. Measured on 6.18: "protocol unreachable", not an ABORT.
 */
function refuse(walk: Walk, skb: Skb): void {
  const { packet } = skb
  const { protocol } = packet.payload
  if (protocol === TCP) {
    const answer = tcpReset(packet)
    // Unlike that of REJECT, the reset of a closed port is as urgent as what it answers.
    // The first address of a network is no one machine's.
    const isOwn = packet.family === 4 || walk.machine.own.get(packet.dst) !== undefined
    if (answer && isOwn && isForUs(skb)) answerWith(walk, withoutConnection(skb), { ...answer, tos: packet.tos & DSCP })
    return
  }
  const kind = protocol === UDP ? 'port-unreachable' : 'protocol-unreachable'
  answerError(walk, skb, kind, { local: true })
}

interface Arrived {
  readonly routed: Routed
  readonly device: Device
}

/** @see net/ipv4/icmp.c of Linux: icmp_rcv; net/ipv6/icmp.c: icmpv6_rcv */
function takeIcmp(walk: Walk, skb: Skb, message: IcmpMessage, { routed, device }: Arrived): void {
  const { packet } = skb
  if (message.protocol !== (packet.family === 4 ? ICMP : ICMPV6)) toProgram(walk, skb)
  else if (isEchoRequest(message)) takeEcho(walk, skb, routed, device)
  else if (isIcmpError(message)) takeError(walk, skb, message)
  else if (isEchoReply(message)) toPinger(walk, skb, message)
  else end(walk, { kind: 'consumed', why: 'the kernel takes such messages itself' })
}

function takeEcho(walk: Walk, skb: Skb, { kind }: Routed, device: Device): void {
  const { packet } = skb
  // To all and to groups IPv4 keeps silent. @see icmp_echo_ignore_broadcasts
  if (walk.machine.settings.ignoresEcho[packet.family] || (kind !== 'local' && packet.family === 4)) {
    end(walk, { kind: 'consumed', why: 'the machine does not answer such echo requests' })
    return
  }
  const answer =
    walk.machine.own.get(packet.dst) || packet.family === 4 ? echoReply(packet) : groupReply(walk, packet, device)
  if (answer) answerWith(walk, withoutConnection(skb), answer)
  deliver(walk, skb, KERNEL)
}

/**
 * What was asked of all, or of the first address of a network, is answered by the device that it came by
 * and from an address of its own.
 *
 * @see net/ipv6/icmp.c of Linux: icmpv6_echo_reply
 */
function groupReply({ machine }: Walk, packet: Packet, device: Device): Packet | undefined {
  const back = consult(machine.routing[6], { ...blankQuery(packet.src, machine.loopback.name), out: device.name })
  const reply = back.kind === 'route' ? echoReply(packet, packet.src) : undefined
  return reply && { ...reply, src: UNSPECIFIED[6] }
}

/** An answer to a ping that no program waits for is dropped without a word. */
function toPinger(walk: Walk, skb: Skb, { protocol, rest }: IcmpMessage): void {
  const listener =
    findSocket(walk.memory, skb.packet) ?? walk.machine.config.listenerAt(skb.packet.dst, protocol, rest >>> 16)
  if (listener.listens !== 'no') deliver(walk, skb, listener)
  else end(walk, { kind: 'consumed', why: 'no program waits for the echo reply' })
}

function takeError(walk: Walk, skb: Skb, message: IcmpMessage): void {
  const { family } = skb.packet
  const quote = readQuote(message, family)
  if (!quote) {
    end(walk, { kind: 'consumed', why: 'the error does not tell which packet it is about' })
    return
  }
  const tooBig = family === 4 ? message.type === 3 && message.code === 4 : message.type === 2
  if (tooBig) learnMtu(walk, family, quote.dst, family === 4 ? message.rest & 0xffff : message.rest >>> 0)
  deliver(walk, skb, QUOTED)
}
