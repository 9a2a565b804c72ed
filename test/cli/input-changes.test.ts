/** Following files, however they are changed. */
import { mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { InputChanges } from '../../src/cli/input-changes.ts'

const TIMING = { settled: 20, look: 50 }

// biome-ignore format: one case, one row
const CASES: [how: string, change: (dir: string) => Promise<unknown>][] = [
  ['a file is written',                    dir => writeFile(join(dir, 'a.yaml'), 'b: 1')],
  ['a file is put in its place',           dir => writeFile(join(dir, '.new'), 'a: 1').then(() => rename(join(dir, '.new'), join(dir, 'a.yaml')))],
  ['a file comes',                         dir => writeFile(join(dir, 'c.yaml'), 'c: 1')],
  ['a file goes',                          dir => unlink(join(dir, 'a.yaml'))],
  ['a folder with files comes',            dir => mkdir(join(dir, 'sub')).then(() => writeFile(join(dir, 'sub', 'd.yaml'), ''))],
  ['a folder goes',                        dir => rm(join(dir, 'old'), { recursive: true })],
  ['a file below changes',                 dir => writeFile(join(dir, 'old', 'o.yaml'), 'o: 2')],
  ['a link is pointed elsewhere',          dir => symlink(join(dir, 'old'), join(dir, '.next')).then(() => rename(join(dir, '.next'), join(dir, 'link')))],
  ['the folder itself goes',               dir => rm(dir, { recursive: true })],
]

for (const [how, change] of CASES) {
  t.test(`${how}: seen, once`, async t => {
    const root = await mkdtemp(join(tmpdir(), 'podwire-changes-'))
    t.teardown(() => rm(root, { recursive: true, force: true }))
    const dir = join(root, 'manifests')
    await mkdir(join(dir, 'old'), { recursive: true })
    await mkdir(join(root, 'elsewhere'))
    await writeFile(join(dir, 'a.yaml'), 'a: 1')
    await writeFile(join(dir, 'old', 'o.yaml'), 'o: 1')
    await symlink(join(root, 'elsewhere'), join(dir, 'link'))
    const changes = await InputChanges.start([dir, join(dir, 'a.yaml')], TIMING)
    await change(dir)
    t.equal(await changes.next(), true)
    const next = changes.next()
    setTimeout(() => changes.close(), 200)
    t.equal(await next, false, 'nothing changes after it')
  })
}

t.test('what is hidden is not looked at', async t => {
  const dir = await mkdtemp(join(tmpdir(), 'podwire-changes-'))
  t.teardown(() => rm(dir, { recursive: true }))
  const changes = await InputChanges.start([join(dir, 'a.yaml')], TIMING)
  await writeFile(join(dir, '.a.yaml.swp'), '')
  await writeFile(join(dir, 'b.yaml'), '')
  const next = changes.next()
  setTimeout(() => changes.close(), 200)
  t.equal(await next, false)
})
