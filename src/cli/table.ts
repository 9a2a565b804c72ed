/**
 * Tables as kubectl prints them.
 *
 * @module
 */

/** @see https://github.com/kubernetes/cli-runtime: pkg/printers/tabwriter.go (minimum width 6, padding 3) */
const MIN_WIDTH = 6
const PADDING = 3

/**
 * Columns padded to their widest cell, the last one left as it is.
 *
 * @returns lines that end in a newline each
 */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows]
  const widths = header.map((_, column) => Math.max(MIN_WIDTH, ...all.map(row => (row[column] ?? '').length + PADDING)))
  const line = (row: readonly string[]) =>
    row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join('')
  return all.map(row => `${line(row)}\n`).join('')
}
