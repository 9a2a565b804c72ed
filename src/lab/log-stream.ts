/**
 * What the kernel copies to the lab's log group, by tcpdump: packets, and of iptables-legacy the rules that
 * they matched.
 *
 * @module
 */
import type { Millis } from '../base/clock.ts'
import type { Packet } from '../packet/packet.ts'
import { fenceTo, isOfFence } from './fence-packet.ts'
import { isLegacyTrace, type LegacyTrace, parseLegacyTrace } from './legacy-trace.ts'
import { decodeLoggedPacket, type LoggedPacket, NFLOG_LINK_TYPE } from './nflog.ts'
import type { PacketSight } from './observation.ts'
import { decodeObserved } from './observed-packet.ts'
import { OBSERVING_GROUP } from './observing-table.ts'
import { CaptureReader, type CaptureRecord } from './pcap-stream.ts'
import { Stream, type StreamStart, type Told } from './stream.ts'

/** A packet that a hook saw; devices by their index. */
export interface LoggedSight extends Pick<LoggedPacket, 'in' | 'out' | 'mark'> {
  readonly kind: 'sight'
  readonly hook: PacketSight['hook']
  readonly packet: Packet
}

export interface LoggedTrace extends LegacyTrace {
  readonly kind: 'trace'
  readonly packet: Packet
}

export type LogEvent = LoggedSight | LoggedTrace

/** The group of the kernel's own traces. @see nfulnl_log_packet in net/netfilter/nfnetlink_log.c of Linux */
const TRACE_GROUP = 0

/** KiB asked of the kernel for what is not read yet; it gives up to `net.core.rmem_max` of them. */
const BUFFER = 8192

/** How long tcpdump may take to say how it is. */
const ANSWER: Millis = 10_000

const STARTED = /listening on .*\n/
const DROPPED = /(\d+) packets? dropped by kernel/

/**
 * Bytes told since the last look at losses, from which on another look is due. A buffer that runs over
 * is full, and what is in it is told first: the smallest (`net.core.rmem_default` as built in, 212992
 * bytes with the kernel's own overhead of at most seven bytes a byte told) holds more than this.
 */
const SAFE = 16_384

export class LogStream {
  readonly #stream: Stream<LogEvent>
  #checked = 0

  /**
   * @param traced whether the kernel's traces of iptables-legacy are to be told too
   * @param tunnels UDP ports of VXLAN
   */
  constructor(start: Omit<StreamStart, 'tool' | 'args'>, traced: boolean, tunnels: readonly number[]) {
    const groups = traced ? `${TRACE_GROUP},${OBSERVING_GROUP}` : String(OBSERVING_GROUP)
    const args = ['-i', `nflog:${groups}`, '-B', String(BUFFER), '-s', '0', '-U', '--immediate-mode', '-n', '-w', '-']
    const captures = new CaptureReader()
    this.#stream = new Stream({ ...start, tool: 'tcpdump', args }, bytes =>
      captures.push(bytes).flatMap(record => told(record, tunnels)),
    )
  }

  /** Resolves once tcpdump has set up the kernel: what it changes of its settings it has changed by then. */
  async started(timeout: Millis): Promise<void> {
    await this.#stream.says(STARTED, timeout)
  }

  /** @throws {Error} as {@link Stream.upTo}, and when packets were lost */
  async upTo(fence: number, timeout: Millis): Promise<readonly LogEvent[]> {
    try {
      return await this.#stream.upTo(fence, timeout)
    } finally {
      // A fence that does not come may be lost too.
      if (this.#stream.bytes - this.#checked >= SAFE) await this.#checkLosses()
    }
  }

  close(): Promise<void> {
    return this.#stream.close()
  }

  async #checkLosses(): Promise<void> {
    this.#checked = this.#stream.bytes
    const [, count] = await this.#stream.ask('SIGUSR1', DROPPED, ANSWER)
    if (count !== '0') throw this.#stream.fail('lost packets: more came than its buffer could hold')
  }
}

/** What a record tells: an event, a fence, or nothing that the lab wants. */
function told({ bytes, littleEndian, linkType }: CaptureRecord, tunnels: readonly number[]): readonly Told<LogEvent>[] {
  if (linkType !== NFLOG_LINK_TYPE) throw new RangeError(`told of link type ${linkType}, not ${NFLOG_LINK_TYPE}`)
  const { group, prefix, payload, ...logged } = decodeLoggedPacket(bytes, littleEndian)
  if (group === TRACE_GROUP) return isLegacyTrace(prefix) ? traced(prefix, decodeObserved(payload, tunnels)) : []
  if (!isHook(prefix)) return []
  const packet = decodeObserved(payload, tunnels)
  if (!isOfFence(packet)) return [{ event: { kind: 'sight', hook: prefix, packet, ...logged } }]
  const fence = prefix === 'output' ? fenceTo(packet, packet.payload.protocol) : undefined
  return fence === undefined ? [] : [{ fence }]
}

function traced(prefix: string, packet: Packet): readonly Told<LogEvent>[] {
  return isOfFence(packet) ? [] : [{ event: { kind: 'trace', packet, ...parseLegacyTrace(prefix) } }]
}

function isHook(prefix: string): prefix is PacketSight['hook'] {
  return prefix === 'prerouting' || prefix === 'input' || prefix === 'output' || prefix === 'postrouting'
}
