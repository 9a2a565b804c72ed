/**
 * What each machine's kernel would see of an exchange, by the model: packets at the hooks that are
 * watched, and the rules that match.
 *
 * @module
 */
import type { RuleStep } from '../netfilter/run/hook.ts'
import type { MachineKind } from '../node/machine.ts'
import type { HookPassing, Step } from '../node/step.ts'
import { isUdp, type Packet } from '../packet/packet.ts'
import type { Exchange, Hop, Journey } from '../trace/journey.ts'
import type { PacketSight, RuleSight } from './observation.ts'
import { tracedOf } from './observed-packet.ts'

/** What a packet is in its exchange. `try`: it was too long, and was sent again. */
export type Leg = 'try' | 'request' | 'reply' | 'aftermath'

export interface ExpectedPacket extends PacketSight {
  readonly leg: Leg
}

export interface ExpectedRule extends RuleSight {
  readonly leg: Leg
}

export interface ExpectedSight {
  readonly kind: MachineKind
  readonly packets: readonly ExpectedPacket[]
  readonly rules: readonly ExpectedRule[]
}

/** By machine, in the order in which the exchange comes to them. */
export function expectedSights(
  exchange: Exchange,
  nameOf: (machine: string) => string,
): ReadonlyMap<string, ExpectedSight> {
  const sights = new Map<string, { kind: MachineKind; packets: ExpectedPacket[]; rules: ExpectedRule[] }>()
  for (const { leg, journey } of legsOf(exchange)) {
    for (const hop of journey.hops) {
      const name = nameOf(hop.machine)
      const own = sights.get(name) ?? { kind: hop.kind, packets: [], rules: [] }
      sights.set(name, own)
      own.packets.push(...packetsIn(hop).map(sight => ({ ...sight, leg })))
      own.rules.push(...rulesIn(hop).map(rule => ({ ...rule, leg })))
    }
  }
  return sights
}

/** All journeys of an exchange, in the order in which they are made. */
export function legsOf(exchange: Exchange): readonly { readonly leg: Leg; readonly journey: Journey }[] {
  const { tries = [], request, reply, aftermath = [] } = exchange
  return [
    ...tries.flatMap(one => [
      { leg: 'try', journey: one.request } as const,
      ...(one.reply ? [{ leg: 'try', journey: one.reply } as const] : []),
    ]),
    { leg: 'request', journey: request },
    ...(reply ? [{ leg: 'reply', journey: reply } as const] : []),
    ...aftermath.map(({ journey }) => ({ leg: 'aftermath', journey }) as const),
  ]
}

/** The UDP ports by which packets that carry others go. */
export function tunnelPorts(exchange: Exchange): ReadonlySet<number> {
  const steps = legsOf(exchange).flatMap(({ journey }) => journey.hops.flatMap(hop => hop.steps))
  return new Set(
    steps.flatMap(step =>
      step.component === 'vxlan' && step.outer && isUdp(step.outer.payload) ? [step.outer.payload.dport] : [],
    ),
  )
}

/** Before any rule where packets come in or are made, behind all where they go up or out. */
function packetsIn({ steps, passings = [] }: Hop): readonly PacketSight[] {
  const pieces = fragmentsAhead(steps, passings)
  const waiting = [...pieces.values()].filter(
    piece => !passings.some(({ before }) => pieces.get(before.packet) === piece),
  )
  return [
    ...passings.flatMap(passing => sightOf(passing, pieces)),
    // A piece that waits for the rest of its packet is all that came.
    ...waiting.map((packet): PacketSight => ({ hook: 'prerouting', mark: 0, packet })),
  ]
}

function sightOf(
  { hook, devices, before, after }: HookPassing,
  pieces: ReadonlyMap<Packet, Packet>,
): readonly PacketSight[] {
  const { in: input, out } = devices
  switch (hook) {
    case 'prerouting': {
      const packet = pieces.get(before.packet) ?? before.packet
      return [{ hook, ...(input === undefined ? {} : { in: input }), mark: before.mark, packet }]
    }
    case 'output':
      return [{ hook, ...(out === undefined ? {} : { out }), mark: before.mark, packet: before.packet }]
    case 'input':
      return after
        ? [{ hook, ...(input === undefined ? {} : { in: input }), mark: after.mark, packet: after.packet }]
        : []
    case 'postrouting':
      return after ? [{ hook, ...(out === undefined ? {} : { out }), mark: after.mark, packet: after.packet }] : []
    case 'forward':
      return []
  }
}

/**
 * The pieces that are put together, or wait to be, before PREROUTING, each by the packet that the hook
 * would see for it. Packets are watched before that.
 */
function fragmentsAhead(steps: readonly Step[], passings: readonly HookPassing[]): ReadonlyMap<Packet, Packet> {
  const atHook = new Set(passings.flatMap(({ hook, before }) => (hook === 'prerouting' ? [before.packet] : [])))
  const pieces = new Map<Packet, Packet>()
  for (const step of steps) {
    if (step.component !== 'fragment' || step.action === 'split' || atHook.has(step.before)) continue
    pieces.set(step.after, step.before)
  }
  return pieces
}

function rulesIn({ steps }: Hop): readonly RuleSight[] {
  return steps.flatMap((step): readonly RuleSight[] => {
    if (step.component !== 'netfilter') return []
    const one = step.step
    if (one.kind === 'rule') return isTold(one) ? [placed(one, step.before, one.number)] : []
    return one.kind === 'policy' && one.policy === 'drop' ? [placed(one, step.before, 'policy')] : []
  })
}

function placed(
  { table, chain }: Pick<RuleStep, 'table' | 'chain'>,
  before: Packet,
  number: RuleSight['number'],
): RuleSight {
  return { family: before.family, table, chain, number, packet: tracedOf(before) }
}

/** A match that drops the packet by itself has not matched; nor has a rule that was taken for one that does not. */
function isTold({ effect, rule, assumed }: RuleStep): boolean {
  const dropsByMatch = effect === 'drop' && rule.target?.do !== 'drop'
  return !dropsByMatch && !(assumed && effect === 'continue')
}
