/**
 * `podwire render`: every host's files.
 *
 * @module
 */
import { visible } from '../base/visible.ts'
import { type Form, fileNames, hostFile, hostFiles } from '../cluster/files.ts'
import { commonGround, type HostOptions, hostState } from '../cluster/host-state.ts'
import { nodePodFiles, PODS_FOLDER, podFolder } from '../cluster/pod-files.ts'
import { type PodGround, podGround } from '../cluster/pod-ground.ts'
import { PROXY_MODES } from '../cluster/proxy-part.ts'
import type { ProxyMode } from '../kube-proxy/settings.ts'
import { keyOf } from '../objects/meta.ts'
import type { Node } from '../objects/node.ts'
import type { Pod } from '../objects/pod.ts'
import type { Command, Given } from './command.ts'
import { type ExitCode, RefusedInput, UsageError } from './exit.ts'
import { hostOptionsOf, RELEASE } from './ground.ts'
import type { Io } from './io.ts'
import { type LoadedCluster, loadCluster, locating } from './load.ts'
import { CLUSTER_OPTIONS } from './options.ts'
import { replaceFolder } from './out-dir.ts'
import { podGroundOptions, RESOLV_CONF, readNodeConf } from './pod-options.ts'
import { type Progress, showProgress } from './progress.ts'

const FORMS = ['restore', 'save'] as const

export const RENDER: Command = {
  name: 'render',
  summary: "Write every host's network as files that stock Linux tools load.",
  usage: '-f FILE… [--out DIR] [OPTIONS]',
  about: `
Reads manifests, settles the cluster that they declare, and works out each node's complete network: pod CIDR, bridge
cbr0, a veth pair per pod, flannel's overlay, and every Service as kube-proxy's rules in iptables, IPVS or nftables mode. With --out it writes
DIR/NODE/… for all nodes (DIR is replaced as a whole, or left alone if anything is wrong); without, one file of one
node goes to standard output.

Below DIR/NODE/pods/NAMESPACE_POD is what the containers of each pod find: resolv.conf, hosts, and env/CONTAINER.env with
their variables, as podwire env would write them. Variables that hold a Secret's value stand in comments there, so that
DIR may be kept and shown; --secrets writes them.`,
  options: [
    ...CLUSTER_OPTIONS,
    { name: 'out', value: 'DIR', help: 'the folder to write; replaced as a whole' },
    { name: 'node', value: 'NAME', many: true, help: 'only this node; may be repeated with --out' },
    { name: 'file', value: 'FILE', help: 'which file goes to standard output', default: "that of the Services' rules" },
    {
      name: 'form',
      value: 'FORM',
      help: 'restore (to be loaded) or save (as iptables-save prints it)',
      default: 'restore',
    },
    {
      name: 'mode',
      value: 'MODE',
      help: `kube-proxy's mode: ${PROXY_MODES.join(', ')}`,
      default: "that of kube-proxy's configuration, else iptables",
    },
    RELEASE,
    { name: 'nfacct', help: 'the hosts have nfacct counters (kernel module xt_nfacct)' },
    {
      name: 'no-xt-ipvs',
      help: "the hosts' kernels lack the match ipvs: of IPVS mode, table filter is refused with it",
    },
    { name: 'no-kubelet', help: "leave out kubelet's own chains" },
    { name: 'no-pods', help: "leave out the pods' resolv.conf, hosts and env files" },
    { name: 'secrets', help: "write Secrets' values into the pods' env files" },
    RESOLV_CONF,
  ],
  examples: [
    { does: 'all files of all nodes', call: 'podwire render -f manifests/ --out out/' },
    { does: "one node's rules on standard output", call: 'podwire render -f manifests/ --node node-2' },
    {
      does: 'what iptables-save prints on that node',
      call: 'podwire render -f manifests/ --node node-2 --form save',
    },
    {
      does: 'whom a pod asks for names',
      call: 'podwire render -f manifests/ --node node-1 --file pods/default_web-0/resolv.conf',
    },
    { does: 'the overlay of a node', call: 'podwire render -f manifests/ --node node-1 --file fdb.batch' },
  ],
  run: runRender,
}

async function runRender(given: Given, io: Io): Promise<ExitCode> {
  const form = given.choice('form', FORMS) ?? 'restore'
  const mode = given.choice('mode', PROXY_MODES)
  const out = given.text('out')
  if (out !== undefined && given.is('file'))
    throw new UsageError('--file is for standard output; --out writes all files')
  const nodeConf = await readNodeConf(given, io)
  const cluster = await loadCluster(given, io)
  const pods = podGround(cluster.cluster, { ...podGroundOptions(cluster.harvest), ...(nodeConf && { nodeConf }) })
  for (const remark of pods.kubelet.remarks) io.err(`warning: ${visible(remark)}\n`)
  return locating(cluster.harvest, () => {
    const options = { ...hostOptions(given), mode: mode ?? configuredMode(cluster), nftTables: true } as const
    return renderCluster(cluster, { form, out, options, pods }, given, io)
  })
}

