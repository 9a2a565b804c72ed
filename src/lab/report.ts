/**
 * What is reported of a verification: plain values, of which each form of output is made.
 *
 * @module
 */
import { formatRatio } from '../base/ratio.ts'
import { verdictOf } from '../trace/verdict.ts'
import type { Difference, Judgement } from './agreement.ts'
import { labNames } from './compare.ts'
import { expectedSights } from './expected.ts'
import type { Frequencies } from './frequencies.ts'
import { outcomeName } from './frequencies.ts'
import { flowText, type SideContext, sideBySide } from './side-by-side.ts'

/** One flow. */
export interface FlowReport {
  /** `pod/a to svc/web:80, tcp syn from port 40000` */
  readonly flow: string
  /** One of many of the same flow, sent to see how often what comes of it. */
  readonly draw?: true
  /** By the model, of the way that the kernel took, or else of the nearest: `DELIVERED`. */
  readonly verdict: string
  /** What the sender met, by the model and really. */
  readonly model: string
  readonly kernel: string
  /** Whom the packet reached by the model, `default/web-1 at 10.244.2.7:8080`; absent: nobody. */
  readonly endpoint?: string
  /** How likely the way was: `1/3`; absent: the model knows of no way. */
  readonly probability?: string
  /** How many were compared: those that the model has. */
  readonly rules: number
  readonly packets: number
  /** Absent: links were not watched. */
  readonly frames?: number
  readonly agrees: boolean
  /** Of a flow on which they disagree. */
  readonly differences: readonly Difference[]
  readonly sideBySide?: string
}

/** A flow that was sent many times. */
export interface FrequencyReport extends Frequencies {
  readonly flow: string
}

export interface Report {
  readonly flows: readonly FlowReport[]
  readonly frequencies: readonly FrequencyReport[]
  /** Of all frequencies together: how likely a false alarm is. */
  readonly significance: number
  /** What it was run with, in order: seed, kernel, versions of tools. Dates only if the caller has one. */
  readonly about: readonly { readonly name: string; readonly value: string }[]
}

/** What is kept of a judgement, which holds whole memories. */
export function flowReport(judgement: Judgement, context: SideContext = {}): FlowReport {
  const { flow, observation, taken, nearest, differences, frames } = judgement
  const told = taken ?? nearest
  const sights = told ? [...expectedSights(told.exchange, labNames(observation)).values()] : []
  const agrees = differences.length === 0
  return {
    flow: flowText(flow),
    verdict: told ? verdictOf(told.exchange) : 'UNDECIDED',
    model: told?.exchange.experience ?? 'unknown',
    kernel: observation.met.experience,
    ...(told?.exchange.request.outcome.kind === 'delivered' ? { endpoint: outcomeName(told.exchange) } : {}),
    ...(told ? { probability: formatRatio(told.probability) } : {}),
    rules: sights.reduce((sum, { rules }) => sum + rules.length, 0),
    packets: sights.reduce((sum, { packets }) => sum + packets.length, 0),
    ...(frames ? { frames: frames.compared } : {}),
    agrees,
    differences,
    ...(agrees ? {} : { sideBySide: sideBySide(judgement, context) }),
  }
}

/** Whether model and kernel agree in everything. */
export function isAgreed({ flows, frequencies }: Pick<Report, 'flows' | 'frequencies'>): boolean {
  return flows.every(({ agrees }) => agrees) && frequencies.every(({ agrees }) => agrees)
}

export interface Totals {
  readonly flows: number
  readonly agree: number
  readonly disagree: number
  readonly rules: number
  readonly packets: number
  /** Absent: links were not watched. */
  readonly frames?: number
}

export function totalsOf(flows: readonly FlowReport[]): Totals {
  const agree = flows.filter(({ agrees }) => agrees).length
  const sum = (of: (flow: FlowReport) => number) => flows.reduce((all, flow) => all + of(flow), 0)
  return {
    flows: flows.length,
    agree,
    disagree: flows.length - agree,
    rules: sum(({ rules }) => rules),
    packets: sum(({ packets }) => packets),
    ...(flows.some(({ frames }) => frames !== undefined) ? { frames: sum(({ frames = 0 }) => frames) } : {}),
  }
}
