/**
 * What the model says of a flow before it is sent: every way that chance can take.
 *
 * @module
 */
import type { Choose } from '../base/choice.ts'
import type { Millis } from '../base/clock.ts'
import { isUnspecified } from '../base/ip.ts'
import { hash32, seededRandom } from '../base/random.ts'
import { copyMachineMemory, type MachineMemory } from '../node/memory.ts'
import { isEchoRequest } from '../packet/icmp-types.ts'
import { lengthOf } from '../packet/length.ts'
import { isIcmp, isTcp, isUdp, type Packet, portsOf, TCP_FLAG } from '../packet/packet.ts'
import { encodePacket } from '../packet/packet-bytes.ts'
import { tcpReset } from '../packet/tcp-reset.ts'
import { carry, type Memories, type Voyage } from '../trace/carry.ts'
import { sentPacket } from '../trace/endings.ts'
import { exchange } from '../trace/exchange.ts'
import type { Aftermath, Exchange, Flow } from '../trace/journey.ts'
import { everyWay } from '../trace/ways.ts'
import type { World } from '../trace/world.ts'
import type { Prediction } from './agreement.ts'
import type { Probe } from './probe.ts'

export interface PredictOptions {
  /** Of the ports that NAT draws. */
  readonly seed: number
  /** Most ways to follow. */
  readonly most: number
  /** All flows are sent as the model's own bytes, not only those that programs' sockets cannot send. */
  readonly crafted?: boolean
  /**
   * Source ports of the packets that carry others, by machine in the order in which it sent them. The kernel takes
   * them from a hash with a key of its own, and two flows that happen to have one port are one connection to it.
   */
  readonly tunnelPorts?: TunnelPorts
  /** Which kernel a machine is in; absent: each has its own. */
  readonly kernelOf?: (machine: string) => string
}

export type TunnelPorts = ReadonlyMap<string, readonly number[]>

export interface Predicted {
  /** In the order of the draws. */
  readonly predictions: readonly Prediction[]
  /** Whether these are all ways. */
  readonly complete: boolean
}

/** All ways of chance from these memories, which stay as they are: each way has memories of its own afterwards. */
export function predict(flow: Flow, world: World, memories: Memories, options: PredictOptions): Predicted {
  const { seed, most, tunnelPorts, kernelOf = name => name } = options
  const crafted = isCrafted(flow, options)
  const run = (choose: Choose) => {
    const own = new CopiedOnAsk(memories, kernelOf)
    const random = seededRandom(seed, 'ports')
    const voyage: Voyage = {
      world,
      memories: own,
      now: flow.at,
      choose,
      random,
      verbose: false,
      aftermath: true,
      unacquainted: true,
      ...(tunnelPorts ? { tunnelPort: oneAfterTheOther(tunnelPorts) } : {}),
    }
    return { exchange: crafted ? rawExchange(flow, voyage, kernelOf) : plainExchange(flow, voyage), own }
  }
  const predictions: Prediction[] = []
  for (const { value, draws, probability } of everyWay(run)) {
    if (predictions.length >= most) return { predictions, complete: false }
    const after: Memories = new Map([...memories, ...value.own])
    predictions.push({ probability, draws, exchange: value.exchange, memories: after })
  }
  return { predictions, complete: true }
}

function oneAfterTheOther(ports: TunnelPorts): (machine: string) => number | undefined {
  const next = new Map<string, number>()
  return machine => {
    const at = next.get(machine) ?? 0
    next.set(machine, at + 1)
    return ports.get(machine)?.[at]
  }
}

/**
 * Memories, by kernel, of which each is copied when it is first asked for: most flows meet few machines. Machines of
 * one kernel remember what any of them does.
 */
class CopiedOnAsk extends Map<string, MachineMemory> {
  readonly #from: ReadonlyMap<string, MachineMemory>
  readonly #kernelOf: (machine: string) => string

  constructor(from: ReadonlyMap<string, MachineMemory>, kernelOf: (machine: string) => string) {
    super()
    this.#from = from
    this.#kernelOf = kernelOf
  }

  override get(machine: string): MachineMemory | undefined {
    const kernel = this.#kernelOf(machine)
    const own = super.get(kernel)
    const there = own ? undefined : this.#from.get(kernel)
    if (!there) return own
    const copy = copyMachineMemory(there)
    super.set(kernel, copy)
    return copy
  }

