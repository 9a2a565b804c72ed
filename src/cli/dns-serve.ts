/**
 * `podwire dns serve`: the zone, served.
 *
 * @module
 */
import { availableParallelism } from 'node:os'
import type { ZoneMakings } from '../dns/zone-change.ts'
import { CrewError } from '../server/dns/crew.ts'
import { type Endpoint, formatEndpoint, parseEndpoint } from '../server/dns/endpoint.ts'
import type { DnsServerOptions } from '../server/dns/server.ts'
import type { Command, Given } from './command.ts'
import { loadZone, ZONE_OPTIONS } from './dns-options.ts'
import { followFiles } from './dns-reload.ts'
import { type ServeWishes, type Serving, startServing } from './dns-serving.ts'
import { type ExitCode, UsageError } from './exit.ts'
import { InputChanges } from './input-changes.ts'
import type { Io } from './io.ts'
import { CLUSTER_OPTIONS } from './options.ts'
import { LOG_CLASSES, type LogWishes } from './query-log.ts'

/** Nobody needs a right for it. */
const PORT = 5353
const UPSTREAM_PORT = 53
const MOST_WORKERS = 256
const MOST_EVERY = 1_000_000

export const DNS_SERVE: Command = {
  name: 'dns serve',
  summary: "Answer from the cluster's DNS zone, over UDP and TCP.",
  usage: '-f FILE… [OPTIONS]',
  about: `
Settles the cluster that the manifests declare, and answers as its CoreDNS would, until it is ended (Ctrl-C, SIGTERM): then it
takes no more queries, answers those under way, and ends with 0.

The zone is set up as the Corefile in ConfigMap kube-system/coredns says; without one, as kubeadm does. The zone is handed out
whole (AXFR) to whom the Corefile's transfer plugin names. Names that are not the cluster's are asked for at --forward, whatever
the Corefile says; without it they are answered SERVFAIL.

With --watch the files are read again when they change, and only what changed is answered otherwise. Files that cannot be used are
told of with file, line and column, and answers stay as they were until the files are right.

The log's classes are those of CoreDNS' log plugin: success has records, denial has none (NXDOMAIN, NODATA), error is the rest.`,
  options: [
    ...CLUSTER_OPTIONS,
    ...ZONE_OPTIONS,
    {
      name: 'listen',
      value: 'ADDRESS[:PORT]',
      many: true,
      help: 'where to answer, 0.0.0.0 and :: for all addresses of now; may be repeated',
      default: `127.0.0.1:${PORT}`,
    },
    {
      name: 'forward',
      value: 'ADDRESS[:PORT]',
      many: true,
      help: `who is asked about other names, at port ${UPSTREAM_PORT} unless said; may be repeated, asked in this order`,
    },
    { name: 'watch', help: 'follow the files: answers change as they do' },
    {
      name: 'workers',
      value: 'N',
      help: 'processes that answer, 0 or auto for one a core; what is limited is shared by them',
      default: '1',
    },
    {
      name: 'log',
      value: 'CLASS',
      many: true,
      help: `log queries on standard error, a line of JSON each: ${LOG_CLASSES.join(', ')}; may be repeated`,
    },
    { name: 'log-file', value: 'FILE', help: 'append the log there instead' },
    { name: 'log-every', value: 'N', help: 'of N queries that went well log one; errors are all logged' },
  ],
  examples: [
    { does: 'on this machine', call: 'podwire dns serve -f manifests/' },
    { does: 'asked', call: 'dig @127.0.0.1 -p 5353 web.default.svc.cluster.local' },
    { does: 'while the manifests are worked on', call: 'podwire dns serve -f manifests/ --watch' },
    { does: 'on all cores, failures logged', call: 'podwire dns serve -f manifests/ --workers auto --log error' },
    { does: 'with all other names', call: 'podwire dns serve -f manifests/ --listen [::1]:5300 --forward 9.9.9.9' },
  ],
  run: runServe,
}

async function runServe(given: Given, io: Io): Promise<ExitCode> {
  if (given.words.length > 0) throw new UsageError(`dns serve takes no words, not "${given.words[0]}"`)
  const watch = given.is('watch')
  if (watch && given.texts('filename').includes('-')) throw new UsageError('--watch follows files, not standard input')
  const log = logWishes(given)
  return serve(given, { server: serverOptions(given), workers: workersOf(given), watch, ...(log ? { log } : {}) }, io)
}

