/**
 * `podwire diff`: the same cluster in two of kube-proxy's modes.
 *
 * @module
 */
import { type ModeDiff, modeDiff } from '../cluster/mode-diff.ts'
import { PROXY_MODES } from '../cluster/proxy-part.ts'
import { DIFFERENCES, type ModePair } from '../kube-proxy/modes/comparison.ts'
import type { Node } from '../objects/node.ts'
import { thereAre } from '../trace/name-list.ts'
import type { Command, Given } from './command.ts'
import { diffToJson } from './diff-json.ts'
import { formatDiffMarkdown } from './diff-markdown.ts'
import { formatDiff } from './diff-text.ts'
import { type ExitCode, RefusedInput, UsageError } from './exit.ts'
import { hostOptionsOf, RELEASE } from './ground.ts'
import type { Io } from './io.ts'
import { type LoadedCluster, loadCluster, locating } from './load.ts'
import { CLUSTER_OPTIONS } from './options.ts'
import { showProgress } from './progress.ts'

const FORMATS = ['text', 'json', 'md'] as const

/** Columns of text that no terminal shows. */
const PLAIN_WIDTH = 120

export const DIFF: Command = {
  name: 'diff',
  summary: "Show what changes between two of kube-proxy's modes for the same cluster.",
  usage: '-f FILE… [--mode A --mode B] [OPTIONS]',
  about: `
Reads manifests, settles the cluster that they declare, and sets kube-proxy in two modes side by side: how much each puts
on the nodes (rules, chains, sets, elements, virtual servers, bytes to load; kubelet's and the overlay's rules, which are the
same, are left out), and what each does differently. Differences are taken from a table of what Kubernetes does, with its
sources; for each it is worked out to which Services, by which of their addresses and at which nodes it applies.

The first --mode is the one that is, the second the one that may come. Without, it is the mode of kube-proxy's
configuration (else iptables) against nftables. A code that --except names is left out, so that what was looked at once
need not be looked at again.

text  for people, with the sources of each difference
json  as schema/diff.schema.json has it
md    for pull requests and pages

Exit code: 0 nothing that applies to this cluster differs, 1 something does, 2 bad input.`,
  options: [
    ...CLUSTER_OPTIONS.filter(({ name }) => name !== 'verbose'),
    { name: 'verbose', short: 'v', help: 'name every place where a difference applies, and more on standard error' },
    {
      name: 'mode',
      value: 'MODE',
      many: true,
      help: `give it twice, of ${PROXY_MODES.join(', ')}`,
      default: "that of kube-proxy's configuration, else iptables; and nftables",
    },
    { name: 'node', value: 'NAME', help: 'look at this node only' },
    { name: 'all', help: 'tell also what would differ for other objects' },
    { name: 'except', value: 'CODE', many: true, help: 'leave out this difference; may be repeated' },
    RELEASE,
    { name: 'output', short: 'o', value: 'FORMAT', help: FORMATS.join(', '), default: 'text' },
  ],
  examples: [
    { does: 'before a move to nftables', call: 'podwire diff -f manifests/' },
    {
      does: 'away from IPVS, and what else there may be',
      call: 'podwire diff --mode ipvs --mode nftables --all -f manifests/',
    },
    {
      does: 'in a build: fail if anything differs that was not agreed to',
      call: 'podwire diff -f manifests/ --except cluster-ip-ping --except sysctls -o md',
    },
  ],
  run: runDiff,
}

async function runDiff(given: Given, io: Io): Promise<ExitCode> {
  if (given.words.length > 0)
    throw new UsageError(`"${given.words[0]}" is one word too many; manifests are given with -f`)
  const format = given.choice('output', FORMATS) ?? 'text'
  const wished = modesOf(given)
  const except = exceptOf(given)
  const options = hostOptionsOf(given)
  const cluster = await loadCluster(given, io)
  const modes = wished ?? usualModes(cluster)
  const nodes = nodesOf(cluster, given)
  return locating(cluster.harvest, async () => {
    const progress = showProgress(io, Date.now)
    const all = modeDiff(cluster.settled, nodes, modes, options, done => progress.at('comparing', done, nodes.length))
    progress.end()
    const diff = without(all, except)
    await io.out(print(diff, format, given, io))
    return diff.findings.length > 0 ? 1 : 0
  })
}

function print(diff: ModeDiff, format: (typeof FORMATS)[number], given: Given, io: Io): string {
  const all = given.is('all')
  switch (format) {
    case 'json':
      return `${JSON.stringify(diffToJson(diff, all), undefined, 2)}\n`
    case 'md':
      return formatDiffMarkdown(diff, all)
    case 'text':
      return formatDiff(diff, { all, whole: given.is('verbose'), width: io.page?.columns ?? PLAIN_WIDTH })
  }
}

/** @throws {UsageError} unless none or two different ones are given */
function modesOf(given: Given): ModePair | undefined {
  const modes = given.texts('mode').map(text => {
    const mode = PROXY_MODES.find(known => known === text)
    if (!mode) throw new UsageError(`--mode is one of ${PROXY_MODES.join(', ')}, not "${text}"`)
    return mode
  })
  const [first, second] = modes
  if (!first) return undefined
  if (!second || modes.length > 2) throw new UsageError('give --mode twice, or not at all')
  if (first === second) throw new UsageError(`--mode ${first} is given twice; nothing differs from itself`)
  return [first, second]
}

function usualModes({ settled }: LoadedCluster): ModePair {
  const { mode } = settled.settings.proxy
  return [mode === 'ipvs' ? mode : 'iptables', 'nftables']
}

/** @throws {UsageError} for a code that there is not */
function exceptOf(given: Given): ReadonlySet<string> {
  const codes = DIFFERENCES.map(({ code }) => code)
  for (const code of given.texts('except')) {
    if (!codes.includes(code)) throw new UsageError(`--except ${code}: there is no such difference; ${thereAre(codes)}`)
  }
  return new Set(given.texts('except'))
}

function without(diff: ModeDiff, except: ReadonlySet<string>): ModeDiff {
  const isLeft = ({ difference }: { readonly difference: { readonly code: string } }) => !except.has(difference.code)
  return { ...diff, findings: diff.findings.filter(isLeft), others: diff.others.filter(isLeft) }
}

/** @throws {RefusedInput} */
function nodesOf({ settled: { nodes } }: LoadedCluster, given: Given): readonly Node[] {
  const name = given.text('node')
  if (nodes.length === 0) throw new RefusedInput(['the cluster has no nodes'])
  if (name === undefined) return nodes
  const node = nodes.find(({ metadata }) => metadata.name === name)
  if (!node) {
    const names = nodes.map(({ metadata }) => metadata.name)
    throw new RefusedInput([`--node ${name}: there is no such node; ${thereAre(names)}`])
  }
  return [node]
}
