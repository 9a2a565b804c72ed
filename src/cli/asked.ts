/**
 * What a command line asks about packets: the first one, and those of `--then`.
 *
 * @module
 */
import { ICMP, type Protocol, SCTP, TCP, UDP } from '../base/protocol.ts'
import type { Asked } from '../trace/ask.ts'
import { ENTRIES } from '../trace/service-destination.ts'
import type { Given } from './command.ts'
import { UsageError } from './exit.ts'

const PROTOCOLS: Readonly<Record<string, Protocol>> = { tcp: TCP, udp: UDP, sctp: SCTP, icmp: ICMP }
const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 }

/** @throws {UsageError} */
export function askedOf(given: Given): readonly Asked[] {
  const [from, to, ...others] = given.words
  if (from === undefined || to === undefined || others.length > 0) {
    throw new UsageError('say from where and to where, as in: pod/a svc/web:80')
  }
  const asked: Asked[] = [{ from, to, after: 0, ...wishesOf(given) }]
  for (const text of given.texts('then')) asked.push(nextOf(text, asked.at(-1) ?? { from, to, after: 0 }))
  return asked
}

function wishesOf(given: Given): Omit<Asked, 'from' | 'to' | 'after'> {
  const protocol = protocolNamed(given.text('proto'))
  const entry = given.choice('entry', ENTRIES)
  const via = given.text('via')
  const sport = given.integer('sport', 1, 65535)
  const size = given.integer('size', 28, 65535)
  const ttl = given.integer('ttl', 1, 255)
  return {
    ...(protocol === undefined ? {} : { protocol }),
    ...(entry ? { entry } : {}),
    ...(via === undefined ? {} : { via }),
    ...(sport === undefined ? {} : { sport }),
    ...(size === undefined ? {} : { size }),
    ...(ttl === undefined ? {} : { ttl }),
    ...(given.is('with-dns') ? { withDns: true } : {}),
  }
}

/** @throws {UsageError} unless it is one of those that a trace knows */
export function protocolNamed(name: string | undefined): Protocol | undefined {
  if (name === undefined) return undefined
  const protocol = Object.hasOwn(PROTOCOLS, name.toLowerCase()) ? PROTOCOLS[name.toLowerCase()] : undefined
  if (protocol === undefined)
    throw new UsageError(`--proto is one of ${Object.keys(PROTOCOLS).join(', ')}, not "${name}"`)
  return protocol
}

/** `[+SPAN] again` or `[+SPAN] FROM TO`: a packet of its own, as long after the one before. */
function nextOf(text: string, before: Asked): Asked {
  const words = text.trim().split(/\s+/)
  const after = words[0]?.startsWith('+') ? spanOf(words.shift()?.slice(1) ?? '', text) : 0
  const [from, to, ...others] = words
  // Another connection: a source port that was asked for belongs to the first packet alone.
  const { sport: _, ...same } = before
  if (from === 'again' && to === undefined) return { ...same, after }
  if (from === undefined || to === undefined || others.length > 0) {
    throw new UsageError(`--then takes "[+SPAN] again" or "[+SPAN] FROM TO", not "${text}"`)
  }
  return { ...same, from, to, after }
}

/** Seconds of `30s`, `5m`, `3h`. @throws {UsageError} */
export function spanOf(span: string, text: string): number {
  const [, count, unit = ''] = /^(\d{1,9})([smh])$/.exec(span) ?? []
  if (count === undefined) throw new UsageError(`"${text}": +${span} is no time such as +30s, +5m, +3h`)
  return Number(count) * (UNITS[unit] ?? 1)
}
