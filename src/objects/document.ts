/**
 * Files of YAML or JSON, split into documents.
 *
 * A document is read once to its value. Where something stands in it is found only when asked for, by reading its text
 * again: reports are rare and files are large.
 *
 * @module
 */
import type { Path } from './field.ts'
import { locateJson, readJson, skipSpace } from './json.ts'
import { type Position, positionAt, TextError } from './position.ts'
import { locateYaml, readYaml } from './yaml.ts'

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

/** A line that ends a document. Behind the dashes only a comment may stand. */
const SEPARATOR = /^---(?:[ \t]*(?:#.*)?|[ \t]+.*)\r?$/gm
const BARE_SEPARATOR = /^---[ \t]*(?:#.*)?\r?$/

/**
 * Reads all documents of a file. Text that starts with `{` is JSON, or YAML in flow form if it is no JSON.
 *
 * @see NewYAMLOrJSONDecoder in staging/src/k8s.io/apimachinery/pkg/util/yaml/decoder.go of Kubernetes
 */
export function readDocuments(text: string): Documents {
  const nul = text.indexOf('\0')
  if (nul >= 0) {
    return { documents: [], failures: [failureAt(text, nul, 'control characters are not allowed')] }
  }
  if (text.charCodeAt(skipSpace(text, 0)) === 0x7b) {
    const json = readJsonDocuments(text)
    if (json.failures.length === 0) return json
    const yaml = readYamlDocuments(text)
    return yaml.failures.length === 0 ? yaml : json
  }
  return readYamlDocuments(text)
}

function readJsonDocuments(text: string): Documents {
  const documents: Document[] = []
  let start = skipSpace(text, 0)
  while (start < text.length) {
    const offset = start
    const outcome = attempt(() => readJson(text, offset))
    if ('problem' in outcome) return { documents, failures: [failureAt(text, outcome.offset, outcome.problem)] }
    documents.push({
      value: outcome.value.value,
      locate: path => positionAt(text, locateJson(text, offset, path)),
    })
    start = skipSpace(text, outcome.value.end)
  }
  return { documents, failures: [] }
}

function readYamlDocuments(text: string): Documents {
  const documents: Document[] = []
  const failures: DocumentFailure[] = []
  for (const { start, end } of split(text)) {
    const part = text.slice(start, end)
    const outcome = attempt(() => readYaml(part))
    if ('problem' in outcome) failures.push(failureAt(text, start + outcome.offset, outcome.problem))
    else if (outcome.value !== undefined && outcome.value !== null) {
      documents.push({
        value: outcome.value,
        locate: path => positionAt(text, start + locateYaml(part, path)),
      })
    }
  }
  return { documents, failures }
}

/** The parts between separators. Text behind the dashes belongs to the part that they open. */
function* split(text: string): Generator<{ readonly start: number; readonly end: number }> {
  let start = text.charCodeAt(0) === 0xfeff ? 1 : 0
  for (const match of text.matchAll(SEPARATOR)) {
    yield { start, end: match.index }
    start = BARE_SEPARATOR.test(match[0]) ? match.index + match[0].length : match.index + 3
  }
  yield { start, end: text.length }
}

function failureAt(text: string, offset: number, message: string): DocumentFailure {
  return { position: positionAt(text, Math.min(offset, text.length)), message }
}

/** Runs a reader; what is wrong with the text becomes a value, and so does nesting beyond the stack. */
function attempt<T>(read: () => T): { readonly value: T } | { readonly problem: string; readonly offset: number } {
  try {
    return { value: read() }
  } catch (error) {
    if (error instanceof TextError) return { problem: error.message, offset: error.offset }
    if (error instanceof RangeError) return { problem: 'exceeded max depth', offset: 0 }
    throw error
  }
}
