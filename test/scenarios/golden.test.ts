/**
 * The scenarios' golden files: what a reader is shown is what podwire writes, byte for byte.
 *
 * `UPDATE_GOLDEN=1 npx tap test/scenarios/golden.test.ts` writes them anew; read the diff like code.
 */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { podwire } from '../cli/capture.ts'

const KINDS = 'nodes,pods,services,endpointslices,endpoints,deployments,replicasets,statefulsets'

/** The files below `folder` that are not hidden, by their paths. */
function filesIn(folder: string): ReadonlyMap<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
  return new Map(
    paths
      .filter(path => !path.startsWith('.') && statSync(join(folder, path)).isFile())
      .map(path => [path, readFileSync(join(folder, path), 'utf8')]),
  )
}

for (const scenario of readdirSync('scenarios')) {
  const golden = join('scenarios', scenario, 'golden')
  const manifests = join('scenarios', scenario, 'manifests')

  t.test(`scenario ${scenario} gives its golden files`, async t => {
    const folder = mkdtempSync(join(tmpdir(), 'podwire-golden-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    const out = join(folder, 'out')
    const rendered = await podwire(['render', '-f', manifests, '--out', out])
    t.equal(rendered.code, 0, rendered.err)
    const listed = await podwire(['get', KINDS, '-A', '-o', 'wide', '-f', manifests])
    t.equal(listed.code, 0, listed.err)
    writeFileSync(join(out, 'cluster.txt'), listed.out)
    if (existsSync(join('scenarios', scenario, 'scenario.yaml'))) {
      const run = await podwire(['run', join('scenarios', scenario)])
      t.equal(run.code, 0, `all came as expected\n${run.out}${run.err}`)
      writeFileSync(join(out, 'run.txt'), run.out)
    }

    if (process.env['UPDATE_GOLDEN']) {
      rmSync(golden, { recursive: true, force: true })
      for (const path of filesIn(out).keys()) cpSync(join(out, path), join(golden, path))
    }
    const [made, wanted] = [filesIn(out), filesIn(golden)]
    t.strictSame([...made.keys()], [...wanted.keys()], 'the same files')
    for (const [path, text] of wanted) t.equal(made.get(path), text, path)
  })

  t.test(`scenario ${scenario} gives the same bytes again`, async t => {
    const args = ['render', '-f', manifests, '--node', 'node-1', '--form', 'save']
    t.equal((await podwire(args)).out, (await podwire(args)).out)
  })
}
