/**
 * The one path that ends where a person wants it to.
 *
 * @module
 */
import { ParseError } from '../base/error.ts'
import { formatIp, type Ip } from '../base/ip.ts'
import { type Packet, portsOf } from '../packet/packet.ts'
import type { Outcome, Path, Trace } from './journey.ts'

/**
 * The paths whose last packet is delivered to `endpoint` (an address, an address and port, or a pod), or
 * was sent there by a rule and did not arrive.
 *
 * @throws {ParseError} naming what can be reached, when no path leads there
 */
export function pathsTo(endpoint: string, trace: Trace, holderOf: (ip: Ip) => string | undefined): readonly Path[] {
  const wanted = endpoint.replace(/^pod\//, '')
  const paths = trace.paths.filter(path => namesOf(lastOutcome(path)).includes(wanted))
  if (paths.length > 0) return paths
  const lost = trace.paths.filter(path => aimsOf(path, holderOf).includes(wanted))
  if (lost.length > 0) return lost
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
  return [...endsOf(packet), ...namedOf(machine)]
}

/** Where rules sent the path's last packet. */
function aimsOf({ exchanges }: Path, holderOf: (ip: Ip) => string | undefined): readonly string[] {
  const { hops = [] } = exchanges.at(-1)?.request ?? {}
  return hops.flatMap(({ steps }) =>
    steps.flatMap(one =>
      one.component === 'netfilter' && one.step.kind === 'rule' && one.step.effect === 'dnat'
        ? [...endsOf(one.after), ...namedOf(holderOf(one.after.dst))]
        : [],
    ),
  )
}

function namedOf(machine: string | undefined): readonly string[] {
  return machine === undefined ? [] : [machine, machine.slice(machine.indexOf('/') + 1)]
}

function endsOf(packet: Packet): readonly string[] {
  const ip = formatIp(packet.dst)
  const port = portsOf(packet.payload)?.dport
  return [...(port === undefined ? [] : [`${packet.family === 6 ? `[${ip}]` : ip}:${port}`]), ip]
}
