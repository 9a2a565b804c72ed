/** Whether what was seen of a flow is what a trace says. */
import { formatIp } from '../../src/base/ip.ts'
import { add, compareRatio, type Ratio, ratio, ZERO } from '../../src/base/ratio.ts'
import { predict } from '../../src/lab/predict.ts'
import { type Packet, portsOf } from '../../src/packet/packet.ts'
import type { Memories } from '../../src/trace/carry.ts'
import type { Exchange } from '../../src/trace/journey.ts'
import type { World } from '../../src/trace/world.ts'

/** What a client sees, in the words of the flows' files. */
export function outcomeSeen({ request, experience }: Exchange): string {
  if (experience === 'answered' && request.outcome.kind === 'delivered') {
    const { packet } = request.outcome
    return `${formatIp(packet.dst)}:${portsOf(packet.payload)?.dport} from ${formatIp(packet.src)}`
  }
  return experience
}

interface Try {
  readonly memories: Memories
  readonly probability: Ratio
}

/** All that may become of one packet now, with the memory that each leaves behind. */
export function triesOf(machine: string, packet: Packet, world: World, memories: Memories, now: number) {
  const outcomes = new Map<string, Try>()
  const flow = { from: machine, to: '', sender: machine, packet, at: now }
  const { predictions } = predict(flow, world, memories, { seed: 1, most: Number.POSITIVE_INFINITY })
  for (const { exchange, probability, memories } of predictions) {
    const seen = outcomeSeen(exchange)
    const there = outcomes.get(seen)
    outcomes.set(seen, {
      memories: there?.memories ?? memories,
      probability: there ? add(there.probability, probability) : probability,
    })
  }
  return outcomes
}

const HALF = ratio(1, 2)

/**
 * Sends the packets one after the other, each time taking an outcome that was really seen.
 *
 * @returns what does not agree, a sentence each, and the memory that is left
 */
export function agree(
  seen: Readonly<Record<string, number>>,
  send: (attempt: number, memories: Memories) => ReadonlyMap<string, Try>,
  memories: Memories,
): { readonly problems: readonly string[]; readonly memories: Memories } {
  const left = new Map(Object.entries(seen))
  const always = new Map<string, Ratio>()
  let now = memories
  // Once each outcome has had its turn, and one of them a second, more tries meet nothing new.
  const total = Math.min(
    [...left.values()].reduce((sum, count) => sum + count, 0),
    left.size + 1,
  )
  for (let attempt = 0; attempt < total; attempt++) {
    const possible = send(attempt, now)
    for (const name of new Set([...possible.keys(), ...always.keys()])) {
      const probability = possible.get(name)?.probability ?? ZERO
      const before = always.get(name)
      if (!before || compareRatio(probability, before) < 0)
        always.set(name, attempt > 0 && !before ? ZERO : probability)
    }
    const taken = [...left].find(([name, count]) => count > 0 && possible.has(name))
    if (!taken) {
      const missing = [...left].filter(([, count]) => count > 0).map(([name]) => name)
      return { problems: [`seen ${missing.join(', ')}; possible ${[...possible.keys()].join(', ')}`], memories: now }
    }
    left.set(taken[0], taken[1] - 1)
    now = possible.get(taken[0])?.memories ?? now
  }
  const unseen = [...always].filter(([name, least]) => !(name in seen) && compareRatio(least, HALF) >= 0)
  return { problems: unseen.map(([name]) => `${name} was never seen`), memories: now }
}
