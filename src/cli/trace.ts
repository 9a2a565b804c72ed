/**
 * `podwire trace`: the journey of a packet and of its reply.
 *
 * @module
 */
import { visible } from '../base/visible.ts'
import type { Pod } from '../objects/pod.ts'
import { traceToCapture } from '../trace/capture.ts'
import { quoteWord } from '../trace/command-text.ts'
import type { TraceContext, Writing } from '../trace/context.ts'
import { traceToJson } from '../trace/json.ts'
import { formatMermaid } from '../trace/mermaid.ts'
import { resultOf } from '../trace/result.ts'
import { formatTrace } from '../trace/text.ts'
import { askedOf } from './asked.ts'
import type { Command, Given, Option } from './command.ts'
import { type ExitCode, UsageError } from './exit.ts'
import { hostOptionsOf, namingOf, RELEASE, viaOf } from './ground.ts'
import { type Ground, type Inquiry, type InquiryOptions, inquire } from './inquiry.ts'
import type { Io } from './io.ts'
import { withDns } from './lab-dns.ts'
import { type LoadedCluster, loadCluster, locating } from './load.ts'
import { namesOf } from './names.ts'
import { CLUSTER_OPTIONS } from './options.ts'
import { showProgress } from './progress.ts'
import { readStateFolder } from './state-folder.ts'

const FORMATS = ['text', 'json', 'mermaid', 'pcap'] as const
const ASSUMED = ['match', 'miss'] as const

/** How many ways of chance are followed unless all are asked for. */
const USUAL_WAYS = 256
const ALL_WAYS = 100_000

export const TRACE: Command = {
  name: 'trace',
  summary: 'Follow a packet and its reply through every host, rule by rule.',
  usage: '(-f FILE… | --state DIR) FROM TO[:PORT] [OPTIONS]',
  about: `
Walks a packet from FROM to TO through the very rules, routes and bridges that render writes, over all hosts on its way,
and its reply back. Says which rule did what, what became of the packet, how likely each endpoint is, and when it does not
arrive, why. With --state it walks through dumps of real hosts (scripts/collect-node-state makes them); objects given with
-f beside it name pods and Services.

FROM  pod/NAME, deploy/NAME, node/NAME, NAMESPACE/NAME, an address, ip:ADDRESS for a client outside
TO    svc/NAME[:PORT], pod/NAME[:PORT], node/NAME:PORT, ADDRESS[:PORT], [IPV6]:PORT, or a DNS name with :PORT, which is
      looked up as FROM would (see dns query); 127.0.0.1:PORT is the node's own loopback when FROM is a node

FAULT is what the tools would be told: NODE sysctl KEY=VALUE, NODE fdb del IP, NODE neigh del IP, NODE route del CIDR,
NODE link set DEV mtu N | down | hairpin off, where DEV may be pod/NAME for the node's end of its pair.

Exit code: 0 delivered and answered on all paths, 1 on none (what is not known counts as not delivered), 3 on some, 2 for
bad input.`,
  options: [
    { name: 'state', value: 'DIR', help: "dumps of real hosts, a folder each, or one host's folder or save file" },
    ...CLUSTER_OPTIONS.filter(({ name }) => name !== 'verbose'),
    { name: 'verbose', short: 'v', help: 'tell every rule, also those that did not match, and why not' },
    { name: 'proto', value: 'PROTO', help: 'tcp, udp, sctp or icmp', default: "that of the Service's port, else tcp" },
    { name: 'sport', value: 'PORT', help: 'the source port of the first packet', default: '40000' },
    { name: 'size', value: 'BYTES', help: 'bytes of the whole packet' },
    { name: 'ttl', value: 'N', help: 'TTL or hop limit', default: '64' },
    { name: 'family', value: '4|6', help: 'the addresses to prefer where there are both', default: '4' },
    {
      name: 'entry',
      value: 'ENTRY',
      help: "which of the Service's addresses: clusterip, nodeport, loadbalancer, external",
    },
    { name: 'via', value: 'NODE', help: 'the node by which packets from outside come in' },
    { name: 'then', value: 'PACKET', many: true, help: 'another packet after it: "[+30s] again" or "[+30s] FROM TO"' },
    { name: 'with-dns', help: 'follow what the resolver sends to the name servers first, where TO is a DNS name' },
    { name: 'all-paths', help: `follow every way that chance can take, not only the first ${USUAL_WAYS}` },
    { name: 'draw', help: 'follow the one way that --seed draws' },
    { name: 'to-endpoint', value: 'ENDPOINT', help: 'show the path to this pod or address' },
    { name: 'fault', value: 'FAULT', many: true, help: 'break something first: "node-1 fdb del 192.168.64.12"' },
    { name: 'assume', value: 'WHAT', help: 'take rules that cannot be decided for a match or a miss' },
    { name: 'output', short: 'o', value: 'FORMAT', help: FORMATS.join(', '), default: 'text' },
    RELEASE,
  ],
  examples: [
    { does: 'a pod asks a Service', call: 'podwire trace -f manifests/ pod/a svc/web:80' },
    { does: 'every rule, also those that did not match', call: 'podwire trace -f manifests/ pod/a svc/web:80 -v' },
    {
      does: 'a client outside comes in by node-2',
      call: 'podwire trace -f manifests/ ip:203.0.113.7 svc/web --via node-2',
    },
    {
      does: 'session affinity: the same client again',
      call: 'podwire trace -f manifests/ pod/a svc/web --then "+10s again"',
    },
    { does: 'a name, and its way through DNS', call: 'podwire trace -f manifests/ pod/a web.shop:80 --with-dns' },
    { does: 'dumps of real nodes', call: 'podwire trace --state nodes/ 10.244.1.5 10.96.0.10:53 --proto udp' },
    { does: 'a capture to open in Wireshark', call: 'podwire trace -f manifests/ pod/a svc/web -o pcap > web.pcapng' },
  ],
  run: runTrace,
}

