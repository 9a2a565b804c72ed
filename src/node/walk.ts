/**
 * A packet's walk through one machine, as the stages write it down.
 *
 * A stage takes the packet as the one before it left it, writes its steps, and returns the packet
 * for the next; or nothing, once it has noted how the packet ended or where it went. What goes on
 * inside the machine in another place (a looped packet, the inside of a tunnel) is a leg of its own,
 * walked when the present one is over.
 *
 * @module
 */
import type { Skb } from '../netfilter/run/skb.ts'
import type { Frame, Packet } from '../packet/packet.ts'
import type { Device } from './device.ts'
import type { Around, Machine } from './machine.ts'
import type { MachineMemory } from './memory.ts'
import type { Departure, End, HookPassing, Passage, Step, StepDetail } from './step.ts'

/** The device that made an outer packet, and the packet in it. */
export interface Tunnel {
  readonly link: string
  readonly inner: Packet
}

/** Something that is still to be walked. */
export type Leg =
  /** A frame comes in by a device: from a wire, or out of a tunnel. */
  | { readonly kind: 'frame'; readonly device: Device; readonly frame: Frame; readonly mark: number }
  /** A packet of the machine's own; `tunnel`: it carries another. */
  | { readonly kind: 'own'; readonly skb: Skb; readonly tunnel?: Tunnel }
  /** A packet comes back by the loopback device. */
  | { readonly kind: 'looped'; readonly skb: Skb }

export interface Walk {
  readonly machine: Machine
  readonly memory: MachineMemory
  readonly around: Around
  readonly steps: Step[]
  readonly passings: HookPassing[]
  readonly departures: Departure[]
  readonly answers: Skb[]
  /** The next one first. */
  readonly pending: Leg[]
  /** How many of them the present leg has brought. */
  brought: number
  delivered?: Passage['delivered']
  ended?: End
}

export function startWalk(machine: Machine, memory: MachineMemory, around: Around, first: Leg): Walk {
  return { machine, memory, around, steps: [], passings: [], departures: [], answers: [], pending: [first], brought: 0 }
}

/**
 * Notes a step that leaves the packet as it is, or makes `after` of it.
 *
 * @param detail made for this step: it becomes the step
 */
export function note(walk: Walk, detail: StepDetail, before: Packet, after: Packet = before): void {
  walk.steps.push(Object.assign(detail, { before, after }))
}

/** Notes how the packet ended. Of several copies the end of the last counts. */
export function end(walk: Walk, ended: End): undefined {
  walk.ended = ended
  return undefined
}

/** Legs that follow the present one, in their order, before those that waited already. */
export function follow(walk: Walk, legs: readonly Leg[]): void {
  walk.pending.splice(walk.brought, 0, ...legs)
  walk.brought += legs.length
}

/** The leg that is next, if there is one. */
export function nextLeg(walk: Walk): Leg | undefined {
  walk.brought = 0
  return walk.pending.shift()
}

export function passageOf({ steps, passings, departures, delivered, ended, answers }: Walk): Passage {
  return {
    steps,
    passings,
    departures,
    ...(delivered ? { delivered } : {}),
    ...(ended ? { ended } : {}),
    answers,
  }
}
