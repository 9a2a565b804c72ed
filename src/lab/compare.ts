/**
 * One way of chance against what the kernel did.
 *
 * @module
 */
import { findIp } from '../base/ip.ts'
import { TCP, UDP } from '../base/protocol.ts'
import { isIcmpError } from '../packet/icmp-types.ts'
import { isIcmp, type Packet, portsOf } from '../packet/packet.ts'
import { formatEnd } from '../packet/summary.ts'
import type { Exchange, Flow } from '../trace/journey.ts'
import type { Difference } from './agreement.ts'
import { align, type Row, type Sides } from './aligned.ts'
import { type PortWord, type PortWords, portWords } from './drawn-ports.ts'
import { isExcludedPacket } from './excluded.ts'
import {
  type ExpectedPacket,
  type ExpectedRule,
  type ExpectedSight,
  expectedSights,
  legsOf,
  tunnelPorts,
} from './expected.ts'
import type { MachineSight, Observation, PacketSight, RuleSight } from './observation.ts'
import { tracedOf } from './observed-packet.ts'
import { type LineOptions, packetLine } from './packet-line.ts'
import { type Happening, threadsOf, untangled } from './threads.ts'

export interface CompareOptions {
  /** The flow was sent as the model's own bytes. */
  readonly crafted: boolean
}

export interface MachineComparison {
  readonly machine: string
  readonly packets: readonly Row[]
  readonly rules: readonly Row[]
}

export interface Comparison {
  /** What the sender met, whom it reached, and whom that one saw: what differs of it. */
  readonly ends: readonly Difference[]
  /** In the order in which the exchange comes to them, then those that only the kernel came to. */
  readonly machines: readonly MachineComparison[]
}

/** What the model or the kernel shows where the other has something. */
export const NOTHING = 'nothing'

export function compare(flow: Flow, exchange: Exchange, seen: Observation, options: CompareOptions): Comparison {
  const nameOf = labNames(seen)
  const words = portWords(exchange, seen.machines, nameOf)
  const expected = expectedSights(exchange, nameOf)
  const atOnce = isInPieces(exchange)
  const context: Context = { flow, words, tunnels: tunnelPorts(exchange), atOnce, ...options }
  const names = new Set([...expected.keys(), ...[...seen.machines.keys()].sort()])
  const machines = [...names].map(machine =>
    compareMachine(machine, expected.get(machine), seen.machines.get(machine) ?? NO_SIGHT, context),
  )
  return {
    ends: compareEnds(exchange, seen, { words, nameOf, spoken: isSpoken(flow, options) }),
    machines: machines.filter(({ packets, rules }) => packets.length + rules.length > 0),
  }
}

/** All that differs: the ends first, then machine by machine packets and rules. */
export function differencesIn({ ends, machines }: Comparison): readonly Difference[] {
  return [
    ...ends,
    ...machines.flatMap(({ machine, packets, rules }) => [
      ...packets.flatMap(row => differenceOf(row, 'packet', machine)),
      ...rules.flatMap(row => differenceOf(row, 'rules', machine)),
    ]),
  ]
}

export interface EndContext {
  readonly words: PortWords
  readonly nameOf: (machine: string) => string
  /** A program's socket asked, and whoever listens says who it is. */
  readonly spoken: boolean
}

/** Whether an answer holds more than that there is one: raw sockets hear but its first packet. */
export function isSpoken({ packet: { payload } }: Flow, { crafted }: CompareOptions): boolean {
  return !crafted && (payload.protocol === TCP || payload.protocol === UDP)
}

function unspoken(machine: string, detail: string | undefined): Difference {
  const kernel = detail === undefined ? 'nothing was said' : `nothing was said (${detail})`
  return { what: 'answer', model: `${machine} says who it is`, kernel }
}

/** What differs at the ends alone: enough to see that another way was taken. */
export function compareEnds(
  exchange: Exchange,
  { met }: Observation,
  { words, nameOf, spoken }: EndContext,
): readonly Difference[] {
  const { experience, request } = exchange
  if (experience !== met.experience) {
    const kernel = met.detail === undefined ? met.experience : `${met.experience} (${met.detail})`
    return [{ what: 'verdict', model: experience, kernel }]
  }
  const { answer } = met
  if (request.outcome.kind !== 'delivered') return []
  const { machine, packet } = request.outcome
  if (!answer) return spoken && experience === 'answered' ? [unspoken(nameOf(machine), met.detail)] : []
  const ports = portsOf(packet.payload)
  const rows = [
    [
      'endpoint',
      `${nameOf(machine)} at ${formatEnd(packet.dst, ports?.dport)}`,
      `${answer.machine} at ${formatEnd(answer.dst, answer.dport)}`,
    ],
    ['answer', sourceText(packet.src, ports?.sport, words.model), sourceText(answer.src, answer.sport, words.kernel)],
  ] as const
  return rows.flatMap(([what, model, kernel]) => (model === kernel ? [] : [{ what, model, kernel }]))
}

function sourceText(ip: Packet['src'], port: number | undefined, word: PortWord): string {
  const drawn = port === undefined ? undefined : word(ip, port)
  return `seen as ${drawn === undefined ? formatEnd(ip, port) : `${formatEnd(ip)}, port ${drawn}`}`
}

