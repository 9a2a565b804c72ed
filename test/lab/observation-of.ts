/**
 * Plays the kernel: what would be seen of an exchange if the kernel did exactly as the model says, with
 * numbers of its own where a kernel draws.
 *
 * Written from the exchange alone, not by way of what the comparison expects.
 */
import { formatIp, type Ip } from '../../src/base/ip.ts'
import { TCP, UDP } from '../../src/base/protocol.ts'
import type { MachineSight, Observation, PacketSight, RuleSight } from '../../src/lab/observation.ts'
import { tracedOf } from '../../src/lab/observed-packet.ts'
import type { Answer } from '../../src/lab/probe.ts'
import type { HookPassing, Step } from '../../src/node/step.ts'
import { hasIdentifier } from '../../src/packet/icmp-types.ts'
import { isIcmp, isTcp, isUdp, type Packet, type Payload, portsOf } from '../../src/packet/packet.ts'
import { readQuote, rewriteQuote } from '../../src/packet/quote.ts'
import { decodeVxlan, encodeVxlan } from '../../src/packet/vxlan.ts'
import type { Exchange, Hop, Journey } from '../../src/trace/journey.ts'

/** VXLAN, as Linux and as IANA have it. */
export const VXLAN_PORTS: readonly number[] = [8472, 4789]

const CHAINS = {
  prerouting: 'PREROUTING',
  input: 'INPUT',
  forward: 'FORWARD',
  output: 'OUTPUT',
  postrouting: 'POSTROUTING',
} as const

interface Playing {
  /** As a lab calls a machine. */
  readonly nameOf?: (machine: string) => string
  /** The bytes were sent as they are. */
  readonly crafted?: boolean
}

export function observationOf(
  exchange: Exchange,
  { nameOf = name => name, crafted = false }: Playing = {},
): Observation {
  const journeys = journeysOf(exchange)
  const redraw = redrawing(journeys)
  const machines = new Map<string, { packets: PacketSight[]; rules: RuleSight[] }>()
  for (const { hops } of journeys) {
    for (const hop of hops) {
      const name = nameOf(hop.machine)
      const sight = machines.get(name) ?? { packets: [], rules: [] }
      machines.set(name, sight)
      for (const one of seenIn(hop)) sight.packets.push({ ...one, packet: asDrawn(one.packet, redraw, crafted) })
      sight.rules.push(...hop.steps.flatMap(matched))
    }
  }
  const answer = exchange.experience === 'answered' ? answerOf(exchange, nameOf, redraw) : undefined
  return { met: { experience: exchange.experience, ...(answer ? { answer } : {}) }, machines }
}

function journeysOf({ tries = [], request, reply, aftermath = [] }: Exchange): readonly Journey[] {
  const legs = [...tries.flatMap(one => [one.request, one.reply]), request, reply, ...aftermath.map(one => one.journey)]
  return legs.flatMap(journey => journey ?? [])
}

/** Pieces are seen as they come, before they are put together. */
function seenIn({ steps, passings = [] }: Hop): readonly PacketSight[] {
  const pieces = steps.flatMap(step => (step.component === 'fragment' && step.action !== 'split' ? [step] : []))
  const waits = pieces.filter(
    ({ action, before }) => action === 'wait' && !passings.some(passing => passing.before.packet === before),
  )
  const seen = passings.flatMap(passing => {
    const piece = pieces.find(({ action, after }) => action === 'reassemble' && after === passing.before.packet)
    return seenAt(passing, passing.hook === 'prerouting' ? piece?.before : undefined)
  })
  return [...seen, ...waits.map(({ before }) => ({ hook: 'prerouting', mark: 0, packet: before }) as const)]
}

function seenAt({ hook, devices, before, after }: HookPassing, piece: Packet | undefined): readonly PacketSight[] {
  if (hook === 'forward') return []
  const skb = hook === 'prerouting' || hook === 'output' ? before : after
  if (!skb) return []
  const device = hook === 'prerouting' || hook === 'input' ? { in: devices.in ?? '' } : { out: devices.out ?? '' }
  return [{ hook, ...device, mark: skb.mark, packet: piece ?? skb.packet }]
}

/** Rules, and as a kernel does, every policy that is met. */
function matched(step: Step): readonly RuleSight[] {
  if (step.component !== 'netfilter') return []
  const { hook, before } = step
  const one = step.step
  const common = { family: before.family, packet: tracedOf(before) }
  if (one.kind === 'rule') return [{ ...common, table: one.table, chain: one.chain, number: one.number }]
  return one.kind === 'policy' ? [{ ...common, table: one.table, chain: CHAINS[hook], number: 'policy' }] : []
}

