/**
 * `podwire get` next to what kubectl 1.37 printed of the same manifests in a real cluster: the same columns, the
 * same rows, the same alignment. Only what a cluster draws or counts is masked.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { formatTable } from '../../src/cli/table.ts'
import { podwire } from './capture.ts'

const SHARED = join(process.cwd(), '..', 'shared')
const TRANSCRIPT = join(SHARED, 'oracle', 'settled', 'online-boutique.kubectl.txt')
const MANIFESTS = join(SHARED, 'manifests', 'online-boutique')

interface Table {
  readonly header: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** Cells by the places where the header's words begin. */
function cellsOf(text: string): Table {
  const [head = '', ...lines] = text.trimEnd().split('\n')
  const starts = [...head.matchAll(/(?<=^|\s{3})\S/g)].map(match => match.index)
  const cut = (line: string) => starts.map((start, i) => line.slice(start, starts[i + 1]).trimEnd())
  return { header: cut(head), rows: lines.map(cut) }
}

/** What differs between any two clusters: drawn letters, addresses, node ports, ages, who landed where. */
function mask(text: string): string {
  return text
    .replace(/-[bcdfghjklmnpqrstvwxz2456789]{8,10}-[bcdfghjklmnpqrstvwxz2456789]{5}\b/g, '-HASH-DRAWN')
    .replace(/(^|=|-)[bcdfghjklmnpqrstvwxz2456789]{8,10}$/, '$1HASH')
    .replace(/-[bcdfghjklmnpqrstvwxz2456789]{5}$/, '-DRAWN')
    .replace(/\b10\.\d+\.\d+\.\d+/g, 'IP')
    .replace(/\b80:\d{5}\b/, '80:NODEPORT')
    .replace(/^\d+m?\d*s$/, 'AGE')
    .replace(/^node-\d$/, 'NODE')
}

if (!existsSync(TRANSCRIPT)) {
  t.test('prints as kubectl does', { skip: 'the shared oracle is not beside the checkout' }, async () => {})
} else {
  const blocks = readFileSync(TRANSCRIPT, 'utf8')
    .split(/^\$ kubectl /m)
    .slice(1)
  const gets = blocks.map(block => block.split('\n', 1)[0] ?? '').filter(call => call.startsWith('get '))
  t.ok(gets.length >= 10, 'the transcript has its tables')

  for (const block of blocks) {
    const call = block.split('\n', 1)[0] ?? ''
    if (!call.startsWith('get ')) continue
    const text = block.slice(call.length + 1).trimEnd()
    const theirs = cellsOf(text)

    t.test(`${call}: the table is laid out alike`, async t => {
      t.equal(formatTable(theirs.header, theirs.rows).trimEnd(), text)
    })

    t.test(`${call}: podwire prints the same cells`, async t => {
      const { code, out } = await podwire([...call.split(' '), '-f', MANIFESTS])
      t.equal(code, 0)
      const ours = cellsOf(out)
      t.strictSame(ours.header, theirs.header)
      // The nodes of the two clusters are different machines, and kubernetes' own endpoints came late there.
      if (call.startsWith('get nodes')) return
      const known = (rows: Table['rows']) => rows.filter(row => row[0] !== 'kubernetes').map(row => row.map(mask))
      t.strictSame(known(ours.rows), known(theirs.rows))
    })
  }
}
