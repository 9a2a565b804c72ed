/**
 * A trace as JSON: the form that `schema/trace.schema.json` describes.
 *
 * Version 1: members may be added, none change or go. Numbers that do not fit a double are text.
 *
 * @module
 */
import { formatRatio, type Ratio, toNumber } from '../base/ratio.ts'
import type { Question } from './ask.ts'
import type { TraceContext } from './context.ts'
import { isSamePath } from './endings.ts'
import type { Exchange, Flow, Hop, Journey, Outcome, Path, Trace, Try } from './journey.ts'
import { packetToJson } from './json-packet.ts'
import { listenerToJson, stepToJson } from './json-step.ts'
import type { Json } from './json-value.ts'
import { resolutionToJson } from './name-story.ts'
import { reasonOf } from './reason.ts'
import { resultOf } from './result.ts'
import { failedJourney, verdictOf } from './verdict.ts'
import { warningsOf } from './warning.ts'
import type { Draw } from './ways.ts'

const JSON_VERSION = 1

export function traceToJson(trace: Trace, context: TraceContext): Json {
  const shown = context.shown ?? trace.paths[0]
  const at = trace.paths.findIndex(path => shown !== undefined && isSamePath(path, shown))
  // The path that was told in full takes the place of the same one told in short.
  const paths = trace.paths.map((path, i) => (shown && i === at ? shown : path))
  return {
    version: JSON_VERSION,
    flows: trace.flows.map((flow, i) => flowToJson(flow, context.questions?.[i])),
    result: resultOf(trace),
    complete: trace.complete,
    shown: Math.max(0, at),
    paths: paths.map(path => pathToJson(path, trace, context)),
    warnings: warningsOf(trace, context),
  }
}

function flowToJson({ from, to, sender, packet, at }: Flow, question: Question | undefined): Json {
  const { notes = [], resolution } = question?.destination ?? {}
  return {
    from,
    to,
    sender,
    at,
    packet: packetToJson(packet),
    notes,
    ...(resolution ? { resolution: resolutionToJson(resolution) } : {}),
    ...(question?.asksFor === undefined ? {} : { asksFor: question.asksFor }),
  }
}

/** `over` and `under` exactly, as text; `value` as near as a double comes. */
function ratioToJson(ratio: Ratio): Json {
  return { over: String(ratio.over), under: String(ratio.under), text: formatRatio(ratio), value: toNumber(ratio) }
}

function pathToJson(path: Path, trace: Trace, context: TraceContext): Json {
  const failed = path.exchanges.some(exchange => failedJourney(exchange))
  // Without its steps nobody can say what it was.
  const reason = failed && !path.abridged ? reasonOf(path, trace, context) : undefined
  return {
    probability: ratioToJson(path.probability),
    draws: path.draws.map(drawToJson),
    exchanges: path.exchanges.map(exchange => exchangeToJson(exchange, context)),
    ...(path.abridged ? { abridged: true } : {}),
    ...(reason ? { reason: { why: reason.why, try: reason.try } } : {}),
  }
}

function drawToJson({ fork, taken }: Draw): Json {
  return { by: fork.by, weights: fork.weights, taken }
}

function exchangeToJson(exchange: Exchange, context: TraceContext): Json {
  const { tries, request, reply, experience } = exchange
  return {
    verdict: verdictOf(exchange),
    experience,
    ...(tries ? { tries: tries.map(one => legsToJson(one, context)) } : {}),
    ...legsToJson({ request, ...(reply ? { reply } : {}) }, context),
  }
}

function legsToJson({ request, reply }: Try, context: TraceContext): { readonly [name: string]: Json } {
  return { request: journeyToJson(request, context), ...(reply ? { reply: journeyToJson(reply, context) } : {}) }
}

function journeyToJson({ packet, hops, outcome }: Journey, context: TraceContext): Json {
  return {
    packet: packetToJson(packet),
    hops: hops.map((hop, n) => hopToJson(hop, n, context)),
    outcome: outcomeToJson(outcome),
  }
}

function hopToJson({ machine, kind, from, steps, outcome }: Hop, n: number, context: TraceContext): Json {
  return {
    n,
    machine,
    kind,
    ...(from === undefined ? {} : { from }),
    steps: steps.map(step => stepToJson(step, context)),
    ...(outcome ? { outcome: outcomeToJson(outcome) } : {}),
  }
}

function outcomeToJson(outcome: Outcome): Json {
  switch (outcome.kind) {
    case 'delivered': {
      const { kind, machine, listener, packet } = outcome
      return { kind, machine, listener: listenerToJson(listener), packet: packetToJson(packet) }
    }
    case 'ended':
      return { kind: outcome.kind, machine: outcome.machine, end: outcome.end.kind, why: outcome.end.why }
    case 'left': {
      const { kind, machine, link, packet, why } = outcome
      return { kind, machine, link, packet: packetToJson(packet), why }
    }
    case 'loop':
      return { kind: outcome.kind, why: outcome.why }
  }
}
