/**
 * A report as text: a line for each flow, the disagreements side by side, and the figures.
 *
 * @module
 */
import { formatNear } from '../base/ratio.ts'
import { visible } from '../base/visible.ts'
import { EXCLUDED } from './excluded.ts'
import { type FlowReport, type FrequencyReport, type Report, totalsOf } from './report.ts'

/** Columns stand so far apart. */
const GAP = 3

export interface ReportOptions {
  /** A line for every flow; else only for those on which they disagree. */
  readonly all: boolean
  /** So, too, for each of a flow that was sent many times, of which a table tells how often it ended how. */
  readonly draws?: boolean
  /** How many disagreements are told side by side; absent: all. */
  readonly explained?: number
}

/** @returns lines that end in a newline each */
export function formatReport(report: Report, options: ReportOptions = { all: true }): string {
  const { flows, frequencies, about } = report
  const { all, draws = false, explained = flows.length } = options
  const listed = flows.filter(({ agrees, draw }) => !agrees || (all && (draws || !draw)))
  const disagreements = flows.flatMap(({ sideBySide }) => sideBySide ?? [])
  const more = disagreements.length - explained
  const parts = [
    ...(listed.length > 0
      ? [table(['AGREES', 'FLOW', 'MODEL', 'KERNEL', 'ENDPOINT', 'RULES'], listed.map(flowRow))]
      : []),
    ...disagreements.slice(0, explained),
    ...(more > 0 ? [`${counted(more, 'more disagreement')}: -v tells of all side by side\n`] : []),
    ...(frequencies.length > 0
      ? [table(['AGREES', 'FLOW', 'TRIALS', 'OUTCOME', 'EXPECTED', 'SEEN', 'P'], frequencies.flatMap(frequencyRows))]
      : []),
    ...frequencies.flatMap(({ flow, why }) => (why === undefined ? [] : `${visible(flow)}: ${visible(why)}\n`)),
    ...(about.length > 0 ? [about.map(({ name, value }) => `${visible(name)}: ${visible(value)}\n`).join('')] : []),
    closing(report),
  ]
  return parts.join('\n')
}

function flowRow({ flow, verdict, model, kernel, endpoint, rules, agrees }: FlowReport): readonly string[] {
  return [agrees ? 'yes' : 'NO', flow, model, kernel, endpoint ?? verdict, String(rules)]
}

function frequencyRows({ flow, trials, outcomes, test, agrees }: FrequencyReport): readonly (readonly string[])[] {
  return outcomes.map(({ name, probability, seen }, i) => [
    i === 0 ? (agrees ? 'yes' : 'NO') : '',
    i === 0 ? flow : '',
    i === 0 ? String(trials) : '',
    name,
    formatNear(probability),
    String(seen),
    i === 0 ? (test ? test.p.toPrecision(3) : '-') : '',
  ])
}

/** The line that says it all, and what it does not say. */
function closing({ flows, frequencies, significance }: Report): string {
  const { agree, disagree, rules, packets, frames } = totalsOf(flows)
  const compared = [counted(rules, 'rule'), counted(packets, 'packet')]
  if (frames !== undefined) compared.push(counted(frames, 'frame'))
  const lines = [
    `${counted(flows.length, 'flow')}, ${agree} agree, ${disagree} disagree; ${compared.slice(0, -1).join(', ')} and ${compared.at(-1)} compared`,
    ...(frequencies.length > 0 ? [frequencyLine(frequencies, significance)] : []),
    `not compared: ${EXCLUDED.map(({ name }) => name).join(', ')}`,
  ]
  return lines.map(line => `${line}\n`).join('')
}

function frequencyLine(frequencies: readonly FrequencyReport[], significance: number): string {
  const wrong = frequencies.filter(({ agrees }) => !agrees).length
  const tests = counted(frequencies.length, 'frequency test')
  return `${tests} at a significance of ${significance.toExponential()} for all together (an even share each), ${wrong} disagree`
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows.map(row => row.map(visible))]
  const widths = header.map((_, column) => GAP + Math.max(...all.map(row => row[column]?.length ?? 0)))
  return all
    .map(
      row =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('')
          .trimEnd()}\n`,
    )
    .join('')
}
