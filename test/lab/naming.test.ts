/** What a lab calls its things. */
import t from 'tap'
import type { LabKind } from '../../src/lab/lab.ts'
import { labEnvironment, labFolder, namespaceOf, parseLabId } from '../../src/lab/naming.ts'

// biome-ignore format: one case, one row
const NAMES: readonly (readonly [says: string, kind: LabKind, name: string | undefined, namespace: string])[] = [
  ['a node by its name',                         'node',    'node-1',         'podwire.demo.node.node-1'],
  ['a node whose name has dots',                 'node',    'a.example.org',  'podwire.demo.node.a.example.org'],
  ['a pod by its namespace and name',            'pod',     'default/web-1',  'podwire.demo.pod.default.web-1'],
  ['whoever there is one of by what it is',      'router',  undefined,        'podwire.demo.router'],
  ['a client by its address',                    'beside',  '192.168.64.200', 'podwire.demo.beside.192-168-64-200'],
  ['a client of IPv6 without colons',            'beside',  'fd00:64::c8',    'podwire.demo.beside.fd00-64--c8'],
]
for (const [says, kind, name, namespace] of NAMES) {
  t.test(`namespaceOf() names ${says}`, async t => {
    t.equal(namespaceOf('demo', kind, name), namespace)
  })
}

t.test('namespaceOf() ends a name that no file can have in a digest', async t => {
  const long = `${'n'.repeat(63)}/${'p'.repeat(250)}`
  const name = namespaceOf('demo', 'pod', long)
  t.equal(name.length, 255)
  t.match(name, /^podwire\.demo\.pod\.n+\.p+-[a-z2-7]{12}$/)
  t.not(name, namespaceOf('demo', 'pod', `${long}x`), 'of two long names each has its own')
  t.equal(name, namespaceOf('demo', 'pod', long), 'always the same')
})

// biome-ignore format: one case, one row
const IDS: readonly (readonly [id: string, isOne: boolean])[] = [
  ['lab', true], ['a', true], ['7', true], ['two-labs', true], ['x'.repeat(20), true],
  ['', false], ['x'.repeat(21), false], ['Lab', false], ['-a', false], ['a-', false], ['a.b', false], ['a/b', false], ['..', false], ['a b', false],
]
for (const [id, isOne] of IDS) {
  t.test(`parseLabId() ${isOne ? 'takes' : 'refuses'} "${id}"`, async t => {
    if (isOne) t.equal(parseLabId(id), id)
    else t.throws(() => parseLabId(id), { code: 'ERR_PARSE' })
  })
}

t.test('labEnvironment() marks a process and gives each namespace a lock of its own', async t => {
  t.strictSame(labEnvironment('demo', 'podwire.demo.router'), {
    PODWIRE_LAB: 'demo',
    XTABLES_LOCKFILE: `${labFolder('demo')}/locks/podwire.demo.router`,
  })
  t.equal(labEnvironment('demo')['XTABLES_LOCKFILE'], '/run/podwire/demo/locks/machine')
})
