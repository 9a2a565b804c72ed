/**
 * A flow on which model and kernel disagree, for a person: both beside each other, machine by machine.
 *
 * @module
 */
import { findIp, isUnspecified } from '../base/ip.ts'
import { SCTP, TCP, UDP } from '../base/protocol.ts'
import { formatNear } from '../base/ratio.ts'
import { visible } from '../base/visible.ts'
import { lengthOf } from '../packet/length.ts'
import { isIcmp, type Packet } from '../packet/packet.ts'
import { formatPayload } from '../packet/summary.ts'
import { quoteWord } from '../trace/command-text.ts'
import type { Flow } from '../trace/journey.ts'
import type { Difference, Judgement } from './agreement.ts'
import type { Row } from './aligned.ts'
import { type Comparison, compare, NOTHING } from './compare.ts'
import { identityOf } from './drawn-ports.ts'
import { hasUsualSize, isCrafted, type ProbeOptions, USUAL_TTL } from './predict.ts'

export interface SideContext extends Pick<ProbeOptions, 'crafted'> {
  /** The words that say what the lab was made of: `-f manifests/`. */
  readonly input?: string
  /** Other options for the trace: `--via node-2`. */
  readonly options?: string
}

/** Between the two columns. */
const BESIDE = ' | '

/**
 * @returns lines that end in a newline each. What both have is one line; what differs is model and kernel
 * beside each other, the first with `>` before it, others with `!`
 */
export function sideBySide(judgement: Judgement, context: SideContext = {}): string {
  const { flow, observation, taken, nearest } = judgement
  const told = taken ?? nearest
  const head = `${headline(judgement)}\n`
  const look = `\nto look at it: ${visible(traceCommand(flow, context))}\n`
  if (!told) return `${head}The model knows of no way at all.\n${look}`
  const crafted = isCrafted(flow, context)
  const comparison = compare(flow, told.exchange, observation, { crafted })
  return `${head}${waysLine(judgement)}\n${table(sections(comparison, judgement))}${look}`
}

function waysLine({ predictions, taken, nearest }: Judgement): string {
  const told = taken ?? nearest
  if (!told || predictions.length === 1) return ''
  const ways = `of ${predictions.length} ways`
  return `${taken ? `The kernel took one ${ways}` : `The nearest ${ways} stands beside it`}, of probability ${formatNear(told.probability)}.\n`
}

function headline({ flow, differences }: Judgement): string {
  const count = differences.length
  const things = count === 1 ? 'one thing' : `${count} things`
  return visible(`${flowText(flow)}: model and kernel ${count === 0 ? 'agree' : `disagree in ${things}`}`)
}

/** `pod/a to svc/web:80, tcp syn from port 40000` */
export function flowText({ from, to, packet }: Flow): string {
  const ports = identityOf(packet)
  const what = isIcmp(packet.payload) ? '' : ports === undefined ? '' : ` from port ${ports}`
  const ttl = packet.ttl === USUAL_TTL ? '' : `, TTL ${packet.ttl}`
  const size = hasUsualSize(packet) ? '' : `, ${lengthOf(packet)} bytes`
  return `${from} to ${to}, ${formatPayload(withoutData(packet))}${what}${ttl}${size}`
}

function withoutData(packet: Packet): Packet {
  const { payload } = packet
  return 'data' in payload && !isIcmp(payload)
    ? { ...packet, payload: { ...payload, data: new Uint8Array(0) } }
    : packet
}

interface Section {
  readonly title: string
  readonly rows: readonly Row[]
}

function sections({ ends, machines }: Comparison, judgement: Judgement): readonly Section[] {
  const { observation, taken, nearest, differences } = judgement
  const { met } = observation
  const frames = differences.filter(({ what }) => what === 'frame')
  const experience = (taken ?? nearest)?.exchange.experience ?? NOTHING
  const isMet = !ends.some(({ what }) => what === 'verdict')
  const meeting: Row = { model: experience, kernel: met.experience, same: isMet }
  return [
    ...machines.flatMap(({ machine, packets, rules }): readonly Section[] => [
      ...(packets.length > 0 ? [{ title: `${machine}: packets`, rows: packets }] : []),
      ...(rules.length > 0 ? [{ title: `${machine}: rules`, rows: rules }] : []),
    ]),
    ...frames.map(({ where = '', ...sides }): Section => ({ title: where, rows: [rowOf(sides)] })),
    { title: 'sender', rows: isMet ? [meeting, ...ends.map(rowOf)] : ends.map(rowOf) },
  ]
}

function rowOf({ model, kernel }: Pick<Difference, 'model' | 'kernel'>): Row {
  return { model, kernel, same: false }
}

function table(all: readonly Section[]): string {
  const rows = all.flatMap(section => section.rows)
  const apart = rows.filter(({ same }) => !same)
  const width = Math.max('MODEL'.length, ...apart.map(({ model }) => cell(model).length))
  const beside = (mark: string, model: string, kernel: string) => `${mark}   ${model.padEnd(width)}${BESIDE}${kernel}`
  const lines = all.flatMap(section => [
    `  ${visible(section.title)}`,
    ...section.rows.map(row => {
      if (row.same) return `    ${cell(row.model)}`
      return beside(row === apart[0] ? '>' : '!', cell(row.model), cell(row.kernel))
    }),
  ])
  const head = apart.length > 0 ? [beside(' ', 'MODEL', 'KERNEL')] : []
  return [...head, ...lines].map(text => `${text}\n`).join('')
}

function cell(text: string | undefined): string {
  return visible(text ?? NOTHING)
}

const PROTOCOLS: ReadonlyMap<number, string> = new Map([
  [TCP, 'tcp'],
  [UDP, 'udp'],
  [SCTP, 'sctp'],
])

/** The command that traces the flow alone, rule by rule. */
export function traceCommand({ from, to, sender, packet }: Flow, { input, options }: SideContext): string {
  const { src, ttl, family, payload } = packet
  // A pod with its namespace; a client outside with its address.
  const source = sender.includes('/') ? sender : findIp(sender) && !isUnspecified(src) ? `ip:${sender}` : from
  const words = [
    'podwire trace',
    ...(input === undefined ? [] : [input]),
    ...(options === undefined ? [] : [options]),
    quoteWord(source),
    quoteWord(to),
    `--proto ${PROTOCOLS.get(payload.protocol) ?? 'icmp'}`,
    `--sport ${identityOf(packet) ?? 0}`,
    ...(ttl === USUAL_TTL ? [] : [`--ttl ${ttl}`]),
    ...(hasUsualSize(packet) ? [] : [`--size ${lengthOf(packet)}`]),
    ...(family === 6 ? ['--family 6'] : []),
    '-v',
  ]
  return words.join(' ')
}
