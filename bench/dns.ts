/**
 * How fast `podwire dns serve` answers, against a bare UDP echo of Node's in the same run.
 *
 *     npm run bench:dns
 *
 * Needs `dnsperf` (Debian: dnsperf) and `taskset`. Server and generator have a core each. Rounds are short and in turn, so
 * that what else the machine does falls on all alike; figures are medians, ratios are of one round. What a query costs the
 * server in processor time is told as well: it hardly depends on what else runs.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createSocket, type SocketOptions } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { arch, cpus, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { argv, execPath, stdout, version } from 'node:process'
import { fileURLToPath } from 'node:url'
import { readHeader } from '../src/dns/decode.ts'
import { encodeMessage } from '../src/dns/encode.ts'
import { query } from '../src/dns/message.ts'
import { parseName } from '../src/dns/name.ts'
import { kubeadmOptions } from '../src/dns/options.ts'
import { CLASS_IN, TYPES } from '../src/dns/record.ts'
import { Zone } from '../src/dns/zone.ts'
import type { Namespace } from '../src/objects/namespace.ts'
import { DnsServer } from '../src/server/dns/server.ts'
import { benchService } from './cluster.ts'

const SIZES = [100, 10_000] as const
const ROUNDS = 9
const SECONDS = 1
const ENOUGH = 0.85
/** Queries that are asked one after the other while others load the server. */
const PROBES = 2000
/** Of the load's queries a second, of what the server can answer. */
const LOADED = 0.5
const KINDS = {
  A: (i: number) => `service-${i}.ns-${i % 100}.svc.cluster.local A`,
  SRV: (i: number) => `_http._tcp.service-${i}.ns-${i % 100}.svc.cluster.local SRV`,
  NXDOMAIN: (i: number) => `nothing-${i}.ns-${i % 100}.svc.cluster.local A`,
} as const
type Kind = keyof typeof KINDS

interface Subject {
  readonly name: string
  readonly child: ChildProcess
  readonly port: number
}

interface Measured {
  readonly rate: number
  /** Microseconds of processor time for a query. */
  readonly cost: number
}

/**
 * The simplest code that answers.
 *
 * @param lookup whether it is spared Node's own look-up of addresses, as the server spares it itself
 */
function echo(lookup: boolean): void {
  const own: SocketOptions['lookup'] = (host, _options, found) => found(null, host, 4)
  const socket = createSocket({ type: 'udp4', ...(lookup ? { lookup: own } : {}) })
  socket.on('message', (message, { port, address }) => socket.send(message, port, address))
  socket.bind(0, '127.0.0.1', () => process.send?.(socket.address().port))
}

async function serve(services: number): Promise<void> {
  const namespaces = Array.from({ length: 100 }, (_, i): Namespace => {
    return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: `ns-${i}` } }
  })
  const objects = {
    namespaces,
    services: Array.from({ length: services }, (_, i) => benchService(i)),
    slices: [],
    pods: [],
  }
  const server = await DnsServer.start(new Zone(objects, kubeadmOptions(), 1), {
    listen: [{ address: '127.0.0.1', port: 0 }],
  })
  process.send?.(server.endpoints[0]?.port)
}

