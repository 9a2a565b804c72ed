/**
 * The loop inside one machine: walks one leg after the other until none is left.
 *
 * @module
 */
import { walkFrame, walkLooped } from './inward.ts'
import type { Around, Machine } from './machine.ts'
import type { MachineMemory } from './memory.ts'
import { walkOwn } from './outward.ts'
import type { Passage } from './step.ts'
import { end, type Leg, nextLeg, passageOf, startWalk, type Walk } from './walk.ts'

/**
 * Most legs of one passage. A packet that two tunnels send through each other, over and over, grows no
 * older; the kernel counts such rounds too.
 *
 * @see include/linux/netdevice.h of Linux: XMIT_RECURSION_LIMIT
 */
const MOST_LEGS = 64

/** Everything that comes of `first` in this machine. */
export function walkAll(machine: Machine, memory: MachineMemory, around: Around, first: Leg): Passage {
  const walk = startWalk(machine, memory, around, first)
  for (let legs = 0; legs < MOST_LEGS; legs++) {
    const leg = nextLeg(walk)
    if (!leg) return passageOf(walk)
    walkLeg(walk, leg)
  }
  end(walk, { kind: 'bad vxlan', why: `after ${MOST_LEGS} rounds through the machine the packet is still in it` })
  return passageOf(walk)
}

function walkLeg(walk: Walk, leg: Leg): void {
  switch (leg.kind) {
    case 'frame':
      walkFrame(walk, leg)
      break
    case 'looped':
      walkLooped(walk, leg)
      break
    case 'own':
      walkOwn(walk, leg)
      break
  }
}
