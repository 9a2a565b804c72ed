/**
 * Next hops of which an observation does not say which one was taken: nothing may rest on them later.
 *
 * @module
 */
import { equalIp } from '../base/ip.ts'
import type { MachineMemory, TakenWay } from '../node/memory.ts'
import type { Prediction } from './agreement.ts'

/** Whether two ways differ in nothing that was drawn but next hops. */
export function isByOtherHops(one: Prediction, other: Prediction): boolean {
  return one !== other && one.draws.some(isOfHops) && hopless(one) === hopless(other)
}

function isOfHops({ fork }: Prediction['draws'][number]): boolean {
  return fork.by === 'next hop'
}

function hopless({ draws }: Prediction): string {
  return draws.flatMap(draw => (isOfHops(draw) ? [] : [`${draw.fork.by} ${draw.taken}`])).join()
}

/** The way, of which next hops on which the others do not agree are forgotten. */
export function withoutOpenWays(taken: Prediction, others: readonly Prediction[]): Prediction {
  if (others.length === 0) return taken
  const isSure = (machine: string, way: TakenWay) =>
    others.every(({ memories }) => memories.get(machine)?.ways.some(one => isSame(one, way)) ?? false)
  const settled = ([machine, memory]: readonly [string, MachineMemory]) =>
    [machine, { ...memory, ways: memory.ways.filter(way => isSure(machine, way)) }] as const
  return { ...taken, memories: new Map([...taken.memories].map(settled)) }
}

function isSame(a: TakenWay, b: TakenWay): boolean {
  return a.found === b.found && a.way === b.way && a.flow === b.flow && equalIp(a.src, b.src) && equalIp(a.dst, b.dst)
}
