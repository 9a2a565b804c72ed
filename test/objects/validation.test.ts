/** The API server's own answers to objects, good and bad, against what podwire says of the same objects. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { admit, isTyped, type Typed } from '../../src/objects/admission.ts'
import { isPlain, type Plain } from '../../src/objects/plain.ts'
import { refusalOf } from '../../src/objects/refusal.ts'

const FIXTURE = 'test/fixtures/validation/cases.yaml'
const SHARED = join(process.cwd(), '..', 'shared', 'oracle', 'validation', 'cases.yaml')

interface Case {
  readonly object: Typed
  readonly code: number
  readonly message?: string
  readonly causes?: readonly unknown[]
  readonly warnings?: readonly string[]
  readonly result?: Plain
}

interface Agreement {
  readonly cases: number
  readonly verdicts: number
  readonly messages: number
  readonly causes: number
  readonly warnings: number
  readonly accepted: number
  readonly defaulted: number
  readonly differences: readonly string[]
}

/** What allocation, admission outside networking, and the moment decide. */
const DECIDED_ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  Service: ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy', 'healthCheckNodePort'],
  Pod: ['priority', 'preemptionPolicy', 'tolerations'],
  Node: ['taints'],
  Job: ['selector', 'template.metadata'],
}

t.test('the fixture: every answer is the same', async t => {
  const agreement = agree(FIXTURE)
  t.same(agreement.differences, [])
  t.equal(agreement.cases, 165, 'and there are answers to compare')
  t.ok(agreement.accepted === 36, 'of both kinds')
})

t.test('all answers that there are', { skip: existsSync(SHARED) ? false : `${SHARED} is absent` }, async t => {
  const agreement = agree(SHARED)
  const { cases, verdicts, messages, causes, warnings, accepted, defaulted, differences } = agreement
  for (const difference of differences) t.comment(difference)
  t.comment(
    `${cases} cases: ${verdicts} verdicts, ${messages} messages, ${causes} causes, ${warnings} warnings agree;`,
    `${defaulted} of ${accepted} accepted objects are the same`,
  )
  t.ok(cases >= 165, 'no fewer cases than when this was written')
  t.ok(verdicts >= cases * 0.98, 'the verdict')
  t.ok(messages >= cases * 0.95, 'the message')
  t.ok(causes >= cases * 0.95, 'the causes')
  t.ok(warnings >= cases * 0.98, 'the warnings')
  t.ok(accepted >= 36 && defaulted >= accepted * 0.95, 'the object as it is stored')
})

function agree(file: string): Agreement {
  const counts = { cases: 0, verdicts: 0, messages: 0, causes: 0, warnings: 0, accepted: 0, defaulted: 0 }
  const differences: string[] = []
  for (const document of parseAllDocuments(readFileSync(file, 'utf8'))) {
    const one = document.toJS() as Case
    if (!isTyped(one.object)) throw new Error(`a case without an object: ${JSON.stringify(one)}`)
    const admission = admit(one.object, { requested: 'default' })
    const refusal = refusalOf(admission, one.object)
    const object = 'object' in admission ? admission.object : undefined
    const warnings = 'warnings' in admission ? admission.warnings : []
    const compare = (what: keyof typeof counts, mine: unknown, theirs: unknown) => {
      if (JSON.stringify(mine) === JSON.stringify(theirs)) counts[what]++
      else differences.push(`${one.object.kind}: ${what}: ${JSON.stringify(mine)}, not ${JSON.stringify(theirs)}`)
    }
    counts.cases++
    compare('verdicts', refusal?.code ?? 201, one.code)
    compare('messages', refusal?.message, one.message)
    compare('causes', refusal?.causes ?? [], one.causes ?? [])
    compare('warnings', warnings, one.warnings ?? [])
    if (one.result === undefined) continue
    counts.accepted++
    compare('defaulted', object === undefined ? undefined : comparable({ ...object }), comparable(one.result))
  }
  return { ...counts, differences }
}

/** An object without what is decided elsewhere, without zeros (Go writes some of them), keys in order. */
function comparable(object: Plain): unknown {
  const copy = JSON.parse(JSON.stringify(object)) as Record<string, Record<string, unknown>>
  const spec = copy['spec'] ?? {}
  for (const field of DECIDED_ELSEWHERE[`${object['kind']}`] ?? []) {
    const [name = '', inner] = field.split('.')
    const part = spec[name]
    if (inner === undefined) delete spec[name]
    else if (isPlain(part)) delete (part as Record<string, unknown>)[inner]
  }
  const ports = spec['ports']
  if (Array.isArray(ports)) for (const port of ports) delete (port as Record<string, unknown>)['nodePort']
  delete copy['status']
  if (object['kind'] === 'Job') delete copy['metadata']?.['labels']
  if (copy['metadata']?.['generateName'] !== undefined) delete copy['metadata']?.['name']
  return withoutZeros(copy)
}

function withoutZeros(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutZeros)
  if (!isPlain(value)) return value
  const fields = Object.keys(value)
    .sort()
    .map(key => [key, withoutZeros(value[key])] as const)
  return Object.fromEntries(fields.filter(([, field]) => !isZero(field)))
}

function isZero(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0
  if (isPlain(value)) return Object.keys(value).length === 0
  return value === null || value === undefined || value === '' || value === 0 || value === false
}