/** The kernel's port, or echo identifier, in place of the model's. */
type Redraw = (ip: Ip, port: number) => number

/** Every port that masquerading drew is another; one that it had no need to change stays. */
function redrawing(journeys: readonly Journey[]): Redraw {
  const drawn = new Set<string>()
  for (const { hops } of journeys) {
    for (const { steps } of hops) {
      for (const one of steps) {
        if (one.component !== 'netfilter' || one.step.kind !== 'rule' || one.step.effect !== 'masquerade') continue
        const port = identityOf(one.after)
        const { target } = one.step.rule
        const isFree = target?.do === 'masquerade' && (target.random || target.randomFully)
        if (port !== undefined && (isFree || port !== identityOf(one.before)))
          drawn.add(`${formatIp(one.after.src)} ${port}`)
      }
    }
  }
  return (ip, port) => (drawn.has(`${formatIp(ip)} ${port}`) ? port ^ 0x101 : port)
}

function identityOf({ family, payload }: Packet): number | undefined {
  if (isIcmp(payload)) return hasIdentifier(payload.type, family) ? payload.rest >>> 16 : undefined
  return portsOf(payload)?.sport
}

/** What differs from boot to boot and from socket to socket. */
function asDrawn(packet: Packet, redraw: Redraw, crafted: boolean): Packet {
  const { src, dst } = packet
  const payload = drawnPayload(packet, redraw, crafted)
  if (!('sport' in payload)) return { ...packet, id: packet.id ^ 0x5555, payload }
  const ports = { sport: redraw(src, payload.sport), dport: redraw(dst, payload.dport) }
  return { ...packet, id: packet.id ^ 0x5555, payload: { ...payload, ...ports } }
}

function drawnPayload(packet: Packet, redraw: Redraw, crafted: boolean): Payload {
  const { payload, fragment } = packet
  if (isUdp(payload) && VXLAN_PORTS.includes(payload.dport) && !fragment) {
    return { ...payload, sport: payload.sport ^ 0x155, data: innerDrawn(payload.data, redraw, crafted) }
  }
  if (isTcp(payload) && !crafted) return { ...payload, seq: payload.seq + 77, ack: payload.ack + 7, window: 512 }
  return isIcmp(payload) ? drawnIcmp(packet, redraw) : payload
}

function innerDrawn(data: Uint8Array, redraw: Redraw, crafted: boolean): Uint8Array {
  const { vni, frame } = decodeVxlan(data)
  if (frame.body.kind !== 'ip') return data
  const body = { ...frame.body, packet: asDrawn(frame.body.packet, redraw, crafted) }
  return encodeVxlan({ vni, frame: { ...frame, body } })
}

function drawnIcmp({ family, src, dst, payload }: Packet, redraw: Redraw): Payload {
  if (!isIcmp(payload)) return payload
  if (hasIdentifier(payload.type, family)) {
    const id = payload.rest >>> 16
    const other = redraw(src, id) === id ? redraw(dst, id) : redraw(src, id)
    return { ...payload, rest: (other << 16) | (payload.rest & 0xffff) }
  }
  const quote = readQuote(payload, family)
  if (!quote) return payload
  const { sport, dport, icmp } = quote
  return rewriteQuote(payload, family, {
    ...(sport === undefined ? {} : { sport: redraw(quote.src, sport) }),
    ...(dport === undefined ? {} : { dport: redraw(quote.dst, dport) }),
    ...(icmp ? { icmpId: redraw(quote.src, icmp.id) } : {}),
  })
}

function answerOf({ request }: Exchange, nameOf: (machine: string) => string, redraw: Redraw): Answer | undefined {
  if (request.outcome.kind !== 'delivered') return undefined
  const { machine, packet } = request.outcome
  const { src, dst, payload } = packet
  const ports = portsOf(payload)
  if (!ports || (payload.protocol !== TCP && payload.protocol !== UDP)) return undefined
  return { machine: nameOf(machine), src, dst, sport: redraw(src, ports.sport), dport: ports.dport }
}

/** The observation with one machine's sight changed. */
export function withSight(
  seen: Observation,
  machine: string,
  change: (sight: MachineSight) => MachineSight,
): Observation {
  const machines = new Map(seen.machines)
  machines.set(machine, change(machines.get(machine) ?? { packets: [], rules: [] }))
  return { ...seen, machines }
}
