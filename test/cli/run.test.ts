import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { podwire } from './capture.ts'

const WEB = `apiVersion: v1
kind: Pod
metadata: { name: web, labels: { app: web } }
spec: { containers: [{ name: c, image: web }] }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80 }] }
`

async function run(scenario: string) {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-run-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  mkdirSync(join(folder, 'manifests'))
  writeFileSync(join(folder, 'manifests', 'web.yaml'), WEB)
  writeFileSync(join(folder, 'again.yaml'), WEB.replace('port: 80', 'port: 81'))
  writeFileSync(join(folder, 'scenario.yaml'), scenario)
  const { code, out, err } = await podwire(['run', folder])
  return { code, out, err: err.replaceAll(folder, 'F') }
}

// biome-ignore format: one case, one row
const cases: [name: string, scenario: string, code: number, says: string][] = [
  ['says when all came as expected',        'steps: [{ say: go, wait: 1s, expect: { pods: { app=web: 1 }, endpoints: { web: 1 } } }]', 0, 'as expected'],
  ['says what did not come as expected',    'steps: [{ say: go, unready: web, expect: { endpoints: { web: 1 } } }]', 1, 'not as expected: expected 1 ready endpoints of web, there are 0'],
  ['says what is not there',                'steps: [{ say: go, unready: db }]',                     1, 'not as expected: pods "db" not found'],
  ['says what is refused',                  'steps: [{ say: go, apply: again.yaml }, { say: so, delete: svc/web }, { say: gone, delete: svc/web }]', 1, 'services "web" not found'],
  ['shows what a step changes',             'steps: [{ say: go, delete: pod/web }]',                 0, '   - pod/web   1/1     Running   0          10.244.0.2   node-1\n'],
  ['refuses steps that are none',           'steps: 3',                                              2, 'F/scenario.yaml:1:1: a scenario has a list of steps'],
  ['refuses an action that does not exist', 'steps:\n  - say: go\n    explode: node-1',              2, 'F/scenario.yaml:3:5: steps.0.explode: unknown; a step has apply'],
  ['refuses a time that is none',           'steps: [{ say: go, wait: soon }]',                      2, 'steps.0.wait: "soon" is no time such as 30s, 5m, 1h'],
  ['refuses a kind that does not exist',    'steps: [{ say: go, delete: thing/a }]',                 2, 'steps.0.delete: "thing/a" is not KIND/NAME'],
  ['refuses a selector that is none',       'steps: [{ say: go, expect: { pods: { "a in b": 1 } } }]', 2, "found 'b' expected: '('"],
  ['refuses a count that is none',          'steps: [{ say: go, expect: { pods: { a: many } } }]',   2, 'steps.0.expect.pods.a: not a number'],
  ['refuses a step without a word',         'steps: [{ wait: 1s }]',                                 2, 'steps.0: say what happens'],
  ['refuses broken YAML',                   'steps: [',                                              2, 'F/scenario.yaml:'],
  ['refuses a file that is not there',      'steps: [{ say: go, apply: nothing.yaml }]',             2, 'F/nothing.yaml: the path does not exist'],
]

for (const [name, scenario, code, says] of cases) {
  t.test(`run ${name}`, async t => {
    const result = await run(scenario)
    t.equal(result.code, code, result.out + result.err)
    t.ok((result.out + result.err).includes(says), `${says}\n\nis in\n\n${result.out}${result.err}`)
  })
}

t.test('run refuses a folder without a scenario', async t => {
  const { code, err } = await podwire(['run', 'scenarios/guestbook'])
  t.equal(code, 2)
  t.match(err, /holds no scenario\.yaml/)
})
