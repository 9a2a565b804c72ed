/**
 * The comparison of model and kernel is itself tested by mutants of the model: `lab verify` notices each.
 *
 * One lab is brought up by the build as it is. The build verifies each flow in it and agrees with the
 * kernel; every mutant verifies the flow that shows it, and does not.
 */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { command, freshId, type Ran, run } from '../lab/lab-here.ts'
import { MUTANTS, type Shown } from './mutants.ts'
import { differenceLines, readReport } from './report.ts'
import { isSkipped } from './verifying.ts'

const CLUSTER = ['-f', 'test/fixtures/agreement', '--via', 'node-1']

t.setTimeout(900_000)

t.test('mutants of the model', async t => {
  if (isSkipped(t)) return
  const id = freshId(t)
  const up = await command(['lab', 'up', ...CLUSTER, '--id', id])
  if (!t.equal(up.code, 0, up.err)) return
  const verify = (program: string, words: readonly string[]) =>
    run(process.execPath, [program, 'lab', 'verify', ...CLUSTER, '--id', id, '-o', 'json', ...words])

  const all = [...new Set(MUTANTS.map(({ shown }) => shown))]
  const plain = all.filter(({ options }) => options === undefined)
  const [first = 'again', ...others] = plain.flatMap(({ flows }) => flows(client(0)))
  const together: Shown = { flows: () => [first, ...others] }
  for (const [i, shown] of [together, ...all.filter(({ options }) => options !== undefined)].entries()) {
    const words = wordsOf(shown, i)
    const ran = await verify('bin/podwire.js', words)
    t.equal(ran.code, 0, `the build agrees with the kernel: ${words.join(' ')}`, seen(ran))
  }

  const copy = copyOfBuild(t, id)
  for (const [i, { name, file, was, becomes, shown, told }] of MUTANTS.entries()) {
    await t.test(`${name}: verify notices`, async t => {
      const path = join(copy, 'dist', file)
      const text = readFileSync(path, 'utf8')
      const parts = text.split(was)
      if (!t.equal(parts.length, 2, `${file} has "${was}" in exactly one place`)) return
      writeFileSync(path, parts.join(becomes))
      const ran = await verify(join(copy, 'bin/podwire.js'), wordsOf(shown, all.length + i))
      writeFileSync(path, text)
      t.equal(ran.code, 1, 'by exit code', seen(ran))
      const lines = ran.code === 1 ? differenceLines(readReport(ran.out)) : []
      t.ok(
        lines.some(line => told.test(line)),
        `by a difference that reads ${told}`,
        { lines },
      )
    })
  }
})

const client = (number: number) => `ip:198.51.100.${number + 1}`

/**
 * Kernels remember connections and clients from run to run, a model that was just started does not: each run
 * has ports and clients of its own.
 *
 * @param number of the run, from 0
 */
function wordsOf({ flows, options = [] }: Shown, number: number): readonly string[] {
  const [first, ...others] = flows(client(number))
  const port = String(20_000 + number * 200)
  return [...first.split(' '), '--sport', port, ...others.flatMap(flow => ['--then', flow]), ...options]
}

/** The mutants' own: what is changed there changes nothing for anybody else. */
function copyOfBuild(t: Test, id: string): string {
  const folder = join('node_modules/.cache/podwire-mutants', id)
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(folder, { recursive: true })
  for (const part of ['bin', 'dist', 'package.json']) cpSync(part, join(folder, part), { recursive: true })
  return folder
}

function seen({ code, out, err }: Ran) {
  return { err, lines: code === 1 ? differenceLines(readReport(out)) : [] }
}
