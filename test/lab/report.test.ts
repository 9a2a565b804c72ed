/** Reports: for people, for programs, for continuous integration. */
import { readFileSync, writeFileSync } from 'node:fs'
import { Ajv2020, type AnySchemaObject } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { ratio } from '../../src/base/ratio.ts'
import { visibleLines } from '../../src/base/visible.ts'
import { EXCLUDED, exclusionLines } from '../../src/lab/excluded.ts'
import { frequenciesOf } from '../../src/lab/frequencies.ts'
import { formatJunit } from '../../src/lab/junit.ts'
import { flowReport, isAgreed, type Report, totalsOf } from '../../src/lab/report.ts'
import { reportToJson } from '../../src/lab/report-json.ts'
import { formatReport } from '../../src/lab/report-text.ts'
import { sideBySide, traceCommand } from '../../src/lab/side-by-side.ts'
import type { Asking } from '../trace/tell.ts'
import { judged, played, predicted } from './judged.ts'
import { withSight } from './observation-of.ts'

const CONTEXT = { input: '-f manifests/' }

const good = flowReport(judgedAs({ from: 'pod/client', to: 'svc/web:80' }), CONTEXT)
const refused = flowReport(judgedAs({ from: 'pod/client', to: 'svc/empty:80' }), CONTEXT)
const bad = flowReport(missingRule(), CONTEXT)

/** @param detail the sender met a timeout, and this */
function judgedAs(asking: Asking, detail?: string) {
  const one = predicted(asking)
  const seen = played(one)
  return judged(one, detail === undefined ? seen : { ...seen, met: { experience: 'timeout', detail } })
}

function missingRule() {
  const one = predicted({ from: 'pod/client', to: 'svc/empty:80' })
  const seen = withSight(played(one), 'node-1', sight => ({
    ...sight,
    rules: sight.rules.filter(({ chain }) => chain !== 'KUBE-SERVICES'),
  }))
  return judged(one, { ...seen, met: { experience: 'timeout' } })
}

const fair = frequenciesOf(
  {
    distribution: new Map([
      ['default/web-1 at 10.244.1.2:8080', ratio(1, 2)],
      ['default/web-2 at 10.244.2.2:8080', ratio(1, 2)],
    ]),
    counts: new Map([
      ['default/web-1 at 10.244.1.2:8080', 52],
      ['default/web-2 at 10.244.2.2:8080', 48],
    ]),
  },
  5e-7,
)
const unfair = frequenciesOf({ distribution: new Map([['a', ratio(1, 1)]]), counts: new Map([['b', 3]]) }, 5e-7)

const report: Report = {
  flows: [good, refused, bad],
  frequencies: [
    { flow: 'pod/client to svc/web:80', ...fair },
    { flow: 'pod/client to <b>', ...unfair },
  ],
  significance: 1e-6,
  about: [
    { name: 'seed', value: '7' },
    { name: 'iptables', value: 'v1.8.9 (nf_tables)' },
  ],
}
const agreed: Report = { flows: [good, refused], frequencies: [], significance: 1e-6, about: [] }

t.test('a report as text', async t => {
  golden(t, 'report.txt', formatReport(report))
  t.match(formatReport(agreed), '2 flows, 2 agree, 0 disagree; 61 rules and 31 packets compared\n')
})

t.test('a report as JUnit', async t => {
  golden(t, 'report.xml', formatJunit(report))
})

t.test('what agrees', async t => {
  t.ok(isAgreed(agreed))
  t.notOk(isAgreed(report))
  t.notOk(isAgreed({ flows: [good], frequencies: [{ flow: '', ...unfair }] }), 'frequencies count')
  t.strictSame(totalsOf([good, bad]), {
    flows: 2,
    agree: 1,
    disagree: 1,
    rules: good.rules + bad.rules,
    packets: good.packets + bad.packets,
  })
})

const SCHEMA = JSON.parse(readFileSync('schema/agreement.schema.json', 'utf8')) as AnySchemaObject

