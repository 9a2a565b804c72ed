/**
 * Manifests: files of Kubernetes objects, read as a cluster would take them.
 *
 * Text goes in; out come objects, decoded and defaulted, that know where each of their fields stands, and everything
 * that is wrong with the file, with file, line, column, object and field.
 *
 * @module
 */
import { type Admission, type AdmissionOptions, admit, isTyped } from './admission.ts'
import type { ConfigMap } from './config-map.ts'
import { type Configuration, carriedBy, findConfiguration } from './configuration.ts'
import { type Document, readDocuments } from './document.ts'
import { at, atKey, type Field, formatField, type Path, pathOf, ROOT } from './field.ts'
import { findKind } from './kind.ts'
import { type KubeObject, keyOf } from './meta.ts'
import { isPlain, type Plain } from './plain.ts'
import type { Position } from './position.ts'

/** Where an object was written. */
export interface Source {
  readonly file: string
  /** Where the field at `path` stands, or what is nearest above it. */
  readonly locate: (path: Path) => Position
}

/** An object and where it was written. */
export interface Manifest {
  readonly object: KubeObject
  readonly source: Source
  /** Whether podwire knows the kind; if not, the object is as the document has it. */
  readonly known: boolean
  /** What the API server would warn about. */
  readonly warnings: readonly string[]
}

/** A document that says no apiVersion and kind: Helm values, an application's own configuration. */
export interface Stranger {
  readonly value: unknown
  readonly source: Source
}

/** A component's own configuration, from a file or from the ConfigMap that carries it. */
export interface Setting {
  readonly configuration: Configuration
  readonly source: Source
  /** What the component would pass over, or what a reader should know. */
  readonly warnings: readonly string[]
}

/** Something wrong in a manifest. */
export interface ManifestFinding {
  readonly file: string
  readonly line: number
  readonly column: number
  /** `Service default/web`; empty when the text could not be read that far. */
  readonly object: string
  /** `spec.ports[0].port`; empty for the object as a whole. */
  readonly field: string
  /** What the API server says, without the field: `Invalid value: 0: must be between 1 and 65535, inclusive` */
  readonly message: string
  /** What the API server would answer; 0 when kubectl would not even ask. */
  readonly status: 0 | 400 | 422
}

/** Everything that a file holds. */
export interface Scan {
  readonly manifests: readonly Manifest[]
  /** Those of ConfigMaps among the manifests included. */
  readonly settings: readonly Setting[]
  readonly strangers: readonly Stranger[]
  readonly findings: readonly ManifestFinding[]
}

/** A file that cannot be taken, with every reason for it, one a line of the message. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError'
  readonly code = 'ERR_MANIFEST'
  readonly findings: readonly ManifestFinding[]

  constructor(findings: readonly ManifestFinding[]) {
    super(findings.map(formatManifestFinding).join('\n'))
    this.findings = findings
  }
}

/** `web.yaml:12:9: Service default/web spec.ports[0].port: Invalid value: 0: must be …` */
export function formatManifestFinding(finding: ManifestFinding): string {
  const subject = [finding.object, finding.field].filter(part => part !== '').join(' ')
  const place = `${finding.file}:${finding.line}:${finding.column}`
  return subject === '' ? `${place}: ${finding.message}` : `${place}: ${subject}: ${finding.message}`
}

/**
 * Reads all objects of a file, lists opened.
 *
 * @param file its name, for messages only
 * @throws {ManifestError} naming everything wrong in the file, a document that is no Kubernetes object included
 */
export function readManifests(file: string, text: string, options: AdmissionOptions = {}): readonly Manifest[] {
  const { manifests, strangers, findings } = scanManifests(file, text, options)
  const strange = strangers.map(strangerFinding)
  if (findings.length + strange.length > 0) throw new ManifestError([...findings, ...strange].sort(byPlace))
  return manifests
}

/** Reads all objects of a file and tells what else is in it and what is wrong with it; never throws. */
export function scanManifests(file: string, text: string, options: AdmissionOptions = {}): Scan {
  const { documents, failures } = readDocuments(text)
  const findings: ManifestFinding[] = failures.map(({ position, message }) => {
    return { file, ...position, object: '', field: '', message, status: 0 }
  })
  const scan = { manifests: [], settings: [], strangers: [], findings }
  for (const item of documents.flatMap(document => open(file, document))) scanItem(item, options, scan)
  findings.sort(byPlace)
  return scan
}

/** In the order in which a reader meets them. */
function byPlace(a: Position, b: Position): number {
  return a.line - b.line || a.column - b.column
}

interface Sheet {
  readonly manifests: Manifest[]
  readonly settings: Setting[]
  readonly strangers: Stranger[]
  readonly findings: ManifestFinding[]
}

