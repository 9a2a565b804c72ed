/**
 * The dumps of one machine with one of every kind of object, as iproute2 6.1 printed them.
 *
 * `UPDATE_GOLDEN=1` writes account.txt anew; read the diff like code.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { type HostDump, readHostDump } from '../../src/host/dump-host.ts'
import { accountOf } from './account.ts'

const FOLDER = 'test/fixtures/host/everything'
const text = (name: string) => readFileSync(join(FOLDER, name), 'utf8')
const json = (name: string): unknown => JSON.parse(text(name))

const DUMP: HostDump = {
  links: json('ip-link.json'),
  addresses: json('ip-addr.json'),
  routes: { 4: json('ip-route.json'), 6: json('ip-6-route.json') },
  routingRules: { 4: json('ip-rule.json'), 6: json('ip-6-rule.json') },
  neighbours: json('ip-neigh.json'),
  fdb: json('bridge-fdb.json'),
  ports: json('bridge-link.json'),
  sysctls: text('sysctl.txt'),
}

t.test('everything that a machine can have is read, or listed with the reason', async t => {
  const { network, skipped } = readHostDump(DUMP)
  const account = [...accountOf(network), ...skipped.map(reason => `SKIPPED ${reason}`), ''].join('\n')
  if (process.env['UPDATE_GOLDEN']) writeFileSync(join(FOLDER, 'account.txt'), account)
  t.equal(account, text('account.txt'))
})

t.test('one file with the routes of both families does as well as two', async t => {
  const { network } = readHostDump(DUMP)
  const both = readHostDump({ ...DUMP, routes: { 4: json('ip-route-of-both.json') } }).network
  const twice = readHostDump({
    ...DUMP,
    routes: { 4: json('ip-route-of-both.json'), 6: json('ip-6-route.json') },
  }).network
  // What a machine lists under both names it lists once.
  t.same(both.routes, network.routes)
  t.same(twice.routes, network.routes)
})

t.test('of what was not asked the kernel has its own', async t => {
  t.equal(readHostDump({}).network.routingRules, undefined)
  const { network } = readHostDump({ routingRules: { 4: [] } })
  t.same(
    accountOf(network),
    ['rule6 0: lookup local', 'rule6 32766: lookup main'],
    'the rules of the other family, and none where none were listed',
  )
  const other = readHostDump({ routingRules: { 6: [] } }).network
  t.same(accountOf(other), ['rule4 0: lookup local', 'rule4 32766: lookup main', 'rule4 32767: lookup default'])
})

t.test('a message says in which file', async t => {
  t.throws(() => readHostDump({ links: [{}, 7] }, { 'ip link': 'node-1/ip-link.json' }), {
    name: 'InputError',
    message: 'node-1/ip-link.json: ip link 1: Cannot parse field entry "7": not an object',
  })
})

/** Any value in the place of any other. */
const strange = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    0,
    -1,
    1.5,
    2 ** 53,
    '',
    'all',
    'default',
    '10.0.0.0/33',
    ':',
    '::',
    [],
    {},
    [[]],
    [null],
  ),
  fc.string(),
  fc.jsonValue(),
)

function replaced(value: unknown, path: readonly number[], by: unknown): unknown {
  const [first, ...rest] = path
  if (first === undefined) return by
  if (Array.isArray(value) && value.length > 0) {
    const at = first % value.length
    return value.map((one, i) => (i === at ? replaced(one, rest, by) : one))
  }
  if (typeof value === 'object' && value !== null && Object.keys(value).length > 0) {
    const keys = Object.keys(value)
    const at = keys[first % keys.length]
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) => [key, key === at ? replaced(one, rest, by) : one]),
    )
  }
  return by
}

t.test('mutated dumps are read or refused, nothing else', async t => {
  const keys = ['links', 'addresses', 'neighbours', 'fdb', 'ports', 'routes', 'routingRules'] as const
  let refused = 0
  fc.assert(
    fc.property(fc.constantFrom(...keys), fc.array(fc.nat(60), { maxLength: 6 }), strange, (key, path, by) => {
      const broken = replaced(DUMP[key], path, by)
      const families = key === 'routes' || key === 'routingRules'
      const dump = {
        ...DUMP,
        [key]: families && (typeof broken !== 'object' || broken === null) ? { 4: broken } : broken,
      }
      try {
        readHostDump(dump)
      } catch (error) {
        refused++
        if (!(error instanceof Error) || error.name !== 'InputError') throw error
        if (error.message.length > 500) throw new Error(`a message of ${error.message.length} characters`)
      }
    }),
    { numRuns: 2000 },
  )
  t.ok(refused > 100, 'some of them are refused')
})

t.test('a value as deep as a file can make it is refused in a few words', async t => {
  const deep: unknown = JSON.parse('['.repeat(100_000) + ']'.repeat(100_000))
  for (const links of [deep, [deep], [{ ifname: deep }], [{ ifname: 'a', mtu: 1, linkinfo: deep }]]) {
    t.throws(() => readHostDump({ links }), { name: 'InputError' })
  }
})
