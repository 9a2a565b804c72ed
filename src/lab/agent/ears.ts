/**
 * ICMP as it comes to the prober's machine: what sockets tell of errors in fewer words.
 *
 * @module
 */
import { setImmediate } from 'node:timers/promises'
import { equalIp, type Family, familyOf, formatIp, type Ip } from '../../base/ip.ts'
import { type IcmpMessage, isIcmp, type Packet, portsOf } from '../../packet/packet.ts'
import { type Quote, readQuote } from '../../packet/quote.ts'
import { errorMet } from '../../trace/exchange.ts'
import type { Experience } from '../../trace/journey.ts'
import type { Probe } from '../probe.ts'
import { probePacket } from './probe-packet.ts'
import { icmpOf, openRaw, type Received, readIcmp, whyNoRawSocket } from './raw.ts'

export interface Heard {
  readonly from: Ip
  readonly family: Family
  readonly message: IcmpMessage
}

/** An error that is about a probe: what its program makes of it, `timeout` being nothing. */
export interface HeardError {
  readonly experience: Experience
  /** `icmp 3/1 from 10.244.1.1` */
  readonly detail: string
}

type Listener = (heard: Heard) => void

/** One raw socket for each family, opened when first needed and kept. */
export class Ears {
  readonly #open = new Map<Family, Promise<unknown>>()
  readonly #listeners = new Set<Listener>()

  /**
   * Hears all messages of a family from now on.
   *
   * @returns what ends it
   * @throws {Error} without the package raw-socket
   */
  async listen(family: Family, listener: Listener): Promise<() => void> {
    const there = this.#open.get(family) ?? openRaw(family, icmpOf(family), received => this.#tell(received))
    this.#open.set(family, there)
    await there
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Collects the errors about a probe, as far as the machine can hear them.
   *
   * @param hear called with each
   */
  async collect(probe: Probe, hear: (error: HeardError) => void = () => undefined): Promise<Collected> {
    const errors: HeardError[] = []
    if ((await whyNoRawSocket()) !== undefined) return { errors, stop: () => undefined }
    const stop = await this.listen(familyOf(probe.dst), heard => {
      const error = errorAbout(probe, heard)
      if (!error) return
      errors.push(error)
      hear(error)
    })
    return { errors, stop }
  }

  #tell(received: Received): void {
    const message = readIcmp(received)
    if (!message) return
    for (const listener of this.#listeners) listener({ from: received.src, family: received.family, message })
  }
}

export interface Collected {
  /** In the order in which they came. */
  readonly errors: readonly HeardError[]
  readonly stop: () => void
}

/** How often the loop of events turns while a raw socket's messages are read, one at each turn. */
const TURNS = 8

/**
 * The first error that its program hears of. The kernel puts a message into raw sockets before it tells
 * others of it, so it is there already; it only has to be read.
 *
 * @see ip_protocol_deliver_rcu in net/ipv4/ip_input.c of Linux
 */
export async function firstHeard({ errors }: Collected): Promise<HeardError | undefined> {
  const first = () => errors.find(({ experience }) => experience !== 'timeout')
  await eventsUntil(() => first() !== undefined)
  return first()
}

/** Lets what has happened already come to this program, but no longer than until `done`. */
export async function eventsUntil(done: () => boolean): Promise<void> {
  for (let turn = 0; turn < TURNS && !done(); turn++) await setImmediate()
}

/** What a message says of a probe's packet, if it is an error about it. */
export function errorAbout(probe: Probe, { from, family, message }: Heard): HeardError | undefined {
  const quote = readQuote(message, family)
  if (!quote) return undefined
  const sent = probePacket(probe, quote.src)
  if (!isOf(quote, sent)) return undefined
  return {
    experience: errorMet(message, { family }, sent),
    detail: `icmp ${message.type}/${message.code} from ${formatIp(from)}`,
  }
}

function isOf(quote: Quote, { dst, payload }: Packet): boolean {
  if (quote.protocol !== payload.protocol || !equalIp(quote.dst, dst)) return false
  if (isIcmp(payload)) return quote.icmp?.id === payload.rest >>> 16
  const ports = portsOf(payload)
  return ports === undefined || (quote.sport === ports.sport && quote.dport === ports.dport)
}
