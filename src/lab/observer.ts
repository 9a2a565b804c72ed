/**
 * What the kernels of a lab's machines do with packets, seen from inside.
 *
 *     kernel ── log group ──────── tcpdump ──┐
 *            └─ nftables' traces ── nft ─────┴── events, up to a fence ── sights of a machine
 *
 * @module
 */
import { availableParallelism } from 'node:os'
import type { Millis } from '../base/clock.ts'
import { eachOf } from './handles.ts'
import type { IptablesVariant, LabMachine } from './lab.ts'
import { MachineWatch } from './machine-watch.ts'
import type { Tool } from './needs.ts'
import type { MachineSight } from './observation.ts'
import { LateError } from './stream.ts'

export interface ObserverOptions {
  /** Of the lab. */
  readonly id: string
  /** UDP ports by which VXLAN goes; absent: by none. */
  readonly tunnels?: readonly number[]
  /** Sends a fence in every namespace. */
  readonly raise: (fence: number) => Promise<void>
}

export interface Observer {
  /**
   * What happened in each machine since the last call, up to the fence with that number.
   *
   * @throws {Error} naming the machine and the tool, when it is late or has died, or when events were lost.
   * What is told after an error is not all that happened.
   */
  readonly upTo: (fence: number, timeout: Millis) => Promise<ReadonlyMap<string, MachineSight>>
  /** What happened up to the fence is not told: it may be of rules that are gone. @throws as `upTo` does */
  readonly passed: (fence: number, timeout: Millis) => Promise<void>
  /** Rules or devices of the machine were changed: they are read anew. */
  readonly rulesChanged: (machine: string) => void
  /** Ends all its processes, removes its tables, and puts back the settings that it changed. */
  readonly close: () => Promise<void>
}

const WATCHING: readonly Tool[] = [
  { name: 'ip', from: 'iproute2' },
  { name: 'nft', from: 'nftables' },
  { name: 'sysctl', from: 'procps' },
  { name: 'tcpdump', from: 'tcpdump' },
]

/** What {@link openObserver} runs. */
export const OBSERVER_TOOLS: Readonly<Record<IptablesVariant, readonly Tool[]>> = {
  nft: WATCHING,
  legacy: [
    ...WATCHING,
    { name: 'iptables-legacy-save', from: 'iptables' },
    { name: 'ip6tables-legacy-save', from: 'iptables' },
  ],
}

/** How long each of the first fences is waited for, and how many there are. */
const PATIENCE: Millis = 500
const ATTEMPTS = 60

/** Fences from here down to see whether the tools see; verifications count up from 1. */
const FIRST_FENCE = 0xffff

/**
 * Puts a table into the kernel of every machine, and starts the tools that read what it tells. When it
 * returns, all of them see.
 *
 * @param variant by which of the two iptables the nodes' rules were loaded
 * @throws {Error} naming the machine and the tool, when one cannot be started or sees nothing
 */
export async function openObserver(
  machines: readonly LabMachine[],
  variant: IptablesVariant,
  { id, raise, tunnels = [] }: ObserverOptions,
): Promise<Observer> {
  const watches = machines
    .filter(({ kind }) => kind !== 'switch')
    .map(machine => new MachineWatch({ machine, variant, id, tunnels }))
  const close = () => eachOf(watches, 2 * availableParallelism(), watch => watch.close())
  const upTo = async (fence: number, timeout: Millis) => new Map(await together(watches, fence, timeout))
  try {
    await eachOf(watches, 2 * availableParallelism(), watch => watch.open())
    await untilSeen(raise, upTo)
  } catch (cause) {
    await close().catch(() => undefined)
    throw cause
  }
  return {
    upTo,
    passed: async (fence, timeout) => {
      await Promise.all(watches.map(watch => watch.pass(fence, timeout)))
    },
    rulesChanged: machine => {
      for (const watch of watches) if (watch.machine === machine) watch.forget()
    },
    close,
  }
}

/** All machines' sights, once all are there; of failures the first, in the order of machines. */
async function together(
  watches: readonly MachineWatch[],
  fence: number,
  timeout: Millis,
): Promise<readonly (readonly [string, MachineSight])[]> {
  const outcomes = await Promise.allSettled(
    watches.map(async watch => [watch.machine, await watch.upTo(fence, timeout)] as const),
  )
  return outcomes.map(outcome => {
    if (outcome.status === 'rejected') throw outcome.reason
    return outcome.value
  })
}

async function untilSeen(
  raise: (fence: number) => Promise<void>,
  upTo: (fence: number, timeout: Millis) => Promise<unknown>,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const fence = FIRST_FENCE - attempt
    await raise(fence)
    try {
      await upTo(fence, PATIENCE)
      return
    } catch (cause) {
      if (!(cause instanceof LateError) || attempt === ATTEMPTS) throw cause
    }
  }
}
