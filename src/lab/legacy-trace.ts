/**
 * The kernel's traces of iptables-legacy: the prefix of a logged packet.
 *
 *     TRACE: nat:KUBE-SERVICES:rule:7
 *
 * A rule of no condition whose target is a verdict (`-j ACCEPT`, `-j RETURN`) is told as if it were the
 * end of its chain, by its own number.
 *
 * @see trace_packet, get_chainname_rulenum in net/ipv4/netfilter/ip_tables.c of Linux
 * @module
 */
import { ParseError } from '../base/error.ts'

export interface LegacyTrace {
  readonly table: string
  readonly chain: string
  readonly what: 'rule' | 'policy' | 'return'
  /** From 1. An end's number is one behind the last rule's. */
  readonly number: number
}

const PREFIX = 'TRACE: '
const TRACE = /^TRACE: ([^:]+):(.+):(rule|policy|return):(\d+) *$/

/** Whether the prefix is one of the kernel's traces, and not what a rule of somebody's gave. */
export function isLegacyTrace(prefix: string): boolean {
  return prefix.startsWith(PREFIX)
}

/** @throws {ParseError} when it is no trace */
export function parseLegacyTrace(prefix: string): LegacyTrace {
  const [, table = '', chain = '', what, number] = TRACE.exec(prefix) ?? []
  if (what !== 'rule' && what !== 'policy' && what !== 'return') {
    throw new ParseError('trace of iptables', prefix, 'not of the form "TRACE: table:chain:rule:number"')
  }
  return { table, chain, what, number: Number(number) }
}
