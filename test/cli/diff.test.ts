/**
 * `podwire diff` on the command line: its three forms against golden files that people can read, and wrong input.
 *
 * `UPDATE_GOLDEN=1 npx tap test/cli/diff.test.ts` writes them anew.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020, type AnySchemaObject } from 'ajv/dist/2020.js'
import t from 'tap'
import { DIFFERENCES } from '../../src/kube-proxy/modes/comparison.ts'
import { RELEASES } from '../../src/kube-proxy/release.ts'
import { podwire } from './capture.ts'

const MANIFESTS = join('scenarios', 'traffic-policies', 'manifests')
const GOLDEN = join('test', 'cli', 'golden-diff')
const TO_IPVS = ['--mode', 'iptables', '--mode', 'ipvs']

// biome-ignore format: one case, one row
const CALLS: readonly (readonly [file: string, args: readonly string[]])[] = [
  ['iptables-nftables.txt', []],
  ['iptables-ipvs.txt',     [...TO_IPVS, '--all', '-v']],
  ['ipvs-nftables.md',      ['--mode', 'ipvs', '--mode', 'nftables', '--all', '-o', 'md']],
  ['node-3.json',           [...TO_IPVS, '--node', 'node-3', '--release', '1.33', '-o', 'json']],
]
for (const [file, args] of CALLS) {
  t.test(`podwire diff ${args.join(' ')}`, async t => {
    const made = await podwire(['diff', ...args, '-f', MANIFESTS])
    t.equal(made.code, 1, made.err)
    const path = join(GOLDEN, file)
    if (process.env['UPDATE_GOLDEN']) writeFileSync(path, made.out)
    t.equal(made.out, existsSync(path) ? readFileSync(path, 'utf8') : '', path)
  })
}

/** Readers must let unknown members be; we must not write any that the schema does not tell of. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const members = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]))
  return 'properties' in schema && 'type' in schema ? { ...members, additionalProperties: false } : members
}

const SCHEMA = JSON.parse(readFileSync('schema/diff.schema.json', 'utf8')) as AnySchemaObject
const ajv = new Ajv2020({ strict: true, strictTypes: false })
const validate = ajv.compile(closed(SCHEMA) as AnySchemaObject)

t.test('the JSON is as its schema says', async t => {
  t.ok(ajv.validateSchema(SCHEMA))
  t.notOk(validate({ version: 2 }), 'and not everything is')
  for (const release of RELEASES) {
    for (const more of [[], ['--all'], [...TO_IPVS, '--all'], ['--node', 'node-2']]) {
      const { out } = await podwire(['diff', '-o', 'json', '--release', release, ...more, '-f', MANIFESTS])
      t.ok(validate(JSON.parse(out)), ajv.errorsText(validate.errors))
    }
  }
})

interface Told {
  readonly modes: readonly string[]
  readonly differences: readonly { readonly code: string; readonly does: Readonly<Record<string, string>> }[]
  readonly others?: readonly { readonly code: string }[]
}

async function told(args: readonly string[], input?: string): Promise<Told & { readonly exit: number }> {
  const { out, err, code } = await podwire(['diff', '-o', 'json', ...args], input)
  if (out === '') throw new Error(err)
  return { ...(JSON.parse(out) as Told), exit: code }
}

const proxyConfiguration = (fields: string) => `apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
${fields}
`

t.test('the modes that are compared', async t => {
  t.strictSame((await told(['-f', '-'], proxyConfiguration('mode: ipvs'))).modes, ['ipvs', 'nftables'])
  t.strictSame((await told(['-f', '-'], proxyConfiguration('mode: nftables'))).modes, ['iptables', 'nftables'])
  t.strictSame((await told(['-f', '-'], proxyConfiguration('mode: ""'))).modes, ['iptables', 'nftables'])
  const turned = await told(['--mode', 'nftables', '--mode', 'iptables', '-f', MANIFESTS])
  t.strictSame(turned.modes, ['nftables', 'iptables'])
  t.strictSame(Object.keys(turned.differences[0]?.does ?? {}), ['nftables', 'iptables'])
})

t.test('what is excepted does not count', async t => {
  const { differences, exit } = await told(['-f', MANIFESTS])
  t.equal(exit, 1)
  const codes = [...new Set(differences.map(({ code }) => code))]
  const fewer = await told(['-f', MANIFESTS, '--except', codes[0] ?? ''])
  t.strictSame([...new Set(fewer.differences.map(({ code }) => code))], codes.slice(1))
  const none = await told(['-f', MANIFESTS, ...codes.flatMap(code => ['--except', code])])
  t.strictSame([none.differences, none.exit], [[], 0])
  const text = await podwire(['diff', '-f', MANIFESTS, ...codes.flatMap(code => ['--except', code])])
  t.match(text.out, /^Nothing differs for this cluster$/m)
  const page = await podwire(['diff', '-o', 'md', '-f', MANIFESTS, ...codes.flatMap(code => ['--except', code])])
  t.match(page.out, /^Nothing\.$/m)
})

t.test('a difference applies or would apply to other objects, not both', async t => {
  const { differences, others = [] } = await told([...TO_IPVS, '--all', '-f', MANIFESTS])
  const here = new Set(differences.map(({ code }) => code))
  t.ok(others.length > 0)
  t.strictSame(
    others.filter(({ code }) => here.has(code)),
    [],
  )
  const known = DIFFERENCES.map(({ code }) => code)
  for (const { code } of [...differences, ...others]) t.ok(known.includes(code), code)
})

t.test('a release changes what differs', async t => {
  const codesIn = async (release: string) =>
    (await told(['--release', release, '-f', MANIFESTS])).differences.map(({ code }) => code)
  t.ok((await codesIn('1.33')).includes('external-local-own-packets-checked-early'))
  t.notOk((await codesIn('1.34')).includes('external-local-own-packets-checked-early'))
  t.notOk((await codesIn('1.30')).includes('node-port-addresses'), 'primary came with 1.31')
})

t.test('names that would be markup are shown as they are', async t => {
  const { out } = await podwire(['diff', '-o', 'md', '-f', MANIFESTS])
  t.notMatch(out, /<[a-z]/)
  const columns = out
    .split('\n')
    .filter(line => line.startsWith('| cluster-ip'))
    .map(line => line.split(/(?<!\\)\|/).length)
  t.ok(
    columns.every(number => number === 8),
    `${columns}`,
  )
})

// biome-ignore format: one case, one row
const WRONG: readonly (readonly [says: string, args: readonly string[], message: RegExp])[] = [
  ['one mode',           ['--mode', 'ipvs'],                                     /give --mode twice, or not at all/],
  ['three modes',        [...TO_IPVS, '--mode', 'nftables'],                     /give --mode twice, or not at all/],
  ['the same mode',      ['--mode', 'ipvs', '--mode', 'ipvs'],                   /--mode ipvs is given twice; nothing differs/],
  ['an unknown mode',    ['--mode', 'ipvs', '--mode', 'bpf'],                    /--mode is one of iptables, ipvs, nftables, not "bpf"/],
  ['an unknown node',    ['--node', 'node-9'],                                   /--node node-9: there is no such node; there are node-1/],
  ['an unknown code',    ['--except', 'pings'],                                  /--except pings: there is no such difference/],
  ['an unknown release', ['--release', '1.20'],                                  /--release is one of/],
  ['an unknown format',  ['-o', 'yaml'],                                         /--output is one of text, json, md/],
  ['a word',             ['web'],                                                /"web" is one word too many/],
]
for (const [says, args, message] of WRONG) {
  t.test(`podwire diff refuses ${says}`, async t => {
    const { code, out, err } = await podwire(['diff', ...args, '-f', MANIFESTS])
    t.equal(code, 2)
    t.equal(out, '')
    t.match(err, message)
  })
}

t.test('a mistake in the configuration is told with its place, whichever mode it is of', async t => {
  const { code, err } = await podwire(['diff', '-f', '-'], proxyConfiguration('ipvs: { excludeCIDRs: [here] }'))
  t.equal(code, 2)
  t.match(err, /ipvs\.excludeCIDRs\[0\]/)
})
