/**
 * A trace as text: one screen by default, every rule when asked for.
 *
 *     FLOW, RESULT ── the numbered steps of one path ── ← its reply ── PATHS ── WHY and TRY
 *
 * @module
 */

import { portsOf } from '../packet/packet.ts'
import { formatEnd, protocolName } from '../packet/summary.ts'
import type { Question } from './ask.ts'
import type { TraceContext, Writing } from './context.ts'
import { isSamePath, sentPacket } from './endings.ts'
import type { Exchange, Flow, Path, Trace } from './journey.ts'
import { formatField, formatLines, type Numbered, type Page, paint, spelled } from './layout.ts'
import type { Line } from './line.ts'
import { nameLines, nameStory } from './name-story.ts'
import { formatTold, toldBy } from './path-size.ts'
import { formatPaths } from './paths-text.ts'
import { reasonOf } from './reason.ts'
import { formatRemembered } from './remembered.ts'
import { replyStory } from './reply-story.ts'
import { formatResult } from './result-text.ts'
import { storyOf } from './story.ts'
import { formatVerbose } from './verbose.ts'
import { failedJourney } from './verdict.ts'
import { warningsOf } from './warning.ts'

/** Lines that end in a newline each. Always the same for the same trace. */
export function formatTrace(trace: Trace, context: TraceContext & Writing): string {
  const shown = context.shown ?? trace.paths[0]
  if (!shown) throw new RangeError('a trace without paths')
  const several = trace.flows.length > 1
  const parts = shown.exchanges.map((exchange, i) => {
    const flow = trace.flows[i]
    if (!flow) throw new RangeError('an exchange without its flow')
    const head = formatHead({ trace, path: shown, index: i, exchange, flow }, context)
    const question = context.questions?.[i]
    const steps = context.verbose
      ? `${question ? formatNames(question, context) : ''}${formatVerbose(exchange, context)}`
      : formatSteps(exchange, question, shown, context)
    const remembered = several ? formatRemembered(exchange, context) : ''
    return `${head}\n${steps}${remembered === '' ? '' : `\n${remembered}`}`
  })
  const paths = formatPaths(trace, shown, context)
  const foot = formatFoot(trace, shown, context)
  return [parts.join('\n'), ...(paths === '' ? [] : [paths]), ...(foot === '' ? [] : [foot])].join('\n')
}

interface Headed {
  readonly trace: Trace
  readonly path: Path
  readonly index: number
  readonly exchange: Exchange
  readonly flow: Flow
}

function formatHead({ trace, path, index, exchange, flow }: Headed, context: TraceContext & Writing): string {
  const number = trace.flows.length > 1 ? `${index + 1}/${trace.flows.length}` : ''
  const result = formatResult(trace, path, index)
  return [
    formatField(
      'FLOW',
      `${number === '' ? '' : `${number}  `}${flowText(exchange, flow, index, trace, context)}`,
      'plain',
      context,
    ),
    formatField('RESULT', result.text, result.good ? 'good' : 'bad', context),
  ].join('')
}

/** `tcp  pod/a shop/a 10.244.1.20:40000 → svc/web:http 10.96.17.80:80` */
function flowText(
  { request }: Exchange,
  flow: Flow,
  index: number,
  { flows }: Trace,
  { questions }: TraceContext,
): string {
  const packet = sentPacket(request)
  const ports = portsOf(packet.payload)
  const source = formatEnd(packet.src, ports?.sport)
  const target = formatEnd(packet.dst, ports?.dport)
  const from = flow.sender === formatEnd(packet.src) ? flow.from : flow.sender
  const notes = questions?.[index]?.destination.notes ?? []
  const before = flows[index - 1]
  const after = before ? flow.at - before.at : 0
  const words = [
    protocolName(packet.payload.protocol),
    from.endsWith(formatEnd(packet.src)) ? source : `${from} ${source}`,
    '→',
    flow.to === target || flow.to === formatEnd(packet.dst) ? target : `${flow.to} ${target}`,
  ]
  const asides = [...notes, ...(after >= 1000 ? [`${after / 1000} s later`] : [])]
  return `${words.join(' ').replace(' ', '  ')}${asides.length > 0 ? `   (${asides.join('; ')})` : ''}`
}

/** The queries behind a name, before its packets. */
function formatNames(question: Question, page: Page): string {
  const [head, ...lines] = nameLines(question).map(line => spelled(line, page))
  return head === undefined ? '' : `${[paint(head, 'head', page), ...lines].join('\n')}\n\n`
}

function formatSteps(
  exchange: Exchange,
  question: Question | undefined,
  path: Path,
  context: TraceContext & Writing,
): string {
  const names = question ? nameStory(question) : []
  const request = numbered([
    ...names,
    ...triesStory(exchange),
    ...withoutRepeats(storyOf(exchange.request, path, context)),
  ])
  const reply = replyStory(exchange, path, context).map(line => ({ ...line, number: '←' }))
  return formatLines(shortlyNamed([...request, ...reply]), context)
}

/** What TCP sent before, a line each. */
function triesStory({ tries = [], request }: Exchange): readonly Line[] {
  return tries.map((one, i): Line => {
    const next = sentPacket(tries[i + 1]?.request ?? request)
    const where = toldBy(one)?.machine ?? one.request.hops.at(-1)?.machine ?? ''
    return { hop: 0, where, text: formatTold(one, next), tone: 'change' }
  })
}

/** What is passed over at one node after the other is told at the first. */
function withoutRepeats(lines: readonly Line[]): readonly Line[] {
  const first = lines.findIndex(isPassedOver)
  return lines.filter((line, i) => i === first || !isPassedOver(line))
}

function isPassedOver({ tone, where }: Line): boolean {
  return tone === 'dim' && where.endsWith(' POSTROUTING')
}

/** Pods without their namespace, where all that are named are of one. */
function shortlyNamed(lines: readonly Numbered[]): readonly Numbered[] {
  const namespaces = new Set(lines.flatMap(({ where }) => NAMESPACE.exec(where)?.[0] ?? []))
  return namespaces.size > 1 ? lines : lines.map(line => ({ ...line, where: line.where.replace(NAMESPACE, '') }))
}

const NAMESPACE = /^[^/ ]+\//

function numbered(lines: readonly Line[]): readonly Numbered[] {
  return lines.map((line, i) => ({ ...line, number: String(i) }))
}

/** What to know beside the steps: why it failed, or what is worth a warning. */
function formatFoot(trace: Trace, shown: Path, context: TraceContext & Writing): string {
  const failing = shown.exchanges.some(exchange => failedJourney(exchange))
    ? shown
    : trace.paths.find(path => !isSamePath(path, shown) && path.exchanges.some(exchange => failedJourney(exchange)))
  const page: Page = context
  if (failing) {
    const reason = reasonOf(failing, trace, context)
    return [
      formatField('WHY', reason.why, 'plain', page),
      ...reason.try.map((command, i) => formatField(i === 0 ? 'TRY' : '', command, 'plain', page)),
    ].join('')
  }
  return warningsOf(trace, context)
    .map((warning, i) => formatField(i === 0 ? 'NOTE' : '', warning, 'plain', page))
    .join('')
}
