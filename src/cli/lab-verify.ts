/**
 * `podwire lab verify`: whether the kernel does what a trace says.
 *
 * @module
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ParseError } from '../base/error.ts'
import { type Cluster, settledCluster } from '../cluster/cluster.ts'
import { DEFAULT_FEATURES } from '../cluster/host-state.ts'
import { RELEASES } from '../kube-proxy/release.ts'
import type { EventOptions } from '../lab/event-jobs.ts'
import { type Examination, type Examined, examine } from '../lab/examination.ts'
import { exclusionLines } from '../lab/excluded.ts'
import { framesToCapture } from '../lab/frame-files.ts'
import { hasOffloadTool, OFFLOAD_TOOL } from '../lab/frame-watch.ts'
import { frequenciesOf, SIGNIFICANCE, shareOf } from '../lab/frequencies.ts'
import { interruptibly } from '../lab/interruption.ts'
import { formatJunit } from '../lab/junit.ts'
import type { LabPlan } from '../lab/lab.ts'
import { randomPhases } from '../lab/phases.ts'
import { labPlan } from '../lab/plan.ts'
import { bringUp, flagsOf, randomCluster, toYaml } from '../lab/random-cluster.ts'
import { isAgreed, type Report } from '../lab/report.ts'
import { reportToJson } from '../lab/report-json.ts'
import { formatReport } from '../lab/report-text.ts'
import type { Round } from '../lab/verify.ts'
import { versionsHere } from '../lab/versions.ts'
import type { Asked } from '../trace/ask.ts'
import { parseFault } from '../trace/fault.ts'
import { CLIENT_PORT } from '../trace/flow.ts'
import { askedOf } from './asked.ts'
import type { Command, Given } from './command.ts'
import { type ExitCode, RefusedInput, UsageError } from './exit.ts'
import type { Io } from './io.ts'
import { givenLab, labWork } from './lab-option.ts'
import { LAB_OPTIONS, VARIANTS } from './lab-up.ts'
import { loadCluster, locating } from './load.ts'
import { CLUSTER_OPTIONS } from './options.ts'
import { showProgress } from './progress.ts'
import { TRACE } from './trace.ts'

const FORMATS = ['text', 'json', 'junit'] as const
const FAMILY = ['4', '6'] as const

const USUAL_FLOWS = 30
const USUAL_EVENTS = 3

/** Options of `trace` that say what is sent. */
const SENT = ['proto', 'sport', 'size', 'ttl', 'family', 'entry', 'then', 'fault']

export const LAB_VERIFY: Command = {
  name: 'lab verify',
  summary: 'Send real packets, and compare what the kernel does with what trace says.',
  usage: '(-f FILE… [FROM TO[:PORT]] | --clusters N) [OPTIONS]',
  about: `
Brings the cluster to life, sends packets through it one after the other, watches every machine's kernel, and compares:
what the sender meets, who got the packet and whom it saw, the packet at each hook of each machine with its TTL and
mark, and the rules that matched by the kernel's own tracing. Where the kernel draws, its way must be one that trace
knows of; --draws sends one flow again and again and weighs how often it goes where (chi-square, significance
${SIGNIFICANCE} for the whole run).

FROM and TO are as for trace. Without them flows are drawn at random from the cluster, and things happen to it in
between: a pod goes, a route or a forwarding entry is deleted, a link goes down. With --clusters the clusters are drawn
too, from --seed up; --write keeps their manifests. The lab is made for it and goes afterwards; --id takes one that
stands.

Not compared, here and in no other place:
${exclusionLines()
  .map(line => `  ${line}`)
  .join('\n')}

Exit code: 0 model and kernel agree in everything, 1 they do not, 2 for bad input or a machine that cannot run labs.`,
  options: [
    ...CLUSTER_OPTIONS,
    ...LAB_OPTIONS,
    { name: 'id', value: 'NAME', help: 'a lab that stands; else one is made, and taken down at the end' },
    { name: 'clusters', value: 'N', help: 'draw so many clusters at random instead of reading manifests' },
    {
      name: 'flows',
      value: 'N',
      help: 'flows to draw, before the first event and after each',
      default: `${USUAL_FLOWS}`,
    },
    { name: 'events', value: 'N', help: 'how many things happen to each cluster', default: `${USUAL_EVENTS}` },
    { name: 'draws', value: 'N', help: 'send a flow of which the kernel draws the outcome so many times more' },
    { name: 'write', value: 'DIR', help: 'write the manifests of drawn clusters there' },
    { name: 'crafted', help: "send trace's own bytes by raw sockets, instead of what programs' sockets make" },
    {
      name: 'capture',
      value: 'DIR',
      help: 'compare frames at every link, too, and write them there: kernel.pcapng, model.pcapng; takes --crafted along',
    },
    ...TRACE.options.filter(({ name }) => SENT.includes(name)),
    { name: 'output', short: 'o', value: 'FORMAT', help: FORMATS.join(', '), default: 'text' },
  ],
  examples: [
    { does: 'thirty flows, and three things that happen', call: 'podwire lab verify -f manifests/' },
    { does: 'one flow', call: 'podwire lab verify -f manifests/ pod/client svc/web:80' },
    {
      does: 'how often each endpoint is drawn',
      call: 'podwire lab verify -f manifests/ pod/client svc/web:80 --draws 300',
    },
    {
      does: 'a flow frame by frame, at every link, for Wireshark',
      call: 'podwire lab verify -f manifests/ pod/client svc/web:80 --capture frames/',
    },
    {
      does: 'ten clusters drawn at random, for a build server',
      call: 'podwire lab verify --clusters 10 --iptables legacy -o junit > lab.xml',
    },
  ],
  run: runVerify,
}

