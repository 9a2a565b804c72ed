/**
 * Why a path failed, in the cluster's own terms, and what to try next.
 *
 * @module
 */
import type { End } from '../node/step.ts'
import { formatEnd, formatEnds } from '../packet/summary.ts'
import { againCommand, onMachine } from './command-text.ts'
import type { TraceContext } from './context.ts'
import { type Failure, failureOf } from './failure.ts'
import type { Outcome, Path, Trace } from './journey.ts'
import { strangeAnswer } from './reason-answer.ts'
import { linkReason, sizeReason, tunnelReason } from './reason-link.ts'
import { neighbourReason, routeReason } from './reason-route.ts'
import { ruleReason, undecidedReason } from './reason-rule.ts'
import { refusedReason } from './reason-socket.ts'

export interface Reason {
  readonly why: string
  /** Commands, of podwire or of every administrator's kit. */
  readonly try: readonly string[]
}

/** An end of a kind. */
export type EndOf<K extends End['kind']> = Extract<End, { kind: K }>

type Explain<K extends End['kind']> = (end: EndOf<K>, failure: Failure, context: TraceContext) => Reason

/** The first thing that went wrong. @throws {RangeError} for a path on which nothing did */
export function reasonOf(path: Path, trace: Trace, context: TraceContext): Reason {
  const failure = failureOf(path, trace)
  if (!failure) throw new RangeError('the path has not failed')
  const { why, try: commands } = ofOutcome(failure.outcome, failure, context)
  const told = failure.isReply ? `the request arrived, but not its answer: ${why}` : why
  const name = context.questions?.[failure.index]?.asksFor
  const whole = name === undefined ? told : `DNS does not answer, so ${name} cannot be resolved: ${told}`
  return { why: sentence(whole), try: [...new Set([...commands, againCommand(failure, context)])] }
}

function ofOutcome(outcome: Outcome, failure: Failure, context: TraceContext): Reason {
  switch (outcome.kind) {
    case 'delivered':
      return strangeAnswer(failure, context)
    case 'left':
      return {
        why: `the packet ${formatEnds(outcome.packet)} left ${outcome.machine} by ${outcome.link}, and podwire does not know what is there: ${outcome.why}`,
        try: [`podwire trace --state DIR … with the dump of the machine that has ${formatEnd(outcome.packet.dst)}`],
      }
    case 'loop':
      return {
        why: `machines hand the packet to each other in a circle: ${outcome.why}`,
        try: [onMachine(failure.machine, `ip route get ${formatEnd(failure.last.dst)}`)],
      }
    case 'ended':
      return ofEnd(outcome.end, failure, context)
  }
}

/** One reason for each end: the type holds the list complete. */
const REASONS: { readonly [K in End['kind']]: Explain<K> } = {
  'dropped by rule': ruleReason,
  'rejected by rule': ruleReason,
  undecided: undecidedReason,
  refused: (end, failure, context) =>
    failure.isReply ? strangeAnswer(failure, context) : refusedReason(end, failure, context),
  'no route': routeReason,
  'no neighbour': neighbourReason,
  'not forwarding': ({ why }, { machine, last }) => {
    const key = last.family === 4 ? 'net.ipv4.ip_forward' : 'net.ipv6.conf.all.forwarding'
    return {
      why: `${machine} does not forward packets: ${why}`,
      try: [onMachine(machine, `sysctl ${key}`), onMachine(machine, `sysctl -w ${key}=1`)],
    }
  },
  'no forwarding entry': tunnelReason,
  'bad vxlan': tunnelReason,
  bridge: linkReason,
  'link down': linkReason,
  'too big': sizeReason,
  'not for this machine': ({ why }, { machine, last }) => ({
    why: `a frame with ${formatEnds(last)} came to ${machine}, but it is not for that machine: ${why}`,
    try: [onMachine(machine, 'ip -d link'), onMachine(machine, 'ip neigh')],
  }),
  'reverse path': ({ why }, { machine, last }) => ({
    why: `${machine} does not believe that a packet from ${formatEnd(last.src)} comes that way: ${why}`,
    try: [onMachine(machine, `ip route get ${formatEnd(last.src)}`), onMachine(machine, 'sysctl -a -r rp_filter')],
  }),
  martian: ({ why }, { machine, last }) => ({
    why: `${machine} takes no packet with these addresses, ${formatEnds(last)}: ${why}`,
    try: [onMachine(machine, `ip route get ${formatEnd(last.dst)} from ${formatEnd(last.src)}`)],
  }),
  'ttl exceeded': ({ why }, { machine, hops }) => ({
    why: `the packet's time to live was used up at ${machine}, the ${ordinal(Math.max(1, hops.length - 1))} machine behind its sender: ${why}`,
    try: [],
  }),
  consumed: ({ why }, { machine }) => ({ why: `the kernel of ${machine} took the packet itself: ${why}`, try: [] }),
}

function ofEnd<K extends End['kind']>(end: EndOf<K>, failure: Failure, context: TraceContext): Reason {
  const explain: Explain<K> = REASONS[end.kind as K]
  return explain(end, failure, context)
}

/** `21st` */
function ordinal(count: number): string {
  const ending = [11, 12, 13].includes(count % 100) ? 'th' : (['th', 'st', 'nd', 'rd'][count % 10] ?? 'th')
  return `${count}${ending}`
}

/** A rule at the end stays as it is, to be copied. */
function sentence(text: string): string {
  return /[.?]$|: -A [^:]+$/.test(text) ? text : `${text}.`
}
