/**
 * A machine sends a packet of its own. Its way is in `outward.ts`.
 *
 * @module
 */
import type { Skb } from '../netfilter/run/skb.ts'
import type { Around, Machine } from './machine.ts'
import type { MachineMemory } from './memory.ts'
import { walkAll } from './passage.ts'
import type { Passage } from './step.ts'

/**
 * Takes a packet from where it is made to where it leaves the machine or stays in it.
 *
 * @param skb whose source, if it is unspecified, the machine chooses
 */
export function send(machine: Machine, memory: MachineMemory, skb: Skb, around: Around): Passage {
  return walkAll(machine, memory, around, { kind: 'own', skb })
}
