/** What `lab verify -o json` says, as far as tests read it; see `schema/agreement.schema.json`. */

export interface Difference {
  readonly what: string
  readonly where?: string
  readonly model: string
  readonly kernel: string
}

export interface FlowReport {
  readonly flow: string
  readonly rules: number
  readonly packets: number
  readonly agrees: boolean
  readonly differences: readonly Difference[]
  readonly sideBySide?: string
}

export interface Report {
  readonly totals: Readonly<Record<'flows' | 'agree' | 'disagree' | 'rules' | 'packets', number>>
  readonly flows: readonly FlowReport[]
  readonly frequencies: readonly {
    readonly flow: string
    readonly trials: number
    readonly outcomes: readonly { readonly name: string; readonly seen: number }[]
    readonly agrees: boolean
    readonly why?: string
  }[]
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
