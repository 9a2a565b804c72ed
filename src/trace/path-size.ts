/**
 * What TCP does when it is told that a packet is too long for its path: it sends the data again in
 * segments that fit. No program hears of it.
 *
 * @see net/ipv4/tcp_ipv4.c of Linux: tcp_v4_mtu_reduced; net/ipv6/tcp_ipv6.c: tcp_v6_mtu_reduced
 * @module
 */
import type { Millis } from '../base/clock.ts'
import type { MachineMemory } from '../node/memory.ts'
import type { Step } from '../node/step.ts'
import { lengthOf } from '../packet/length.ts'
import { isTcp, type Packet } from '../packet/packet.ts'
import type { Journey, Try } from './journey.ts'

/** The packet with as much of its data as fits into `mtu` bytes; nothing if it is no shorter then, or does not fit at all. */
export function shortened(packet: Packet, mtu: number): Packet | undefined {
  const { payload } = packet
  const over = lengthOf(packet) - mtu
  if (!isTcp(payload) || over <= 0 || over > payload.data.length) return undefined
  return { ...packet, payload: { ...payload, data: payload.data.subarray(0, payload.data.length - over) } }
}

/** What the sender's machine believes of the path, in bytes, once a try has failed; absent: it was told nothing. */
export function learnedSize(memory: MachineMemory, { request }: Try, sent: Packet, now: Millis): number | undefined {
  const own = ownLimit(request)
  if (own !== undefined) return own
  const learned = memory.pathMtus.get(sent.dst)
  return learned && learned.until > now ? learned.mtu : undefined
}

/** What the sender's machine does not even begin to send: bytes that fit. A bridge or a tunnel in it tells nobody. */
function ownLimit({ hops }: Journey): number | undefined {
  const [first] = hops
  if (first?.outcome?.kind !== 'ended' || first.outcome.end.kind !== 'too big') return undefined
  const silent = first.steps.some(({ component }) => component === 'bridge' || component === 'vxlan')
  return silent ? undefined : sizeStep(first.steps)?.mtu
}

function sizeStep(steps: readonly Step[]): Extract<Step, { component: 'mtu' }> | undefined {
  return steps.findLast((step): step is Extract<Step, { component: 'mtu' }> => step.component === 'mtu')
}

/** Where a try was too long, and how the sender came to know. */
export interface Told {
  readonly machine: string
  readonly link: string
  readonly mtu: number
  /** Absent: its own machine. */
  readonly by?: string
}

export function toldBy({ request: { hops, outcome }, reply }: Try): Told | undefined {
  const last = hops.find(hop => hop.outcome === outcome) ?? hops.at(-1)
  const step = last && sizeStep(last.steps)
  if (!last || !step) return undefined
  const by = reply?.hops[0]?.machine
  return { machine: last.machine, link: step.link, mtu: step.mtu, ...(by === undefined ? {} : { by }) }
}

/** `too big for flannel.1's 1300: told by node-1, sent again in 1300 bytes` */
export function formatTold(one: Try, next: Packet): string {
  const told = toldBy(one)
  const where = told ? `${told.link}'s ${told.mtu}` : 'the path'
  return `too big for ${where}: ${told?.by === undefined ? '' : `told by ${told.by}, `}sent again in ${lengthOf(next)} bytes`
}
