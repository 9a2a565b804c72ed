/**
 * Text in columns that fits a terminal, in colours or plain.
 *
 * @module
 */
import { visible } from '../base/visible.ts'
import type { Line, Tone } from './line.ts'

export interface Page {
  readonly colour: boolean
  readonly unicode: boolean
  /** Columns. */
  readonly width: number
}

const LEAST_WIDTH = 80
const WIDEST_WHERE = 44
const LEAST_ROOM = 16
const WIDEST_STEP = 96
/** A longer packet has a line of its own. */
const WIDEST_PACKET = 52
const GAP = '  '

/** Select Graphic Rendition codes. @see ECMA-48 section 8.3.117 */
const CODES: Readonly<Record<Tone | 'head', string>> = {
  plain: '',
  change: '36',
  good: '32',
  bad: '31',
  dim: '2',
  head: '1',
}

export function paint(text: string, tone: Tone | 'head', { colour }: Page): string {
  const code = CODES[tone]
  return colour && code !== '' && text !== '' ? `\u001b[${code}m${text}\u001b[0m` : text
}

/** What stands for a sign where there is nothing but ASCII. */
const ASCII: Readonly<Record<string, string>> = { '→': '->', '←': '<-', '…': '..', '×': 'x', '–': '-' }

/**
 * One line of text as the page can show it, before it is painted: names come from dumps, and nothing
 * of them may steer the terminal. In ASCII if the page asks for it; of names in other scripts, what can be shown.
 */
export function spelled(text: string, { unicode }: Page): string {
  const safe = visible(text)
  return unicode ? safe : safe.replace(/[^ -~]/gu, sign => ASCII[sign] ?? '?')
}

export interface Numbered extends Line {
  readonly number: string
}

/** Numbered lines under a header: WHERE, STEP, PACKET AFTER. */
export function formatLines(lines: readonly Numbered[], page: Page): string {
  const rows = lines.map(line => ({
    ...line,
    where: spelled(line.where, page),
    text: spelled(line.text, page),
    packet: spelled(line.packet ?? '', page),
    number: spelled(line.number, page),
  }))
  const width = Math.max(page.width, LEAST_WIDTH)
  const where = Math.min(
    WIDEST_WHERE,
    widest(
      rows.map(row => row.where),
      'WHERE',
    ),
  )
  const packet = Math.min(
    WIDEST_PACKET,
    widest(
      rows.map(row => row.packet),
      'PACKET AFTER',
    ),
  )
  const text = Math.min(
    WIDEST_STEP,
    widest(
      rows.map(row => row.text),
      'STEP',
    ),
  )
  const before = 2 + GAP.length + where + GAP.length
  const beside = Math.min(text, width - before - GAP.length - packet)
  const columns: Columns = { where, text: beside, page, before, width }
  const head = paint(
    `${' #'}${GAP}${'WHERE'.padEnd(where)}${GAP}${'STEP'.padEnd(Math.max(beside, 4))}${GAP}PACKET AFTER`.trimEnd(),
    'head',
    page,
  )
  return [head, ...rows.flatMap(row => formatRow(row, columns))].map(line => `${line}\n`).join('')
}

interface Columns {
  readonly where: number
  readonly text: number
  readonly page: Page
  readonly before: number
  readonly width: number
}

function widest(cells: readonly string[], head: string): number {
  return cells.reduce((most, cell) => Math.max(most, cell.length), head.length)
}

/** A row; a step that is too long for its column takes lines of its own, with the packet behind the last. */
function formatRow(row: Numbered & { readonly packet: string }, columns: Columns): readonly string[] {
  const { where, page, before, width } = columns
  const place = `${row.number.padStart(2)}${GAP}${row.where.padEnd(where)}${GAP}`
  const room = Math.max(columns.text, 0)
  const lines = wrap(
    row.text,
    Math.max(row.packet === '' || row.text.length > room ? width - before : room, LEAST_ROOM),
  )
  const last = lines.at(-1) ?? ''
  if (row.packet !== '') {
    const besides = `${last.padEnd(room)}${GAP}${row.packet}`
    const fits = before + besides.length <= width
    const apart = wrap(row.packet, Math.max(width - before, LEAST_ROOM))
    lines.splice(-1, 1, ...(fits ? [besides] : last === '' ? apart : [last, ...apart]))
  }
  return lines.map((line, i) => paint(`${i === 0 ? place : ' '.repeat(before)}${line}`.trimEnd(), row.tone, page))
}

/** The text in lines of at most so many columns, broken at blanks; a longer word stays whole. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/ (?=\S)/)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line.trimEnd())
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

/** `FLOW    text`, wrapped under its own beginning. */
export function formatField(name: string, text: string, tone: Tone, page: Page): string {
  const lines = wrap(spelled(text, page), Math.max(page.width, LEAST_WIDTH) - 8)
  return lines
    .map((line, i) => `${i === 0 ? paint(name.padEnd(8), 'head', page) : ' '.repeat(8)}${paint(line, tone, page)}\n`)
    .join('')
}
