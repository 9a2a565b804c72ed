/**
 * `podwire render`: every host's files.
 *
 * @module
 */
import { type Form, fileNames, hostFile, hostFiles } from '../cluster/files.ts'
import { commonGround, type HostOptions, hostState } from '../cluster/host-state.ts'
import type { Node } from '../objects/node.ts'
import type { Command, Given } from './command.ts'
import { type ExitCode, RefusedInput, UsageError } from './exit.ts'
import { hostOptionsOf, RELEASE } from './ground.ts'
import type { Io } from './io.ts'
import { type LoadedCluster, loadCluster, locating } from './load.ts'
import { CLUSTER_OPTIONS } from './options.ts'
import { replaceFolder } from './out-dir.ts'
import { type Progress, showProgress } from './progress.ts'

const FORMS = ['restore', 'save'] as const

export const RENDER: Command = {
  name: 'render',
  summary: "Write every host's network as files that stock Linux tools load.",
  usage: '-f FILE… [--out DIR] [OPTIONS]',
  about: `
Reads manifests, settles the cluster that they declare, and works out each node's complete network: pod CIDR, bridge
cbr0, a veth pair per pod, flannel's overlay, and every Service as kube-proxy's iptables rules. With --out it writes
DIR/NODE/… for all nodes (DIR is replaced as a whole, or left alone if anything is wrong); without, one file of one
node goes to standard output.`,
  options: [
    ...CLUSTER_OPTIONS,
    { name: 'out', value: 'DIR', help: 'the folder to write; replaced as a whole' },
    { name: 'node', value: 'NAME', many: true, help: 'only this node; may be repeated with --out' },
    { name: 'file', value: 'FILE', help: 'which file goes to standard output', default: 'iptables.restore' },
    {
      name: 'form',
      value: 'FORM',
      help: 'restore (to be loaded) or save (as iptables-save prints it)',
      default: 'restore',
    },
    { name: 'mode', value: 'MODE', help: "kube-proxy's mode: iptables", default: 'iptables' },
    RELEASE,
    { name: 'nfacct', help: 'the hosts have nfacct counters (kernel module xt_nfacct)' },
    { name: 'no-kubelet', help: "leave out kubelet's own chains" },
  ],
  examples: [
    { does: 'all files of all nodes', call: 'podwire render -f manifests/ --out out/' },
    { does: "one node's rules on standard output", call: 'podwire render -f manifests/ --node node-2' },
    {
      does: 'what iptables-save prints on that node',
      call: 'podwire render -f manifests/ --node node-2 --form save',
    },
    { does: 'the overlay of a node', call: 'podwire render -f manifests/ --node node-1 --file fdb.batch' },
  ],
  run: runRender,
}

async function runRender(given: Given, io: Io): Promise<ExitCode> {
  const form = given.choice('form', FORMS) ?? 'restore'
  given.choice('mode', ['iptables'] as const)
  const options = hostOptions(given)
  const out = given.text('out')
  if (out !== undefined && given.is('file'))
    throw new UsageError('--file is for standard output; --out writes all files')
  const cluster = await loadCluster(given, io)
  return locating(cluster.harvest, () => renderCluster(cluster, { form, out, options }, given, io))
}

interface Wanted {
  readonly form: Form
  readonly out: string | undefined
  readonly options: HostOptions
}

async function renderCluster(
  cluster: LoadedCluster,
  { form, out, options }: Wanted,
  given: Given,
  io: Io,
): Promise<ExitCode> {
  const { mode } = cluster.settled.settings.proxy
  if (mode && mode !== 'iptables' && !given.is('mode')) {
    io.err(`note: KubeProxyConfiguration says mode ${mode}; these are the rules of mode iptables\n`)
  }
  if (cluster.settled.settings.overlay?.nftables) {
    io.err("note: net-conf.json asks for nftables; flannel's rules here are those of its iptables mode\n")
  }
  const nodes = chosenNodes(cluster, given)
  if (out === undefined) return printFile(cluster, nodes, form, options, given, io)
  const progress = showProgress(io, Date.now)
  const count = await replaceFolder(out, renderAll(cluster, nodes, form, options, progress))
  progress.end()
  io.err(`${count} files of ${nodes.length} ${nodes.length === 1 ? 'node' : 'nodes'} in ${out}\n`)
  return 0
}

function hostOptions(given: Given): HostOptions {
  const { features, ...options } = hostOptionsOf(given)
  return { ...options, features: { ...features, nfacct: given.is('nfacct'), kubeletChains: !given.is('no-kubelet') } }
}

function chosenNodes({ settled }: LoadedCluster, given: Given): readonly Node[] {
  const names = given.texts('node')
  return names.length === 0
    ? settled.nodes
    : names.map(name => {
        const node = settled.nodes.find(one => one.metadata.name === name)
        if (node) return node
        const known = settled.nodes.map(one => one.metadata.name)
        const some =
          known.length > 5 ? `${known.slice(0, 5).join(', ')} and ${known.length - 5} more` : known.join(', ')
        throw new RefusedInput([`--node ${name}: there is no such node; there are ${some}`])
      })
}

async function printFile(
  { settled }: LoadedCluster,
  nodes: readonly Node[],
  form: Form,
  options: HostOptions,
  given: Given,
  io: Io,
): Promise<ExitCode> {
  const path = given.text('file') ?? (form === 'save' ? 'iptables.save' : 'iptables.restore')
  const [node] = nodes
  if (!node) throw new RefusedInput(['the cluster has no nodes'])
  if (given.texts('node').length > 1) throw new UsageError('standard output takes one --node; use --out for several')
  if (nodes.length > 1) {
    io.err(
      `note: this is ${path} of ${node.metadata.name}, one of ${nodes.length} nodes; choose with --node, or --out for all\n`,
    )
  }
  const state = hostState(commonGround(settled), node, options)
  const text = hostFile(state, form, path)
  if (text === undefined) {
    const known = [...fileNames(form), ...state.texts.keys(), 'README.md']
    throw new UsageError(`--file ${path}: ${node.metadata.name} has no such file; there may be ${known.join(', ')}`)
  }
  await io.out(text)
  return 0
}

/** One node after the other: only one is in memory at a time. */
function* renderAll(
  { settled }: LoadedCluster,
  nodes: readonly Node[],
  form: Form,
  options: HostOptions,
  progress: Progress,
): Iterable<readonly [path: string, text: string]> {
  const ground = commonGround(settled)
  for (const [index, node] of nodes.entries()) {
    progress.at('rendering', index, nodes.length)
    for (const [path, text] of hostFiles(hostState(ground, node, options), form)) {
      yield [`${node.metadata.name}/${path}`, text]
    }
  }
}