async function runTrace(given: Given, io: Io): Promise<ExitCode> {
  const asked = askedOf(given)
  const format = given.choice('output', FORMATS) ?? 'text'
  const options = optionsOf(given)
  const common = groundOf(given)
  const hosts = await dumpedHosts(given, io)
  const progress = showProgress(io, Date.now)
  const follow = (ground: Ground) => {
    const inquiry = inquire(asked, ground, { ...options, progress: ways => progress.at('following', ways, ways) })
    progress.end()
    return print(inquiry, format, given, io)
  }
  if (!given.is('filename')) return follow({ ...common, ...hosts })
  const loaded = await loadCluster(given, io)
  return locating(loaded.harvest, () => {
    const cluster = given.is('with-dns') ? asking(loaded, io) : loaded
    return follow({ ...common, ...hosts, cluster: cluster.settled, names: namesOf(cluster), pods: podsOf(cluster) })
  })
}

/** With a DNS to ask: the cluster's own, else that of kubeadm. */
function asking(loaded: LoadedCluster, io: Io): LoadedCluster {
  const { cluster, dns } = withDns(loaded)
  const added = dns.added.length > 0 ? [`the manifests have no cluster DNS: added ${dns.added.join(' and ')}`] : []
  for (const remark of [...dns.remarks, ...added]) io.err(`note: ${visible(remark)}\n`)
  return cluster
}

async function dumpedHosts(given: Given, io: Io): Promise<Pick<Ground, 'hosts'>> {
  const folder = given.text('state')
  if (!given.is('filename')) {
    const stray = CLUSTER_OPTIONS.find(({ name }) => given.is(name) && !['verbose', 'namespace', 'seed'].includes(name))
    if (stray && folder !== undefined) throw new UsageError(`--${stray.name} is for objects; none are given with -f`)
  }
  if (folder === undefined) {
    if (!given.is('filename')) throw new UsageError('give the manifests with -f, or dumps of hosts with --state')
    return {}
  }
  const hosts = await readStateFolder(folder)
  for (const { name, notes } of hosts) for (const note of notes) io.err(`note: ${visible(`${name}: ${note}`)}\n`)
  return { hosts }
}

