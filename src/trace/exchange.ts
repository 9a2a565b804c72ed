/**
 * A packet and what comes back for it: what the program that sent it meets.
 *
 * @module
 */
import type { Ip } from '../base/ip.ts'
import { equalIp } from '../base/ip.ts'
import { UDP } from '../base/protocol.ts'
import type { Skb } from '../netfilter/run/skb.ts'
import { openSocket } from '../node/socket.ts'
import { answerTo } from '../packet/first-packet.ts'
import { isEchoReply, isEchoRequest, isIcmpError } from '../packet/icmp-types.ts'
import { type IcmpMessage, isIcmp, isTcp, type Packet, portsOf, TCP_FLAG } from '../packet/packet.ts'
import { readQuote } from '../packet/quote.ts'
import { type Answer, type Carried, carry, memoryOf, type Voyage } from './carry.ts'
import type { Aftermath, Exchange, Experience, Journey, Sighting, Try } from './journey.ts'
import { learnedSize, shortened } from './path-size.ts'

/**
 * Sends `skb` from `machine`, lets whoever gets it answer, and carries the answer, or the error that
 * came of it, back. TCP that is told that it was too long sends again what fits.
 */
export function exchange(machine: string, skb: Skb, voyage: Voyage): Exchange {
  const tries: Try[] = []
  const sightings: Sighting[] = []
  for (let next = skb; ; ) {
    // A moment later each, so that the capture shows the order.
    const now = voyage.now + tries.length * TURN
    const { sent, sightings: seen, ...met } = exchangeOnce(machine, next, { ...voyage, now })
    sightings.push(...seen)
    const shorter = !voyage.raw && tries.length < MOST_TRIES ? sentAgain(machine, met, sent, voyage) : undefined
    if (!shorter) {
      // A connection's program never hears of sizes: it waits.
      const quiet = !voyage.raw && met.experience === 'message too long' && isTcp(sent.payload)
      const experience = quiet ? 'timeout' : met.experience
      return { ...(tries.length > 0 ? { tries } : {}), ...met, experience, sightings }
    }
    tries.push({ request: met.request, ...(met.reply ? { reply: met.reply } : {}) })
    next = { ...skb, packet: shorter }
  }
}

/** How often TCP's segments get shorter here. */
const MOST_TRIES = 3

/** A packet there and one back, in milliseconds. */
const TURN = 2

interface Once extends Exchange {
  /** The packet with its source. */
  readonly sent: Packet
}

function exchangeOnce(machine: string, skb: Skb, voyage: Voyage): Once {
  const there = carry(machine, skb, voyage)
  const sent = sentPacket(there.journey)
  openSocket(memoryOf(machine, voyage), sent)
  const back = firstAnswer(there)
  if (!back) {
    const experience = ownFailure(there.journey, sent, voyage) ?? 'timeout'
    return { request: there.journey, experience, sightings: there.sightings, sent }
  }
  const returned = carry(back.machine, back.skb, { ...voyage, now: voyage.now + 1 })
  const more = [...there.answers.filter(answer => answer !== back && isError(answer)), ...returned.answers]
  const aftermath = voyage.aftermath ? more.map(answer => aftermathOf(answer, voyage)) : []
  return {
    request: there.journey,
    reply: returned.journey,
    experience: ownFailure(there.journey, sent, voyage) ?? experienceOf(machine, sent, returned),
    sightings: [...there.sightings, ...returned.sightings],
    ...(aftermath.length > 0 ? { aftermath } : {}),
    sent,
  }
}

/** An echo's reply is the answer itself. */
function isError({ skb: { packet } }: Answer): boolean {
  return isIcmp(packet.payload) && isIcmpError(packet.payload)
}

/** Nothing comes of it: neither resets nor errors are answered. */
function aftermathOf({ machine, skb }: Answer, voyage: Voyage): Aftermath {
  const { journey, sightings } = carry(machine, skb, { ...voyage, now: voyage.now + 2 })
  return { journey, sightings }
}

/** What TCP sends after it was told that a packet was too long. */
function sentAgain(
  machine: string,
  met: Try & Pick<Exchange, 'experience'>,
  sent: Packet,
  voyage: Voyage,
): Packet | undefined {
  if (met.experience !== 'message too long') return undefined
  const mtu = learnedSize(memoryOf(machine, voyage), met, sent, voyage.now)
  return mtu === undefined ? undefined : shortened(sent, mtu)
}

/** The answer of the program that was reached, or else the first error that a machine on the way sent. */
function firstAnswer({ arrivals, answers }: Carried): Answer | undefined {
  for (const arrival of arrivals) {
    const packet = answerTo(arrival.skb.packet)
    if (packet) return { machine: arrival.machine, skb: { packet, mark: 0, cuttable: true } }
  }
  return answers[0]
}

/** The packet once the sender's machine had given it its source. */
function sentPacket({ hops, packet }: Journey): Packet {
  const chosen = hops[0]?.steps.find(step => step.component === 'source')
  return chosen?.after ?? packet
}

