/**
 * What a machine remembers from packet to packet.
 *
 * @module
 */
import type { Millis } from '../base/clock.ts'
import type { Ip } from '../base/ip.ts'
import { copyNetfilterMemory, createNetfilterMemory, type NetfilterMemory } from '../netfilter/run/netfilter.ts'
import { copyFragments, type FragmentQueue, newFragmentQueue } from '../packet/reassembly.ts'
import { IpMap } from './ip-map.ts'
import type { TableRoute } from './routing-table.ts'
import type { Socket } from './socket.ts'

/** Changed only by the functions of this folder. */
export interface MachineMemory {
  readonly netfilter: NetfilterMemory
  readonly fragments: FragmentQueue
  /** By destination: what came back from a packet that was too long for its path. */
  readonly pathMtus: IpMap<PathMtu>
  /** Which of several ways a flow took. */
  readonly ways: TakenWay[]
  /** Of programs that wait for an answer. */
  readonly sockets: Socket[]
  /** The identification of the packet that was made last. */
  lastId: number
}

export interface PathMtu {
  readonly mtu: number
  readonly until: Millis
}

export interface TakenWay {
  readonly found: TableRoute
  readonly src: Ip
  readonly dst: Ip
  /** What else tells flows between the two apart. */
  readonly flow: string
  /** The index among the route's ways. */
  readonly way: number
}

export function createMachineMemory(): MachineMemory {
  return {
    netfilter: createNetfilterMemory(),
    fragments: newFragmentQueue(),
    pathMtus: new IpMap(),
    ways: [],
    sockets: [],
    lastId: 0,
  }
}

/** A memory of its own: what happens to one of the two does not touch the other. */
export function copyMachineMemory(memory: MachineMemory): MachineMemory {
  return {
    netfilter: copyNetfilterMemory(memory.netfilter),
    fragments: copyFragments(memory.fragments),
    pathMtus: memory.pathMtus.copy(),
    ways: [...memory.ways],
    sockets: [...memory.sockets],
    lastId: memory.lastId,
  }
}

/** The identification of one more packet: 16 bits, never 0. */
export function nextId(memory: MachineMemory): number {
  memory.lastId = (memory.lastId % 0xffff) + 1
  return memory.lastId
}
