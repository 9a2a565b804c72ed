/**
 * The frames that pass one link, by tcpdump.
 *
 * No fence passes a link. Instead the kernel is asked how many frames it has handed over, and those are
 * waited for.
 *
 * @module
 */
import type { Millis } from '../base/clock.ts'
import { LOOPBACK_LINK } from '../trace/machines.ts'
import { CaptureReader, type CaptureRecord } from './pcap-stream.ts'
import { Stream, type StreamStart } from './stream.ts'

/** @see LINKTYPE_ETHERNET in https://www.tcpdump.org/linktypes.html */
const ETHERNET = 1

const STARTED = /listening on .*\n/
/** @see info in tcpdump.c: the answer to SIGUSR1 */
const COUNTS = /(\d+) packets? received by filter\s*,?\s*(\d+) packets? dropped by kernel/

/** KiB asked of the kernel for frames that are not read yet: a slot of the buffer is as long as the longest frame. */
const BUFFER = 2048

export class LinkStream {
  readonly #stream: Stream<CaptureRecord>
  /** How often the kernel counts a frame: what leaves by the loopback device comes in by it, and is told once. */
  readonly #counted: number

  constructor(start: Omit<StreamStart, 'tool' | 'args'>, link: string) {
    // Promiscuous, a bridge would get frames that it does not get otherwise.
    const args = ['-i', link, '-p', '-B', `${BUFFER}`, '-s', '0', '-U', '--immediate-mode', '-n', '-w', '-']
    this.#counted = link === LOOPBACK_LINK ? 2 : 1
    const captures = new CaptureReader()
    this.#stream = new Stream({ ...start, tool: 'tcpdump', args }, bytes =>
      captures.push(bytes).map(record => {
        if (record.linkType !== ETHERNET) throw new RangeError(`told of link type ${record.linkType} on ${link}`)
        return { event: record }
      }),
    )
  }

  /** Resolves once every frame that passes will be told. */
  async started(timeout: Millis): Promise<void> {
    await this.#stream.says(STARTED, timeout)
  }

  /**
   * What passed since the last call, in order.
   *
   * @throws {Error} when tcpdump failed or is late, or frames were lost
   */
  async passed(timeout: Millis): Promise<readonly CaptureRecord[]> {
    const [, received, dropped] = await this.#stream.ask('SIGUSR1', COUNTS, timeout)
    if (dropped !== '0') throw this.#stream.fail('lost frames: more came than its buffer could hold')
    return this.#stream.upToCount(Math.floor(Number(received) / this.#counted), timeout)
  }

  close(): Promise<void> {
    return this.#stream.close()
  }
}
