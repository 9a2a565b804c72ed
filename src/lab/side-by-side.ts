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

const SAME = 'same'
const GAP = '  '

/** @returns lines that end in a newline each; those of the comparison have `>` at the first difference, `!` at others */
export function sideBySide(judgement: Judgement, context: SideContext = {}): string {
  const { flow, predictions, observation, taken, nearest } = judgement
  const told = taken ?? nearest
  const head = headline(judgement)
  if (!told) return `${head}\nThe model knows of no way at all.\n${look(flow, context)}`
  const crafted = isCrafted(flow, context)
  const comparison = compare(flow, told.exchange, observation, { crafted })
  const ways =
    predictions.length === 1
      ? ''
      : `Beside the kernel's stands the nearest of ${predictions.length} ways, of probability ${formatNear(told.probability)}.\n`
  return `${head}\n${ways}\n${table(sections(comparison, judgement))}\n${look(flow, context)}`
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

function sections({ ends, machines }: Comparison, { observation, taken, nearest }: Judgement): readonly Section[] {
  const { met } = observation
  const experience = (taken ?? nearest)?.exchange.experience ?? NOTHING
  const isMet = !ends.some(({ what }) => what === 'verdict')
  const meeting: Row = { model: experience, kernel: met.experience, same: isMet }
  return [
    ...machines.flatMap(({ machine, packets, rules }): readonly Section[] => [
      ...(packets.length > 0 ? [{ title: `${machine}: packets`, rows: packets }] : []),
      ...(rules.length > 0 ? [{ title: `${machine}: rules`, rows: rules }] : []),
    ]),
    { title: 'sender', rows: isMet ? [meeting, ...ends.map(rowOf)] : ends.map(rowOf) },
  ]
}

function rowOf({ model, kernel }: Difference): Row {
  return { model, kernel, same: false }
}

function table(all: readonly Section[]): string {
  const widths = all.flatMap(({ title, rows }) => [
    title.length,
    ...rows.map(row => GAP.length + cell(row.model).length),
  ])
  const width = Math.max(...widths) + GAP.length
  const line = (mark: string, model: string, kernel: string) => `${mark} ${model.padEnd(width)}${kernel}`.trimEnd()
  const first = all.flatMap(({ rows }) => rows).find(({ same }) => !same)
  const lines = all.flatMap(({ title, rows }) => [
    line(' ', visible(title), ''),
    ...rows.map(row => {
      const mark = row.same ? ' ' : row === first ? '>' : '!'
      return line(mark, `${GAP}${cell(row.model)}`, row.same ? SAME : cell(row.kernel))
    }),
  ])
  return [line(' ', 'MODEL', 'KERNEL'), ...lines].map(text => `${text}\n`).join('')
}

function cell(text: string | undefined): string {
  return visible(text ?? NOTHING)
}

function look(flow: Flow, context: SideContext): string {
  return `To look at it: ${visible(traceCommand(flow, context))}\n`
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