/** What a program's call says when its own machine does not let the packet out. */
function ownFailure({ hops, outcome }: Journey, sent: Packet, { raw }: Voyage): Experience | undefined {
  const [first] = hops
  if (outcome.kind === 'left') return 'unknown'
  if (first?.outcome?.kind !== 'ended') return undefined
  if (first.outcome.end.kind === 'undecided') return 'undecided'
  if (isWrapped(first.steps)) return undefined
  switch (first.outcome.end.kind) {
    case 'dropped by rule':
    case 'rejected by rule':
      // connect() goes on waiting: only the call that sends a datagram, or bytes, hears of it, with EPERM.
      return (isTcp(sent.payload) && !raw) || !leaves(first.steps) ? undefined : 'not permitted'
    case 'no route':
      return first.outcome.end.type === 'prohibit' ? 'not permitted' : 'network unreachable'
    case 'too big':
      return 'message too long'
    default:
      return undefined
  }
}

/**
 * A tunnel took the packet: what becomes of that which carries it no program hears.
 *
 * @see vxlan_xmit_one in drivers/net/vxlan/vxlan_core.c of Linux: `tx_error`
 */
function isWrapped(steps: Journey['hops'][number]['steps']): boolean {
  return steps.some(step => step.component === 'vxlan' && step.action === 'encapsulate')
}

/** Whether the packet ended on its way out, not after it had come to the machine itself. */
function leaves(steps: Journey['hops'][number]['steps']): boolean {
  const last = steps.findLast(step => step.component === 'netfilter')
  return last?.component === 'netfilter' && (last.hook === 'output' || last.hook === 'postrouting')
}

function experienceOf(machine: string, sent: Packet, { arrivals, journey }: Carried): Experience {
  if (journey.outcome.kind === 'ended' && journey.outcome.end.kind === 'undecided') return 'undecided'
  if (journey.outcome.kind === 'left') return 'unknown'
  const home = arrivals.find(arrival => arrival.machine === machine)
  if (!home) return 'timeout'
  const { packet } = home.skb
  if (isIcmp(packet.payload) && !isEchoRequest(packet.payload) && !isEchoReply(packet.payload))
    return errorMet(packet.payload, packet, sent)
  if (!answers(packet, sent)) return 'timeout'
  return isTcp(packet.payload) && packet.payload.flags & TCP_FLAG.RST ? 'refused' : 'answered'
}

/** Whether `packet` is from where `sent` went, to where it came from. */
export function answers(packet: Packet, sent: Packet): boolean {
  if (!equalIp(packet.src, sent.dst) || !equalIp(packet.dst, sent.src)) return false
  if (packet.payload.protocol !== sent.payload.protocol) return false
  const [there, back] = [portsOf(sent.payload), portsOf(packet.payload)]
  return there === undefined || (back !== undefined && there.sport === back.dport && there.dport === back.sport)
}

/** What a program hears of an error message, if the message quotes what it sent: `timeout` is nothing. */
export function errorMet(message: IcmpMessage, { family }: Pick<Packet, 'family'>, sent: Packet): Experience {
  const quote = readQuote(message, family)
  if (!quote || !isAbout(quote, sent)) return 'timeout'
  const error = (family === 4 ? ERRORS4 : ERRORS6).get(message.type * 256 + message.code)
  // UDP keeps quiet about what may pass; connect() and ping do not.
  if (!error || (sent.payload.protocol === UDP && !error.fatal)) return 'timeout'
  // Of a connection, the kernel knows no other word for it.
  return error.met === 'time exceeded' && isTcp(sent.payload) ? 'host unreachable' : error.met
}

function isAbout(quote: { readonly src: Ip; readonly dst: Ip }, sent: Packet): boolean {
  return equalIp(quote.src, sent.src) && equalIp(quote.dst, sent.dst)
}

interface Met {
  readonly met: Experience
  /** Whether a datagram's sender hears of it too. */
  readonly fatal: boolean
}

function errors(type: number, codes: Readonly<Record<number, readonly [met: Experience, fatal: boolean]>>) {
  return Object.entries(codes).map(([code, [met, fatal]]): [number, Met] => [type * 256 + Number(code), { met, fatal }])
}

/** @see icmp_err_convert in net/ipv4/icmp.c of Linux */
const ERRORS4: ReadonlyMap<number, Met> = new Map([
  ...errors(3, {
    0: ['network unreachable', false],
    1: ['host unreachable', false],
    2: ['refused', true],
    3: ['refused', true],
    4: ['message too long', true],
    6: ['network unreachable', true],
    7: ['host unreachable', true],
    8: ['host unreachable', true],
    9: ['prohibited', true],
    10: ['prohibited', true],
    11: ['network unreachable', false],
    12: ['host unreachable', false],
    13: ['prohibited', true],
    14: ['prohibited', true],
    15: ['prohibited', true],
  }),
  ...errors(11, { 0: ['time exceeded', false], 1: ['time exceeded', false] }),
])

/** @see icmpv6_err_convert in net/ipv6/icmp.c of Linux */
const ERRORS6: ReadonlyMap<number, Met> = new Map([
  ...errors(1, {
    0: ['network unreachable', false],
    1: ['prohibited', true],
    2: ['host unreachable', false],
    3: ['host unreachable', false],
    4: ['refused', true],
    5: ['prohibited', true],
    6: ['prohibited', true],
  }),
  ...errors(2, { 0: ['message too long', true] }),
  ...errors(3, { 0: ['time exceeded', false], 1: ['time exceeded', false] }),
])
