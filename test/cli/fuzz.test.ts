/** Whatever manifests say, a command ends with an exit code and words, not with a stack trace. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { podwire } from './capture.ts'

const SEEDS = readdirSync('scenarios').flatMap(name => {
  const folder = join('scenarios', name, 'manifests')
  return readdirSync(folder).map(file => readFileSync(join(folder, file), 'utf8'))
})

/** Values that are right somewhere, and wrong elsewhere. */
const VALUES = [
  'None',
  '10.96.0.10',
  'fd00::1',
  '10.244.0.0/16',
  'fd00::/64',
  '0',
  '-1',
  '80',
  '65536',
  'Local',
  'Cluster',
  'LoadBalancer',
  'ExternalName',
  'a.b',
  '{}',
  '[]',
  'null',
  'true',
  'node-1',
  'web',
  'app: web',
  'IPv6',
  'RequireDualStack',
  '1Gi',
  '2',
]

/** Puts other values behind some keys, so that most documents stay YAML and many stay objects. */
const mutated = fc
  .tuple(
    fc.constantFrom(...SEEDS),
    fc.array(fc.tuple(fc.nat(10_000), fc.constantFrom(...VALUES)), { minLength: 1, maxLength: 4 }),
  )
  .map(([seed, changes]) => {
    const lines = seed.split('\n')
    for (const [at, value] of changes) {
      const i = at % lines.length
      lines[i] = (lines[i] ?? '').replace(/: [^{[].*$/, `: ${value}`)
    }
    return lines.join('\n')
  })

t.test('render and get end well, whatever the manifests say', async () => {
  await fc.assert(
    fc.asyncProperty(mutated, async text => {
      const rendered = await podwire(['render', '-f', '-', '--node', 'node-1'], text)
      const listed = await podwire(['get', 'all,nodes,endpointslices', '-A', '-o', 'wide', '-f', '-'], text)
      return [0, 2].includes(rendered.code) && [0, 2].includes(listed.code) && (listed.code === 0 || listed.err !== '')
    }),
    { numRuns: Number(process.env['FUZZ_RUNS'] ?? 150) },
  )
})
