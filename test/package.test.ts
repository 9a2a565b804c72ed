/** What the package promises to those who install it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import t from 'tap'

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

t.test('the lock file names no server', async t => {
  t.notMatch(readFileSync('package-lock.json', 'utf8'), /"resolved": *"http/)
})
