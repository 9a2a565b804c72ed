/**
 * `podwire check`: what the API server would refuse or warn about.
 *
 * @module
 */
import { settledCluster } from '../cluster/cluster.ts'
import { commonGround, DEFAULT_FEATURES, hostState } from '../cluster/host-state.ts'
import { formatManifestFinding, type ManifestFinding } from '../objects/manifest.ts'
import type { Command, Given } from './command.ts'
import { type ExitCode, UsageError } from './exit.ts'
import { harvestFiles } from './harvest.ts'
import { type InputFailure, readInput } from './input.ts'
import type { Io } from './io.ts'
import { type Built, build, buildOptionsOf, locating } from './load.ts'
import { CLUSTER_OPTIONS } from './options.ts'

const FORMATS = ['text', 'json', 'github'] as const
type Format = (typeof FORMATS)[number]

export const CHECK: Command = {
  name: 'check',
  summary: 'Say what the API server would refuse or warn about, with file, line and column.',
  usage: '-f FILE… [-o text|json|github]',
  about: `
Reads manifests as the API server of Kubernetes 1.37 would (decoding, defaulting, validation, allocation of addresses
and ports) and prints every finding of every file, in the API server's words. Exit code 0: nothing is refused (there may be
warnings); 1: something is; 2: a file could not be read as YAML or JSON at all.`,
  options: [
    ...CLUSTER_OPTIONS,
    {
      name: 'output',
      short: 'o',
      value: 'FORMAT',
      help: 'text, json, or github (annotations of a workflow)',
      default: 'text',
    },
  ],
  examples: [
    { does: 'all manifests of a repository', call: 'podwire check -f deploy/' },
    { does: 'in a GitHub workflow', call: 'podwire check -f deploy/ -o github' },
    { does: 'what a chart would apply', call: 'helm template chart/ | podwire check -f -' },
  ],
  run: runCheck,
}

/** Also compiles one node, which finds mistakes in kube-proxy's configuration. */
function tryOut({ cluster, findings }: Built): readonly ManifestFinding[] {
  const settled = settledCluster(cluster)
  const [node] = settled.nodes
  if (node) hostState(commonGround(settled), node, { features: DEFAULT_FEATURES })
  return findings
}

/** A file that could not even be opened, or is no text. */
function unread({ name, problem }: InputFailure): ManifestFinding {
  return { file: name, line: 1, column: 1, object: '', field: '', message: problem, status: 0 }
}

interface Remark extends ManifestFinding {
  readonly level: 'error' | 'warning'
}

async function runCheck(given: Given, io: Io): Promise<ExitCode> {
  const format = given.choice('output', FORMATS) ?? 'text'
  if (given.texts('filename').length === 0) throw new UsageError('give the manifests: -f FILE, -f FOLDER or -f -')
  const options = buildOptionsOf(given)
  const input = await readInput(given.texts('filename'), io)
  const harvest = harvestFiles(input.files, given.text('namespace') ?? 'default')
  for (const note of [...input.notes, ...harvest.notes.map(formatManifestFinding)]) io.err(`note: ${note}\n`)
  const findings = [...input.failures.map(unread), ...harvest.findings]
  // What no file says right cannot be put into a cluster, so that the cluster's own refusals come second.
  const refused = findings.length > 0 ? [] : await locating(harvest, async () => tryOut(build(harvest, options)))
  const errors = [...findings, ...refused].map((one): Remark => ({ ...one, level: 'error' }))
  const warnings = harvest.warnings.map((one): Remark => ({ ...one, level: 'warning' }))
  await io.out(print([...errors, ...warnings].sort(byPlace), format))
  if (format === 'text') io.err(summary(errors.length, warnings.length, input.files.length + input.failures.length))
  if (errors.some(isUnreadable)) return 2
  return errors.length > 0 ? 1 : 0
}

/** Whether a file could not be read so far as to know an object in it. */
function isUnreadable({ status, object }: Remark): boolean {
  return status === 0 && object === ''
}

function byPlace(a: Remark, b: Remark): number {
  return (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.line - b.line || a.column - b.column
}

function print(remarks: readonly Remark[], format: Format): string {
  switch (format) {
    case 'json':
      return `${JSON.stringify(remarks, undefined, 2)}\n`
    case 'github':
      return remarks.map(formatAnnotation).join('')
    case 'text':
      return remarks
        .map(one => `${formatManifestFinding(one)}${one.level === 'warning' ? ' (warning)' : ''}\n`)
        .join('')
  }
}

function summary(errors: number, warnings: number, files: number): string {
  const count = (number: number, what: string) => `${number} ${what}${number === 1 ? '' : 's'}`
  return `${count(errors, 'error')}, ${count(warnings, 'warning')} in ${count(files, 'file')}\n`
}

/** @see https://docs.github.com/actions, workflow commands: the characters that must be escaped */
function formatAnnotation({ level, file, line, column, object, field, message }: Remark): string {
  const data = (text: string) => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
  const property = (text: string) => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
  const subject = [object, field].filter(part => part !== '').join(' ')
  const place = `file=${property(file)},line=${line},col=${column}${subject ? `,title=${property(subject)}` : ''}`
  return `::${level} ${place}::${data(message)}\n`
}
