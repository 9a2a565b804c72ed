/**
 * Devices whose links have changed: the kernel draws its conclusions a little later.
 *
 * When a bridge loses its last port, it has lost its carrier at once; that its neighbours are forgotten for it, and
 * with them, unanswered, the packets that wait for one, comes up to a second later. A flow in between would meet
 * neither the old state nor the new one.
 *
 * @see net/core/link_watch.c of Linux: linkwatch_schedule_work; net/core/neighbour.c: neigh_carrier_down
 * @module
 */
import { availableParallelism } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import type { Millis } from '../base/clock.ts'
import { LabError } from './failure.ts'
import { eachOf } from './handles.ts'
import { type Running, runJob } from './jobs.ts'
import type { LabMachine } from './lab.ts'

const PAUSE: Millis = 50
/** Twenty times as long as the kernel takes. */
const ATTEMPTS = 400

/**
 * Waits until the kernels of all machines have taken note of what happened to their links.
 *
 * @throws {LabError} naming the machine and its device when that takes longer than any kernel does
 */
export async function linksAtRest(machines: readonly LabMachine[], running: Running): Promise<void> {
  await eachOf(machines, 2 * availableParallelism(), async ({ machine, namespace }) => {
    const job = { namespace, tool: 'ip', args: ['-j', 'link', 'show'], about: `${machine} links` }
    for (let attempt = 1; ; attempt++) {
      const restless = restlessLink(await runJob(job, running))
      if (restless === undefined) return
      if (attempt === ATTEMPTS) throw new LabError([`${machine}: ${restless} does not come to rest`])
      await delay(PAUSE)
    }
  })
}

interface ListedLink {
  readonly ifname: string
  readonly flags: readonly string[]
  readonly operstate: string
}

/**
 * A device whose operational state is not yet what its carrier says; none when all are at rest.
 *
 * @param listing of `ip -j link show`
 */
export function restlessLink(listing: string): string | undefined {
  const links = JSON.parse(listing) as readonly ListedLink[]
  return links.find(({ flags, operstate }) => {
    const isUsed = operstate === 'UP' || operstate === 'UNKNOWN'
    return flags.includes('UP') && flags.includes('LOWER_UP') !== isUsed
  })?.ifname
}