/** The mode that kube-proxy's own configuration asks for. */
function configuredMode({ settled }: LoadedCluster): ProxyMode {
  const { mode } = settled.settings.proxy
  return PROXY_MODES.find(known => known === mode) ?? 'iptables'
}

interface Wanted {
  readonly form: Form
  readonly out: string | undefined
  readonly options: HostOptions
  readonly pods: PodGround
}

async function renderCluster(cluster: LoadedCluster, wanted: Wanted, given: Given, io: Io): Promise<ExitCode> {
  const { out, options } = wanted
  const asked = cluster.settled.settings.proxy.mode
  if (asked && asked !== options.mode && !given.is('mode')) {
    io.err(`note: KubeProxyConfiguration says mode ${asked}; these are the rules of mode ${options.mode}\n`)
  }
  const nodes = chosenNodes(cluster, given)
  if (out === undefined) return printFile(cluster, nodes, wanted, given, io)
  const progress = showProgress(io, Date.now)
  const warnings = new Map<string, Told>()
  const count = await replaceFolder(out, renderAll(cluster, nodes, wanted, given, warnings, progress))
  progress.end()
  for (const { first, others } of warnings.values()) {
    io.err(`warning: ${visible(first)}${others > 0 ? ` (and ${others} more ${others === 1 ? 'pod' : 'pods'})` : ''}\n`)
  }
  io.err(`${count} files of ${nodes.length} ${nodes.length === 1 ? 'node' : 'nodes'} in ${out}\n`)
  return 0
}

function hostOptions(given: Given): HostOptions {
  const { features, ...options } = hostOptionsOf(given)
  return {
    ...options,
    features: {
      ...features,
      nfacct: given.is('nfacct'),
      kubeletChains: !given.is('no-kubelet'),
      ipvsMatch: !given.is('no-xt-ipvs'),
    },
  }
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
  { form, options, pods }: Wanted,
  given: Given,
  io: Io,
): Promise<ExitCode> {
  const path = given.text('file') ?? rulesFile(options.mode ?? 'iptables', form)
  const [node] = nodes
  if (!node) throw new RefusedInput(['the cluster has no nodes'])
  if (given.texts('node').length > 1) throw new UsageError('standard output takes one --node; use --out for several')
  if (nodes.length > 1) {
    io.err(
      `note: this is ${path} of ${node.metadata.name}, one of ${nodes.length} nodes; choose with --node, or --out for all\n`,
    )
  }
  const own = path.startsWith(`${PODS_FOLDER}/`) ? podFile(path, node, pods, given) : undefined
  const state = hostState(commonGround(settled), node, options)
  const text = own ?? hostFile(state, form, path)
  if (text === undefined) {
    const known = [...fileNames(form), ...state.texts.keys(), 'README.md', `${PODS_FOLDER}/NAMESPACE_POD/resolv.conf`]
    throw new UsageError(`--file ${path}: ${node.metadata.name} has no such file; there may be ${known.join(', ')}`)
  }
  await io.out(text)
  return 0
}

/** The file that holds what becomes of Services. */
function rulesFile(mode: ProxyMode, form: Form): string {
  if (mode === 'nftables') return 'nftables.nft'
  return `${mode === 'ipvs' ? 'ipvsadm' : 'iptables'}.${form}`
}

/** One kind of warning: the first pod that it is about, and how many others. */
interface Told {
  readonly first: string
  others: number
}

/** One node after the other: only one is in memory at a time. */
function* renderAll(
  { settled }: LoadedCluster,
  nodes: readonly Node[],
  { form, options, pods }: Wanted,
  given: Given,
  warnings: Map<string, Told>,
  progress: Progress,
): Iterable<readonly [path: string, text: string]> {
  const ground = commonGround(settled)
  for (const [index, node] of nodes.entries()) {
    progress.at('rendering', index, nodes.length)
    const podFiles = !given.is('no-pods')
    for (const [path, text] of hostFiles({ ...hostState(ground, node, options), podFiles }, form)) {
      yield [`${node.metadata.name}/${path}`, text]
    }
    if (!podFiles) continue
    for (const { pod, files, events } of nodePodFiles(node, pods, given.is('secrets'))) {
      for (const { about, reason, message } of events) if (about === 'pod') warn(pod, reason, message, warnings)
      for (const [path, text] of files) yield [`${node.metadata.name}/${podFolder(pod)}/${path}`, text]
    }
  }
}

/** The text of one file of one of the node's pods. */
function podFile(path: string, node: Node, pods: PodGround, given: Given): string | undefined {
  for (const { pod, files } of nodePodFiles(node, pods, given.is('secrets'))) {
    const folder = `${podFolder(pod)}/`
    if (path.startsWith(folder)) return files.get(path.slice(folder.length))
  }
  return undefined
}

/** What is said of many pods is said of the first. */
function warn({ metadata }: Pod, reason: string, message: string, warnings: Map<string, Told>): void {
  const told = warnings.get(reason)
  if (told) told.others++
  else warnings.set(reason, { first: `Pod ${keyOf(metadata)}: ${reason}: ${message}`, others: 0 })
}
