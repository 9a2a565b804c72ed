/**
 * The environment that kubelet gives a container: `envFrom`, then `env`, then what Services add.
 *
 * What the image sets, and `PATH`, `HOSTNAME` and `TERM`, are the runtime's and not told here.
 *
 * @see makeEnvironmentVariables in pkg/kubelet/kubelet_pods.go of Kubernetes
 *
 * @module
 */
import type { ConfigMap } from '../objects/config-map.ts'
import { variableNameProblems } from '../objects/name.ts'
import type { Node } from '../objects/node.ts'
import type { Container, Pod } from '../objects/pod.ts'
import { type Secret, secretData } from '../objects/secret.ts'
import {
  type DeclaredSource,
  type DeclaredVariable,
  declaredSources,
  declaredVariables,
  type ValueSource,
} from './declared-variable.ts'
import { type EnvironmentSize, environmentSize, sizeObstacles } from './environment-size.ts'
import { environmentWarnings } from './environment-warnings.ts'
import { expand, referencesIn } from './expansion.ts'
import { fieldValue, type Told } from './field-value.ts'
import { type KnownServices, linkedServices } from './linked-services.ts'
import { resourceValue } from './resource-value.ts'
import { MASK, type Origin, type Remark, shownValue, type Variable } from './variable.ts'

/** What kubelet knows beside the pod. */
export interface Surroundings extends KnownServices {
  /** The pod's node; absent: it has none yet. */
  readonly node?: Node
  /** Of the pod's namespace. */
  readonly configMap: (name: string) => ConfigMap | undefined
  /** Of the pod's namespace. */
  readonly secret: (name: string) => Secret | undefined
}

export interface Environment {
  /** The container's own in the order of their declarations, then the Services'; kubelet's own order is random. */
  readonly variables: readonly Variable[]
  /** Why the container does not start; the variables are then those that it would have. */
  readonly obstacles: readonly Remark[]
  readonly warnings: readonly Remark[]
  /** What was taken for granted, or is good to know. */
  readonly notes: readonly Remark[]
  readonly size: EnvironmentSize
}

/** The environment while it is made. */
interface Draft {
  readonly own: Map<string, Variable>
  readonly services: ReadonlyMap<string, Variable>
  readonly obstacles: Remark[]
  readonly warnings: Remark[]
}

export function containerEnvironment(pod: Pod, container: Container, around: Surroundings): Environment {
  const linked = linkedServices(pod, container, around)
  const draft: Draft = { own: new Map(), services: linked.variables, obstacles: [], warnings: [] }
  for (const [index, source] of declaredSources(container).entries()) {
    addSource(source, `envFrom[${index}]`, pod, around, draft)
  }
  const declared = declaredVariables(container)
  for (const [index, variable] of declared.entries()) {
    addVariable(variable, index, { pod, container, around, declared }, draft)
  }
  const variables = merged(draft)
  const size = environmentSize(variables)
  return {
    variables,
    obstacles: [...draft.obstacles, ...sizeObstacles(variables, size)],
    warnings: [...draft.warnings, ...environmentWarnings(variables, pod, container, size)],
    notes: linked.notes,
    size,
  }
}

/** What the container says stands before what Services add. */
function merged({ own, services }: Draft): readonly Variable[] {
  const first = [...own.values()].map(variable => {
    const service = services.get(variable.name)
    return service ? { ...variable, replaces: [...variable.replaces, service, ...service.replaces] } : variable
  })
  return [...first, ...[...services.values()].filter(({ name }) => !own.has(name))]
}

/** The later of one name stands, in its own place. */
function put(variable: Omit<Variable, 'replaces'>, { own }: Draft): void {
  const previous = own.get(variable.name)
  own.delete(variable.name)
  own.set(variable.name, { ...variable, replaces: previous ? [previous, ...previous.replaces] : [] })
}

/** A value fetched from somewhere; `problem` keeps the container from starting, in kubelet's words. */
type Fetched = Told | { readonly problem: string } | 'omitted'

/** All keys of an object. Their values are not expanded. */
function addSource(source: DeclaredSource, place: string, pod: Pod, around: Surroundings, draft: Draft): void {
  const entries = entriesOf(source, around)
  if (!entries) {
    if (source.optional) return
    draft.obstacles.push({ code: 'CreateContainerConfigError', message: notFound(source) })
    return
  }
  const invalid: string[] = []
  for (const [key, told] of entries) {
    const name = source.prefix + key
    if (variableNameProblems(name).length > 0) invalid.push(name)
    else addFetched(name, told, { place, source: { ...source, key } }, draft)
  }
  if (invalid.length === 0) return
  const what = source.from === 'Secret' ? 'secret' : 'configMap'
  draft.warnings.push({
    code: 'InvalidEnvironmentVariableNames',
    message: `Keys [${invalid.sort().join(', ')}] from the EnvFrom ${what} ${pod.metadata.namespace}/${source.name} were skipped since they are considered invalid environment variable names.`,
  })
}

interface Named {
  readonly from: 'ConfigMap' | 'Secret'
  readonly name: string
}

