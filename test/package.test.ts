/** What the package promises to those who install it. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { podwire } from './cli/capture.ts'

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>
  readonly engines: { readonly node: string }
}

t.test('every folder of src but the command line is a public face', async t => {
  const faces = Object.keys(manifest.exports).filter(face => face.endsWith('/*'))
  const folders = readdirSync('src').filter(folder => folder !== 'cli')
  t.strictSame(faces.sort(), folders.map(folder => `./${folder}/*`).sort())
  for (const face of faces) {
    const folder = face.slice(2, -2)
    t.strictSame(manifest.exports[face], { types: `./dist/${folder}/*.d.ts`, default: `./dist/${folder}/*.js` })
  }
})

t.test('the files that README and ARCHITECTURE name are there', async t => {
  for (const page of ['README.md', 'ARCHITECTURE.md']) {
    const text = readFileSync(page, 'utf8')
    const paths = [...text.matchAll(/`(?:src|test|scenarios|bench)(?:\/[\w.-]+)*\/?`/g)].map(([path]) =>
      path.slice(1, -1),
    )
    t.ok(paths.length > 0, page)
    for (const path of paths) t.ok(existsSync(path), `${page}: ${path}`)
  }
})

t.test('the transcript in the README is what podwire prints', async t => {
  const [, console = ''] = /```console\n([^`]+)```/.exec(readFileSync('README.md', 'utf8')) ?? []
  const folder = mkdtempSync(join(tmpdir(), 'podwire-readme-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const broken =
    'apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  ports:\n    - port: 0\n      targetPort: 80\n'
  writeFileSync(join(folder, 'broken.yaml'), broken)
  const calls = console.split(/^\$ podwire /m).slice(1)
  t.ok(calls.length >= 4)
  for (const call of calls) {
    const [line = '', ...printed] = call.trimEnd().split('\n')
    const [command = '', filter] = line.split(' | grep ')
    const args = command.split(' ').map(word => word.replace(/^(broken\.yaml|out)$/, `${folder}/$1`))
    const { out, err } = await podwire(args)
    const all = (out || err).replaceAll(`${folder}/`, '').trimEnd().split('\n')
    t.strictSame(filter ? all.filter(one => one.includes(filter)) : all, printed, line)
  }
})

t.test('the lock file names no server', async t => {
  t.notMatch(readFileSync('package-lock.json', 'utf8'), /"resolved": *"http/)
})
