/**
 * In how many flows the model and the kernel of this machine agree.
 *
 *     npm run bench:agreement -- --clusters 100 --flows 20 --events 4
 *
 * Clusters are drawn from a seed up, each is brought to life with one kind of iptables and then with the
 * other, and `podwire lab verify` sends flows through it before anything happens to it and after each
 * event. Every cluster is a process of its own: one that fails takes no other along. What goes on, and
 * each disagreement side by side, is told on standard error; the figures come at the end.
 *
 * Needs what labs need: Linux and root. Exit code: 0 model and kernel agree in everything, 1 they do not,
 * or some cluster could not be asked.
 */
import { execFile } from 'node:child_process'
import { arch, cpus } from 'node:os'
import { argv, execPath, stderr, stdout } from 'node:process'
import { parseArgs } from 'node:util'
import type { FlowReport, Report, Totals } from '../src/lab/report.ts'

const VARIANTS = ['nft', 'legacy'] as const
type Variant = (typeof VARIANTS)[number]

interface Wishes {
  readonly clusters: number
  readonly flows: number
  readonly events: number
  /** Of the first cluster. */
  readonly seed: number
  readonly variants: readonly Variant[]
  /** Where the manifests of clusters are written; absent: nowhere. */
  readonly write?: string
}

/** What `lab verify -o json` says of one cluster. */
interface Told {
  readonly totals: Totals
  readonly flows: readonly FlowReport[]
  readonly about: Report['about']
}

interface Sum {
  readonly totals: Totals
  readonly seconds: number
  /** Clusters that could not be asked. */
  readonly failed: number
  /** The kernel and the tools, with their versions. */
  readonly about: ReadonlyMap<string, string>
}

const NOTHING: Sum = {
  totals: { flows: 0, agree: 0, disagree: 0, rules: 0, packets: 0 },
  seconds: 0,
  failed: 0,
  about: new Map(),
}

function wishesOf(args: readonly string[]): Wishes {
  const text = { type: 'string' } as const
  const options = { clusters: text, flows: text, events: text, seed: text, iptables: text, write: text } as const
  const { clusters, flows, events, seed, iptables, write } = parseArgs({ args: [...args], options }).values
  const variants = VARIANTS.filter(variant => iptables === undefined || variant === iptables)
  if (variants.length === 0) throw new RangeError(`--iptables is one of ${VARIANTS.join(', ')}, not "${iptables}"`)
  return {
    clusters: count('clusters', clusters, 10),
    flows: count('flows', flows, 20),
    events: count('events', events, 4),
    seed: count('seed', seed, 1),
    variants,
    ...(write === undefined ? {} : { write }),
  }
}

function count(name: string, text: string | undefined, usual: number): number {
  const value = text === undefined ? usual : Number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`--${name} is a whole number, not "${text}"`)
  return value
}

/** @throws {Error} with what the command says, when it has nothing to tell */
function verify(seed: number, variant: Variant, { flows, events, write }: Wishes): Promise<Told> {
  const words = ['--clusters', '1', '--seed', seed, '--flows', flows, '--events', events, '--iptables', variant]
  const args = ['bin/podwire.js', 'lab', 'verify', ...words.map(String), ...(write ? ['--write', write] : [])]
  return new Promise((resolve, reject) => {
    const options = { maxBuffer: 1 << 28, encoding: 'utf8' } as const
    execFile(execPath, [...args, '-o', 'json'], options, (error, out, err) => {
      const told = error === null || error.code === 1 ? findTold(out) : undefined
      if (told) resolve(told)
      else reject(new Error(err.trim() || error?.message || 'it says nothing'))
    })
  })
}

/** Nothing where the command broke: Node's exit code for that is that of a disagreement, too. */
function findTold(out: string): Told | undefined {
  try {
    return JSON.parse(out) as Told
  } catch {
    return undefined
  }
}

async function runAll(variant: Variant, wishes: Wishes): Promise<Sum> {
  const { clusters, seed: first } = wishes
  let sum = NOTHING
  for (let i = 0; i < clusters; i++) {
    const seed = first + i
    const start = performance.now()
    const told = await verify(seed, variant, wishes).catch((cause: Error) => cause)
    const seconds = (performance.now() - start) / 1000
    const here = `iptables-${variant}, cluster ${i + 1} of ${clusters} (seed ${seed})`
    if (told instanceof Error) {
      stderr.write(`${here} could not be asked: ${told.message}\n`)
      sum = added(sum, { ...NOTHING, seconds, failed: 1 })
      continue
    }
    const { flows, disagree } = told.totals
    const verdict = disagree === 0 ? 'all agree' : `${disagree} DISAGREE`
    stderr.write(`${here}: ${flows} flows, ${verdict}, ${seconds.toFixed(1)} s\n`)
    for (const { sideBySide } of told.flows) if (sideBySide !== undefined) stderr.write(`\n${sideBySide}\n`)
    sum = added(sum, { totals: told.totals, seconds, failed: 0, about: versionsOf(told) })
  }
  return sum
}

function versionsOf({ about }: Told): Sum['about'] {
  const versions = about.filter(({ name }) => name !== 'seed' && name !== 'clusters')
  return new Map(versions.map(({ name, value }) => [name, value]))
}

function added(a: Sum, b: Sum): Sum {
  return {
    totals: {
      flows: a.totals.flows + b.totals.flows,
      agree: a.totals.agree + b.totals.agree,
      disagree: a.totals.disagree + b.totals.disagree,
      rules: a.totals.rules + b.totals.rules,
      packets: a.totals.packets + b.totals.packets,
    },
    seconds: a.seconds + b.seconds,
    failed: a.failed + b.failed,
    about: new Map([...a.about, ...b.about]),
  }
}

const HEAD = ['', 'flows', 'agree', 'disagree', 'rules', 'packets', 'seconds'] as const

function row(name: string, { totals, seconds }: Sum): readonly string[] {
  const { flows, agree, disagree, rules, packets } = totals
  return [
    name,
    ...[flows, agree, disagree, rules, packets, Math.round(seconds)].map(value => value.toLocaleString('en')),
  ]
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = HEAD.map((_, i) => Math.max(...rows.map(cells => cells[i]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ')
  return rows.map(cells => `${line(cells)}\n`).join('')
}

async function main(): Promise<boolean> {
  const wishes = wishesOf(argv.slice(2))
  const { clusters, flows, events, seed, variants } = wishes
  const sums: (readonly [name: string, sum: Sum])[] = []
  for (const variant of variants) sums.push([`iptables-${variant}`, await runAll(variant, wishes)])
  const all = sums.map(([, sum]) => sum).reduce(added, NOTHING)
  const versions = [...all.about].map(([name, value]) => `${name} ${value}`).join(', ')
  const rows = [HEAD, ...sums.map(([name, sum]) => row(name, sum)), ...(sums.length > 1 ? [row('together', all)] : [])]
  stdout.write(`${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model} ${arch()}, ${versions}
${clusters} clusters drawn from seeds ${seed} to ${seed + clusters - 1}, ${events} events each, ${flows} flows before the first and after each

${aligned(rows)}`)
  if (all.failed > 0) stdout.write(`\n${all.failed} clusters could not be asked\n`)
  return all.totals.disagree === 0 && all.failed === 0
}

process.exitCode = (await main()) ? 0 : 1
