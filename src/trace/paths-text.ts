/**
 * All the ways that chance can take, a line each.
 *
 * @module
 */
import { formatNear } from '../base/ratio.ts'
import { type Ending, isSamePath, type Outlook, outlooksOf } from './endings.ts'
import type { Path, Trace } from './journey.ts'
import { formatField, type Page } from './layout.ts'

/** So many lines; what is left is counted. */
const MOST_LINES = 8

/** Nothing where there is one way alone. */
export function formatPaths(trace: Trace, shown: Path, page: Page): string {
  const outlooks = outlooksOf(trace)
  if (trace.paths.length < 2 && trace.complete) return ''
  const rows = outlooks.map(outlook => rowOf(outlook, shown))
  const kept = rows.slice(0, MOST_LINES)
  const shownRow = rows.find(row => row.shown)
  if (shownRow && !kept.includes(shownRow)) kept[MOST_LINES - 1] = shownRow
  const widths = [0, 1, 2, 3].map(column => Math.max(...kept.map(({ cells }) => cells[column]?.length ?? 0)))
  const lines = kept.map(({ cells, good }, i) => {
    const text = cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
    return formatField(i === 0 ? 'PATHS' : '', text, good ? 'plain' : 'bad', page)
  })
  const more = rows.length - kept.length
  return `${lines.join('')}${moreLine(more, trace, page)}`
}

function moreLine(more: number, { complete, paths }: Trace, page: Page): string {
  const words = [
    ...(more > 0 ? [`and ${more} more`] : []),
    ...(complete ? [] : [`there are other ways; ${paths.length} ${paths.length === 1 ? 'was' : 'were'} followed`]),
  ]
  return words.length > 0 ? formatField('', words.join('; '), 'plain', page) : ''
}

interface Row {
  readonly cells: readonly string[]
  readonly good: boolean
  readonly shown: boolean
}

function rowOf({ probability, endings, paths }: Outlook, shown: Path): Row {
  const isShown = paths.some(path => isSamePath(path, shown))
  const last = endings.at(-1)
  const remarks = [
    ...endings.flatMap(({ verdict }) => (verdict === 'DELIVERED' ? [] : [verdict])),
    ...(last?.remarks ?? []),
    ...(isShown ? ['(shown)'] : []),
  ]
  return {
    cells: [
      `p=${formatNear(probability)}`,
      endings.map(({ end }) => end).join(', then '),
      ownerOf(last),
      [...new Set(remarks)].join(', ').replace(/, \(shown\)$/, ' (shown)'),
    ],
    good: endings.every(({ verdict }) => verdict === 'DELIVERED'),
    shown: isShown,
  }
}

/** `shop/web-2 on node-2` */
function ownerOf(ending: Ending | undefined): string {
  if (!ending) return ''
  const { machine, node } = ending
  if (machine === undefined || machine === node)
    return node === undefined ? '' : `${machine === undefined ? 'by' : 'on'} ${node}`
  return node === undefined ? machine : `${machine} on ${node}`
}
