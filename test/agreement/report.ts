/** What `lab verify -o json` says, as far as tests read it; see `schema/agreement.schema.json`. */
import type { FlowReport, FrequencyReport, Totals } from '../../src/lab/report.ts'

export interface Report {
  readonly totals: Totals
  readonly flows: readonly FlowReport[]
  readonly frequencies: readonly (Pick<FrequencyReport, 'flow' | 'trials' | 'agrees' | 'why'> & {
    readonly outcomes: readonly { readonly name: string; readonly seen: number }[]
  })[]
}

export function readReport(text: string): Report {
  return JSON.parse(text) as Report
}

/** All that model and kernel differ in, a line each: `rules node-1: nat:OUTPUT:rule:1 | nothing`. */
export function differenceLines({ flows, frequencies }: Report): readonly string[] {
  const differences = flows.flatMap(flow => flow.differences)
  return [
    ...differences.map(({ what, where, model, kernel }) => {
      return `${where === undefined ? what : `${what} ${where}`}: ${model} | ${kernel}`
    }),
    ...frequencies.flatMap(({ agrees, why = '' }) => (agrees ? [] : [`frequency: ${why}`])),
  ]
}
