/**
 * What passes the links of a lab's machines, frame by frame.
 *
 *     link ── tcpdump ── frames, as many as the kernel says that passed
 *
 * @module
 */
import { availableParallelism } from 'node:os'
import type { Millis } from '../base/clock.ts'
import { eachOf } from './handles.ts'
import { runInside } from './inside.ts'
import type { LabMachine } from './lab.ts'
import { LinkStream } from './link-stream.ts'
import { groundHere } from './needs.ts'
import { type Device, restoreOffload, switchOffload } from './offload.ts'

/** A frame as it passed a link. */
export interface PassedFrame {
  /** Whole microseconds since 1970-01-01T00:00:00Z. */
  readonly at: number
  readonly machine: string
  readonly link: string
  readonly bytes: Uint8Array
  /** Whether whoever sends by the link computes checksums; else they may be left to a device. */
  readonly computes: boolean
}

export interface FrameWatch {
  /**
   * All that passed since the last call: link by link, in the order in which it passed.
   *
   * @throws {Error} naming the machine, when a link's tool failed or is late, or frames were lost
   */
  readonly passed: (timeout: Millis) => Promise<readonly PassedFrame[]>
  /** Links were made, taken away, or put up: those that are up now are watched from here on. */
  readonly look: () => Promise<void>
  /** Ends all its processes, and puts back the settings that it changed. */
  readonly close: () => Promise<void>
}

/** What {@link openFrameWatch} runs beside what the observer does; without it checksums say nothing. */
export const OFFLOAD_TOOL = { tool: 'ethtool', package: 'ethtool' } as const

/** Whether checksums can be compared on this machine. */
export function hasOffloadTool(): boolean {
  return groundHere().has(OFFLOAD_TOOL.tool)
}

/** How long tcpdump may take to start. */
const START: Millis = 30_000

/**
 * Watches every link of the machines that is up.
 *
 * @throws {Error} naming the machine, when a tool cannot be started
 */
export async function openFrameWatch(
  machines: readonly LabMachine[],
  { id }: { readonly id: string },
): Promise<FrameWatch> {
  const watch = new LinksWatch(machines, id, hasOffloadTool())
  try {
    await watch.look()
  } catch (cause) {
    await watch.close()
    throw cause
  }
  return {
    passed: timeout => watch.passed(timeout),
    look: () => watch.look(),
    close: () => watch.close(),
  }
}

interface WatchedLink extends Device {
  readonly stream: LinkStream
  readonly computes: boolean
  readonly changed: boolean
}

const AT_ONCE = 2 * availableParallelism()

class LinksWatch {
  readonly #machines: readonly LabMachine[]
  readonly #id: string
  readonly #switches: boolean
  /** By namespace, name and number of the device: one that is made anew is another. */
  readonly #links = new Map<string, WatchedLink>()

  constructor(machines: readonly LabMachine[], id: string, switches: boolean) {
    this.#machines = machines.filter(({ kind }) => kind !== 'switch')
    this.#id = id
    this.#switches = switches
  }

  async look(): Promise<void> {
    const there = new Map<string, Device>()
    await eachOf(this.#machines, AT_ONCE, async machine => {
      for (const [key, device] of await this.#devicesOf(machine)) there.set(key, device)
    })
    for (const [key, { stream }] of this.#links) {
      if (there.has(key)) continue
      this.#links.delete(key)
      await stream.close()
    }
    const fresh = [...there].filter(([key]) => !this.#links.has(key))
    await eachOf(fresh, AT_ONCE, ([key, device]) => this.#open(key, device))
  }

  async passed(timeout: Millis): Promise<readonly PassedFrame[]> {
    const all = await Promise.allSettled(
      [...this.#links.values()].map(async ({ machine, link, computes, stream }) =>
        (await stream.passed(timeout)).map(({ at, bytes }): PassedFrame => ({ at, machine, link, bytes, computes })),
      ),
    )
    return all.flatMap(one => {
      if (one.status === 'rejected') throw one.reason
      return one.value
    })
  }

  async close(): Promise<void> {
    const links = [...this.#links.values()]
    this.#links.clear()
    await Promise.all(links.map(({ stream }) => stream.close()))
    await eachOf(links, AT_ONCE, async link => {
      if (link.changed) await restoreOffload(link)
    })
  }

  async #open(key: string, device: Device): Promise<void> {
    const unswitched = { changed: false, computes: false }
    const { changed, computes } = this.#switches ? await switchOffload(device) : unswitched
    const stream = new LinkStream({ ...device }, device.link)
    this.#links.set(key, { ...device, stream, computes, changed })
    await stream.started(START)
  }

  async #devicesOf({ machine, namespace }: LabMachine): Promise<readonly (readonly [string, Device])[]> {
    const id = this.#id
    const said = await runInside({ machine, namespace, tool: 'ip', args: ['-j', 'link'], id })
    const listed: readonly Listed[] = JSON.parse(said)
    return listed
      .filter(({ flags }) => flags.includes('UP'))
      .map(({ ifindex, ifname }) => [`${namespace} ${ifname} ${ifindex}`, { machine, namespace, link: ifname, id }])
  }
}

/** @see ip-link(8), -json */
interface Listed {
  readonly ifindex: number
  readonly ifname: string
  readonly flags: readonly string[]
}
