import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { podwire } from './capture.ts'

const service = (lines: string) => `apiVersion: v1
kind: Service
metadata:
  name: web
spec:
${lines}`
const GOOD = service('  ports: [{ port: 80 }]\n')
const REFUSED = service('  ports:\n    - port: 80\n      protocol: tcp\n')
const WARNED = service('  clusterIP: None\n  externalIPs: [203.0.113.7]\n  ports: [{ port: 80 }]\n')

// biome-ignore format: one case, one row
const cases: [name: string, text: string, code: number, out: string, err: string][] = [
  ['finds nothing to say',            GOOD,       0, '', '0 errors, 0 warnings in 1 file\n'],
  ['says what would be refused',      REFUSED,    1, 'standard input:8:7: Service default/web spec.ports[0].protocol: Unsupported value: "tcp": supported values: "SCTP", "TCP", "UDP"\n', '1 error, 0 warnings in 1 file\n'],
  ['warns and says yes',              WARNED,     0, 'standard input:1:1: Service default/web: spec.externalIPs is ignored for headless services (warning)\n', '0 errors, 1 warning in 1 file\n'],
  ['finds what only a cluster knows', service('  ipFamilies: [IPv6]\n  ports: [{ port: 80 }]\n'), 1, 'standard input:6:16: Service default/web spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster\n', '1 error, 0 warnings in 1 file\n'],
]

for (const [name, text, code, out, err] of cases) {
  t.test(`check ${name}`, async t => {
    t.strictSame(await podwire(['check', '-f', '-'], text), { code, out, err })
  })
}

t.test('check ends with 2 where a file cannot be read', async t => {
  const { code, out } = await podwire(['check', '-f', '-'], 'kind: [a\n')
  t.equal(code, 2)
  t.match(out, /^standard input:/)
})

t.test('check as JSON has a value for each part', async t => {
  const { code, out } = await podwire(['check', '-f', '-', '-o', 'json'], REFUSED)
  t.equal(code, 1)
  t.strictSame(JSON.parse(out), [
    {
      file: 'standard input',
      line: 8,
      column: 7,
      object: 'Service default/web',
      field: 'spec.ports[0].protocol',
      message: 'Unsupported value: "tcp": supported values: "SCTP", "TCP", "UDP"',
      status: 422,
      level: 'error',
    },
  ])
})

t.test('check as annotations escapes what GitHub would take for its own', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-check-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'a,b:c.yaml')
  writeFileSync(file, service('  externalName: "100%"\n  type: ExternalName\n'))
  const { out } = await podwire(['check', '-f', file, '-o', 'github'])
  t.match(out, /^::error file=[^:]*a%2Cb%3Ac\.yaml,line=6,col=3,title=Service default\/web spec\.externalName::/)
  t.match(out, /100%25/)
})

t.test('check looks into the configuration of kube-proxy', async t => {
  const config = 'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n'
  const wrong = await podwire(['check', '-f', '-'], `${config}nodePortAddresses:\n  - 10.0.0.0/8\n  - 10.0.0.0\n`)
  t.equal(wrong.code, 2)
  t.match(wrong.err, /^standard input:5:5: KubeProxyConfiguration nodePortAddresses\[1\]: "10\.0\.0\.0" is neither/)
  const mode = await podwire(['check', '-f', '-'], `${config}mode: magic\n`)
  t.equal(mode.code, 2)
  t.match(mode.err, /^standard input:3:1: KubeProxyConfiguration mode: Invalid value: "magic"/)
})

t.test('check says everything, although one file cannot be read', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-check-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'bin.yaml'), Buffer.from([0xff, 0xfe, 0x00]))
  writeFileSync(join(folder, 'web.yaml'), REFUSED)
  const { code, out } = await podwire(['check', '-f', folder, '-f', join(folder, 'gone.yaml'), '-o', 'json'])
  t.equal(code, 2)
  const messages = (JSON.parse(out) as { readonly message: string }[]).map(one => one.message)
  t.strictSame(messages, ['not UTF-8 text', 'the path does not exist', messages[2]])
  t.match(messages[2], /Unsupported value: "tcp"/)
})

t.test('folders that other tools must render', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-check-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  for (const name of ['chart', 'overlay']) mkdirSync(join(folder, name))
  writeFileSync(join(folder, 'chart', 'Chart.yaml'), 'apiVersion: v2\nname: web\nversion: 1.0.0\n')
  writeFileSync(join(folder, 'chart', 'web.yaml'), 'kind: {{ .Values.kind }}\n')
  writeFileSync(join(folder, 'overlay', 'kustomization.yaml'), 'resources: [../base]\n')

  t.test('are named with the command when they are asked for', async t => {
    const chart = await podwire(['check', '-f', join(folder, 'chart')])
    t.equal(chart.code, 2)
    t.match(chart.out, /chart:1:1: a Helm chart, to be rendered first: helm template \S+chart \| podwire … -f -/)
    const overlay = await podwire(['render', '-f', join(folder, 'overlay')])
    t.equal(overlay.code, 2)
    t.match(overlay.err, /a kustomization, to be rendered first: kubectl kustomize \S+overlay \| podwire … -f -/)
  })

  t.test('are passed over with a note below another folder', async t => {
    writeFileSync(join(folder, 'web.yaml'), GOOD)
    const { code, err } = await podwire(['check', '-f', folder])
    t.equal(code, 0, err)
    t.match(err, /note: \S+chart: a Helm chart, .*; passed over/)
    t.match(err, /note: \S+overlay: a kustomization, .*; passed over/)
  })
})
