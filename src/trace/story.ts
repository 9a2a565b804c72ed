/**
 * A journey told hop by hop: only what a reader wants to know of each.
 *
 * @module
 */
import type { Step } from '../node/step.ts'
import type { TraceContext } from './context.ts'
import { sayHook } from './hook-lines.ts'
import type { Hop, Journey, Path } from './journey.ts'
import type { Line } from './line.ts'
import { loopIn } from './loop.ts'
import { formatBrief } from './packet-column.ts'
import { partsOf } from './parts.ts'
import { formatRoute } from './route-text.ts'
import { type Said, sayStep } from './step-line.ts'

/** The hops that lead to the journey's outcome, by index: of a packet that was flooded, those of the copy that counts. */
export function wayOf({ hops, outcome }: Journey): readonly number[] {
  const found = hops.findIndex(hop => hop.outcome === outcome)
  const way: number[] = []
  for (let at: number | undefined = found < 0 ? hops.length - 1 : found; at !== undefined && at >= 0; ) {
    way.unshift(at)
    const from: number | undefined = hops[at]?.from
    // A hop comes from one before it.
    at = from !== undefined && from < at ? from : undefined
  }
  return way
}

/** The lines of a journey; rounds of a loop are told once. */
export function storyOf(journey: Journey, path: Path, context: TraceContext): readonly Line[] {
  const way = wayOf(journey)
  const hops = way.flatMap(index => journey.hops[index] ?? [])
  const loop = loopIn(hops.map(({ machine }) => machine))
  const lines: Line[] = []
  for (const [at, index] of way.entries()) {
    const hop = journey.hops[index]
    if (!hop || (loop && at >= loop.from && at < loop.to)) {
      if (loop && at === loop.from) lines.push(roundsLine(loop.to - loop.from, loop.machines, index))
      continue
    }
    lines.push(...tellHop(hop, index, at === 0, path, context))
  }
  return lines
}

function roundsLine(more: number, machines: readonly string[], hop: number): Line {
  return { hop, where: '…', text: `${more} more hops between ${machines.join(' and ')}`, tone: 'bad' }
}

function tellHop(hop: Hop, index: number, first: boolean, path: Path, context: TraceContext): readonly Line[] {
  const steps = saySteps(hop, first, path, context)
  const said = [...(first ? sayDeparture(hop) : []), ...steps, ...sayEnd(hop, steps)]
  return said.map(({ at, ...line }) => ({ hop: index, where: `${hop.machine} ${at}`.trimEnd(), ...line }))
}

/** Where a packet starts: its source, its route, and what it is. */
function sayDeparture({ steps }: Hop): readonly Said[] {
  const [first] = steps
  if (!first) return []
  const source = steps.find(step => step.component === 'source')
  const route = steps.find(step => step.component === 'route' && step.route)
  const packet = source?.after ?? first.before
  const text = route?.component === 'route' && route.route ? formatRoute(route.route) : ''
  const at = route?.component === 'route' && route.route?.link ? route.route.link : 'sends'
  return [{ at, text, packet: formatBrief(packet), tone: 'plain' }]
}

/** How the packet ended, where no step has told that yet. */
function sayEnd({ outcome }: Hop, told: readonly Said[]): readonly Said[] {
  if (!outcome || outcome.kind === 'delivered' || told.some(({ tone }) => tone === 'bad')) return []
  const text = outcome.kind === 'ended' ? `${outcome.end.kind}: ${outcome.end.why}` : outcome.why
  return [{ at: '', text, tone: 'bad' }]
}

function saySteps(hop: Hop, first: boolean, path: Path, context: TraceContext): readonly Said[] {
  const said: Said[] = []
  let departed = !first
  for (const part of partsOf(hop)) {
    // The outer packet's own way is told by the line of its wrapping, unless something befell it.
    const told = part.hook
      ? sayHook({ hook: part.hook, machine: hop.machine, family: part.family, steps: part.steps }, path, context)
      : part.step.component === 'route' && !departed
        ? []
        : isDoneElsewhere(part.step, hop)
          ? []
          : [sayStep(part.step, hop.machine, context)].flatMap(line => line ?? [])
    if (!part.hook && part.step.component === 'route') departed = true
    said.push(...(part.outer ? told.filter(({ tone }) => tone === 'bad' || tone === 'change') : told))
  }
  return said
}

/** A hook that is passed over because it was run in the same machine before. */
function isDoneElsewhere(step: Step, { steps }: Hop): boolean {
  if (step.component !== 'skipped') return false
  const hook = step.what.toLowerCase()
  return steps.some(one => one.component === 'netfilter' && one.hook === hook)
}