/** Clients outside are one machine in a lab, whatever address they have. */
export function labNames({ machines }: Observation): (machine: string) => string {
  return name => (machines.has(name) || findIp(name) === undefined ? name : 'outside')
}

const NO_SIGHT = { packets: [], rules: [] } as const

interface Context extends CompareOptions {
  readonly flow: Flow
  readonly words: PortWords
  readonly tunnels: ReadonlySet<number>
  /** Packets are on their way at once: which of them comes first is chance. */
  readonly atOnce: boolean
}

/** Whether a packet of the exchange is cut into pieces, or is one. */
export function isInPieces(exchange: Exchange): boolean {
  return legsOf(exchange).some(({ journey: { packet, hops } }) => {
    const isSplit = hops.some(({ steps }) =>
      steps.some(step => step.component === 'fragment' && step.action === 'split'),
    )
    return isSplit || packet.fragment !== undefined
  })
}

function compareMachine(
  machine: string,
  expected: ExpectedSight | undefined,
  seen: MachineSight,
  context: Context,
): MachineComparison {
  const { packets = [], rules = [] } = expected ?? {}
  const kernel = seen.packets.filter(
    ({ packet }) => !isExcludedPacket(packet, { tunnels: context.tunnels, sent: context.flow.packet }),
  )
  const devices = expected?.kind === 'node' && kernel.every(hasDevice)
  const { words, tunnels, atOnce } = context
  const told = packets.map((one): Detail => ({ ...detailOf(one, context), device: devices && hasDevice(one) }))
  const sides: Sides = {
    model: packets.map((one, i) => packetLine(one, { word: words.model, tunnels, ...(told[i] ?? ALONE) })),
    kernel: kernel.length,
    kernelLine: remembered((j, detail) => {
      const sight = kernel[j]
      return sight ? packetLine(sight, { word: words.kernel, tunnels, ...detail }) : ''
    }, told),
  }
  return {
    machine,
    packets: align(atOnce ? untangled(sides, threadsOf(packets.map(sighted)), threadsOf(kernel.map(sighted))) : sides),
    rules: compareRules(rules, seen.rules, atOnce),
  }
}

function sighted({ hook, packet }: PacketSight): Happening {
  return { packet: tracedOf(packet), mark: hook }
}

type Detail = Pick<LineOptions, 'length' | 'exact' | 'device'>

const ALONE: Detail = { length: false, exact: false, device: true }

/** Lines are written once in each detail that they are asked for in. */
function remembered(write: (j: number, detail: Detail) => string, told: readonly Detail[]) {
  const lines = new Map<string, string>()
  return (j: number, i?: number): string => {
    const detail = (i === undefined ? undefined : told[i]) ?? ALONE
    const key = `${j} ${detail.length} ${detail.exact} ${detail.device}`
    const line = lines.get(key) ?? write(j, detail)
    lines.set(key, line)
    return line
  }
}

/** What of a packet is as the model made it, and not as a kernel's or a program's whim. */
function detailOf({ leg, packet: { payload } }: ExpectedPacket, { crafted, flow }: Context): Omit<Detail, 'device'> {
  const ours = leg === 'request' || leg === 'try'
  // A socket's SYN has options of its own, wherever it is carried, or quoted. Echoes come back as they went.
  const isKnown = crafted || flow.packet.payload.protocol !== TCP
  const isOfKnown = isIcmp(payload) && (!isIcmpError(payload) || (leg === 'reply' && isKnown))
  return { length: (ours && isKnown) || isOfKnown, exact: ours && crafted }
}

function hasDevice({ in: input, out }: PacketSight): boolean {
  return (input ?? out) !== undefined
}

function compareRules(model: readonly ExpectedRule[], kernel: readonly RuleSight[], atOnce: boolean): readonly Row[] {
  const ours = model.map(matched)
  // Accepting policies are not compared: one that accepts is none that the model has the packet end at.
  const ends = new Set(ours.map(({ mark }) => mark))
  const theirs = kernel.flatMap(one => {
    const happening = matched(one)
    return one.number === 'policy' && !ends.has(happening.mark) ? [] : [happening]
  })
  const sides: Sides = {
    model: ours.map(({ mark }) => mark),
    kernel: theirs.length,
    kernelLine: j => theirs[j]?.mark ?? '',
  }
  return align(atOnce ? untangled(sides, threadsOf(ours), threadsOf(theirs)) : sides)
}

function matched(rule: ExpectedRule | RuleSight): Happening {
  return { packet: rule.packet, mark: ruleLine(rule) }
}

/** As the kernel's tracing names it: `nat:KUBE-SERVICES:rule:7`. */
function ruleLine({ family, table, chain, number }: Pick<RuleSight, 'family' | 'table' | 'chain' | 'number'>): string {
  const place = number === 'policy' ? 'policy' : `rule:${number}`
  return `${family === 6 ? 'ip6 ' : ''}${table}:${chain}:${place}`
}

function differenceOf({ model, kernel, same }: Row, what: Difference['what'], machine: string): readonly Difference[] {
  if (same) return []
  const hook = what === 'packet' ? ` ${(model ?? kernel ?? '').split(' ', 1)[0]}` : ''
  return [{ what, where: `${machine}${hook}`, model: model ?? NOTHING, kernel: kernel ?? NOTHING }]
}
