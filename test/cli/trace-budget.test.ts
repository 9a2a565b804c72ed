/** Rules that were made to be many: a trace through them comes to an end and says what it left out. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv2020, type AnySchemaObject } from 'ajv/dist/2020.js'
import t, { type Test } from 'tap'
import SCHEMA from '../../schema/trace.schema.json' with { type: 'json' }
import { type Inquiry, inquire } from '../../src/cli/inquiry.ts'
import { readStateFolder } from '../../src/cli/state-folder.ts'
import { DEFAULT_FEATURES } from '../../src/cluster/host-state.ts'
import { stepsOf } from '../../src/trace/abridged.ts'
import { isSamePath } from '../../src/trace/endings.ts'
import type { Path } from '../../src/trace/journey.ts'
import { traceToJson } from '../../src/trace/json.ts'
import { formatPaths } from '../../src/trace/paths-text.ts'
import { explainPath, wholePath } from '../../src/trace/trace.ts'

const RANDOMLY = '-m statistic --mode random --probability 0.5'

/** Chains that each jump twice to the next, then draws: the packet meets all of them on each of 2^draws ways. */
function saved(chains: number, draws: number, last: readonly string[] = []): string {
  const names = Array.from({ length: chains }, (_, i) => `C${i}`)
  return [
    '*filter',
    ':INPUT ACCEPT [0:0]',
    ...names.map(name => `:${name} - [0:0]`),
    ...(chains > 0 ? ['-A INPUT -j C0'] : []),
    ...names.slice(1).flatMap((name, i) => [`-A C${i} -j ${name}`, `-A C${i} -j ${name}`]),
    ...Array.from({ length: draws }, (_, i) => `-A INPUT ${RANDOMLY} -j MARK --set-mark ${i + 1}`),
    ...last,
    'COMMIT',
    '',
  ].join('\n')
}

/** Most rules that one table may have a packet meet, in each of the tables that a packet of the host itself meets. */
function savedForAll(): string {
  const built = {
    raw: ['OUTPUT'],
    mangle: ['OUTPUT', 'POSTROUTING'],
    nat: ['OUTPUT', 'POSTROUTING'],
    filter: ['OUTPUT'],
  }
  const names = Array.from({ length: 16 }, (_, i) => `C${i}`)
  const tables = Object.entries(built).map(([table, hooks]) => [
    `*${table}`,
    ...hooks.map(hook => `:${hook} ACCEPT [0:0]`),
    ...names.map(name => `:${name} - [0:0]`),
    ...hooks.flatMap(hook => [`-A ${hook} -j C0`, `-A ${hook} -j C1`]),
    ...names.slice(1).flatMap((name, i) => [`-A C${i} -j ${name}`, `-A C${i} -j ${name}`]),
    'COMMIT\n',
  ])
  return tables.flat().join('\n')
}

const INTO = { from: 'ip:203.0.113.5', to: 'node/host:80', after: 0 }
const OUT_OF = { from: 'node/host', to: '203.0.113.5:80', after: 0 }

async function asked(t: Test, rules: string, most: number, mostSteps?: number, question = INTO): Promise<Inquiry> {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-budget-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'host.save')
  writeFileSync(file, rules)
  const ground = {
    hosts: await readStateFolder(file),
    namespace: 'default',
    family: 4 as const,
    faults: [],
    host: { features: DEFAULT_FEATURES },
  }
  const options = { ways: 'all' as const, seed: 0, most, explained: false }
  return inquire([question], ground, {
    ...options,
    ...(mostSteps === undefined ? {} : { mostSteps }),
  })
}

const flowsOf = ({ questions }: Inquiry) => questions.map(({ flow }) => flow)