async function start(name: string, ...args: readonly string[]): Promise<Subject> {
  const command = ['-c', '0', execPath, fileURLToPath(import.meta.url), ...args]
  const child = spawn('taskset', command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const [port] = await once(child, 'message')
  return { name, child, port: Number(port) }
}

/** Microseconds of processor time so far. */
function spent({ child }: Subject): number {
  const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}

function load(port: number, file: string, seconds: number, ...more: readonly string[]): readonly string[] {
  return [
    '-c',
    '1',
    'dnsperf',
    '-s',
    '127.0.0.1',
    '-p',
    String(port),
    '-d',
    file,
    '-c',
    '8',
    '-l',
    String(seconds),
    ...more,
  ]
}

function measure(subject: Subject, file: string, seconds = SECONDS): Measured {
  const before = spent(subject)
  const text = execFileSync('taskset', load(subject.port, file, seconds), {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const figure = (words: string) => Number(new RegExp(`${words}:\\s+([\\d.]+)`).exec(text)?.[1])
  return { rate: figure('Queries per second'), cost: (spent(subject) - before) / figure('Queries completed') }
}

/** Milliseconds until the answer of each of {@link PROBES} queries, while a load goes on. */
async function delays({ port }: Subject, file: string, rate: number): Promise<readonly number[]> {
  const other = spawn('taskset', load(port, file, 30, '-Q', String(Math.round(rate))), { stdio: 'ignore' })
  const socket = createSocket('udp4')
  socket.connect(port, '127.0.0.1')
  await once(socket, 'connect')
  const taken: number[] = []
  for (let id = 1; id <= PROBES; id++) {
    const name = parseName(`service-${id % 100}.ns-${id % 100}.svc.cluster.local`)
    const start = performance.now()
    socket.send(encodeMessage(query(id, { name, type: TYPES.A, class: CLASS_IN })))
    const [answer] = await once(socket, 'message')
    if (readHeader(answer)?.header.id !== id) throw new Error('an answer to another query')
    taken.push(performance.now() - start)
  }
  socket.close()
  other.kill()
  await once(other, 'exit')
  return taken
}

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN
}

const median = (values: readonly number[]) => quantile(values, 0.5)

async function report(): Promise<void> {
  const say = (text: string) => stdout.write(`${text}\n`)
  say(`Node ${version}, ${cpus().length} × ${cpus()[0]?.model.trim()}, Linux ${release()} ${arch()}`)
  const folder = mkdtempSync(join(tmpdir(), 'podwire-bench-dns-'))
  const subjects: Subject[] = []
  try {
    const fileOf = (kind: Kind, services: number) => join(folder, `${kind}-${services}`)
    for (const services of SIZES) {
      for (const [kind, lineOf] of Object.entries(KINDS)) {
        // In no order, and each as often.
        const lines = Array.from({ length: services }, (_, i) => lineOf((i * 7919) % services))
        writeFileSync(fileOf(kind as Kind, services), `${lines.join('\n')}\n`)
      }
    }
    const bare = await start('echo', 'echo')
    const servers = [await start('100', 'serve', '100'), await start('10000', 'serve', '10000')]
    const spared = await start('spared echo', 'spared-echo')
    subjects.push(bare, spared, ...servers)
    const cases = SIZES.flatMap((services, i) =>
      (Object.keys(KINDS) as Kind[]).map(kind => ({
        kind,
        services,
        subject: servers[i] ?? bare,
        file: fileOf(kind, services),
      })),
    )
    for (const { subject, file } of cases) measure(subject, file)
    const results = new Map(cases.map(one => [one, [] as { own: Measured; echo: Measured }[]]))
    const sparedRates: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      sparedRates.push(measure(spared, fileOf('A', 10_000)).rate)
      for (const [{ subject, file }, own] of results)
        own.push({ echo: measure(bare, file), own: measure(subject, file) })
    }
    say(`\nbare echo: ${Math.round(median([...results.values()].flat().map(one => one.echo.rate)))} q/s`)
    say(`without Node's look-up of addresses: ${Math.round(median(sparedRates))} q/s`)
    say('services  query     q/s      of the echo  µs of processor, of the echo')
    let least = 1
    for (const [{ kind, services }, all] of results) {
      const ratio = median(all.map(({ own, echo }) => own.rate / echo.rate))
      const costs = median(all.map(({ own, echo }) => echo.cost / own.cost))
      if (services === 10_000) least = Math.min(least, ratio)
      const rate = Math.round(median(all.map(({ own }) => own.rate)))
      const cost = median(all.map(({ own }) => own.cost)).toFixed(2)
      say(
        `${String(services).padEnd(9)} ${kind.padEnd(9)} ${String(rate).padEnd(8)} ${percent(ratio).padEnd(12)} ${cost}  ${percent(costs)}`,
      )
    }
    for (const [i, services] of SIZES.entries()) {
      const subject = servers[i] ?? bare
      const rate = measure(subject, fileOf('A', services)).rate * LOADED
      const taken = await delays(subject, fileOf('A', services), rate)
      const ms = (part: number) => `${quantile(taken, part).toFixed(2)} ms`
      say(`${services} services, at ${Math.round(rate)} q/s: p50 ${ms(0.5)}, p99 ${ms(0.99)}`)
    }
    say(
      `\n${least >= ENOUGH ? 'holds' : 'does not hold'}: at least ${percent(ENOUGH)} of the echo over 10,000 services`,
    )
  } finally {
    for (const { child } of subjects) child.kill()
    rmSync(folder, { recursive: true })
  }
}

function percent(ratio: number): string {
  return `${(100 * ratio).toFixed(0)} %`
}

const [, , role = '', size = ''] = argv
if (role === 'echo') echo(false)
else if (role === 'spared-echo') echo(true)
else if (role === 'serve') await serve(Number(size))
else await report()
