/**
 * `podwire lab verify`: whether the kernel does what a trace says.
 *
 * @module
 */
import type { Examined } from '../lab/examination.ts'
import { exclusionLines } from '../lab/excluded.ts'
import { framesToCapture } from '../lab/frame-files.ts'
import { hasOffloadTool, OFFLOAD_TOOL } from '../lab/frame-watch.ts'
import { frequenciesOf, SIGNIFICANCE, shareOf } from '../lab/frequencies.ts'
import { formatJunit } from '../lab/junit.ts'
import { isAgreed, type Report } from '../lab/report.ts'
import { reportToJson } from '../lab/report-json.ts'
import { formatReport } from '../lab/report-text.ts'
import { versionsHere } from '../lab/versions.ts'
import { wrap } from '../trace/layout.ts'
import type { Command, Given, Option } from './command.ts'
import type { ExitCode } from './exit.ts'
import type { Io } from './io.ts'
import { examineAll } from './lab-examination.ts'
import { stoppable } from './lab-option.ts'
import { LAB_OPTIONS } from './lab-up.ts'
import { SENT, USUAL_EVENTS, USUAL_FLOWS, type Wishes, wishesOf } from './lab-wishes.ts'
import { CLUSTER_OPTIONS } from './options.ts'
import { fillFolder } from './out-dir.ts'
import { showProgress } from './progress.ts'
import { TRACE } from './trace.ts'

/** Columns of the help, less the indentation. */
const EXCLUSION_WIDTH = 116

const FORMATS = ['text', 'json', 'junit'] as const

const VERBOSE = 'tell of every flow that was sent, and of every disagreement side by side'

const SENT_OPTIONS: readonly Option[] = TRACE.options
  .filter(({ name }) => SENT.includes(name))
  .map(option => (option.name === 'then' ? { ...option, help: `${option.help}; the time is waited for` } : option))

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

FROM and TO are as for trace; a time in --then, as in "+30s again", is waited for. Without FROM and TO flows are drawn
at random from the cluster, and things happen to it in between: a pod goes, a route or a forwarding entry is deleted, a
link goes down. With --clusters the clusters are drawn too, from --seed up; --write keeps their manifests.

The lab is made for it and goes afterwards. --id takes one that stands, of the same manifests: what its kernels remember
of earlier packets is cleared first (connections only where the tool conntrack is there), and nothing is broken in it.

Not compared, here and in no other place:
${exclusionLines()
  .flatMap(line => wrap(line, EXCLUSION_WIDTH).map((part, i) => `${i === 0 ? '  ' : '    '}${part}`))
  .join('\n')}

Exit code: 0 model and kernel agree in everything, 1 they do not, 2 for bad input, a machine that cannot run labs, or a
lab that failed.`,
  options: [
    ...CLUSTER_OPTIONS.map(option => (option.name === 'verbose' ? { ...option, help: VERBOSE } : option)),
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
      help: 'compare frames at every link, too, and write both sides there; implies --crafted',
    },
    ...SENT_OPTIONS,
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
      does: 'session affinity of ten seconds, forgotten',
      call: 'podwire lab verify -f manifests/ pod/client svc/web:80 --then "+12s again"',
    },
    { does: 'a lab that stands', call: 'podwire lab verify -f manifests/ --id lab pod/client svc/web:80' },
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
  const folder = given.text('capture')
  // What cannot be written is better known before packets are sent.
  if (folder !== undefined) await fillFolder('capture', folder)
  const bar = showProgress(io, Date.now)
  try {
    const examined = await stoppable(io, bar, signal => examineAll(given, io, { ...wishes, signal, bar }))
    bar.end()
    if (folder !== undefined) await writeFrames(folder, examined)
    const report = await reportOf(examined, given, wishes)
    await io.out(written(report, format, given.is('verbose')))
    return isAgreed(report) ? 0 : 1
  } finally {
    bar.end()
  }
}

function writeFrames(folder: string, { frames }: Examined): Promise<void> {
  const capture = (side: 'kernel' | 'model') => ({ [`${side}.pcapng`]: framesToCapture(frames[side]) })
  return fillFolder('capture', folder, { ...capture('kernel'), ...capture('model') })
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
/** Disagreements that are told side by side unless all are asked for: the first is what to look at. */
const EXPLAINED = 3

function isShort({ flows }: Report): boolean {
  return flows.filter(({ draw }) => !draw).length <= MOST_LINES
}

function written(report: Report, format: (typeof FORMATS)[number], verbose: boolean): string {
  switch (format) {
    case 'json':
      return `${JSON.stringify(reportToJson(report), undefined, 2)}\n`
    case 'junit':
      return formatJunit(report)
    case 'text':
      return formatReport(report, verbose ? { all: true, draws: true } : { all: isShort(report), explained: EXPLAINED })
  }
}