  override set(machine: string, memory: MachineMemory): this {
    return super.set(this.#kernelOf(machine), memory)
  }
}

function plainExchange({ sender, packet }: Flow, voyage: Voyage): Exchange {
  return exchange(sender, { packet, mark: 0, cuttable: true }, voyage)
}

/** What goes through a raw socket is sent as it is: nobody clears "don't fragment" for it. */
function rawExchange({ sender, packet }: Flow, voyage: Voyage, kernelOf: (machine: string) => string): Exchange {
  const isOpenOn = (machine: string) => kernelOf(machine) === kernelOf(sender)
  const raw = { protocol: packet.payload.protocol, isOpenOn }
  const met = exchange(sender, { packet, mark: 0, raw: true }, { ...voyage, raw })
  const reset = resetOf(sender, met, voyage)
  return reset ? { ...met, aftermath: [...(met.aftermath ?? []), reset] } : met
}

/** The kernel knows of no connection that a raw socket opens: it resets what the far end takes for one. */
function resetOf(sender: string, { reply }: Exchange, voyage: Voyage): Aftermath | undefined {
  if (reply?.outcome.kind !== 'delivered' || reply.outcome.machine !== sender) return undefined
  const packet = tcpReset(reply.outcome.packet, 'socket')
  if (!packet) return undefined
  const skb = { packet: labelled(packet), mark: 0 }
  const { journey, sightings } = carry(sender, skb, { ...voyage, now: voyage.now + 2 })
  return { journey, sightings }
}

/** Of IPv6, what the kernel sends has a label, and what was crafted has none: tunnels take them for two flows. */
function labelled(packet: Packet): Packet {
  const ports = portsOf(packet.payload)
  if (packet.family === 4 || !ports) return packet
  return { ...packet, id: hash32(`${ports.sport} ${ports.dport}`) & 0xfffff || 1 }
}

export interface ProbeOptions {
  readonly crafted?: boolean
  readonly patience: Millis
}

/** TTL and hop limit of sockets that were not told otherwise. @see net.ipv4.ip_default_ttl */
export const USUAL_TTL = 64

/** Bytes that `ping` sends, and so a flow that was not told otherwise. */
const PING_DATA = 56

/**
 * Whether the packet is sent as bytes, for no program's socket would send it so: SCTP, another TOS,
 * fragments, connections but by a plain SYN, pings from an address that the kernel does not choose.
 */
export function isCrafted({ packet }: Flow, { crafted }: Pick<ProbeOptions, 'crafted'> = {}): boolean {
  if (crafted || packet.tos !== 0 || packet.fragment || packet.options) return true
  const { payload, ttl, src } = packet
  if (isTcp(payload)) return ttl !== USUAL_TTL || payload.flags !== TCP_FLAG.SYN || payload.data.length > 0
  if (isUdp(payload)) return false
  return !isIcmp(payload) || !isEchoRequest(payload) || !isUnspecified(src)
}

/**
 * The probe that sends the flow's first packet.
 *
 * @param predictions in which the source that the sender's machine chooses is found: bytes need it, for
 * checksums cover it
 */
export function probeOf(flow: Flow, predictions: readonly Prediction[], options: ProbeOptions): Probe {
  const { sender, packet } = flow
  const { protocol } = packet.payload
  const crafted = isCrafted(flow, options)
  const [first] = predictions
  const sent = crafted && first ? { ...packet, src: sentPacket(first.exchange.request).src } : packet
  return {
    machine: sender,
    protocol,
    ...(isUnspecified(sent.src) ? {} : { src: sent.src }),
    dst: sent.dst,
    ...endsOf(sent),
    ...(sent.ttl === USUAL_TTL ? {} : { ttl: sent.ttl }),
    ...(hasUsualSize(sent) ? {} : { size: lengthOf(sent) }),
    ...(crafted ? { bytes: encodePacket(sent) } : {}),
    patience: options.patience,
  }
}

/** Of an echo, its identifier in place of ports. */
function endsOf({ payload }: Packet): Pick<Probe, 'sport' | 'dport'> {
  if (isIcmp(payload)) return { sport: payload.rest >>> 16 }
  const { sport, dport } = portsOf(payload) ?? { sport: 0, dport: 0 }
  return { sport, dport }
}

/** Whether it holds what its protocol sends unless told otherwise. */
export function hasUsualSize({ payload }: Packet): boolean {
  if (isIcmp(payload)) return payload.data.length === PING_DATA
  return 'data' in payload ? payload.data.length === 0 : true
}
