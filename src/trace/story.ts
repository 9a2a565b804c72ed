/**
 * A journey told hop by hop: only what a reader wants to know of each.
 *
 * @module
 */
import type { Family } from '../base/ip.ts'
import type { HookStep } from '../netfilter/run/hook.ts'
import type { Step } from '../node/step.ts'
import type { TraceContext } from './context.ts'
import { sayHook } from './hook-lines.ts'
import type { Hop, Journey, Path } from './journey.ts'
import type { Line } from './line.ts'
import { loopIn } from './loop.ts'
import { formatBrief } from './packet-column.ts'
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
  const said = [...(first ? sayDeparture(hop) : []), ...saySteps(hop, first, path, context)]
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

/** A step, or all steps of rules at one hook; and whether they are about a packet that carries another. */
export type Part = { readonly outer: boolean } & (
  | { readonly hook?: undefined; readonly step: Step }
  | {
      readonly hook: Extract<Step, { component: 'netfilter' }>['hook']
      readonly family: Family
      readonly steps: readonly HookStep[]
    }
)

export function partsOf({ steps }: Hop): readonly Part[] {
  const outer = outerSteps(steps)
  const parts: Part[] = []
  let open: { readonly hook: string; readonly steps: HookStep[] } | undefined
  for (const [i, step] of steps.entries()) {
    const isOuter = outer[i] ?? false
    if (step.component !== 'netfilter') {
      open = undefined
      parts.push({ outer: isOuter, step })
    } else if (open?.hook === step.hook) open.steps.push(step.step)
    else {
      const own = [step.step]
      open = { hook: step.hook, steps: own }
      parts.push({ outer: isOuter, hook: step.hook, family: step.before.family, steps: own })
    }
  }
  return parts
}

/** Which steps are about a packet that carries another: behind its wrapping, or before it is unwrapped. */
function outerSteps(steps: readonly Step[]): readonly boolean[] {
  const unwrapped = steps.findLastIndex(step => step.component === 'vxlan' && step.action === 'decapsulate')
  let wrapped = false
  return steps.map((step, i) => {
    if (step.component === 'vxlan') {
      if (step.action === 'encapsulate') wrapped = true
      return false
    }
    return i < unwrapped || wrapped
  })
}
