/**
 * YAML as kubectl reads it.
 *
 * The grammar is the `yaml` package's; what plain scalars, keys and aliases mean is Kubernetes' own mixture, which is
 * neither YAML 1.1 nor 1.2: `yes` and `on` are booleans and `010` is eight, as in 1.1, but `1:30` is text and `0o17`
 * a number, as in 1.2. Everything a document says becomes what JSON can say, as kubectl sends it.
 *
 * @see resolve.go and decode.go in goyaml.v2 of sigs.k8s.io/yaml, and yaml.go beside them
 *
 * @module
 */
import {
  type Alias,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  type Scalar,
  type YAMLMap,
} from 'yaml'
import type { Path } from './field.ts'
import { TextError } from './position.ts'
import { resolvePlain } from './yaml-scalar.ts'

const CORE_TAG = 'tag:yaml.org,2002:'

/**
 * Reads one document.
 *
 * @returns `undefined` for a document that says nothing
 * @throws {TextError} when the text is not YAML, names a key twice or has too many aliases
 */
export function readYaml(text: string): unknown {
  const document = parse(text)
  const [problem] = document.errors
  if (problem !== undefined) throw new TextError(problemText(problem.message), problem.pos[0])
  return document.contents === null ? undefined : new Reader().value(document.contents)
}

/**
 * Tells where values stand: a field at its key, an element of a list at itself; if there is no such value, the nearest
 * one above it. The text is parsed once more when first asked.
 */
export function yamlLocator(text: string): (path: Path) => number {
  let document: ReturnType<typeof parse> | undefined
  return path => {
    document ??= parse(text)
    let node: unknown = document.contents
    let place = startOf(node)
    for (const step of path) {
      if (isAlias(node)) node = node.resolve(document)
      const next = stepInto(node, step)
      if (next === undefined) break
      place = startOf(next.shown) ?? place
      node = next.node
    }
    return place ?? 0
  }
}

function stepInto(
  node: unknown,
  step: string | number,
): { readonly node: unknown; readonly shown: unknown } | undefined {
  if (isSeq(node) && typeof step === 'number') {
    const item: unknown = node.items[step]
    return item === undefined ? undefined : { node: item, shown: item }
  }
  const pair: unknown = isMap(node) ? node.items.find(item => keyOf(item.key) === `${step}`) : undefined
  return isPair(pair) ? { node: pair.value, shown: pair.key } : undefined
}

/** The package passes on what V8 says when the stack runs out. */
function problemText(message: string): string {
  return message.startsWith('Maximum call stack') ? 'exceeded max depth' : message
}

function parse(text: string) {
  return parseDocument(text, {
    schema: 'failsafe', // all scalars stay text, to be resolved below
    merge: true,
    prettyErrors: false,
    // The package compares each key with every other; the reader below needs one look-up a key.
    uniqueKeys: false,
    logLevel: 'error',
  })
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0]
}

function failure(message: string, node: unknown): TextError {
  return new TextError(message, startOf(node) ?? 0)
}

/** What a scalar means, by its tag if it has one, else by its look. */
function scalarOf(scalar: Scalar): string | number | boolean | null {
  const text = scalar.source ?? ''
  const { tag } = scalar
  if (tag === undefined) return scalar.type === 'PLAIN' ? resolvePlain(text) : text
  if (!tag.startsWith(CORE_TAG) || tag === `${CORE_TAG}str`) return text
  const value = tag === `${CORE_TAG}binary` ? binary(text, scalar) : resolvePlain(text)
  const fits = {
    [`${CORE_TAG}null`]: value === null,
    [`${CORE_TAG}bool`]: typeof value === 'boolean',
    [`${CORE_TAG}int`]: Number.isInteger(value),
    [`${CORE_TAG}float`]: typeof value === 'number',
  }[tag]
  if (fits === false)
    throw failure(`cannot decode ${JSON.stringify(text)} as a !!${tag.slice(CORE_TAG.length)}`, scalar)
  return value
}

