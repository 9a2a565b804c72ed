/**
 * The system's words for failures, and what a program makes of them.
 *
 * @module
 */
import type { Experience } from '../../trace/journey.ts'

/**
 * What it means for the flow that a call failed so. `EACCES` is what a route of type `prohibit` says; and
 * `EINVAL` one of type `blackhole`, for which there is no nearer word.
 *
 * @see icmp_err_convert in net/ipv4/icmp.c, tab_unreach and icmpv6_err_convert in net/ipv6/icmp.c,
 * fib_props in net/ipv4/fib_semantics.c of Linux
 */
const EXPERIENCES: ReadonlyMap<string, Experience> = new Map([
  ['ECONNREFUSED', 'refused'],
  ['ENOPROTOOPT', 'refused'],
  ['EPERM', 'not permitted'],
  ['EACCES', 'not permitted'],
  ['EHOSTUNREACH', 'host unreachable'],
  ['EHOSTDOWN', 'host unreachable'],
  ['ENONET', 'host unreachable'],
  ['ENETUNREACH', 'network unreachable'],
  ['ENETDOWN', 'network unreachable'],
  ['EINVAL', 'network unreachable'],
  ['EMSGSIZE', 'message too long'],
  ['ETIMEDOUT', 'timeout'],
])

/** What the flow met, or nothing: the failure says nothing of the network. */
export function experienceOf(code: string): Experience | undefined {
  return EXPERIENCES.get(code)
}

/** What a system has no word of its own for: it says that the machine, the network or the call is at fault. */
const WORDLESS: ReadonlySet<Experience> = new Set(['prohibited', 'time exceeded'])
const VAGUE: ReadonlySet<string> = new Set(['EHOSTUNREACH', 'ENETUNREACH', 'EACCES', 'EPROTO'])

/** Whether a program that met it may have been told `code`. */
export function isWordFor(code: string, experience: Experience): boolean {
  return EXPERIENCES.get(code) === experience || (WORDLESS.has(experience) && VAGUE.has(code))
}

/** The system's word for a failure of Node's or of raw-socket's, or its message where there is none. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if ('code' in error && typeof error.code === 'string') return error.code
  return SAID.get(error.message) ?? error.message
}

/** raw-socket gives strerror(3)'s text only. */
const SAID: ReadonlyMap<string, string> = new Map([
  ['Operation not permitted', 'EPERM'],
  ['Permission denied', 'EACCES'],
  ['Invalid argument', 'EINVAL'],
  ['Message too long', 'EMSGSIZE'],
  ['Network is down', 'ENETDOWN'],
  ['Network is unreachable', 'ENETUNREACH'],
  ['No route to host', 'EHOSTUNREACH'],
  ['Connection refused', 'ECONNREFUSED'],
  ['No buffer space available', 'ENOBUFS'],
])
