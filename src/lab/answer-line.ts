/**
 * What a listener of the lab says to whoever asks: one line of JSON, for people as for probers.
 *
 *     {"machine":"default/web-1","what":"container web port http","protocol":"TCP","src":"10.244.1.7",…}
 *
 * @module
 */
import { findIp, formatIp } from '../base/ip.ts'
import type { ServiceProtocol } from '../base/protocol.ts'
import type { Answer } from './probe.ts'

export interface AnswerLine extends Answer {
  readonly what: string
  readonly protocol: ServiceProtocol
}

/**
 * With the end of the line.
 *
 * @param least bytes that it is to have at least
 */
export function formatAnswer({ machine, what, protocol, src, sport, dst, dport }: AnswerLine, least = 0): string {
  const line = JSON.stringify({ machine, what, protocol, src: formatIp(src), sport, dst: formatIp(dst), dport })
  const lack = Math.max(0, least - Buffer.byteLength(line) - 1)
  return `${line}${' '.repeat(lack)}\n`
}

/** All answers begin so. */
const START = '{"machine":'

/** Whether bytes are the beginning of an answer, or all of it. */
export function isAnswer(bytes: Buffer): boolean {
  return bytes.toString('latin1', 0, START.length) === START
}

/** What a listener of the lab said, or nothing: somebody else said this. */
export function findAnswer(text: string): Answer | undefined {
  if (!text.startsWith(START)) return undefined
  let line: unknown
  try {
    line = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof line !== 'object' || line === null) return undefined
  const { machine, src, sport, dst, dport } = line as Readonly<Record<string, unknown>>
  const from = typeof src === 'string' ? findIp(src) : undefined
  const to = typeof dst === 'string' ? findIp(dst) : undefined
  if (typeof machine !== 'string' || from === undefined || to === undefined) return undefined
  return isPort(sport) && isPort(dport) ? { machine, src: from, sport, dst: to, dport } : undefined
}

function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0xffff
}