/** Readers must let unknown members be; we must not write any that the schema does not tell of. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const members = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]))
  return 'properties' in schema && 'type' in schema ? { ...members, additionalProperties: false } : members
}

t.test('a report as JSON is as its schema says', async t => {
  const ajv = new Ajv2020({ strict: true, strictTypes: false })
  t.ok(ajv.validateSchema(SCHEMA))
  const validate = ajv.compile(closed(SCHEMA) as AnySchemaObject)
  const empty = { flows: [], frequencies: [], significance: 1e-6, about: [] }
  const none = flowReport(
    judged(
      { ...predicted({ from: 'pod/client', to: 'svc/web:80' }), predictions: [] },
      played(predicted({ from: 'pod/client', to: 'svc/web:80' })),
    ),
  )
  for (const one of [report, agreed, empty, { ...empty, flows: [none] }]) {
    const json = reportToJson(one)
    t.ok(validate(json), ajv.errorsText(validate.errors))
    t.strictSame(JSON.parse(JSON.stringify(json)), json, 'nothing is lost in writing')
  }
  t.notOk(validate({ version: 2 }), 'and not everything is as it says')
})

t.test('side by side: only what differs is marked, the first apart from others', async t => {
  const lines = (bad.sideBySide ?? '').split('\n')
  t.strictSame(
    lines.filter(line => /^[>!]/.test(line)),
    ['>   filter:KUBE-SERVICES:rule:1 | nothing', '!   refused                     | timeout'],
  )
  t.match(
    lines.at(-2),
    /^to look at it: podwire trace -f manifests\/ default\/client svc\/empty:80 --proto tcp --sport 40000 -v$/,
  )
  t.match(
    sideBySide(judgedAs({ from: 'pod/client', to: 'svc/web:80' })),
    'The kernel took one of 2 ways, of probability 1/2.',
  )
  t.match(
    sideBySide(judgedAs({ from: 'pod/client', to: 'svc/web:80' }, 'x')),
    'The nearest of 2 ways stands beside it, of probability 1/2.',
  )
})

// biome-ignore format: one case, one row
const COMMANDS: readonly [asking: Asking, command: string][] = [
  [{ from: 'pod/client', to: 'svc/web:http' },                        'podwire trace default/client svc/web:http --proto tcp --sport 40000 -v'],
  [{ from: 'node/node-1', to: '127.0.0.1:30080', sport: 41_000 },       'podwire trace node/node-1 127.0.0.1:30080 --proto tcp --sport 41000 -v'],
  [{ from: 'ip:198.51.100.7', to: 'node/node-1:30080', ttl: 3 },       'podwire trace ip:198.51.100.7 node/node-1:30080 --proto tcp --sport 40000 --ttl 3 -v'],
  [{ from: 'pod/client', to: '10.244.1.2', protocol: 1, size: 1400 }, 'podwire trace default/client 10.244.1.2 --proto icmp --sport 40000 --size 1400 -v'],
  [{ from: 'pod/client', to: 'pod/web-1:53', protocol: 17 },          'podwire trace default/client pod/web-1:53 --proto udp --sport 40000 -v'],
  [{ from: 'pod/client', to: 'pod/web-1:53', protocol: 132 },         'podwire trace default/client pod/web-1:53 --proto sctp --sport 40000 -v'],
]

for (const [asking, command] of COMMANDS) {
  t.test(`to look at it: ${command}`, async t => {
    t.equal(traceCommand(predicted(asking).flow, {}), command)
  })
}

t.test('what a shell would take for more than a word is quoted', async t => {
  const { flow } = predicted({ from: 'pod/client', to: 'svc/web:80' })
  t.match(
    traceCommand({ ...flow, sender: 'node-1', from: "a'; rm -rf /" }, {}),
    `podwire trace 'a'\\''; rm -rf /' svc/web:80`,
  )
})

t.test('what is excluded: a short list, each with its reason, no name twice', async t => {
  t.equal(new Set(EXCLUDED.map(({ name }) => name)).size, EXCLUDED.length)
  t.ok(EXCLUDED.length < 15)
  for (const line of exclusionLines()) t.match(line, /^[a-z ]+: .+ \(.+\)$/)
  for (const { name } of EXCLUDED) t.match(formatReport(report), name)
})

/** Names as nobody should give them: what ends XML, what steers terminals, what is no character. */
const wild = fc.string({
  unit: fc.constantFrom(
    'a',
    '<',
    '>',
    '&',
    '"',
    "'",
    ']]>',
    '\x1b[2J',
    '\u202e',
    '\n',
    '\u0000',
    '\ud800',
    '\uffff',
    '😀',
    '&amp;',
  ),
})

t.test('whatever names there are: XML stays XML, terminals are not steered', async t => {
  fc.assert(
    fc.property(wild, wild, wild, (flow, text, kernel) => {
      const difference = { what: 'rules', where: text, model: text, kernel } as const
      const one = { ...bad, flow, endpoint: text, differences: [difference], sideBySide: `${text}\n` }
      const all: Report = {
        ...report,
        flows: [one],
        frequencies: [{ flow, ...unfair, why: text }],
        about: [{ name: flow, value: text }],
      }
      return (
        isWellFormed(formatJunit(all, flow)) &&
        isPlain(formatReport({ ...all, flows: [{ ...one, sideBySide: bad.sideBySide ?? '' }] }))
      )
    }),
  )
  t.pass('always')
})

function isPlain(text: string): boolean {
  return visibleLines(text) === text
}

/** Every tag is closed in its order, every `&` begins an entity, and there is nothing that XML forbids. */
function isWellFormed(xml: string): boolean {
  if (/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u.test(xml)) return false
  const open: string[] = []
  const rest = xml
    .replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, '')
    .replace(/<(\/?)(\w+)((?: \w+="[^"<]*")*)(\/?)>/g, (_, end, name, attributes, alone) => {
      if (end) {
        if (open.pop() !== name) open.push('?')
      } else if (!alone) open.push(name)
      return attributes
    })
  return open.length === 0 && !/[<>]/.test(rest) && !/&(?!(?:amp|lt|gt|quot);)/.test(rest)
}

/** With UPDATE_GOLDEN=1 what is found is what is wanted from then on. */
function golden(t: Test, name: string, text: string): void {
  const file = `test/lab/golden/${name}`
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, text)
  t.equal(text, readFileSync(file, 'utf8'), name)
}
