/** Traces as JSON: what the published schema says, and what is in them. */
import { readFileSync } from 'node:fs'
import { Ajv2020, type AnySchemaObject } from 'ajv/dist/2020.js'
import t from 'tap'
import { add, formatRatio, ratio, ZERO } from '../../src/base/ratio.ts'
import { formatSave } from '../../src/netfilter/format.ts'
import type { Journey } from '../../src/trace/journey.ts'
import { traceToJson } from '../../src/trace/json.ts'
import type { Json } from '../../src/trace/json-value.ts'
import { savedRule } from '../../src/trace/rule-text.ts'
import type { World } from '../../src/trace/world.ts'
import { CASES, told } from './cases.ts'

const SCHEMA = JSON.parse(readFileSync('schema/trace.schema.json', 'utf8')) as AnySchemaObject

/** Readers must let unknown members be; we must not write any that the schema does not tell of. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const members = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]))
  return 'properties' in schema && 'type' in schema ? { ...members, additionalProperties: false } : members
}

const ajv = new Ajv2020({ strict: true, strictTypes: false })
const validate = ajv.compile(closed(SCHEMA) as AnySchemaObject)

t.test('the schema is one', async t => {
  t.ok(ajv.validateSchema(SCHEMA))
  t.notOk(validate({ version: 2 }), 'and not everything is as it says')
})

for (const one of CASES) {
  t.test(`JSON: ${one.file}`, async t => {
    const { trace, context } = told(one)
    const json = traceToJson(trace, context)
    t.ok(validate(json), ajv.errorsText(validate.errors))
    t.strictSame(JSON.parse(JSON.stringify(json)), json, 'nothing is lost in writing')
    const sum = probabilitiesOf(json).reduce(add, ZERO)
    if (trace.complete) t.equal(formatRatio(sum), '1', 'probabilities sum to exactly 1')
    for (const { exchanges } of trace.paths) {
      for (const { request, reply } of exchanges) {
        t.strictSame(foreignRules(request, context.world), [], 'every rule is in the save file as it is written here')
        if (reply) t.strictSame(foreignRules(reply, context.world), [], 'on the way back too')
      }
    }
  })
}

t.test('a rule that was taken for a miss has not matched', async t => {
  const assumed = CASES.find(({ file }) => file === 'undecided-taken-for-miss')
  if (!assumed) throw new Error('no such case')
  const { trace, context } = told(assumed)
  const steps = JSON.stringify(traceToJson(trace, context)).match(/"matched":(?:true|false)[^{}]*"assumed"/g)
  t.ok(steps && steps.length > 0 && steps.every(text => text.startsWith('"matched":false')))
})

t.test('the path that was told in full has the rules that did not match', async t => {
  const explained = CASES.find(({ explained }) => explained)
  if (!explained) throw new Error('no such case')
  const { trace, context } = told(explained)
  const text = JSON.stringify(traceToJson(trace, context))
  t.match(text, '"matched":false')
  t.match(text, '"why":"')
})

function probabilitiesOf(json: Json) {
  const { paths } = json as { readonly paths: readonly { readonly probability: { over: string; under: string } }[] }
  return paths.map(({ probability }) => ratio(BigInt(probability.over), BigInt(probability.under)))
}

const SAVED = new WeakMap<object, ReadonlySet<string>>()

/** Rules whose text is in no line of their machine's save file. */
function foreignRules({ hops }: Journey, world: World): readonly string[] {
  return hops.flatMap(({ machine, steps }) =>
    steps.flatMap(({ before, ...step }) => {
      if (step.component !== 'netfilter' || (step.step.kind !== 'rule' && step.step.kind !== 'miss')) return []
      const rules = world.machine(machine).config.rules?.[before.family]
      if (!rules) return [`${machine} has no rules`]
      const lines = SAVED.get(rules) ?? new Set(formatSave(rules).split('\n'))
      SAVED.set(rules, lines)
      const text = savedRule(step.step, before.family)
      return lines.has(text) ? [] : [text]
    }),
  )
}
