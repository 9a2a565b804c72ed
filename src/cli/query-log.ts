/**
 * The log of queries: a line of JSON for each, with what CoreDNS' `log` plugin tells.
 *
 * @see CoreDNS plugin/log/log.go: CommonLogFormat, plugin/pkg/response/classify.go, plugin/log/setup.go
 * @module
 */
import { pino } from 'pino'
import { readHeader, readMessage } from '../dns/decode.ts'
import { DNSSEC_OK, formatRcode, type Header, RCODES } from '../dns/message.ts'
import { formatName } from '../dns/name.ts'
import { CLASS_IN, formatType } from '../dns/record.ts'
import type { Observation } from '../server/dns/observed-answers.ts'

export const LOG_CLASSES = ['all', 'success', 'denial', 'error'] as const
export type LogClass = (typeof LOG_CLASSES)[number]

/** Plain data, which is handed on to other processes. */
export interface LogWishes {
  readonly classes: readonly LogClass[]
  /** Where lines are appended; absent: standard error. */
  readonly file?: string
  /** Of so many queries that went well one is told of; errors all are. */
  readonly every: number
}

export interface QueryLog {
  readonly observe: (observation: Observation) => void
  /** Writes what is not written yet. */
  readonly end: () => Promise<void>
}

/** What is written at once: pipes take no more in one piece, and other processes write there, too. @see pipe(7) */
const MOST_WRITTEN = 4096
/** Characters that wait for a slow reader; lines on top of them are lost, and told of once. */
const MOST_WAITING = 4 << 20

/** @throws {Error} when the file cannot be written */
export function openQueryLog({ classes, file, every }: LogWishes): QueryLog {
  const target = { dest: file ?? 2, append: true, sync: false, maxWrite: MOST_WRITTEN, maxLength: MOST_WAITING }
  const stream = pino.destination(target)
  let lost = 0
  stream.on('drop', () => lost++)
  // Whoever read the log is gone.
  stream.on('error', () => {})
  const logger = pino({ base: { pid: process.pid } }, stream)
  const isWanted = wantedOf(classes)
  let turn = 0
  return {
    observe(observation) {
      const line = lineOf(observation)
      const isError = line.class === 'error'
      if (!isWanted(line.class) || (!isError && turn++ % every !== 0)) return
      if (lost > 0) logger.warn({ lost }, 'lines lost')
      lost = 0
      if (isError) logger.warn(line, 'query')
      else logger.info(line, 'query')
    },
    end: () => new Promise(resolve => stream.flush(() => resolve())),
  }
}

function wantedOf(classes: readonly LogClass[]): (one: LogClass) => boolean {
  const wanted: ReadonlySet<LogClass> = new Set(classes)
  return one => wanted.has('all') || wanted.has(one)
}

/** What is told of a query. */
export interface QueryLine {
  readonly class: Exclude<LogClass, 'all'>
  readonly client: string
  readonly port: number
  readonly proto: 'udp' | 'tcp'
  /** Of the message; absent where what came is no message. */
  readonly id?: number
  readonly name?: string
  readonly type?: string
  /** Absent for IN. */
  readonly qclass?: number
  /** Octets of the query. */
  readonly size: number
  /** DNSSEC records are welcome. */
  readonly do: boolean
  /** Octets that the client takes in a datagram; 0 when it does not say. */
  readonly bufsize: number
  /** Absent where there is no answer. */
  readonly rcode?: string
  /** Of the answer, such as `qr,aa,rd`. */
  readonly flags?: string
  /** Octets of the answer. */
  readonly rsize: number
  readonly ms: number
}

export function lineOf({ arrival, query, answer, octets, took }: Observation): QueryLine {
  const { transport, client = '', port = 0 } = arrival
  const read = readMessage(query)
  const edns = read?.message.edns
  const [question] = read?.message.questions ?? []
  const said = answer && readHeader(answer)
  const rcode = answer && rcodeOf(answer)
  return {
    class: classOf(rcode, said?.counts.answer ?? 0),
    client,
    port,
    proto: transport,
    ...(read ? { id: read.message.id } : {}),
    ...(question ? { name: formatName(question.name), type: formatType(question.type) } : {}),
    ...(question && question.class !== CLASS_IN ? { qclass: question.class } : {}),
    size: query.length,
    do: ((edns?.flags ?? 0) & DNSSEC_OK) !== 0,
    bufsize: edns?.udpSize ?? 0,
    ...(rcode === undefined ? {} : { rcode: formatRcode(rcode) }),
    ...(said ? { flags: flagsOf(said.header) } : {}),
    rsize: octets,
    ms: Math.round(took * 1000) / 1000,
  }
}

/** With the upper bits, which only an answer without records has. */
function rcodeOf(answer: Uint8Array): number | undefined {
  const { header, counts } = readHeader(answer) ?? {}
  const isBare = counts?.answer === 0 && counts.authority === 0
  return isBare ? readMessage(answer)?.message.rcode : header?.rcode
}

function classOf(rcode: number | undefined, answers: number): QueryLine['class'] {
  if (rcode === RCODES.NXDOMAIN) return 'denial'
  if (rcode !== RCODES.NOERROR) return 'error'
  return answers > 0 ? 'success' : 'denial'
}

function flagsOf(header: Header): string {
  const flags: readonly [name: string, isSet: boolean][] = [
    ['qr', header.response],
    ['aa', header.authoritative],
    ['tc', header.truncated],
    ['rd', header.recursionDesired],
    ['ra', header.recursionAvailable],
    ['ad', header.authenticData],
    ['cd', header.checkingDisabled],
  ]
  return flags.flatMap(([name, isSet]) => (isSet ? [name] : [])).join(',')
}
