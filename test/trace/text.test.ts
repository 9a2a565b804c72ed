/**
 * Traces as text, against golden files that are read like code.
 *
 * `UPDATE_GOLDEN=1 npx tap test/trace/text.test.ts` writes them anew.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { formatMermaid } from '../../src/trace/mermaid.ts'
import { formatTrace } from '../../src/trace/text.ts'
import { CASES, type Case, told } from './cases.ts'

const GOLDEN = 'test/trace/golden'
const PLAIN = { verbose: false, colour: false, unicode: true, width: 140 }

for (const one of CASES) {
  t.test(`text: ${one.file}`, async t => {
    const { trace, context } = told(one)
    const text = formatTrace(trace, { ...context, ...PLAIN, ...one.writing })
    golden(t, `${one.file}.txt`, text)
    t.equal(formatTrace(trace, { ...context, ...PLAIN, ...one.writing }), text, 'the same again')
    const screens = trace.flows.length
    if (!one.writing?.verbose) t.ok(text.split('\n').length <= 40 * screens, 'one screen a flow')
  })
}

t.test('ASCII alone where nothing else can be shown, and no line too wide for the terminal', async t => {
  for (const width of [80, 100, 140, 200]) {
    for (const one of CASES) {
      const { trace, context } = told(one)
      const text = formatTrace(trace, { ...context, ...PLAIN, unicode: false, width })
      t.equal(
        [...text].find(letter => letter > '\u007f'),
        undefined,
        `${one.file} in ASCII`,
      )
      const wide = text.split('\n').filter(line => line.length > width && !isUnbroken(line, width))
      t.strictSame(wide, [], `${one.file} in ${width} columns`)
    }
  }
})

/** Names are not broken: what is left beside a long one is less than a word. */
function isUnbroken(line: string, width: number): boolean {
  return line
    .trim()
    .split(/\s+/)
    .some(word => word.length > width / 4)
}

t.test('Mermaid: a sequence diagram', async t => {
  const [first] = CASES
  const { trace, context } = told(first as Case)
  golden(t, 'service-other-node.mmd', formatMermaid(trace, context))
})

t.test('every golden file is of a case', async t => {
  const known = new Set([...CASES.map(({ file }) => `${file}.txt`), 'service-other-node.mmd'])
  t.strictSame(
    readdirSync(GOLDEN).filter(name => !known.has(name)),
    [],
  )
})

function golden(t: { equal: (found: string, wanted: string, name: string) => boolean }, name: string, text: string) {
  const path = `${GOLDEN}/${name}`
  if (process.env['UPDATE_GOLDEN']) writeFileSync(path, text)
  t.equal(text, existsSync(path) ? readFileSync(path, 'utf8') : '', path)
}
