/**
 * Several processes that serve one zone at the same addresses.
 *
 * They share the sockets: of UDP each takes datagrams as it gets to them, TCP connections are dealt out in turn. A process
 * that ends is followed by another; all end when this one does, however it ends.
 *
 * @module
 */
import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Millis } from '../../base/clock.ts'
import type { ZoneMakings, ZoneUpdate } from '../../dns/zone-change.ts'
import type { Order, Report } from './crew-orders.ts'
import type { Endpoint } from './endpoint.ts'
import { DEFAULT_LIMITS, type Limits } from './limits.ts'
import type { DnsServerOptions } from './server.ts'

export interface CrewOptions {
  readonly workers: number
  /** The path of a program that calls {@link serveInCrew}. */
  readonly program: string
  readonly server: Omit<DnsServerOptions, 'observe'>
  /** Handed to the program: plain data. */
  readonly wishes: unknown
  /** Told, in words, of a process that is replaced. */
  readonly note: (text: string) => void
}

/** Why a crew cannot serve, or serves no longer. */
export class CrewError extends Error {
  override readonly name = 'CrewError'
  readonly code = 'ERR_CREW'
}

/** A process whose code fails at once would be started anew for ever. */
const MOST_ENDS = 5
const MINUTE: Millis = 60_000
/** Before the next process takes the place of one that ended. */
const PAUSE: Millis = 200
/** More than a server's own limits allow for answers under way. */
const STOP_LIMIT: Millis = 20_000

export class Crew {
  /** Where UDP and TCP are heard. */
  readonly endpoints: readonly Endpoint[]
  /** Rejects once it has given up; all processes have ended by then. */
  readonly failure: Promise<never>
  readonly #options: CrewOptions
  readonly #workers = new Set<Worker>()
  #makings: ZoneMakings
  #ends: readonly Millis[] = []
  #isStopping = false
  #fail: (cause: CrewError) => void = () => {}

  private constructor(options: CrewOptions, makings: ZoneMakings, first: Worker, endpoints: readonly Endpoint[]) {
    this.#options = { ...options, server: { ...options.server, listen: endpoints } }
    this.#makings = makings
    this.endpoints = endpoints
    this.failure = new Promise((_, reject) => {
      this.#fail = reject
    })
    this.failure.catch(() => {})
    this.#keep(first)
  }

  /**
   * Starts the processes; resolves once all of them serve.
   *
   * @throws {CrewError} where they cannot
   */
  static async start(makings: ZoneMakings, options: CrewOptions): Promise<Crew> {
    cluster.setupPrimary({ exec: options.program, args: [], execArgv: [], serialization: 'advanced' })
    cluster.schedulingPolicy = cluster.SCHED_RR
    const listen = await Promise.all(options.server.listen.map(withPort))
    const shared = { ...options, server: { ...options.server, listen, limits: sharedLimits(options) } }
    const first = cluster.fork({ NODE_OPTIONS: '' })
    // Which addresses are meant is settled by the first; the others listen there, too.
    const crew = new Crew(shared, makings, first, await begin(first, () => makings, shared))
    try {
      await Promise.all(Array.from({ length: options.workers - 1 }, () => crew.#hire()))
    } catch (cause) {
      await crew.stop()
      throw cause
    }
    return crew
  }

  /** Process ids of those that serve now. */
  get pids(): readonly number[] {
    return [...this.#workers].flatMap(({ process: { pid } }) => pid ?? [])
  }

  /** @param makings what the update leads to */
  update(update: ZoneUpdate, makings: ZoneMakings): void {
    this.#makings = makings
    for (const worker of this.#workers) tell(worker, { kind: 'update', update })
  }

  /** Ends all processes once what is under way is answered. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await Promise.all([...this.#workers].map(dismissed))
  }

  async #hire(): Promise<void> {
    const worker = cluster.fork({ NODE_OPTIONS: '' })
    this.#keep(worker)
    await begin(worker, () => this.#makings, this.#options)
  }

  #keep(worker: Worker): void {
    this.#workers.add(worker)
    worker.on('exit', (code, signal) => {
      this.#workers.delete(worker)
      if (!this.#isStopping) this.#replace(worker, signal ?? `code ${code}`)
    })
  }

  #replace({ process: { pid } }: Worker, how: string): void {
    const now = performance.now()
    this.#ends = [...this.#ends.filter(end => now - end < MINUTE), now]
    const { workers, note } = this.#options
    if (this.#ends.length > MOST_ENDS * workers) {
      const cause = new CrewError(`${this.#ends.length} workers ended within a minute, the last by ${how}: giving up`)
      void this.stop().then(() => this.#fail(cause))
      return
    }
    note(`worker ${pid} ended by ${how}; another takes its place`)
    setTimeout(() => {
      // Why it does not serve its end tells as well.
      if (!this.#isStopping) this.#hire().catch(() => {})
    }, PAUSE)
  }
}

/** Sockets are shared by who asks for the same port: any free one is settled before. */
async function withPort(endpoint: Endpoint): Promise<Endpoint> {
  if (endpoint.port !== 0) return endpoint
  const server = createServer().listen(0, endpoint.address)
  try {
    await once(server, 'listening')
  } catch {
    // The first worker tells why.
    return endpoint
  }
  const bound = server.address()
  server.close()
  await once(server, 'close')
  return typeof bound === 'object' && bound ? { ...endpoint, port: bound.port } : endpoint
}

/** Of what is limited over all clients, each has its part. */
function sharedLimits({ workers, server }: CrewOptions): Partial<Limits> {
  const { connections, questions, ...limits } = { ...DEFAULT_LIMITS, ...server.limits }
  const part = (whole: number) => Math.ceil(whole / workers)
  return { ...limits, connections: part(connections), questions: part(questions) }
}

/**
 * Has the worker serve.
 *
 * @param makings of the moment; updates from then on are told to the worker
 * @throws {CrewError} where it cannot, once it has ended
 */
function begin(
  worker: Worker,
  makings: () => ZoneMakings,
  { server, wishes }: CrewOptions,
): Promise<readonly Endpoint[]> {
  return new Promise((resolve, reject) => {
    let problem: string | undefined
    worker.on('message', (report: Report) => {
      if (report.kind === 'ready') tell(worker, { kind: 'start', makings: makings(), server, wishes })
      else if (report.kind === 'listening') resolve(report.endpoints)
      else {
        problem = report.message
        tell(worker, { kind: 'stop' })
      }
    })
    worker.on('exit', (code, signal) => {
      reject(new CrewError(problem ?? `a worker ended by ${signal ?? `code ${code}`} before it served`))
    })
  })
}

function tell(worker: Worker, order: Order): void {
  // A worker that is gone is replaced.
  if (worker.isConnected()) worker.send(order, () => {})
}

function dismissed(worker: Worker): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(() => worker.process.kill('SIGKILL'), STOP_LIMIT)
    worker.once('exit', () => {
      clearTimeout(timer)
      resolve()
    })
    if (worker.isDead()) {
      clearTimeout(timer)
      resolve()
    }
    tell(worker, { kind: 'stop' })
  })
}
