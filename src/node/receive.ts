/**
 * A frame comes to a machine. Its way is in `inward.ts`.
 *
 * @module
 */
import type { Frame } from '../packet/packet.ts'
import type { Around, Machine } from './machine.ts'
import type { MachineMemory } from './memory.ts'
import { walkAll } from './passage.ts'
import type { Passage } from './step.ts'

/** A frame at one of the machine's links. */
export interface Arrival {
  readonly link: string
  readonly frame: Frame
}

/**
 * Takes a frame to where it leaves the machine or stays in it.
 *
 * @throws {RangeError} when the machine has no such link
 */
export function receive(machine: Machine, memory: MachineMemory, { link, frame }: Arrival, around: Around): Passage {
  const device = machine.devices.get(link)
  if (!device) throw new RangeError(`machine ${machine.name} has no link ${link}`)
  return walkAll(machine, memory, around, { kind: 'frame', device, frame, mark: 0 })
}
