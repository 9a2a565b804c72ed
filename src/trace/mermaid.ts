/**
 * A path as a sequence diagram that GitHub, GitLab and Mermaid's own editor draw.
 *
 *     sequenceDiagram
 *       participant m0 as shop/a
 *       m0->>m1: 10.244.1.20:40000 > 10.96.17.80:80 tcp syn
 *       Note over m1: DNAT > 10.244.2.9:8080
 *
 * @see https://mermaid.js.org/syntax/sequenceDiagram.html
 * @module
 */

import { formatNear } from '../base/ratio.ts'
import { visible } from '../base/visible.ts'
import type { Step } from '../node/step.ts'
import { formatEnds, formatPayload } from '../packet/summary.ts'
import type { TraceContext } from './context.ts'
import { failureOf } from './failure.ts'
import type { Exchange, Hop, Journey, Path, Trace, Try } from './journey.ts'
import type { Line } from './line.ts'
import { loopIn } from './loop.ts'
import { formatResult } from './result-text.ts'
import { storyOf, wayOf } from './story.ts'

/** The shown path, in lines that end in a newline each. */
export function formatMermaid(trace: Trace, context: TraceContext): string {
  const shown = context.shown ?? trace.paths[0]
  if (!shown) throw new RangeError('a trace without paths')
  const names = participantsOf(shown)
  const lines = [
    'sequenceDiagram',
    ...[...names].map(([machine, name]) => `  participant ${name} as ${escaped(machine)}`),
    ...shown.exchanges.flatMap((exchange, index) => exchangeLines(exchange, index, trace, shown, names, context)),
  ]
  return lines.map(line => `${line}\n`).join('')
}

/** The machines in the order in which packets came to them, each with a name that is safe anywhere. */
function participantsOf({ exchanges }: Path): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  const journeys = exchanges
    .flatMap(exchange => legsOf(exchange))
    .flatMap(({ request, reply }) => [request, reply ?? []].flat())
  for (const { machine } of journeys.flatMap(hopsOf)) if (!names.has(machine)) names.set(machine, `m${names.size}`)
  return names
}

/** What was sent and what came back for it, in their order. */
function legsOf({ tries = [], request, reply }: Exchange): readonly Try[] {
  return [...tries, { request, ...(reply ? { reply } : {}) }]
}

function hopsOf(journey: Journey): readonly Hop[] {
  return wayOf(journey).flatMap(index => journey.hops[index] ?? [])
}

type Names = ReadonlyMap<string, string>

function exchangeLines(
  exchange: Exchange,
  index: number,
  trace: Trace,
  path: Path,
  names: Names,
  context: TraceContext,
): readonly string[] {
  const { request, reply } = exchange
  const failure = failureOf({ ...path, exchanges: [exchange] }, trace)
  const last = nameOf(failure?.machine ?? hopsOf(reply ?? request).at(-1)?.machine ?? '', names)
  const { text } = formatResult(trace, path, index)
  const chance = trace.paths.length > 1 ? `, this path p=${formatNear(path.probability)}` : ''
  return [
    ...legsOf(exchange).flatMap(leg => [
      ...journeyLines(leg.request, '->>', path, names, context),
      ...(leg.reply ? journeyLines(leg.reply, '-->>', path, names, context) : []),
    ]),
    `  Note over ${last}: ${escaped(`${text}${chance}`)}`,
  ]
}

function journeyLines(
  journey: Journey,
  arrow: string,
  path: Path,
  names: Names,
  context: TraceContext,
): readonly string[] {
  const way = wayOf(journey)
  const story = storyOf(journey, path, context)
  const loop = loopIn(hopsOf(journey).map(({ machine }) => machine))
  return way.flatMap((index, at) => {
    const hop = journey.hops[index]
    if (!hop) return []
    if (loop && at >= loop.from && at < loop.to) {
      const rounds = `${loop.to - loop.from} more hops between ${loop.machines.join(' and ')}`
      return at === loop.from ? [`  Note over ${nameOf(hop.machine, names)}: ${escaped(rounds)}`] : []
    }
    const before = journey.hops[way[at - 1] ?? -1]
    const notes = story.filter(line => line.hop === index && isNoted(line))
    return [
      ...(before ? [messageLine(before, hop, arrow, names)] : []),
      ...notes.map(line => `  Note over ${nameOf(hop.machine, names)}: ${escaped(noteText(line))}`),
    ]
  })
}

/** Changes and ends; routes and gates that were passed are for other formats. */
function isNoted({ tone }: Line): boolean {
  return tone === 'change' || tone === 'bad' || tone === 'good'
}

function noteText({ text, packet, tone }: Line): string {
  if (packet === undefined || tone === 'good') return text
  return `${text}: ${packet}`
}

function messageLine(from: Hop, to: Hop, arrow: string, names: Names): string {
  const sent = from.steps.findLast(step => step.component === 'link' && step.action === 'transmit')
  return `  ${nameOf(from.machine, names)}${arrow}${nameOf(to.machine, names)}: ${escaped(frameText(sent))}`
}

function frameText(step: Step | undefined): string {
  if (step?.component !== 'link' || step.frame.body.kind !== 'ip') return 'frame'
  const { packet } = step.frame.body
  return `${formatEnds(packet)} ${formatPayload(packet)}`
}

function nameOf(machine: string, names: Names): string {
  return names.get(machine) ?? 'm0'
}

/** Text in which nothing means anything to Mermaid: `#` begins a code, `;` and line ends end a statement. */
function escaped(text: string): string {
  return visible(text.replace(/\s+/g, ' '))
    .replace(/[#;]/g, sign => `#${sign.charCodeAt(0)};`)
    .replaceAll('<', '#lt;')
    .replaceAll('>', '#gt;')
}
