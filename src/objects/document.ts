/**
 * Files of YAML or JSON, split into documents.
 *
 * A document is read once to its value. Where something stands in it is found only when asked for, by reading its text
 * again: reports are rare and files are large.
 *
 * @module
 */
import type { Path } from './field.ts'
import { jsonLocator, readJson, skipSpace } from './json.ts'
import { type Locator, locatorOf, type Position, TextError } from './position.ts'
import { readYaml, yamlLocator } from './yaml.ts'

/** One document of a file. */
export interface Document {
  readonly value: unknown
  /** Where the value at `path` stands, or the nearest value above it. */
  readonly locate: (path: Path) => Position
}

/** A file's documents as far as they could be read, and what stopped the reading of others. */
export interface Documents {
  readonly documents: readonly Document[]
  readonly failures: readonly DocumentFailure[]
}

export interface DocumentFailure {
  readonly position: Position
  readonly message: string
}

/** A line that starts like this ends a document. Behind the dashes only a comment may stand. */
const SEPARATOR = /^---(.*)$/gm

/**
 * Reads all documents of a file. Text that starts with `{` is JSON, or YAML in flow form if it is no JSON.
 *
 * @see NewYAMLOrJSONDecoder in staging/src/k8s.io/apimachinery/pkg/util/yaml/decoder.go of Kubernetes
 */
export function readDocuments(text: string): Documents {
  const locate = locatorOf(text)
  const nul = text.indexOf('\0')
  if (nul >= 0)
    return { documents: [], failures: [{ position: locate(nul), message: 'control characters are not allowed' }] }
  if (text.charCodeAt(skipSpace(text, 0)) === OPEN_BRACE) {
    const json = readJsonDocuments(text, locate)
    if (json.failures.length === 0 || text.length > MAX_FLOW_YAML) return json
    const yaml = readYamlDocuments(text, locate)
    return yaml.failures.length === 0 ? yaml : json
  }
  return readYamlDocuments(text, locate)
}

const OPEN_BRACE = 0x7b
/** Beyond this, nobody writes YAML in flow form, and reading broken JSON as YAML would take long. */
const MAX_FLOW_YAML = 4 * 1024 * 1024

function readJsonDocuments(text: string, locate: Locator): Documents {
  const documents: Document[] = []
  let start = skipSpace(text, 0)
  while (start < text.length) {
    const offset = start
    const outcome = attempt(() => readJson(text, offset))
    if ('problem' in outcome) {
      return { documents, failures: [{ position: locate(outcome.offset), message: outcome.problem }] }
    }
    const offsetOf = jsonLocator(text, offset)
    documents.push({ value: outcome.value.value, locate: path => locate(offsetOf(path)) })
    start = skipSpace(text, outcome.value.end)
  }
  return { documents, failures: [] }
}

function readYamlDocuments(text: string, locate: Locator): Documents {
  const documents: Document[] = []
  const failures: DocumentFailure[] = []
  for (const { start, end, problem } of split(text)) {
    if (problem !== undefined) failures.push({ position: locate(start), message: problem })
    const part = text.slice(start, end)
    const outcome = attempt(() => readYaml(part))
    if ('problem' in outcome) {
      failures.push({ position: locate(start + Math.min(outcome.offset, part.length)), message: outcome.problem })
    } else if (outcome.value !== undefined && outcome.value !== null) {
      const offsetOf = yamlLocator(part)
      documents.push({ value: outcome.value, locate: path => locate(start + offsetOf(path)) })
    }
  }
  return { documents, failures }
}

interface Part {
  readonly start: number
  readonly end: number
  /** What is wrong with the separator before it. */
  readonly problem?: string
}

/** The parts between separators. */
function* split(text: string): Generator<Part> {
  let start = text.charCodeAt(0) === BYTE_ORDER_MARK ? 1 : 0
  let problem: { readonly problem?: string } = {}
  for (const match of text.matchAll(SEPARATOR)) {
    yield { start, end: match.index, ...problem }
    start = match.index + match[0].length
    const rest = match[1]?.trim() ?? ''
    problem = rest === '' || rest.startsWith('#') ? {} : { problem: `invalid Yaml document separator: ${rest}` }
  }
  yield { start, end: text.length, ...problem }
}

const BYTE_ORDER_MARK = 0xfeff

/** Runs a reader; what is wrong with the text becomes a value, and so does nesting beyond the stack. */
function attempt<T>(read: () => T): { readonly value: T } | { readonly problem: string; readonly offset: number } {
  try {
    return { value: read() }
  } catch (error) {
    if (error instanceof TextError) return { problem: error.message, offset: error.offset }
    if (error instanceof RangeError) return { problem: 'exceeded max depth', offset: 0 } // the stack ran out
    throw error
  }
}
