/**
 * A process of a crew: serves as it is told, and ends with who tells it.
 *
 * @module
 */
import { Zone } from '../../dns/zone.ts'
import { changeZone, type ZoneUpdate } from '../../dns/zone-change.ts'
import type { Order, Report } from './crew-orders.ts'
import { ListenError } from './listen-error.ts'
import type { Observe } from './observed-answers.ts'
import { DnsServer } from './server.ts'

/** What a member's program adds to the server. */
export interface Duties {
  readonly observe?: Observe
  /** Called once nothing is answered any more. */
  readonly end: () => Promise<void>
}

interface Serving {
  readonly server: DnsServer
  readonly duties: Duties
  zone: Zone
}

/**
 * Takes the crew's orders for as long as this process lives.
 *
 * @param prepare makes the duties of what the crew's starter wished
 */
export function serveInCrew(prepare: (wishes: unknown) => Duties): void {
  // A terminal tells all its processes to end; here only the crew does, and answers under way come first.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {})
  let serving: Serving | undefined
  // One order after the other, also where one takes its time.
  let last: Promise<void> = Promise.resolve()
  process.on('message', (order: Order) => {
    last = last.then(async () => {
      if (order.kind === 'start') serving = await start(order, prepare(order.wishes))
      else if (order.kind === 'update' && serving) update(serving, order.update)
      else if (order.kind === 'stop') await stop(serving)
    })
  })
  report({ kind: 'ready' })
}

async function start(order: Extract<Order, { readonly kind: 'start' }>, duties: Duties): Promise<Serving | undefined> {
  const { objects, options, serial } = order.makings
  const zone = new Zone(objects, options, serial)
  const { observe } = duties
  try {
    const server = await DnsServer.start(zone, { ...order.server, ...(observe ? { observe } : {}) })
    report({ kind: 'listening', endpoints: server.endpoints })
    return { server, duties, zone }
  } catch (cause) {
    if (!(cause instanceof ListenError)) throw cause
    report({ kind: 'refused', message: cause.message })
    return undefined
  }
}

function update(serving: Serving, update: ZoneUpdate): void {
  if (update.kind === 'changes') {
    changeZone(serving.zone, update.changes, update.serial)
    return
  }
  const { objects, options, serial } = update.makings
  serving.zone = new Zone(objects, options, serial)
  serving.server.replaceZone(serving.zone)
}

async function stop(serving: Serving | undefined): Promise<void> {
  await serving?.server.stop()
  await serving?.duties.end()
  process.exit(0)
}

function report(report: Report): void {
  process.send?.(report)
}