/** The object's keys in order, with their values; nothing when there is no such object. */
function entriesOf(
  { from, name }: Named,
  around: Surroundings,
): readonly (readonly [string, Told | Problem])[] | undefined {
  if (from === 'ConfigMap') {
    const map = around.configMap(name)
    return map && inOrder(Object.entries(map.data ?? {}).map(([key, value]) => [key, { value }]))
  }
  const secret = around.secret(name)
  return secret && inOrder([...secretData(secret)].map(([key, bytes]) => [key, textOf(bytes, name, key)]))
}

interface Problem {
  readonly problem: string
}

function inOrder<T>(entries: [string, T][]): readonly (readonly [string, T])[] {
  return entries.sort(([a], [b]) => (a < b ? -1 : 1))
}

/** Bytes as the runtime takes them: only UTF-8 goes through the protocol between kubelet and it. */
function textOf(bytes: Uint8Array, name: string, key: string): Told | Problem {
  try {
    return { value: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) }
  } catch {
    return { problem: `key ${key} of Secret ${name} is not UTF-8: no environment can hold it` }
  }
}

function notFound({ from, name }: Named): string {
  return `${from.toLowerCase()} ${JSON.stringify(name)} not found`
}

/** A container and all that its variables are made from. */
interface Ground {
  readonly pod: Pod
  readonly container: Container
  readonly around: Surroundings
  readonly declared: readonly DeclaredVariable[]
}

function addVariable(variable: DeclaredVariable, index: number, ground: Ground, draft: Draft): void {
  const { name, text, source } = variable
  const place = `env[${index}]`
  if (text !== '') {
    addExpanded(variable, index, ground, draft)
    return
  }
  if (!source) {
    put({ name, value: '', origin: { place, source: { from: 'text' } } }, draft)
    return
  }
  const fetched = fetch(source, ground)
  if (fetched !== 'omitted') addFetched(name, fetched, { place, source }, draft)
}

function addFetched(name: string, fetched: Exclude<Fetched, 'omitted'>, origin: Origin, draft: Draft): void {
  if ('problem' in fetched) {
    draft.obstacles.push({ code: 'CreateContainerConfigError', variable: name, message: fetched.problem })
    put({ name, unknown: fetched.problem, origin }, draft)
  } else if ('unknown' in fetched) {
    draft.warnings.push({ code: 'ValueUnknown', variable: name, message: `${name}: ${fetched.unknown}` })
    put({ name, unknown: fetched.unknown, origin }, draft)
  } else {
    const { value } = fetched
    if (value.includes('\0')) {
      draft.obstacles.push({
        code: 'InvalidValue',
        variable: name,
        message: `${name} holds a NUL byte: no process can have it`,
      })
    }
    put({ name, value, origin, ...(origin.source.from === 'Secret' && { masked: MASK }) }, draft)
  }
}

/** References are replaced by what stands before, then by what Services add. */
function addExpanded({ name, text }: DeclaredVariable, index: number, { declared }: Ground, draft: Draft): void {
  const find = (wanted: string) => draft.own.get(wanted) ?? draft.services.get(wanted)
  const origin: Origin = { place: `env[${index}]`, source: { from: 'text' } }
  const found = referencesIn(text).map(wanted => ({ wanted, variable: find(wanted) }))
  for (const { wanted, variable } of found) {
    if (!variable) draft.warnings.push(leftAlone(name, wanted, declared.slice(index + 1)))
  }
  const blind = found.find(({ variable }) => variable?.unknown !== undefined)
  if (blind) {
    put({ name, unknown: `$(${blind.wanted}) is not known`, declared: text, origin }, draft)
    return
  }
  const value = expand(text, wanted => find(wanted)?.value)
  const isSecret = found.some(({ variable }) => variable?.masked !== undefined)
  const masked = isSecret ? expand(text, wanted => maskedOf(find(wanted))) : undefined
  put(
    { name, value, ...(value !== text && { declared: text }), ...(masked !== undefined && { masked }), origin },
    draft,
  )
}

function maskedOf(variable: Variable | undefined): string | undefined {
  return variable && shownValue(variable)
}

function leftAlone(name: string, wanted: string, later: readonly DeclaredVariable[]): Remark {
  const why = later.some(one => one.name === wanted)
    ? `${wanted} is declared further down, and only what stands before counts`
    : `there is no variable ${wanted} before it`
  return { code: 'ReferenceLeft', variable: name, message: `${name}: $(${wanted}) stays as it is: ${why}` }
}

function fetch(source: ValueSource, { pod, container, around }: Ground): Fetched {
  switch (source.from) {
    case 'field':
      return fieldValue(source.path, pod, around.node)
    case 'resource':
      return resourceValue(source, pod, container, around.node)
    case 'ConfigMap':
    case 'Secret':
      return fetchKey(source, pod, around)
    case 'file':
      return { unknown: `its value is in a file of volume ${source.volume}, which containers write as they run` }
    case 'unknown':
      return { unknown: `podwire does not know valueFrom.${source.field}` }
  }
}

function fetchKey(
  source: Extract<ValueSource, { from: 'ConfigMap' | 'Secret' }>,
  { metadata }: Pod,
  around: Surroundings,
): Fetched {
  const { from, name, key, optional } = source
  const entries = entriesOf(source, around)
  const found = entries?.find(([one]) => one === key)
  if (found) return found[1]
  if (optional) return 'omitted'
  return { problem: entries ? `couldn't find key ${key} in ${from} ${metadata.namespace}/${name}` : notFound(source) }
}
