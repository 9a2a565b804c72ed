/**
 * `scenario.yaml`: the steps of a scenario, beside its `manifests/`.
 *
 *     namespace: default
 *     steps:
 *       - say: the node of one copy stops answering
 *         fail: node-2
 *         wait: 5m
 *         expect:
 *           pods: { app=web: 3 }
 *           endpoints: { web: 3 }
 *
 * A step may hold several actions; they are taken in the order of {@link ACTIONS}. The packets of
 * `trace` are followed after them; their form is told in trace-step.ts.
 *
 * @module
 */
import { join } from 'node:path'
import type { Action, Expectation, Step } from '../cluster/scenario.ts'
import { readDocuments } from '../objects/document.ts'
import type { Path } from '../objects/field.ts'
import { findKindByName } from '../objects/kind.ts'
import type { KubeObject } from '../objects/meta.ts'
import { isPlain, type Plain } from '../objects/plain.ts'
import { parseSelector } from '../objects/selector.ts'
import { RefusedInput } from './exit.ts'
import { readTraceStep, type TraceStep } from './trace-step.ts'

export interface Scenario {
  readonly folder: string
  readonly namespace: string
  readonly steps: readonly ScenarioStep[]
}

/** A step, and the packets that are followed once the cluster has settled. */
export interface ScenarioStep extends Step {
  readonly trace?: TraceStep
}

/** The objects of a file, or of the files of a folder. */
export type ReadObjects = (path: string) => Promise<readonly KubeObject[]>

const ACTIONS = ['apply', 'delete', 'fail', 'recover', 'ready', 'unready', 'run', 'wait'] as const
type ActionWord = (typeof ACTIONS)[number]

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 }

/** Where a file of steps is being read, and how it says what is wrong. */
interface Reading {
  readonly folder: string
  readonly namespace: string
  readonly objects: ReadObjects
  readonly fail: (path: Path, problem: string) => RefusedInput
}

/** @throws {RefusedInput} naming the place of the first mistake */
export async function readScenario(folder: string, text: string, objects: ReadObjects): Promise<Scenario> {
  const file = join(folder, 'scenario.yaml')
  const { documents, failures } = readDocuments(text)
  const [document] = documents
  const [failure] = failures
  if (failure) {
    throw new RefusedInput([`${file}:${failure.position.line}:${failure.position.column}: ${failure.message}`])
  }
  const fail = (path: Path, problem: string) => {
    const { line, column } = document?.locate(path) ?? { line: 1, column: 1 }
    return new RefusedInput([`${file}:${line}:${column}: ${path.join('.')}${path.length > 0 ? ': ' : ''}${problem}`])
  }
  const value = document?.value
  if (!isPlain(value) || !Array.isArray(value['steps'])) throw fail([], 'a scenario has a list of steps')
  const namespace = value['namespace'] ?? 'default'
  if (typeof namespace !== 'string') throw fail(['namespace'], 'not a name')
  const reading: Reading = { folder, namespace, objects, fail }
  const steps: ScenarioStep[] = []
  for (const [index, step] of value['steps'].entries()) steps.push(await readStep(step, ['steps', index], reading))
  return { folder, namespace, steps }
}

async function readStep(value: unknown, path: Path, reading: Reading): Promise<ScenarioStep> {
  if (!isPlain(value)) throw reading.fail(path, 'a step is a map of say, an action or a trace, expect')
  const known = new Set<string>([...ACTIONS, 'say', 'expect', 'fault', 'trace'])
  const stray = Object.keys(value).find(key => !known.has(key))
  if (stray) throw reading.fail([...path, stray], `unknown; a step has ${[...known].join(', ')}`)
  const { say } = value
  if (typeof say !== 'string') throw reading.fail(path, 'say what happens')
  const actions: Action[] = []
  for (const word of ACTIONS) {
    const given = value[word]
    if (given === undefined) continue
    for (const [i, one] of [given].flat().entries()) {
      const at = Array.isArray(given) ? [...path, word, i] : [...path, word]
      if (typeof one !== 'string') throw reading.fail(at, 'not a text')
      actions.push(await readAction(word, one, at, reading))
    }
  }
  const trace = readTraceStep(value, path, reading.fail)
  return {
    say,
    actions,
    expectations: readExpectations(value['expect'], [...path, 'expect'], reading),
    ...(trace ? { trace } : {}),
  }
}

async function readAction(word: ActionWord, text: string, path: Path, reading: Reading): Promise<Action> {
  const { namespace } = reading
  switch (word) {
    case 'apply':
      return { do: 'apply', objects: await reading.objects(join(reading.folder, text)) }
    case 'delete': {
      const [resource = '', name = ''] = text.split('/')
      const kind = findKindByName(resource)
      if (!kind || name === '') throw reading.fail(path, `"${text}" is not KIND/NAME`)
      return { do: 'delete', key: { kind: kind.kind, name, ...(kind.namespaced && { namespace }) } }
    }
    case 'fail':
    case 'recover':
      return { do: word, node: text }
    case 'ready':
    case 'unready':
    case 'run':
      return { do: word, namespace, name: text }
    case 'wait': {
      const [, count, unit = ''] = /^(\d+)([smh])$/.exec(text) ?? []
      if (count === undefined) throw reading.fail(path, `"${text}" is no time such as 30s, 5m, 1h`)
      return { do: 'wait', span: Number(count) * (UNITS[unit] ?? 1) }
    }
  }
}

function readExpectations(value: unknown, path: Path, reading: Reading): readonly Expectation[] {
  if (value === undefined) return []
  if (!isPlain(value)) throw reading.fail(path, 'expect is a map of pods and endpoints')
  const stray = Object.keys(value).find(key => key !== 'pods' && key !== 'endpoints')
  if (stray) throw reading.fail([...path, stray], 'unknown; expect has pods, endpoints')
  const { namespace } = reading
  return [
    ...counts(value, 'pods', path, reading).map(([selector, count]): Expectation => {
      checkSelector(selector, [...path, 'pods', selector], reading)
      return { of: 'pods', namespace, selector, count }
    }),
    ...counts(value, 'endpoints', path, reading).map(
      ([service, count]): Expectation => ({ of: 'endpoints', namespace, service, count }),
    ),
  ]
}

function checkSelector(selector: string, path: Path, { fail }: Reading): void {
  try {
    parseSelector(selector)
  } catch (cause) {
    throw fail(path, (cause as Error).message)
  }
}

function counts(value: Plain, field: string, path: Path, { fail }: Reading): readonly (readonly [string, number])[] {
  const map = value[field] ?? {}
  if (!isPlain(map)) throw fail([...path, field], 'not a map of names and numbers')
  return Object.entries(map).map(([key, count]) => {
    if (typeof count !== 'number') throw fail([...path, field, key], 'not a number')
    return [key, count] as const
  })
}
