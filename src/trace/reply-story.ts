/**
 * A reply told in a few lines: its way, what became of its addresses, its end.
 *
 * @module
 */
import { formatEnds, formatPayload } from '../packet/summary.ts'
import type { TraceContext } from './context.ts'
import type { Hop, Journey, Path } from './journey.ts'
import type { Line } from './line.ts'
import { storyOf, wayOf } from './story.ts'

export function replyStory(reply: Journey, path: Path, context: TraceContext): readonly Line[] {
  const hops = wayOf(reply).flatMap(index => reply.hops[index] ?? [])
  const [first] = hops
  const sent = first?.steps.find(step => step.component === 'source')?.after ?? reply.packet
  const packet = `${formatEnds(sent)} ${formatPayload(sent)}`
  const start: Line = { hop: 0, where: first?.machine ?? '', text: `answers${wayText(hops)}`, packet, tone: 'plain' }
  const matters = storyOf(reply, path, context).filter(
    ({ tone, packet }) => tone === 'bad' || (tone === 'change' && packet !== undefined),
  )
  const { outcome } = reply
  const end: readonly Line[] =
    outcome.kind === 'delivered'
      ? [
          {
            hop: hops.length - 1,
            where: outcome.machine,
            text: 'the answer arrives',
            packet: formatEnds(outcome.packet),
            tone: 'good',
          },
        ]
      : []
  return [start, ...matters, ...end]
}

/** ` by node-2, vxlan, node-1` */
function wayText(hops: readonly Hop[]): string {
  const between = hops.slice(1, -1).flatMap(({ machine, steps }) => {
    const wraps = steps.some(step => step.component === 'vxlan' && step.action === 'encapsulate')
    return wraps ? [machine, 'vxlan'] : [machine]
  })
  const said = between.slice(0, MOST_NAMED)
  const more = between.length - said.length
  return said.length === 0 ? '' : ` by ${said.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

const MOST_NAMED = 8
