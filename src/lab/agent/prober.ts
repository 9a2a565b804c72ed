/**
 * The prober's process: sends probes from the network namespace that it was started in.
 *
 * Ends as soon as the channel is closed.
 *
 * @module
 */
import { TCP, UDP } from '../../base/protocol.ts'
import { wordsOf } from '../failure.ts'
import type { Met, Probe } from '../probe.ts'
import { Ears } from './ears.ts'
import type { Asked, Ready, Told } from './prober-words.ts'
import { rawProbe } from './raw-probe.ts'
import { connectProbe, datagramProbe } from './socket-probe.ts'

const ears = new Ears()

process.on('message', ({ id, probe }: Asked) => {
  send(probe).then(
    met => tell({ id, met }),
    error => tell({ id, error: wordsOf(error) }),
  )
})
process.once('disconnect', () => process.exit())
tell({ ready: true })

function tell(told: Ready | Told): void {
  process.send?.(told)
}

function send(probe: Probe): Promise<Met> {
  const { protocol, ttl, size, bytes } = probe
  // A connection's socket takes neither a TTL nor a size from Node.
  const isPlain = !bytes && (protocol !== TCP || (ttl === undefined && size === undefined))
  if (isPlain && protocol === TCP) return connectProbe(probe, ears)
  if (isPlain && protocol === UDP) return datagramProbe(probe, ears)
  return rawProbe(probe, ears)
}
