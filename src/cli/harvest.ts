/**
 * Everything that the input files say: objects, configuration, and what is wrong with them.
 *
 * @module
 */
import { equalValue } from '../base/equal.ts'
import {
  type Manifest,
  type ManifestFinding,
  type Setting,
  type Source,
  type Stranger,
  scanManifests,
  strangerFinding,
} from '../objects/manifest.ts'
import { keyOf } from '../objects/meta.ts'
import { RefusedInput } from './exit.ts'
import type { InputFile } from './input.ts'

export interface Harvest {
  readonly manifests: readonly Manifest[]
  /** The components' own configuration. */
  readonly settings: readonly Setting[]
  /** What must be put right before anything can be done. */
  readonly findings: readonly ManifestFinding[]
  /** What the API server warns about. */
  readonly warnings: readonly ManifestFinding[]
  /** What podwire did with the files that the person may not expect. */
  readonly notes: readonly ManifestFinding[]
}

/** A harvest while it comes in. */
interface Basket {
  readonly manifests: Manifest[]
  readonly settings: Setting[]
  readonly findings: ManifestFinding[]
  readonly warnings: ManifestFinding[]
  readonly notes: ManifestFinding[]
}

/**
 * @param namespace of objects that name none
 * @throws {RefusedInput} when the files hold nothing of a cluster at all
 */
export function harvestFiles(files: readonly InputFile[], namespace: string): Harvest {
  const basket: Basket = { manifests: [], settings: [], findings: [], warnings: [], notes: [] }
  for (const { name, text, named } of files) {
    const scan = scanManifests(name, text, { namespace })
    basket.findings.push(...scan.findings)
    for (const setting of scan.settings) takeSetting(setting, basket)
    for (const stranger of scan.strangers) takeStranger(stranger, named, basket)
    for (const manifest of scan.manifests) takeManifest(manifest, basket)
  }
  const { manifests, findings, notes } = withoutRepeats(basket.manifests)
  if (files.length > 0 && manifests.length + basket.settings.length + basket.findings.length === 0) {
    throw new RefusedInput(files.map(({ name }) => `${name}: holds no Kubernetes object`))
  }
  return {
    manifests,
    settings: basket.settings,
    findings: [...basket.findings, ...findings],
    warnings: basket.warnings,
    notes: [...basket.notes, ...strangeKinds(manifests), ...notes],
  }
}

/** Its faults are among the findings already, each with its place. */
function takeSetting(setting: Setting, basket: Basket): void {
  basket.settings.push(setting)
  for (const warning of setting.warnings) basket.warnings.push(remark(setting.source, '', warning))
}

/** A document without a kind, which is no component's configuration either. */
function takeStranger(stranger: Stranger, named: boolean, basket: Basket): void {
  const finding = strangerFinding(stranger)
  if (named) basket.findings.push(finding)
  else basket.notes.push({ ...finding, message: `skipped, no Kubernetes object (${finding.message})` })
}

function takeManifest(manifest: Manifest, basket: Basket): void {
  const { source, warnings } = manifest
  basket.manifests.push(manifest)
  for (const warning of warnings) basket.warnings.push(remark(source, subjectOf(manifest), warning))
}

/** Kinds that are read and checked, and that no node's files show. */
const KEPT = new Set(['CronJob', 'Ingress', 'NetworkPolicy'])

/** One remark a kind, at the first object of it. */
function strangeKinds(manifests: readonly Manifest[]): readonly ManifestFinding[] {
  const firsts = new Map<string, { readonly source: Source; count: number }>()
  for (const { known, object, source } of manifests) {
    if (known && !KEPT.has(object.kind)) continue
    const kind = `${object.apiVersion} ${object.kind}`
    const first = firsts.get(kind)
    if (first) first.count++
    else firsts.set(kind, { source, count: 1 })
  }
  return [...firsts].map(([kind, { source, count }]) =>
    remark(source, '', `${kind}: kept, not acted on (${count} ${count === 1 ? 'object' : 'objects'})`),
  )
}

/** One object may be declared again, as it is; two different ones may not share a name. */
function withoutRepeats(all: readonly Manifest[]): Pick<Harvest, 'manifests' | 'findings' | 'notes'> {
  const first = new Map<string, Manifest>()
  const manifests: Manifest[] = []
  const findings: ManifestFinding[] = []
  const notes: ManifestFinding[] = []
  for (const manifest of all) {
    const { object, source } = manifest
    const key = `${object.apiVersion} ${subjectOf(manifest)}`
    const other = object.metadata.name ? first.get(key) : undefined
    if (!other) {
      first.set(key, manifest)
      manifests.push(manifest)
      continue
    }
    const there = other.source.locate([])
    const at = `${other.source.file}:${there.line}:${there.column}`
    const own = (message: string) => remark(source, subjectOf(manifest), message)
    if (equalValue(object, other.object)) notes.push(own(`the same stands at ${at}`))
    else findings.push(own(`another object of this name stands at ${at}`))
  }
  return { manifests, findings, notes }
}

function subjectOf({ object }: Manifest): string {
  return `${object.kind} ${keyOf(object.metadata)}`
}

/** Something about a document as a whole. */
function remark(source: Source, object: string, message: string): ManifestFinding {
  return { file: source.file, ...source.locate([]), object, field: '', message, status: 0 }
}
