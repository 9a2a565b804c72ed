/**
 * The kernel's traces of nftables rules, iptables-nft's among them, by `nft monitor trace`.
 *
 * @module
 */
import type { Millis } from '../base/clock.ts'
import { fenceTo, isOfFence } from './fence-packet.ts'
import { LineReader } from './line-reader.ts'
import { LOST, type NftTrace, NftTraceReader } from './nft-trace.ts'
import { OBSERVING_TABLE } from './observing-table.ts'
import { Stream, type StreamStart, type Told } from './stream.ts'

export class TraceStream {
  readonly #stream: Stream<NftTrace>

  constructor(start: Omit<StreamStart, 'tool' | 'args'>) {
    const lines = new LineReader()
    const traces = new NftTraceReader(OBSERVING_TABLE)
    const read = (bytes: Uint8Array) => lines.push(bytes).flatMap(line => told(traces, line))
    this.#stream = new Stream({ ...start, tool: 'nft', args: ['-a', '-n', '-s', '-t', 'monitor', 'trace'] }, read)
  }

  /** @throws {Error} as {@link Stream.upTo}, and when traces were lost */
  upTo(fence: number, timeout: Millis): Promise<readonly NftTrace[]> {
    return this.#stream.upTo(fence, timeout)
  }

  close(): Promise<void> {
    return this.#stream.close()
  }
}

function told(traces: NftTraceReader, line: string): readonly Told<NftTrace>[] {
  if (line === LOST) throw new RangeError('lost traces: more came than its buffer could hold')
  const found = traces.read(line)
  if (!found) return []
  const { packet, table, chain } = found
  if (found.kind === 'met') return isOfFence(packet) ? [] : [{ event: found }]
  // A fence comes to this chain first.
  if (table !== OBSERVING_TABLE || chain !== 'output') return []
  const fence = fenceTo(packet, packet.protocol)
  return fence === undefined ? [] : [{ fence }]
}