async function runVerify(given: Given, io: Io): Promise<ExitCode> {
  const format = given.choice('output', FORMATS) ?? 'text'
  const wishes = wishesOf(given)
  const bar = showProgress(io, Date.now)
  try {
    const examined = await interruptibly(signal => labWork(() => examineAll(given, io, { ...wishes, signal, bar })))
    bar.end()
    const folder = given.text('capture')
    if (folder !== undefined) await writeFrames(folder, examined)
    const report = await reportOf(examined, given, wishes)
    await io.out(written(report, format, given.is('verbose')))
    return isAgreed(report) ? 0 : 1
  } finally {
    bar.end()
  }
}

async function writeFrames(folder: string, { frames }: Examined): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const side of ['kernel', 'model'] as const) {
    await writeFile(join(folder, `${side}.pcapng`), framesToCapture(frames[side]))
  }
}

type Wishes = Pick<Examination, 'seed' | 'crafted' | 'capture' | 'draws' | 'namespace' | 'family'> & {
  readonly host: Omit<EventOptions, 'id'>
  readonly flows: number
  readonly events: number
}

interface Work extends Wishes {
  readonly signal: AbortSignal
  readonly bar: ReturnType<typeof showProgress>
}

function wishesOf(given: Given): Wishes {
  const via = given.text('via')
  const release = given.choice('release', RELEASES)
  if (given.is('id') && given.is('fault')) {
    throw new UsageError('--fault breaks things in a lab that stands: leave out --id, and a lab is made for it')
  }
  return {
    host: {
      variant: given.choice('iptables', VARIANTS) ?? 'nft',
      features: DEFAULT_FEATURES,
      ...(via === undefined ? {} : { via }),
      ...(release ? { release } : {}),
    },
    seed: given.integer('seed', 0, 0xffff_ffff) ?? 0,
    flows: given.integer('flows', 1, 10_000) ?? USUAL_FLOWS,
    // What happens to a cluster would stay in a lab that stands.
    events: given.is('id') ? 0 : (given.integer('events', 0, 100) ?? USUAL_EVENTS),
    draws: given.integer('draws', 1, 10_000) ?? 0,
    crafted: given.is('crafted') || given.is('capture'),
    capture: given.is('capture'),
    namespace: given.text('namespace') ?? 'default',
    family: given.choice('family', FAMILY) === '6' ? 6 : 4,
  }
}

async function examineAll(given: Given, io: Io, work: Work): Promise<Examined> {
  const clusters = given.integer('clusters', 1, 10_000)
  if (clusters === undefined) return examineGiven(given, io, work)
  if (given.is('capture')) {
    throw new UsageError('--capture is of one cluster: write the drawn ones with --write, and give one with -f')
  }
  if (given.is('filename') || given.is('id') || given.words.length > 0) {
    throw new UsageError('--clusters draws clusters and flows: it goes with no manifests, no lab and no FROM and TO')
  }
  return examineDrawn(clusters, given.text('write'), work)
}

/** The cluster of the manifests. */
async function examineGiven(given: Given, io: Io, work: Work): Promise<Examined> {
  const loaded = await loadCluster(given, io)
  const standing = given.is('id')
  const asked = given.words.length > 0 ? connectionsOf(askedOf(given)) : undefined
  const host = { ...work.host, id: standing ? givenLab(given) : temporaryId(0) }
  const input = given
    .texts('filename')
    .map(name => `-f ${name}`)
    .join(' ')
  return locating(loaded.harvest, async () => {
    const plan = labPlan(loaded.settled, host)
    const rounds = asked
      ? roundsOf(asked, given.texts('fault'), loaded.settled)
      : drawnRounds(loaded.cluster, plan, work)
    return examine({ ...work, plan, rounds, host, standing, input, progress: work.bar.at })
  })
}

