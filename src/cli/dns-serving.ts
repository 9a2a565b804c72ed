/**
 * Who serves: this process alone, or a crew of others.
 *
 * @module
 */
import { fileURLToPath } from 'node:url'
import { Zone } from '../dns/zone.ts'
import type { ZoneMakings, ZoneUpdate } from '../dns/zone-change.ts'
import { Crew, CrewError } from '../server/dns/crew.ts'
import type { Endpoint } from '../server/dns/endpoint.ts'
import { ListenError } from '../server/dns/listen-error.ts'
import { DnsServer, type DnsServerOptions } from '../server/dns/server.ts'
import type { WorkerWishes } from './agent/dns-worker.ts'
import { RefusedInput } from './exit.ts'
import type { Io } from './io.ts'
import { type LogWishes, openQueryLog, type QueryLog } from './query-log.ts'

export interface ServeWishes {
  readonly server: DnsServerOptions
  readonly workers: number
  readonly watch: boolean
  readonly log?: LogWishes
}

export interface Serving {
  readonly endpoints: readonly Endpoint[]
  /** Rejects when nobody serves any longer, though nobody said so. */
  readonly failure: Promise<never>
  /** @param makings what the update leads to */
  readonly update: (update: ZoneUpdate, makings: ZoneMakings) => void
  readonly stop: () => Promise<void>
}

/** The build's program, also where this code runs from its sources. */
const WORKER = fileURLToPath(new URL('../../dist/cli/agent/dns-worker.js', import.meta.url))

/** @throws {RefusedInput} where it cannot listen, or not write the log */
export async function startServing(makings: ZoneMakings, wishes: ServeWishes, io: Io): Promise<Serving> {
  try {
    // Reading files takes time; who watches them has others answer meanwhile.
    return wishes.workers > 1 || wishes.watch
      ? await serveByCrew(makings, wishes, io)
      : await serveAlone(makings, wishes)
  } catch (cause) {
    throw cause instanceof ListenError || cause instanceof CrewError ? new RefusedInput([cause.message]) : cause
  }
}

async function serveAlone({ objects, options, serial }: ZoneMakings, { server, log }: ServeWishes): Promise<Serving> {
  const open: QueryLog | undefined = log && openQueryLog(log)
  const zone = new Zone(objects, options, serial)
  const own = await DnsServer.start(zone, open ? { ...server, observe: open.observe } : server)
  return {
    endpoints: own.endpoints,
    failure: new Promise(() => {}),
    update: () => {},
    stop: async () => {
      await own.stop()
      await open?.end()
    },
  }
}

async function serveByCrew(makings: ZoneMakings, { server, workers, log }: ServeWishes, io: Io): Promise<Serving> {
  const wishes: WorkerWishes = log ? { log } : {}
  const note = (text: string) => io.err(`${text}\n`)
  const crew = await Crew.start(makings, { workers, program: WORKER, server, wishes, note })
  return {
    endpoints: crew.endpoints,
    failure: crew.failure,
    update: (update, next) => crew.update(update, next),
    stop: () => crew.stop(),
  }
}
