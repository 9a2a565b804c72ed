/**
 * Everything that the input files say: objects, configuration, and what is wrong with them.
 *
 * @module
 */
import { equalValue } from '../base/equal.ts'
import type { Configuration } from '../objects/configuration.ts'
import {
  formatManifestFinding,
  type Manifest,
  type ManifestFinding,
  type Setting,
  type Stranger,
  scanManifests,
  strangerFinding,
} from '../objects/manifest.ts'
import { keyOf } from '../objects/meta.ts'
import type { InputFile } from './input.ts'

export interface Harvest {
  readonly manifests: readonly Manifest[]
  readonly configurations: readonly Configuration[]
  /** What must be put right before anything can be done, a line each. */
  readonly findings: readonly string[]
  /** What the person should know all the same. */
  readonly notes: readonly string[]
}

/** A harvest while it comes in. */
interface Basket {
  readonly manifests: Manifest[]
  readonly configurations: Configuration[]
  readonly findings: string[]
  readonly notes: string[]
}

/** @param namespace of objects that name none */
export function harvestFiles(files: readonly InputFile[], namespace: string): Harvest {
  const basket: Basket = { manifests: [], configurations: [], findings: [], notes: [] }
  for (const { name, text, named } of files) {
    const scan = scanManifests(name, text, { namespace })
    basket.findings.push(...scan.findings.map(formatManifestFinding))
    for (const setting of scan.settings) takeSetting(setting, basket)
    for (const stranger of scan.strangers) takeStranger(stranger, named, basket)
    for (const manifest of scan.manifests) takeManifest(manifest, basket)
  }
  const { manifests, findings, notes } = withoutRepeats(basket.manifests)
  return {
    manifests,
    configurations: basket.configurations,
    findings: [...basket.findings, ...findings],
    notes: [...basket.notes, ...strangeKinds(manifests), ...notes],
  }
}

/** Its faults are among the findings already, each with its place. */
function takeSetting({ configuration, source, warnings }: Setting, { configurations, notes }: Basket): void {
  configurations.push(configuration)
  for (const warning of warnings) notes.push(`${source.file}:${source.locate([]).line}: ${warning}`)
}

/** A document without a kind, which is no component's configuration either. */
function takeStranger(stranger: Stranger, named: boolean, basket: Basket): void {
  const finding = strangerFinding(stranger)
  if (named) basket.findings.push(formatManifestFinding(finding))
  else basket.notes.push(`${placeOf(finding)}: skipped, no Kubernetes object (${finding.message})`)
}

function takeManifest(manifest: Manifest, basket: Basket): void {
  const { source, warnings } = manifest
  basket.manifests.push(manifest)
  const place = `${source.file}:${source.locate([]).line}`
  for (const warning of warnings) basket.notes.push(`${place}: ${subjectOf(manifest)}: ${warning}`)
}

function strangeKinds(manifests: readonly Manifest[]): readonly string[] {
  const counts = new Map<string, number>()
  for (const { known, object } of manifests) {
    const kind = `${object.apiVersion} ${object.kind}`
    if (!known) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  return [...counts].map(
    ([kind, count]) => `${kind}: kept, not acted on (${count} ${count === 1 ? 'object' : 'objects'})`,
  )
}

/** One object may be declared again, as it is; two different ones may not share a name. */
function withoutRepeats(all: readonly Manifest[]): Omit<Harvest, 'configurations'> {
  const first = new Map<string, Manifest>()
  const manifests: Manifest[] = []
  const findings: string[] = []
  const notes: string[] = []
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
    const own = { file: source.file, ...source.locate([]), object: subjectOf(manifest), field: '', status: 0 as const }
    if (equalValue(object, other.object))
      notes.push(formatManifestFinding({ ...own, message: `the same stands at ${at}` }))
    else findings.push(formatManifestFinding({ ...own, message: `another object of this name stands at ${at}` }))
  }
  return { manifests, findings, notes }
}

function subjectOf({ object }: Manifest): string {
  return `${object.kind} ${keyOf(object.metadata)}`
}

function placeOf({ file, line, column }: ManifestFinding): string {
  return `${file}:${line}:${column}`
}
