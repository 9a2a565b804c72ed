/**
 * Two modes side by side, for a terminal.
 *
 * @module
 */
import { visible } from '../base/visible.ts'
import type { Finding, ModeDiff } from '../cluster/mode-diff.ts'
import type { Contrast, ModePair } from '../kube-proxy/modes/comparison.ts'
import { wrap } from '../trace/layout.ts'
import { count, placesOf, serviceRows, sizeRows, subjectOf } from './diff-parts.ts'
import { formatTable } from './table.ts'

export interface DiffForm {
  /** Whether what would differ for other objects is told too. */
  readonly all: boolean
  /** Whether every place is named. */
  readonly whole: boolean
  /** Columns. */
  readonly width: number
}

export function formatDiff(diff: ModeDiff, { all, whole, width }: DiffForm): string {
  const { modes, findings, others } = diff
  const [head = [], ...sizes] = sizeRows(diff)
  const [names = [], ...services] = serviceRows(diff).map(row => row.map(visible))
  const here =
    findings.length === 0
      ? 'Nothing differs for this cluster'
      : `${count(findings.length, 'difference')} for this cluster`
  const blocks = [
    `${modes[0]} -> ${modes[1]}: ${subjectOf(diff)}\n`,
    formatTable(head, sizes),
    `${here}\n`,
    ...findings.map(finding => formatFinding(finding, diff, whole, width)),
    ...(services.length > 0 ? [formatTable(names, services)] : []),
    ...(all ? formatOthers(others, modes, width) : othersNote(others)),
  ]
  return blocks.join('\n')
}

function formatFinding(finding: Finding, diff: ModeDiff, whole: boolean, width: number): string {
  const [first = '', ...others] = placesOf(finding, diff, whole).map(visible)
  const fields: readonly Field[] = [
    ...deedFields(finding, diff.modes),
    ['applies', first],
    ...others.map((line): Field => ['', line]),
  ]
  return formatEntry(finding, fields, width)
}

function formatOthers(others: readonly Contrast[], modes: ModePair, width: number): readonly string[] {
  if (others.length === 0) return []
  const entries = others.map(contrast =>
    formatEntry(contrast, [...deedFields(contrast, modes), ['for', contrast.difference.when]], width),
  )
  return [`${count(others.length, 'difference')} that would matter with other objects\n`, ...entries]
}

function othersNote(others: readonly Contrast[]): readonly string[] {
  return others.length === 0 ? [] : [`${others.length} more would matter with other objects: --all tells them\n`]
}

type Field = readonly [name: string, text: string]

function deedFields({ does }: Contrast, modes: ModePair): readonly Field[] {
  return [
    [modes[0], does[0]],
    [modes[1], does[1]],
  ]
}

const INDENT = '  '
const NAMES = 10

function formatEntry(
  { difference: { code, title }, sources }: Contrast,
  fields: readonly Field[],
  width: number,
): string {
  const room = Math.max(width - INDENT.length - NAMES, 40)
  const lines = [...fields, ['sources', sources.join('; ')] as const].flatMap(([name, text]) =>
    wrap(text, room).map((line, i) => `${INDENT}${(i === 0 ? name : '').padEnd(NAMES)}${line}\n`),
  )
  return [`${code}\n`, ...wrap(title, width - INDENT.length).map(line => `${INDENT}${line}\n`), ...lines].join('')
}
