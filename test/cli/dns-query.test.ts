/**
 * `podwire dns query` on the command line: golden files that people can read, its JSON, and wrong input.
 *
 * `UPDATE_GOLDEN=1 npx tap test/cli/dns-query.test.ts` writes them anew.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020, type AnySchemaObject } from 'ajv/dist/2020.js'
import t from 'tap'
import { podwire } from './capture.ts'

const TOWN = join('test', 'dns', 'resolver', 'town.yaml')
const GOLDEN = join('test', 'dns', 'resolver', 'golden')

// biome-ignore format: one case, one row
const CALLS: readonly (readonly [file: string, code: number, ...args: readonly string[]])[] = [
  ['short-name',         0, 'web', '-n', 'shop'],
  ['other-namespace',    1, 'web'],
  ['whole-name',         0, 'web.shop.svc.cluster.local', '--from', 'shop/a'],
  ['outside',            3, 'api.example.com', '--from', 'shop/a'],
  ['dot-at-the-end',     3, 'api.example.com.', '--from', 'shop/a'],
  ['stateful',           0, 'db-0.db', '--from', 'shop/a'],
  ['pod-name',           1, 'db-0', '--from', 'shop/a'],
  ['plain-pod-name',     1, 'careful', '--from', 'shop/a'],
  ['headless',           0, 'db.shop'],
  ['headless-not-ready', 1, 'starting', '--from', 'shop/a'],
  ['half-ready',         0, 'half.shop'],
  ['many',               0, 'many.shop'],
  ['external-name',      3, 'store.shop'],
  ['external-address',   3, 'address.shop'],
  ['hosts-file',         0, 'old.example.com', '--from', 'shop/a'],
  ['as-it-is',           3, 'web.shop.svc', '--from', 'shop/careful'],
  ['mixed-servers',      0, 'web', '--from', 'shop/mixed'],
  ['long-search-line',   1, 'web', '--from', 'pod/searching', '-n', 'shop'],
  ['host-network',       1, 'web', '--from', 'shop/agent'],
  ['own-loopback',       1, 'web', '--from', 'shop/alone'],
  ['nothing-behind',     0, 'idle.shop'],
  ['no-such-service',    3, 'nope.shop'],
  ['srv',                0, '_http._tcp.web.shop', '--type', 'SRV', '--resolver', 'glibc'],
  ['srv-unknown-port',   3, '_http._udp.web.shop', '--type', 'SRV'],
  ['ipv6-alone',         1, 'web.shop.svc.cluster.local', '--type', 'aaaa', '--resolver', 'musl'],
  ['backwards',          0, '10.96.0.21'],
  ['backwards-hosts',    0, '192.0.2.7', '--from', 'shop/a'],
]
for (const [file, code, ...args] of CALLS) {
  t.test(`podwire dns query ${args.join(' ')}`, async t => {
    const made = await podwire(['dns', 'query', ...args, '-f', TOWN])
    t.equal(made.code, code, made.err)
    const path = join(GOLDEN, `${file}.txt`)
    if (process.env['UPDATE_GOLDEN']) writeFileSync(path, made.out)
    t.equal(made.out, existsSync(path) ? readFileSync(path, 'utf8') : '', path)
    const json = await podwire(['dns', 'query', ...args, '-o', 'json', '-f', TOWN])
    t.equal(json.code, code)
    t.ok(validate(JSON.parse(json.out)), ajv.errorsText(validate.errors))
  })
}

t.test('every golden file is of a case', async t => {
  t.strictSame(readdirSync(GOLDEN).sort(), CALLS.map(([file]) => `${file}.txt`).sort())
})

/** Readers must let unknown members be; we must not write any that the schema does not tell of. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const members = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]))
  return 'properties' in schema && 'type' in schema ? { ...members, additionalProperties: false } : members
}

const SCHEMA = JSON.parse(readFileSync('schema/dns-query.schema.json', 'utf8')) as AnySchemaObject
const ajv = new Ajv2020({ strict: true, strictTypes: false, allowUnionTypes: true })
const validate = ajv.compile(closed(SCHEMA) as AnySchemaObject)

t.test('the schema is one, and not everything is as it says', async t => {
  t.ok(ajv.validateSchema(SCHEMA))
  t.notOk(validate({ version: 2 }))
})

t.test('what the input says of its DNS is followed', async t => {
  const corefile = `---
apiVersion: v1
kind: ConfigMap
metadata: { name: coredns, namespace: kube-system }
data: { Corefile: ".:53 { kubernetes k8s.example }" }
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
clusterDomain: k8s.example
clusterDNS: [10.96.0.99]
`
  const { code, out } = await podwire(['dns', 'query', 'web.shop', '-f', '-'], readFileSync(TOWN, 'utf8') + corefile)
  t.equal(code, 0, out)
  t.match(out, /^ {2}nameserver 10\.96\.0\.99$/m)
  t.match(out, /web\.shop\.svc\.k8s\.example\. +A +A 10\.96\.0\.21/)
  const outside = await podwire(['dns', 'query', 'a.b', '-f', '-'], readFileSync(TOWN, 'utf8') + corefile)
  t.match(outside.out, /the cluster's DNS has nobody to ask and fails/)
})

t.test("the node's resolv.conf is added", async t => {
  const { out } = await podwire(['dns', 'query', 'web', '-n', 'shop', '-f', TOWN, '--resolv-conf', '/dev/null'])
  t.match(out, /^ {2}search shop\.svc\.cluster\.local svc\.cluster\.local cluster\.local$/m)
})

// biome-ignore format: one case, one row
const WRONG: readonly (readonly [says: string, args: readonly string[], message: string])[] = [
  ['no name',                [],                                  'name one name: podwire dns query NAME -f FILE'],
  ['two names',              ['a', 'b'],                          'name one name'],
  ['no name at all',         ['a..b'],                            '"a..b" is neither a domain name nor an address'],
  ['an unknown type',        ['a', '--type', 'APPLE'],            '--type takes a record type such as A, AAAA, SRV, PTR, not "APPLE"'],
  ['a transfer',             ['a', '--type', 'AXFR'],             '--type takes a record type'],
  ['an address forwards',    ['10.0.0.1', '--type', 'A'],         '10.0.0.1 is an address, which has names (PTR) but no records of type A'],
  ['an unknown resolver',    ['a', '--resolver', 'bionic'],       '--resolver is one of glibc, musl, both, not "bionic"'],
  ['an unknown form',        ['a', '-o', 'yaml'],                 '--output is one of text, json, not "yaml"'],
  ['no pod of that name',    ['a', '--from', 'shop/nobody'],      'there is no pod shop/nobody'],
  ['not a pod',              ['a', '--from', 'a/b/c/d'],          'is not pod/NAME, NAMESPACE/NAME or pod/NAMESPACE/NAME'],
  ['no such resolv.conf',    ['a', '--resolv-conf', '/nowhere'],  '--resolv-conf /nowhere: '],
]
for (const [says, args, message] of WRONG) {
  t.test(`podwire dns query: ${says}`, async t => {
    const { code, out, err } = await podwire(['dns', 'query', ...args, '-f', TOWN])
    t.equal(code, 2)
    t.equal(out, '')
    t.ok(err.includes(message), err)
  })
}
