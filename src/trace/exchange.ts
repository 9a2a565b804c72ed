/**
 * A packet and what comes back for it: what the program that sent it meets.
 *
 * @module
 */
import type { Ip } from '../base/ip.ts'
import { equalIp } from '../base/ip.ts'
import type { Skb } from '../netfilter/run/skb.ts'
import { openSocket } from '../node/socket.ts'
import { answerTo } from '../packet/first-packet.ts'
import { type IcmpMessage, isIcmp, isTcp, type Packet, portsOf, TCP_FLAG } from '../packet/packet.ts'
import { readQuote } from '../packet/quote.ts'
import { type Answer, type Carried, carry, memoryOf, type Voyage } from './carry.ts'
import type { Exchange, Experience, Journey } from './journey.ts'

/**
 * Sends `skb` from `machine`, lets whoever gets it answer, and carries the answer, or the error that
 * came of it, back.
 */
export function exchange(machine: string, skb: Skb, voyage: Voyage): Exchange {
  const there = carry(machine, skb, voyage)
  const sent = sentPacket(there.journey)
  openSocket(memoryOf(machine, voyage), sent)
  const back = firstAnswer(there)
  if (!back) {
    const experience = ownFailure(there.journey, sent) ?? 'timeout'
    return { request: there.journey, experience, sightings: there.sightings }
  }
  // A moment later, so that the capture shows the order.
  const returned = carry(back.machine, back.skb, { ...voyage, now: voyage.now + 1 })
  return {
    request: there.journey,
    reply: returned.journey,
    experience: ownFailure(there.journey, sent) ?? experienceOf(machine, sent, returned),
    sightings: [...there.sightings, ...returned.sightings],
  }
}

/** The answer of the program that was reached, or else the first error that a machine on the way sent. */
function firstAnswer({ arrivals, answers }: Carried): Answer | undefined {
  for (const arrival of arrivals) {
    const packet = answerTo(arrival.skb.packet)
    if (packet) return { machine: arrival.machine, skb: { packet, mark: 0 } }
  }
  return answers[0]
}

/** The packet once the sender's machine had given it its source. */
function sentPacket({ hops, packet }: Journey): Packet {
  const chosen = hops[0]?.steps.find(step => step.component === 'source')
  return chosen?.after ?? packet
}

/** What a program's call says when its own machine does not let the packet out. */
function ownFailure({ hops, outcome }: Journey, sent: Packet): Experience | undefined {
  const [first] = hops
  if (outcome.kind === 'left') return 'unknown'
  if (first?.outcome?.kind !== 'ended') return undefined
  switch (first.outcome.end.kind) {
    case 'dropped by rule':
    case 'rejected by rule':
      // connect() goes on waiting: only a datagram's call hears of it, with EPERM.
      return isTcp(sent.payload) || !leaves(first.steps) ? undefined : 'not permitted'
    case 'no route':
      return first.outcome.end.type === 'prohibit' ? 'not permitted' : 'network unreachable'
    case 'no neighbour':
      return 'host unreachable'
    case 'too big':
      return 'message too long'
    case 'undecided':
      return 'undecided'
    default:
      return undefined
  }
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
  if (isIcmp(packet.payload) && !isEcho(packet.payload)) return errorMet(packet.payload, packet, sent)
  if (!answers(packet, sent)) return 'timeout'
  return isTcp(packet.payload) && packet.payload.flags & TCP_FLAG.RST ? 'refused' : 'answered'
}

function isEcho({ protocol, type }: IcmpMessage): boolean {
  return protocol === 1 ? type === 0 || type === 8 : type === 128 || type === 129
}

/** Whether `packet` is from where `sent` went, to where it came from. */
export function answers(packet: Packet, sent: Packet): boolean {
  if (!equalIp(packet.src, sent.dst) || !equalIp(packet.dst, sent.src)) return false
  if (packet.payload.protocol !== sent.payload.protocol) return false
  const [there, back] = [portsOf(sent.payload), portsOf(packet.payload)]
  return there === undefined || (back !== undefined && there.sport === back.dport && there.dport === back.sport)
}

/** Errors that a program hears of, if the message quotes what it sent. @see icmp_err_convert in net/ipv4/icmp.c of Linux */
function errorMet(message: IcmpMessage, { family }: Packet, sent: Packet): Experience {
  const quote = readQuote(message, family)
  if (!quote || !isAbout(quote, sent)) return 'timeout'
  return (family === 4 ? ERRORS4 : ERRORS6).get(message.type * 256 + message.code) ?? 'timeout'
}

function isAbout(quote: { readonly src: Ip; readonly dst: Ip }, sent: Packet): boolean {
  return equalIp(quote.src, sent.src) && equalIp(quote.dst, sent.dst)
}

const UNREACHABLE4 = 3 * 256
const ERRORS4: ReadonlyMap<number, Experience> = new Map([
  [UNREACHABLE4 + 0, 'network unreachable'],
  [UNREACHABLE4 + 1, 'host unreachable'],
  [UNREACHABLE4 + 2, 'refused'],
  [UNREACHABLE4 + 3, 'refused'],
  [UNREACHABLE4 + 4, 'message too long'],
  [UNREACHABLE4 + 5, 'network unreachable'],
  [UNREACHABLE4 + 6, 'network unreachable'],
  [UNREACHABLE4 + 7, 'host unreachable'],
  [UNREACHABLE4 + 9, 'prohibited'],
  [UNREACHABLE4 + 10, 'prohibited'],
  [UNREACHABLE4 + 13, 'prohibited'],
  [11 * 256, 'time exceeded'],
])

const UNREACHABLE6 = 1 * 256
const ERRORS6: ReadonlyMap<number, Experience> = new Map([
  [UNREACHABLE6 + 0, 'network unreachable'],
  [UNREACHABLE6 + 1, 'prohibited'],
  [UNREACHABLE6 + 3, 'host unreachable'],
  [UNREACHABLE6 + 4, 'refused'],
  [UNREACHABLE6 + 5, 'prohibited'],
  [UNREACHABLE6 + 6, 'prohibited'],
  [2 * 256, 'message too long'],
  [3 * 256, 'time exceeded'],
])
