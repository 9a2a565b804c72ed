/**
 * `podwire env` on the command line: its three forms against golden files that people can read, and wrong input.
 *
 * `UPDATE_GOLDEN=1 npx tap test/cli/env.test.ts` writes them anew.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { Ajv2020, type AnySchemaObject } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import t from 'tap'
import { podwire } from './capture.ts'

const MANIFESTS = join('test', 'kubelet', 'manifests')
const GOLDEN = join('test', 'kubelet', 'golden')
const SHOP = readFileSync(join(MANIFESTS, 'shop.yaml'), 'utf8')

// biome-ignore format: one case, one row
const CALLS: readonly (readonly [file: string, code: number, args: readonly string[]])[] = [
  ['pod.txt',          0, ['shop/web-0']],
  ['hidden.txt',       0, ['pod/shop/web-0', '-c', 'web', '--hide-secrets']],
  ['web.env',          0, ['pod/web-0', '-n', 'shop', '-o', 'dotenv']],
  ['web-hidden.env',   0, ['shop/web-0', '-o', 'dotenv', '-c', 'web', '--hide-secrets']],
  ['web.json',         0, ['shop/web-0', '-c', 'web', '-o', 'json']],
  ['broken.txt',       1, ['shop/broken']],
]
for (const [file, code, args] of CALLS) {
  t.test(`podwire env ${args.join(' ')}`, async t => {
    const made = await podwire(['env', ...args, '-f', MANIFESTS])
    t.equal(made.code, code, made.err)
    const path = join(GOLDEN, file)
    if (process.env['UPDATE_GOLDEN']) writeFileSync(path, made.out)
    t.equal(made.out, existsSync(path) ? readFileSync(path, 'utf8') : '', path)
    if (args.includes('--hide-secrets')) t.notMatch(made.out + made.err, 's3cret')
  })
}

/** Readers must let unknown members be; we must not write any that the schema does not tell of. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const members = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]))
  return 'properties' in schema && 'type' in schema ? { ...members, additionalProperties: false } : members
}

const SCHEMA = JSON.parse(readFileSync('schema/env.schema.json', 'utf8')) as AnySchemaObject
const ajv = new Ajv2020({ strict: true, strictTypes: false, allowUnionTypes: true })
const validate = ajv.compile(closed(SCHEMA) as AnySchemaObject)

t.test('the JSON is as its schema says', async t => {
  t.ok(ajv.validateSchema(SCHEMA))
  t.notOk(validate({ version: 2 }), 'and not everything is')
  for (const pod of ['shop/web-0', 'shop/broken']) {
    const { out } = await podwire(['env', pod, '-o', 'json', '-f', MANIFESTS])
    t.ok(validate(JSON.parse(out)), ajv.errorsText(validate.errors))
  }
})

t.test('the env file is read back by Node, and holds what the JSON says', async t => {
  const file = await podwire(['env', 'shop/web-0', '-o', 'dotenv', '-f', MANIFESTS])
  const json = await podwire(['env', 'shop/web-0', '-c', 'web', '-o', 'json', '-f', MANIFESTS])
  t.match(file.err, /note: this is container web, of migrate, proxy, web; choose with -c/)
  const [container] = JSON.parse(json.out).containers as [{ variables: { name: string; value: string }[] }]
  t.strictSame(
    { ...parseEnv(file.out) },
    Object.fromEntries(container.variables.map(({ name, value }) => [name, value])),
  )
})

t.test('the container that kubectl would take', async t => {
  const annotated = SHOP.replace(
    'labels: { app: web }, uid',
    'annotations: { kubectl.kubernetes.io/default-container: migrate }, uid',
  )
  const { out } = await podwire(['env', 'shop/web-0', '-o', 'dotenv', '-f', '-'], annotated)
  t.match(out, /^MODE=up\n/)
})

t.test('a variable that no env file can hold', async t => {
  const odd = SHOP.replace('{ name: EMPTY }', '{ name: "two words", value: x }')
  const { code, out, err } = await podwire(['env', 'shop/web-0', '-o', 'dotenv', '-f', '-'], odd)
  t.equal(code, 3)
  t.match(out, /^# two words: no env file can hold a variable of that name \(env\[4\]\)$/m)
  t.match(err, /^warning: two words: no env file/m)
})

t.test('an export says who came first', async t => {
  const web = (time: string) => `apiVersion: v1
kind: Service
metadata: { name: late, creationTimestamp: ${time} }
spec: { clusterIP: 10.96.0.9, ports: [{ port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: undated }
spec: { clusterIP: 10.96.0.8, ports: [{ port: 80 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: a, creationTimestamp: 2026-05-01T00:00:00Z }
spec: { nodeName: node-1, containers: [{ name: c, image: i }] }
status: { phase: Running, podIP: 10.244.0.9, startTime: 2026-05-01T00:00:01Z, conditions: [{ type: Ready, status: 'True' }] }
`
  const late = await podwire(['env', 'a', '-f', '-'], web('2026-06-01T00:00:00Z'))
  t.notMatch(late.out, /^LATE_PORT/m)
  t.match(late.out, /^UNDATED_PORT /m)
  t.match(late.out, /^KUBERNETES_PORT /m)
  t.match(late.out, /^note: c: ServiceYounger: Service default\/late: made after the container started/m)
  t.match(late.out, /^note: c: ServiceUndated: Service default\/undated: without creationTimestamp/m)
  const early = await podwire(['env', 'a', '-f', '-'], web('2026-04-01T00:00:00Z'))
  t.match(early.out, /^LATE_PORT /m)
  const silent = web('2026-06-01T00:00:00Z').replace(/^status:.*\n/m, '')
  const unstarted = await podwire(['env', 'a', '-f', '-'], silent)
  t.match(unstarted.out, /^LATE_PORT /m, 'a pod that does not say when it started')
  t.notMatch(unstarted.out, /^note: /m)
})

// biome-ignore format: one case, one row
const WRONG: readonly (readonly [says: string, args: readonly string[], message: string])[] = [
  ['no pod',                     [],                                    'name one pod: podwire env pod/NAME -f FILE'],
  ['two pods',                   ['a', 'b'],                            'name one pod'],
  ['a name of many parts',       ['a/b/c/d'],                           '"a/b/c/d" is not pod/NAME, NAMESPACE/NAME or pod/NAMESPACE/NAME'],
  ['an empty name',              ['pod/'],                              '"pod/" is not pod/NAME'],
  ['a Service',                  ['svc/web'],                           'there is no pod svc/web; in svc there are none'],
  ['a pod that is not there',    ['web-0'],                             'there is no pod default/web-0; in default there are none; but there is shop/web-0'],
  ['a pod of another name',      ['shop/web-9'],                        'there is no pod shop/web-9; in shop there are broken, web-0'],
  ['another container',          ['shop/web-0', '-c', 'db'],            'pod shop/web-0 has no container db; there are migrate, proxy, web'],
  ['another format',             ['shop/web-0', '-o', 'yaml'],          '--output is one of text, dotenv, json, not "yaml"'],
  ['an option that is none',     ['shop/web-0', '--what'],              "Unknown option '--what'"],
]
for (const [says, args, message] of WRONG) {
  t.test(`refuses ${says}`, async t => {
    const { code, out, err } = await podwire(['env', ...args, '-f', MANIFESTS])
    t.equal(code, 2)
    t.equal(out, '')
    t.ok(err.includes(message), `${message}\n\nis in\n\n${err}`)
  })
}

t.test('says what it needs, and explains itself', async t => {
  const { code, err } = await podwire(['env', 'a'])
  t.equal(code, 2)
  t.match(err, /give the manifests: -f FILE/)
  const help = await podwire(['env', '--help'])
  t.equal(help.code, 0)
  for (const word of ['dotenv', '--env-file', '--hide-secrets', 'Examples:']) t.ok(help.out.includes(word), word)
})

t.test('whatever a value holds, no terminal is steered by it', async t => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 20 }), async value => {
      const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'a' },
        spec: { nodeName: 'node-1', containers: [{ name: 'c', image: 'i', env: [{ name: 'A', value }] }] },
      }
      const { out, err } = await podwire(['env', 'a', '-f', '-'], JSON.stringify(pod))
      t.notMatch(out + err, /[^\P{Cc}\n]|[\p{Bidi_Control}\u2028\u2029]/u)
    }),
    { numRuns: 100 },
  )
})