/** @throws {UsageError} */
function serverOptions(given: Given): DnsServerOptions {
  const asked = endpointsOf(given, 'listen', PORT)
  const listen = asked.length > 0 ? asked : [{ address: '127.0.0.1', port: PORT }]
  const forward = endpointsOf(given, 'forward', UPSTREAM_PORT)
  for (const { address, port } of forward) {
    if (port === 0) throw new UsageError('--forward takes a port from 1 to 65535, not "0"')
    if (listen.some(own => own.address === address && own.port === port)) {
      throw new UsageError(`--forward ${formatEndpoint({ address, port })} is this server itself`)
    }
  }
  return { listen, forward }
}

/** @throws {UsageError} */
function workersOf(given: Given): number {
  const count = given.text('workers') === 'auto' ? 0 : (given.integer('workers', 0, MOST_WORKERS) ?? 1)
  return count === 0 ? availableParallelism() : count
}

/** @throws {UsageError} */
function logWishes(given: Given): LogWishes | undefined {
  const classes = given.texts('log').map(word => {
    const found = LOG_CLASSES.find(one => one === word)
    if (found === undefined) throw new UsageError(`--log is one of ${LOG_CLASSES.join(', ')}, not "${word}"`)
    return found
  })
  const file = given.text('log-file')
  const every = given.integer('log-every', 1, MOST_EVERY)
  if (classes.length === 0) {
    const alone = ['log-file', 'log-every'].find(option => given.is(option))
    if (alone !== undefined) throw new UsageError(`--${alone} goes with --log`)
    return undefined
  }
  return { classes, every: every ?? 1, ...(file === undefined ? {} : { file }) }
}

/** @throws {UsageError} */
function endpointsOf(given: Given, option: string, port: number): readonly Endpoint[] {
  return given.texts(option).map(text => {
    try {
      return parseEndpoint(text, port)
    } catch {
      throw new UsageError(`--${option} takes an address and a port, such as 127.0.0.1:53 or [::1]:53, not "${text}"`)
    }
  })
}

async function serve(given: Given, wishes: ServeWishes, io: Io): Promise<ExitCode> {
  // What changes while the files are read is a change as well.
  const changes = wishes.watch ? await InputChanges.start(given.texts('filename')) : undefined
  try {
    const told = new Set<string>()
    const err = (text: string) => {
      told.add(text)
      io.err(text)
    }
    const { makings } = await loadZone(given, { ...io, err })
    return await serveUntilAsked(makings, wishes, io, async serving => {
      if (changes) await followFiles(changes, makings, told, given, io, serving.update)
      else await new Promise(() => {})
    })
  } finally {
    changes?.close()
  }
}

/** @param follow works beside; it ends no sooner than something fails */
async function serveUntilAsked(
  makings: ZoneMakings,
  wishes: ServeWishes,
  io: Io,
  follow: (serving: Serving) => Promise<void>,
): Promise<ExitCode> {
  const asked = endOf(['SIGINT', 'SIGTERM'])
  try {
    // A signal in the meantime ends what comes of it.
    const serving = await startServing(makings, wishes, io)
    for (const endpoint of serving.endpoints) io.err(`listening on ${formatEndpoint(endpoint)}, UDP and TCP\n`)
    try {
      await Promise.race([asked.given, serving.failure, follow(serving)])
      io.err('ending: answering what is under way\n')
    } finally {
      asked.forget()
      await serving.stop()
    }
    return 0
  } catch (cause) {
    if (!(cause instanceof CrewError)) throw cause
    io.err(`${cause.message}\n`)
    return 1
  } finally {
    asked.forget()
  }
}

/** The first of the signals; once forgotten, the next one ends the program at once. */
function endOf(signals: readonly NodeJS.Signals[]): { readonly given: Promise<void>; readonly forget: () => void } {
  let give = () => {}
  const given = new Promise<void>(resolve => {
    give = resolve
  })
  for (const signal of signals) process.on(signal, give)
  return {
    given,
    forget: () => {
      for (const signal of signals) process.off(signal, give)
    },
  }
}