function scanItem({ value, source }: Item, options: AdmissionOptions, sheet: Sheet): void {
  const found = findConfiguration(value, source.file)
  if (found !== undefined) {
    const { configuration, problems, warnings } = found
    const object = isTyped(value) ? value.kind : 'net-conf.json'
    sheet.settings.push({ configuration, source, warnings })
    sheet.findings.push(...problems.map(({ field, message }) => findingAt(source, object, field, message, 0)))
    return
  }
  if (!isTyped(value)) {
    sheet.strangers.push({ value, source })
    return
  }
  const admission = admit(value, options)
  sheet.findings.push(...refusals(admission, value, source, options))
  if (admission.verdict !== 'accepted' && admission.verdict !== 'unknown') return
  const { object } = admission
  const known = admission.verdict === 'accepted'
  sheet.manifests.push({ object, source, known, warnings: known ? admission.warnings : [] })
  if (object.kind === 'ConfigMap') scanCarried(object as ConfigMap, source, sheet)
}

/** What a ConfigMap carries stands in the lines behind its key. */
function scanCarried(map: ConfigMap, source: Source, sheet: Sheet): void {
  const { found, failures } = carriedBy(map)
  const object = `ConfigMap ${keyOf(map.metadata)}`
  const within = (key: string, inner: Position): Position => {
    const start = source.locate(['data', key])
    return { line: start.line + inner.line, column: start.column + 1 + inner.column } // as a rule two deeper than its key
  }
  for (const { key, position, message } of failures) {
    const field = formatField(atKey(at(ROOT, 'data'), key))
    sheet.findings.push({ file: source.file, ...within(key, position), object, field, message, status: 0 })
  }
  for (const one of found) {
    const inner: Source = { file: source.file, locate: path => within(one.key, one.locate(path)) }
    sheet.settings.push({ configuration: one.configuration, source: inner, warnings: one.warnings })
    sheet.findings.push(...one.problems.map(({ field, message }) => findingAt(inner, object, field, message, 0)))
  }
}

/** What kubectl says of a document that is no Kubernetes object. */
export function strangerFinding({ value, source }: Stranger): ManifestFinding {
  const missing = isPlain(value) && !value['kind'] ? 'Kind' : 'apiVersion'
  const message = isPlain(value) ? `Object '${missing}' is missing` : 'not a Kubernetes object: no map of fields'
  return { file: source.file, ...source.locate([]), object: '', field: '', message, status: 0 }
}

interface Item {
  readonly value: unknown
  readonly source: Source
}

/** A list's items, or the document itself. */
function open(file: string, { value, locate }: Document, prefix: Path = []): Item[] {
  const inner = listOf(value)
  if (inner === undefined) return [{ value, source: { file, locate: path => locate([...prefix, ...path]) } }]
  return inner.flatMap((item, index) => open(file, { value: item, locate }, [...prefix, 'items', index]))
}

/** The items of a `List` or of a `ServiceList`, whose items need not say their kind. */
function listOf(value: unknown): readonly unknown[] | undefined {
  if (!isTyped(value) || !value.kind.endsWith('List')) return undefined
  const { apiVersion, kind, items } = value
  if (!Array.isArray(items)) return items === undefined || items === null ? [] : undefined
  if (kind === 'List') return items
  const type = { apiVersion, kind: kind.slice(0, -4) }
  return items.map((item: unknown) => (isPlain(item) ? { ...type, ...item } : item))
}

function refusals(admission: Admission, value: Plain, source: Source, options: AdmissionOptions): ManifestFinding[] {
  const object = subjectOf(value, options)
  switch (admission.verdict) {
    case 'malformed':
      return admission.problems.map(({ field, message }) => findingAt(source, object, field, message, 400))
    case 'misplaced':
      return [findingAt(source, object, at(ROOT, 'metadata', 'namespace'), admission.message, 400)]
    case 'invalid':
      return admission.findings.map(({ field, message, origin }) => {
        return findingAt(source, object, field, message, 422, origin)
      })
    case 'accepted':
    case 'unknown':
      return []
  }
}

function findingAt(
  source: Source,
  object: string,
  field: Field,
  message: string,
  status: ManifestFinding['status'],
  origin = field,
): ManifestFinding {
  return { file: source.file, ...source.locate(pathOf(origin)), object, field: formatField(field), message, status }
}

/** `Service default/web`, from whatever the document says. */
function subjectOf(value: Plain, options: AdmissionOptions): string {
  const metadata = isPlain(value['metadata']) ? value['metadata'] : {}
  const name = metadata['name'] ?? metadata['generateName'] ?? '(no name)'
  const namespace = metadata['namespace'] ?? options.namespace ?? 'default'
  const placed = findKind(`${value['kind']}`)?.namespaced ?? metadata['namespace'] !== undefined
  return placed ? `${value['kind']} ${namespace}/${name}` : `${value['kind']} ${name}`
}
