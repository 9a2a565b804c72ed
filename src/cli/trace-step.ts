/**
 * The packets of a scenario's step: read, followed, compared with what is expected.
 *
 *     - say: a pod asks a Service twice
 *       fault: node-1 fdb del 192.168.64.12
 *       trace:
 *         - { from: pod/a, to: svc/web, expect: answered, reaches: [pod/web-1, pod/web-2] }
 *         - { after: 10s, from: pod/a, to: svc/web, expect: answered, sees: 10.244.1.1 }
 *
 * The packets of one step are one sequence: connections and `recent` lists carry over.
 *
 * @module
 */
import { formatIp } from '../base/ip.ts'
import type { Path as FieldPath } from '../objects/field.ts'
import { isPlain, type Plain } from '../objects/plain.ts'
import type { Asked } from '../trace/ask.ts'
import type { Exchange, Experience, Path, Trace } from '../trace/journey.ts'
import { ENTRIES } from '../trace/service-destination.ts'
import { protocolNamed, spanOf } from './asked.ts'
import type { RefusedInput } from './exit.ts'

/** What is expected of one packet. */
export interface PacketExpectation {
  /** On every path. */
  readonly experience?: Experience
  /** The machines or addresses that may get it, all of them and no others. */
  readonly reaches?: readonly string[]
  /** The source address that whoever gets it sees. */
  readonly sees?: string
}

export interface TraceStep {
  readonly asked: readonly Asked[]
  /** One for each packet. */
  readonly expectations: readonly PacketExpectation[]
  readonly faults: readonly string[]
}

type Fail = (path: FieldPath, problem: string) => RefusedInput

const EXPERIENCES: readonly Experience[] = [
  'answered',
  'refused',
  'not permitted',
  'host unreachable',
  'network unreachable',
  'message too long',
  'time exceeded',
  'prohibited',
  'timeout',
  'undecided',
  'unknown',
]

const KNOWN = ['from', 'to', 'after', 'proto', 'via', 'sport', 'size', 'ttl', 'entry', 'expect', 'reaches', 'sees']

/** @throws {RefusedInput} naming the field that cannot be read */
export function readTraceStep(step: Plain, path: FieldPath, fail: Fail): TraceStep | undefined {
  const faults = textsOf(step['fault'], [...path, 'fault'], fail)
  if (step['trace'] === undefined) {
    if (faults.length > 0) throw fail([...path, 'fault'], 'nothing is traced through it')
    return undefined
  }
  const packets = [step['trace']].flat().map((one, i) => readPacket(one, [...path, 'trace', i], fail))
  return {
    asked: packets.map(({ asked }) => asked),
    expectations: packets.map(({ expectation }) => expectation),
    faults,
  }
}

function readPacket(value: unknown, path: FieldPath, fail: Fail): { asked: Asked; expectation: PacketExpectation } {
  if (!isPlain(value)) throw fail(path, 'a packet is a map of from, to, expect')
  const stray = Object.keys(value).find(key => !KNOWN.includes(key))
  if (stray) throw fail([...path, stray], `unknown; a packet has ${KNOWN.join(', ')}`)
  const text = (field: string) => textOf(value, field, path, fail)
  const [from, to] = [text('from'), text('to')]
  if (from === undefined || to === undefined) throw fail(path, 'say from and to')
  const expect = text('expect')
  const experience = EXPERIENCES.find(one => one === expect)
  if (expect !== undefined && !experience)
    throw fail([...path, 'expect'], `"${expect}" is none of ${EXPERIENCES.join(', ')}`)
  const entry = ENTRIES.find(one => one === text('entry'))
  if (text('entry') !== undefined && !entry) throw fail([...path, 'entry'], `is none of ${ENTRIES.join(', ')}`)
  const after = text('after')
  const protocol = reading([...path, 'proto'], fail, () => protocolNamed(text('proto')))
  const via = text('via')
  const sees = text('sees')
  const asked: Asked = {
    from,
    to,
    after: after === undefined ? 0 : reading([...path, 'after'], fail, () => spanOf(after, after)),
    ...(protocol === undefined ? {} : { protocol }),
    ...(entry ? { entry } : {}),
    ...(via === undefined ? {} : { via }),
    ...numbersOf(value, path, fail),
  }
  const reaches = textsOf(value['reaches'], [...path, 'reaches'], fail)
  return {
    asked,
    expectation: {
      ...(experience ? { experience } : {}),
      ...(value['reaches'] === undefined ? {} : { reaches }),
      ...(sees === undefined ? {} : { sees }),
    },
  }
}

function reading<T>(path: FieldPath, fail: Fail, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw fail(path, (cause as Error).message)
  }
}

function textOf(value: Plain, field: string, path: FieldPath, fail: Fail): string | undefined {
  const given = value[field]
  if (given === undefined) return undefined
  if (typeof given !== 'string') throw fail([...path, field], 'not a text')
  return given
}

function textsOf(given: unknown, path: FieldPath, fail: Fail): readonly string[] {
  if (given === undefined) return []
  return [given].flat().map((one, i) => {
    if (typeof one !== 'string') throw fail(Array.isArray(given) ? [...path, i] : path, 'not a text')
    return one
  })
}

function numbersOf(value: Plain, path: FieldPath, fail: Fail): Pick<Asked, 'sport' | 'size' | 'ttl'> {
  const numbers: { sport?: number; size?: number; ttl?: number } = {}
  for (const [field, most] of [
    ['sport', 65535],
    ['size', 65535],
    ['ttl', 255],
  ] as const) {
    const given = value[field]
    if (given === undefined) continue
    if (typeof given !== 'number' || !Number.isInteger(given) || given < 1 || given > most) {
      throw fail([...path, field], `not a whole number of 1 to ${most}`)
    }
    numbers[field] = given
  }
  return numbers
}

/** What did not come as expected, a sentence each. */
export function compareTrace({ asked, expectations }: TraceStep, trace: Trace): readonly string[] {
  return expectations.flatMap((expectation, i) => {
    const { from = '', to = '' } = asked[i] ?? {}
    const met = trace.paths.flatMap(({ exchanges }: Path) => exchanges[i] ?? [])
    return compareExchanges(expectation, met).map(problem => `${from} to ${to}: ${problem}`)
  })
}

function compareExchanges(expected: PacketExpectation, met: readonly Exchange[]): readonly string[] {
  const problems: string[] = []
  const { experience, reaches, sees } = expected
  const others = new Set(met.map(one => one.experience).filter(one => one !== experience))
  if (experience && others.size > 0) problems.push(`expected ${experience}, it is ${[...others].join(' or ')}`)
  if (reaches) {
    const reached = [...new Set(met.flatMap(reachedBy))].sort()
    const wanted = reaches.map(
      name => reached.find(one => one === name || one.endsWith(`/${name.replace(/^pod\//, '')}`)) ?? name,
    )
    if (reached.join() !== [...wanted].sort().join())
      problems.push(`expected to reach ${wanted.join(', ')}, it reaches ${reached.join(', ') || 'nobody'}`)
  }
  if (sees !== undefined) {
    const seen = new Set(met.flatMap(sourceSeen))
    if (seen.size !== 1 || !seen.has(sees))
      problems.push(`expected to be seen as ${sees}, it is seen as ${[...seen].join(', ') || 'nobody'}`)
  }
  return problems
}

function reachedBy({ request: { outcome } }: Exchange): readonly string[] {
  return outcome.kind === 'delivered' ? [outcome.machine] : []
}

function sourceSeen({ request: { outcome } }: Exchange): readonly string[] {
  return outcome.kind === 'delivered' ? [formatIp(outcome.packet.src)] : []
}