/** Bytes, as text of one character each. */
function binary(text: string, scalar: Scalar): string {
  try {
    return atob(text.replace(/\s/g, ''))
  } catch {
    throw failure('!!binary value contains invalid base64 data', scalar)
  }
}

/** A key as JSON has it, where every key is text. */
function keyOf(key: unknown): string | undefined {
  const value = isScalar(key) && !isMerge(key) ? scalarOf(key) : null
  return value === null ? undefined : `${value}`
}

/** `<<` without quotes takes over the entries of other maps. */
function isMerge(key: unknown): boolean {
  return isScalar(key) && key.type === 'PLAIN' && key.source === '<<'
}

/** Turns nodes into values, counting what aliases repeat. */
class Reader {
  private readonly anchors = new Map<string, Node>()
  private readonly targets = new Map<Alias, Node | undefined>()
  private readonly open = new Set<Node>()
  private nodes = 0
  private repeated = 0

  value(node: unknown): unknown {
    this.count(node)
    if (isAlias(node)) return this.expand(node, target => this.value(target))
    if (isScalar(node)) return this.scalar(node)
    if (isMap(node)) return Object.fromEntries(this.entries(node))
    if (isSeq(node)) return node.items.map(item => this.value(item))
    return null
  }

  /** @see allowedAliasRatio and unmarshal in decode.go of goyaml.v2 */
  private count(node: unknown): void {
    this.nodes++
    if (this.open.size > 0) this.repeated++
    else this.remember(node)
    if (this.repeated <= 100 || this.nodes <= 1000) return
    const allowed = Math.min(0.99, Math.max(0.1, 0.99 - 0.89 * ((this.nodes - 400_000) / 3_600_000)))
    if (this.repeated / this.nodes > allowed) throw failure('document contains excessive aliasing', node)
  }

  /** On the first walk, in the order of the text: an alias means the last anchor of its name before it. */
  private remember(node: unknown): void {
    if (isAlias(node)) this.targets.set(node, this.anchors.get(node.source))
    else if ((isScalar(node) || isMap(node) || isSeq(node)) && node.anchor !== undefined) {
      this.anchors.set(node.anchor, node)
    }
  }

  private expand<T>(alias: Alias, read: (target: Node) => T): T {
    const target = this.targets.get(alias)
    if (target === undefined) throw failure(`unknown anchor '${alias.source}' referenced`, alias)
    if (this.open.has(target)) throw failure(`anchor '${alias.source}' value contains itself`, alias)
    this.open.add(target)
    const value = read(target)
    this.open.delete(target)
    return value
  }

  private scalar(node: Scalar): unknown {
    const value = scalarOf(node)
    if (typeof value !== 'number' || Number.isFinite(value)) return value
    const name = Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
    throw failure(`json: unsupported value: ${name}`, node)
  }

  private entries(map: YAMLMap): Map<string, unknown> {
    const entries = new Map<string, unknown>()
    const merged = new Map<string, unknown>()
    for (const { key, value } of map.items) {
      if (isMerge(key)) this.merge(merged, value)
      else {
        const name = keyOf(key)
        if (name === undefined) throw failure('unsupported map key', key ?? map)
        if (entries.has(name)) throw failure(`key ${JSON.stringify(name)} already set in map`, key)
        this.remember(key)
        entries.set(name, this.value(value))
      }
    }
    for (const [name, value] of merged) if (!entries.has(name)) entries.set(name, value)
    return entries
  }

  /** The first map that has a key decides it. */
  private merge(into: Map<string, unknown>, source: unknown): void {
    this.count(source)
    if (isAlias(source)) this.expand(source, target => this.merge(into, target))
    else if (isSeq(source)) for (const item of source.items) this.merge(into, item)
    else if (isMap(source)) {
      for (const [name, value] of this.entries(source)) if (!into.has(name)) into.set(name, value)
    } else throw failure('map merge requires map or sequence of maps as the value', source)
  }
}