function groundOf(given: Given): Ground {
  return { ...namingOf(given), ...viaOf(given), faults: given.texts('fault'), host: hostOptionsOf(given) }
}

function optionsOf(given: Given): InquiryOptions {
  const assume = given.choice('assume', ASSUMED)
  const toEndpoint = given.text('to-endpoint')
  if (given.is('draw') && (given.is('all-paths') || toEndpoint !== undefined)) {
    throw new UsageError('--draw follows one way; --all-paths and --to-endpoint need them all')
  }
  return {
    ways: given.is('draw') ? 'one' : 'all',
    seed: given.integer('seed', 0, 0xffff_ffff) ?? 0,
    most: given.is('all-paths') || toEndpoint !== undefined ? ALL_WAYS : USUAL_WAYS,
    explained: given.is('verbose') || !given.is('output') || given.text('output') === 'text',
    ...(assume ? { assume } : {}),
    ...(toEndpoint === undefined ? {} : { toEndpoint }),
  }
}

type Format = (typeof FORMATS)[number]

/** Wide enough for a rule's name and what became of the packet. */
const USUAL_COLUMNS = 140

async function print(inquiry: Inquiry, format: Format, given: Given, io: Io): Promise<ExitCode> {
  const { trace } = inquiry
  const context = contextOf(inquiry, wordsFor(given, OBJECTS), wordsFor(given, ASKING))
  switch (format) {
    case 'json':
      await io.out(`${JSON.stringify(traceToJson(trace, context), undefined, 2)}\n`)
      break
    case 'mermaid':
      await io.out(formatMermaid(trace, context))
      break
    case 'pcap':
      if (io.page) throw new UsageError('a capture is no text: send it to a file, as in -o pcap > trace.pcapng')
      await io.out(traceToCapture(trace, context))
      break
    case 'text':
      await io.out(formatTrace(trace, { ...context, ...writingFor(io, given.is('verbose')) }))
  }
  return { delivered: 0, 'not delivered': 1, partly: 3 }[resultOf(trace)] as ExitCode
}

/** Options that say how much is told, not of what. */
const TELLING = new Set(['output', 'verbose', 'then', 'all-paths', 'draw', 'to-endpoint'])

/** What a person would have to write again to look at the same; nothing where they are the usual ones. */
export function wordsFor(given: Given, options: readonly Option[]): string | undefined {
  const words = options
    .filter(({ name }) => !TELLING.has(name))
    .flatMap(({ name, short, value }) =>
      value ? given.texts(name).map(text => `${short ? `-${short}` : `--${name}`} ${quoteWord(text)}`) : [],
    )
  return words.length > 0 ? words.join(' ') : undefined
}

/** What other commands of podwire take too, and what only a trace does. */
const OBJECTS = CLUSTER_OPTIONS
const ASKING = TRACE.options.filter(({ name }) => !CLUSTER_OPTIONS.some(one => one.name === name))

export function contextOf(
  { ground, world, questions, shown }: Inquiry,
  input?: string,
  options?: string,
): TraceContext {
  const { cluster, pods } = ground
  return {
    world,
    questions,
    shown,
    ...(input === undefined ? {} : { input }),
    ...(options === undefined ? {} : { options }),
    ...(cluster ? { cluster } : {}),
    ...(pods ? { pods } : {}),
  }
}

/** Plain ASCII unless a person reads it on a terminal that shows more. */
export function writingFor({ page }: Io, verbose: boolean): Writing {
  return {
    verbose,
    colour: page?.colour ?? false,
    unicode: page?.unicode ?? false,
    width: page?.columns ?? USUAL_COLUMNS,
  }
}

/** All of them, those that run nowhere too. */
function podsOf({ cluster }: LoadedCluster): readonly Pod[] {
  return cluster.store.list('Pod')
}