for (const [called, most] of [
  ['by default', 256],
  ['with --all-paths', 100_000],
] as const) {
  t.test(`2^15 chains on each of 2^12 ways, ${called}`, async t => {
    const { trace, shown } = await asked(t, saved(15, 12), most)
    t.notOk(trace.complete)
    t.match(
      formatPaths(trace, shown, { colour: false, unicode: false, width: 100 }),
      /there are other ways; \d+ were followed/,
    )
    const [one] = trace.paths
    t.ok(one && stepsOf(one) > 2 ** 15, 'the shown path is whole')
    const each = one ? stepsOf(one) : 0
    t.ok((trace.paths.length - 1) * (each - 100) < 5_000_000, `${trace.paths.length} ways of about ${each} steps`)
    const kept = trace.paths.map(stepsOf).reduce((sum, steps) => sum + steps, 0)
    t.ok(kept < 250_000 + 2 * each, `${kept} steps are kept`)
  })
}

t.test('a trace follows no other way when its steps are used up', async t => {
  const all = await asked(t, saved(0, 4), 1000)
  t.ok(all.trace.complete)
  t.equal(all.trace.paths.length, 16)
  const steps = all.trace.paths[0] ? stepsOf(all.trace.paths[0]) : 0
  const some = await asked(t, saved(0, 4), 1000, 2 * steps)
  t.notOk(some.trace.complete)
  t.ok(some.trace.paths.length <= 4, `${some.trace.paths.length} ways`)
})

t.test('a packet that meets rules without number in one table ends undecided', async t => {
  const { trace } = await asked(t, saved(18, 0), 1)
  const outcome = trace.paths[0]?.exchanges[0]?.request.outcome
  t.equal(outcome?.kind, 'ended')
  t.match(outcome, { end: { kind: 'undecided', why: /more rules than podwire follows/ } })
})

t.test('a packet that has met too many rules in all is taken to go in circles, however it is told', async t => {
  const inquiry = await asked(t, savedForAll(), 1, undefined, OUT_OF)
  const { outcome, hops } = inquiry.shown.exchanges[0]?.request ?? {}
  t.match(outcome, { kind: 'loop', why: /after 5\d{5} steps the packet is still on its way/ })
  t.equal(hops?.length, 2, 'it goes no further than to the next machine')
  const told = explainPath(inquiry.shown, flowsOf(inquiry), inquiry.world, { ways: 'all', seed: 0, most: 1 })
  t.strictSame(told.exchanges[0]?.request.outcome, outcome)
})

t.test('beyond the first 64 paths, only ends are kept; what is shown is whole', async t => {
  const drop = [`-A INPUT ${RANDOMLY} -j DROP`]
  const inquiry = await asked(t, saved(0, 7, drop), 1000)
  const { trace, shown } = inquiry
  t.ok(trace.complete)
  t.equal(trace.paths.length, 256)
  const abridged = trace.paths.filter(path => path.abridged)
  t.ok(abridged.length >= 190, `${abridged.length} are abridged`)
  t.notOk(shown.abridged)
  t.notOk(trace.paths.find(({ exchanges }) => exchanges[0]?.experience !== 'answered')?.abridged, 'nor is a failed one')
  for (const path of abridged) {
    t.equal(stepsOf(path), 0)
    t.ok(path.exchanges.every(({ sightings }) => sightings.length === 0))
    const whole = wholePath(path, flowsOf(inquiry), inquiry.world, { ways: 'all', seed: 0, most: 1 })
    t.ok(stepsOf(whole) > 0 && isSamePath(whole, path), 'followed once more, it has steps')
    t.strictSame(endsOf(path), endsOf(whole), 'and ends as it did')
  }
  t.equal(wholePath(shown, flowsOf(inquiry), inquiry.world, { ways: 'all', seed: 0, most: 1 }), shown)
  const json = traceToJson(trace, { world: inquiry.world, questions: inquiry.questions, shown })
  const validate = new Ajv2020({ strict: true, strictTypes: false }).compile(SCHEMA as AnySchemaObject)
  t.ok(validate(json), JSON.stringify(validate.errors))
  t.equal(JSON.stringify(json).match(/"abridged":true/g)?.length, abridged.length)
})

function endsOf({ probability, exchanges }: Path) {
  return [
    probability,
    exchanges.map(({ experience, request, reply }) => [
      experience,
      request.outcome,
      reply?.outcome,
      request.hops.map(({ machine }) => machine),
    ]),
  ]
}