async function examineDrawn(count: number, folder: string | undefined, work: Work): Promise<Examined> {
  if (folder !== undefined) await mkdir(folder, { recursive: true })
  const all: Examined[] = []
  for (let i = 0; i < count; i++) {
    const seed = work.seed + i
    const random = randomCluster(seed)
    const file = `cluster-${seed}.yaml`
    if (folder !== undefined) await writeFile(join(folder, file), toYaml(random))
    const cluster = bringUp(random)
    const host = { ...work.host, id: temporaryId(i) }
    const plan = labPlan(settledCluster(cluster), host)
    const name = `cluster ${seed}`
    all.push(
      await examine({
        ...work,
        seed,
        name,
        plan,
        rounds: drawnRounds(cluster, plan, { ...work, seed }),
        host,
        standing: false,
        input: ['-f', join(folder ?? '', file), ...flagsOf(random)].join(' '),
        progress: (what, done, total) => work.bar.at(`${name} of ${count}: ${what}`, done, total),
      }),
    )
  }
  const frames = { model: [], kernel: [] }
  return { flows: all.flatMap(({ flows }) => flows), drawn: all.flatMap(({ drawn }) => drawn), frames }
}

/** Labs of other processes have other names. */
function temporaryId(number: number): string {
  return `verify-${process.pid.toString(36)}-${number.toString(36)}`
}

/** As in a trace, those that name no source port are connections of their own. */
function connectionsOf(asked: readonly Asked[]): readonly Asked[] {
  return asked.map((one, i) => ({ sport: CLIENT_PORT + i, ...one }))
}

function roundsOf(
  asked: readonly Asked[],
  faults: readonly string[],
  cluster: Round['cluster'],
): Examination['rounds'] {
  const parsed = faults.map(text => faultOf(text))
  if (parsed.length === 0) return [{ cluster, faults: [], asked }]
  return [
    { cluster, faults: [], asked: [] },
    ...parsed.map((fault, i): Round => {
      const isLast = i === parsed.length - 1
      return { event: { kind: 'sysctl', fault }, cluster, faults: parsed.slice(0, i + 1), asked: isLast ? asked : [] }
    }),
  ]
}

function faultOf(text: string) {
  try {
    return parseFault(text)
  } catch (cause) {
    throw cause instanceof ParseError ? new RefusedInput([cause.message]) : cause
  }
}

function drawnRounds(cluster: Cluster, { machines }: LabPlan, { seed, flows, events }: Wishes): Examination['rounds'] {
  const besides = machines.filter(({ kind }) => kind === 'beside').flatMap(({ addresses }) => addresses)
  const [first, ...others] = randomPhases(cluster, { seed, events, flows, besides }).map(
    ({ flows: drawn, ...phase }): Round => ({ ...phase, asked: drawn.map(({ asked }) => asked) }),
  )
  if (!first) throw new RangeError('there is a phase before the first event')
  return [first, ...others]
}

async function reportOf({ flows, drawn }: Examined, given: Given, { seed, host }: Wishes): Promise<Report> {
  const share = shareOf(SIGNIFICANCE, drawn.length)
  return {
    flows,
    frequencies: drawn.map(({ flow, tally }) => ({ flow, ...frequenciesOf(tally, share) })),
    significance: SIGNIFICANCE,
    about: [
      { name: 'seed', value: String(seed) },
      ...(given.is('clusters') ? [{ name: 'clusters', value: given.text('clusters') ?? '' }] : []),
      ...(await versionsHere([host.variant])),
      ...(given.is('capture') && !hasOffloadTool() ? [NO_CHECKSUMS] : []),
    ],
  }
}

const NO_CHECKSUMS = {
  name: 'note',
  value: `checksums are left to devices, and not compared: that takes ${OFFLOAD_TOOL.tool} (apt-get install ${OFFLOAD_TOOL.package})`,
}

/** More flows than these are told one by one only when they disagree. */
const MOST_LINES = 200

function written(report: Report, format: (typeof FORMATS)[number], all: boolean): string {
  switch (format) {
    case 'json':
      return `${JSON.stringify(reportToJson(report), undefined, 2)}\n`
    case 'junit':
      return formatJunit(report)
    case 'text':
      return formatReport(report, { all: all || report.flows.length <= MOST_LINES })
  }
}
