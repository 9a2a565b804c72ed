import { spawnSync } from 'node:child_process'
import t from 'tap'
import { ENVIRONMENT, lackOf } from './needs.ts'
import { inNamespace, inNamespaces } from './netns.ts'

const existing = () => spawnSync('ip', ['netns', 'list'], { env: ENVIRONMENT, encoding: 'utf8' }).stdout

t.test('inNamespace() gives an empty network', t =>
  inNamespace(t, [], async ns => {
    t.match(await ns.run('ip', ['-o', 'link']), /^1: lo: .*\n$/, 'with nothing but a loopback')
    t.match(existing(), ns.name)
  }),
)

t.test('inNamespace() hands over input and arguments as they are', t =>
  inNamespace(t, [], async ns => {
    t.equal(await ns.run('cat', [], 'a b\n'), 'a b\n')
    t.equal(await ns.run('printf', ['%s', '$(id) "x" *']), '$(id) "x" *', 'no shell reads them')
  }),
)

t.test('inNamespace() tells how a tool failed', t =>
  inNamespace(t, [], async ns => {
    const { code, stderr } = await ns.try('ip', ['link', 'set', 'nowhere', 'up'])
    t.not(code, 0)
    t.match(stderr, 'nowhere')
    await t.rejects(ns.run('ip', ['link', 'set', 'nowhere', 'up']), { message: /nowhere/ })
  }),
)

t.test('inNamespaces() gives networks that are apart', t =>
  inNamespaces(t, ['veth'], 2, async ([a, b]) => {
    if (!a || !b) throw new Error('two were asked for')
    await a.run('ip', ['link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth1', 'netns', b.name])
    t.match(await b.run('ip', ['-o', 'link']), 'eth1')
    t.notMatch(await b.run('ip', ['-o', 'link']), 'eth0:')
  }),
)

t.test('inNamespace() removes the namespace when the check fails', async t => {
  if (lackOf([])) return inNamespace(t, [], async () => undefined)
  let name = 'none'
  await inNamespace(t, [], async ns => {
    name = ns.name
    throw new Error('on purpose')
  }).catch(() => undefined)
  t.match(name, /^podwire-/)
  t.notMatch(existing(), name)
})
