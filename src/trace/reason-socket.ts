/**
 * Why nobody took a packet that arrived.
 *
 * @module
 */

import { keyOf } from '../objects/meta.ts'
import { portsOf } from '../packet/packet.ts'
import { formatEnd, protocolName } from '../packet/summary.ts'
import { describeCommand, getCommand, onMachine, quoteWord } from './command-text.ts'
import type { TraceContext } from './context.ts'
import { type Failure, lastStep } from './failure.ts'
import type { EndOf, Reason } from './reason.ts'
import { aimedAt, portText } from './service-facts.ts'

/** Of a port that no object tells of. */
export const TAKEN_FOR_CLOSED =
  'podwire takes it for closed because no manifest declares it; `containerPort` is not required by Kubernetes'

export function refusedReason({ why }: EndOf<'refused'>, failure: Failure, context: TraceContext): Reason {
  const { machine, last, sent } = failure
  const listener = lastStep(failure, 'socket')?.listener
  const port = portsOf(last.payload)?.dport
  const at = `${protocolName(last.payload.protocol)} ${formatEnd(last.dst, port)}`
  const known = listener?.what === undefined ? '' : ` (${listener.what})`
  const aimed = context.cluster && aimedAt(sent, context.cluster)
  const by = aimed?.port ? `, where Service ${keyOf(aimed.service.metadata)} sends port ${portText(aimed.port)}` : ''
  const told = listener?.what === undefined ? `: ${why}` : known
  return {
    why: `nothing listens at ${at} on ${machine}${by}${told}${listener?.assumed ? `; ${TAKEN_FOR_CLOSED}` : ''}`,
    try: [...podCommands(machine, context), ...(aimed ? [describeCommand('svc', aimed.service.metadata)] : [])],
  }
}

function podCommands(machine: string, context: TraceContext): readonly string[] {
  const [namespace = '', name] = machine.split('/')
  if (name === undefined) return [onMachine(machine, 'ss -lntup')]
  return [`${getCommand(quoteWord(`pod/${name}`), { namespace }, context)} -o yaml`]
}
