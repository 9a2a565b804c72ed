/**
 * The one path that ends where a person wants it to.
 *
 * @module
 */
import { ParseError } from '../base/error.ts'
import { formatIp } from '../base/ip.ts'
import { portsOf } from '../packet/packet.ts'
import type { Outcome, Path, Trace } from './journey.ts'

/**
 * The paths whose last packet is delivered to `endpoint`: an address, an address and port, or a pod.
 *
 * @throws {ParseError} naming what can be reached, when no path leads there
 */
export function pathsTo(endpoint: string, trace: Trace): readonly Path[] {
  const wanted = endpoint.replace(/^pod\//, '')
  const paths = trace.paths.filter(path => namesOf(lastOutcome(path)).includes(wanted))
  if (paths.length > 0) return paths
  const known = [...new Set(trace.paths.flatMap(path => namesOf(lastOutcome(path)).slice(0, 1)))]
  const reached = known.length > 0 ? `packets can reach ${known.join(', ')}` : 'no packet arrives anywhere'
  throw new ParseError('endpoint', endpoint, `no path leads there; ${reached}`)
}

function lastOutcome({ exchanges }: Path): Outcome | undefined {
  return exchanges.at(-1)?.request.outcome
}

function namesOf(outcome: Outcome | undefined): readonly string[] {
  if (outcome?.kind !== 'delivered') return []
  const { packet, machine } = outcome
  const ip = formatIp(packet.dst)
  const port = portsOf(packet.payload)?.dport
  const bracketed = packet.family === 6 ? `[${ip}]` : ip
  const short = machine.slice(machine.indexOf('/') + 1)
  return [...(port === undefined ? [] : [`${bracketed}:${port}`]), ip, machine, short]
}
