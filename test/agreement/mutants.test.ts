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
import { MUTANTS, type Run } from './mutants.ts'
import { differenceLines, readReport } from './report.ts'
import { isSkipped } from './verifying.ts'

const MANIFESTS = 'test/fixtures/agreement'

t.setTimeout(900_000)

t.test('mutants of the model', async t => {
  if (isSkipped(t)) return
  const id = freshId(t)
  const up = await command(['lab', 'up', '-f', MANIFESTS, '--id', id])
  if (!t.equal(up.code, 0, up.err)) return
  const verify = (program: string, flow: readonly string[]) =>
    run(process.execPath, [program, 'lab', 'verify', '-f', MANIFESTS, '--id', id, '-o', 'json', ...flow])

  const flows = [...new Set(MUTANTS.map(mutant => mutant.flow))]
  for (const [i, flow] of flows.entries()) {
    const words = flow(runOf(i))
    const ran = await verify('bin/podwire.js', words)
    t.equal(ran.code, 0, `the build agrees with the kernel: ${words.join(' ')}`, seen(ran))
  }

  const copy = copyOfBuild(t, id)
  for (const [i, { name, file, was, becomes, flow, told }] of MUTANTS.entries()) {
    await t.test(`${name}: verify notices`, async t => {
      const path = join(copy, 'dist', file)
      const text = readFileSync(path, 'utf8')
      const parts = text.split(was)
      if (!t.equal(parts.length, 2, `${file} has "${was}" in exactly one place`)) return
      writeFileSync(path, parts.join(becomes))
      const ran = await verify(join(copy, 'bin/podwire.js'), flow(runOf(flows.length + i)))
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

function runOf(index: number): Run {
  return { number: index + 1, sport: String(20_000 + index * 200) }
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
