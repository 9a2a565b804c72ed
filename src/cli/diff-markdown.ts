/**
 * Two modes side by side, for pull requests and pages.
 *
 * @module
 */
import { visible } from '../base/visible.ts'
import type { ModeDiff } from '../cluster/mode-diff.ts'
import type { Contrast, ModePair } from '../kube-proxy/modes/comparison.ts'
import { placesOf, serviceRows, sizeRows, subjectOf } from './diff-parts.ts'

/** @param all whether what would differ for other objects is told too */
export function formatDiffMarkdown(diff: ModeDiff, all: boolean): string {
  const { modes, findings, others } = diff
  const rows = findings.map(finding => [
    ...contrastCells(finding),
    placesOf(finding, diff, false).join('; '),
    sourceCell(finding),
  ])
  const blocks = [
    `# kube-proxy: ${modes[0]} → ${modes[1]}`,
    `${subjectOf(diff)}.`,
    '## Size',
    formatRows(sizeRows(diff)),
    '## What differs for this cluster',
    findings.length === 0 ? 'Nothing.' : formatRows([[...heads(modes), 'Applies to', 'Sources'], ...rows]),
  ]
  const services = serviceRows(diff)
  if (services.length > 1) blocks.push('## By service', formatRows(services))
  if (all && others.length > 0) {
    const more = others.map(contrast => [...contrastCells(contrast), contrast.difference.when, sourceCell(contrast)])
    blocks.push(
      '## What would differ with other objects',
      formatRows([[...heads(modes), 'Matters for', 'Sources'], ...more]),
    )
  }
  return `${blocks.join('\n\n')}\n`
}

function heads([a, b]: ModePair): readonly string[] {
  return ['Code', 'What', a, b]
}

function contrastCells({ difference: { code, title }, does }: Contrast): readonly string[] {
  return [code, title, ...does]
}

function sourceCell({ sources }: Contrast): string {
  return sources.join('; ')
}

/** The first row is the head. */
function formatRows([head = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell => escaped(visible(cell))).join(' | ')} |`
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}

/** What Markdown and HTML would take for their own. */
function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replace(/[|<>*_`[\]]/g, sign => `\\${sign}`)
}
