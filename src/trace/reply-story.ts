/**
 * A reply told in a few lines: its way, what became of its addresses, its end.
 *
 * @module
 */
import { isErrorType } from '../packet/icmp-types.ts'
import { isIcmp, isTcp, type Packet, TCP_FLAG } from '../packet/packet.ts'
import type { TraceContext } from './context.ts'
import { lastPacket, sentPacket } from './endings.ts'
import type { Exchange, Experience, Hop, Outcome, Path } from './journey.ts'
import type { Line } from './line.ts'
import { formatBrief } from './packet-column.ts'
import { EXPERIENCES } from './result-text.ts'
import { storyOf, wayOf } from './story.ts'
import { isTurnedAway } from './verdict.ts'

export function replyStory({ reply, experience }: Exchange, path: Path, context: TraceContext): readonly Line[] {
  if (!reply) return []
  const hops = wayOf(reply).flatMap(index => reply.hops[index] ?? [])
  const sent = sentPacket(reply)
  const start: Line = {
    hop: 0,
    where: hops[0]?.machine ?? '',
    text: `${doingText(sent)}${wayText(hops)}`,
    packet: formatBrief(sent),
    tone: 'plain',
  }
  const turnedAway = isTurnedAway(reply)
  const matters = storyOf(reply, path, context).filter(
    ({ tone, packet, where }) =>
      (tone === 'bad' && !(turnedAway && where === hops.at(-1)?.machine)) ||
      tone === 'dim' ||
      (tone === 'change' && packet !== undefined),
  )
  if (reply.outcome.kind !== 'delivered' && !turnedAway) return [start, ...matters]
  const end: Line = {
    hop: hops.length - 1,
    where: hops.at(-1)?.machine ?? '',
    text: turnedAway ? 'nobody waits for an answer from there' : arrivalText(experience, reply.outcome),
    packet: formatBrief(lastPacket(reply, hops)),
    tone: experience === 'answered' ? 'good' : 'bad',
  }
  return [start, ...matters, end]
}

function doingText({ payload, family }: Packet): string {
  if (isIcmp(payload) && isErrorType(payload.type, family)) return 'tells the sender'
  return isTcp(payload) && payload.flags & TCP_FLAG.RST ? 'resets the connection' : 'answers'
}

function arrivalText(experience: Experience, outcome: Outcome): string {
  if (experience === 'answered') return 'the answer arrives'
  const { payload, family } = outcome.kind === 'delivered' ? outcome.packet : {}
  // What may pass, a datagram's socket keeps to itself. @see IP_RECVERR in ip(7)
  if (experience === 'timeout' && payload && family && isIcmp(payload) && isErrorType(payload.type, family)) {
    return 'arrives; the program hears of it only if it asks for such errors'
  }
  return experience === 'timeout' ? 'arrives, but answers nothing that was asked' : EXPERIENCES[experience]
}

/** ` via node-2, vxlan, node-1` */
function wayText(hops: readonly Hop[]): string {
  const between = hops.slice(1, -1).flatMap(({ machine, steps }) => {
    const wraps = steps.some(step => step.component === 'vxlan' && step.action === 'encapsulate')
    return wraps ? [machine, 'vxlan'] : [machine]
  })
  const said = between.slice(0, MOST_NAMED)
  const more = between.length - said.length
  return said.length === 0 ? '' : ` via ${said.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

const MOST_NAMED = 8
