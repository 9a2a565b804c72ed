/**
 * Ports that source NAT draws: the model's and the kernel's are not the same number, but each must be
 * the same wherever it is met.
 *
 * @module
 */
import { equalIp, formatIp, type Ip } from '../base/ip.ts'
import type { PortRange } from '../netfilter/rule.ts'
import type { HookStep } from '../netfilter/run/hook.ts'
import { hasIdentifier } from '../packet/icmp-types.ts'
import { isIcmp, type Packet, portsOf } from '../packet/packet.ts'
import type { Exchange } from '../trace/journey.ts'
import { legsOf } from './expected.ts'
import type { MachineSight, PacketSight } from './observation.ts'

/** A source that was drawn. */
interface Drawn {
  readonly machine: string
  /** The source in its place. */
  readonly before: string
  /** The packet with it. */
  readonly after: Packet
  readonly allowed: PortRange
  /** The port before, where another one was drawn because that one was taken. */
  readonly taken?: number
}

/** What is written in place of a port of an address; nothing: the port itself. */
export type PortWord = (ip: Ip, port: number) => string | undefined

export interface PortWords {
  readonly model: PortWord
  readonly kernel: PortWord
}

/** Words under which the ports that the model drew, and those that the kernel drew in their place, are the same. */
export function portWords(
  exchange: Exchange,
  machines: ReadonlyMap<string, MachineSight>,
  nameOf: (machine: string) => string,
): PortWords {
  const model = new Map<string, string>()
  const kernel = new Map<string, string>()
  for (const drawn of drawnIn(exchange)) {
    const own = endOf(drawn.after)
    if (own === undefined || model.has(own)) continue
    const word = model.size === 0 ? 'drawn' : `drawn-${model.size + 1}`
    model.set(own, word)
    const end = findEnd(machines, nameOf(drawn.machine), drawn, kernel)
    if (end !== undefined) kernel.set(end, word)
  }
  const wordIn = (words: ReadonlyMap<string, string>) => (ip: Ip, port: number) => words.get(keyOf(ip, port))
  return { model: wordIn(model), kernel: wordIn(kernel) }
}

function drawnIn(exchange: Exchange): readonly Drawn[] {
  return legsOf(exchange).flatMap(({ journey }) =>
    journey.hops.flatMap(({ machine, steps }) =>
      steps.flatMap(one => {
        const allowed = one.component === 'netfilter' ? allowedBy(one.step) : undefined
        if (!allowed || one.component !== 'netfilter') return []
        const taken = isRandom(one.step) ? {} : { taken: identityOf(one.before) ?? 0 }
        return [{ machine, before: endOf(one.before) ?? '', after: one.after, allowed, ...taken }]
      }),
    ),
  )
}

/** Whether another port is drawn even if the one before is free. */
function isRandom(step: HookStep): boolean {
  const target = step.kind === 'rule' ? step.rule.target : undefined
  if (target?.do !== 'masquerade' && target?.do !== 'snat') return false
  return target.random === true || target.randomFully === true || target.ports !== undefined
}

/** Among which ports a step of NAT drew; nothing: it drew none. */
function allowedBy(step: HookStep): PortRange | undefined {
  const { before, after } = step
  if (after.tracked?.direction === 'reply') return undefined
  const from = identityOf(before.packet)
  const changed = from !== undefined && from !== identityOf(after.packet)
  if (step.kind === 'rewrite') return changed && step.of === 'source' && step.by !== 'related' ? usual(from) : undefined
  if (step.kind !== 'rule' || from === undefined) return undefined
  const { target } = step.rule
  if (target?.do !== 'masquerade' && target?.do !== 'snat') return undefined
  if (target.ports) return changed ? target.ports : undefined
  return changed || target.random || target.randomFully ? usual(from) : undefined

  function usual(port: number): PortRange {
    if (isIcmp(before.packet.payload)) return { from: 0, to: 0xffff }
    if (port < 512) return { from: 1, to: 511 }
    return port < 1024 ? { from: 600, to: 1023 } : { from: 1024, to: 0xffff }
  }
}

/** Where it was drawn; or else wherever it was met: that it was not met there is told anyway. */
function findEnd(
  machines: ReadonlyMap<string, MachineSight>,
  machine: string,
  drawn: Drawn,
  taken: ReadonlyMap<string, string>,
): string | undefined {
  const own = machines.get(machine)?.packets.filter(({ hook }) => hook === 'postrouting' || hook === 'input') ?? []
  const all = [...machines.values()].flatMap(({ packets }) => packets)
  return findDrawn(own, drawn, taken) ?? findDrawn(all, drawn, new Map([...taken, [drawn.before, '']]))
}

/** The source of a packet of the kernel's that went from the same address to the same end. */
function findDrawn(
  packets: readonly PacketSight[],
  { after, allowed, taken: unfree }: Drawn,
  taken: ReadonlyMap<string, string>,
): string | undefined {
  for (const { packet } of packets) {
    const port = identityOf(packet)
    if (port === undefined || port === unfree || port < allowed.from || port > allowed.to) continue
    if (!goesAlike(packet, after)) continue
    const end = keyOf(packet.src, port)
    if (!taken.has(end)) return end
  }
  return undefined
}

function goesAlike(a: Packet, b: Packet): boolean {
  if (a.payload.protocol !== b.payload.protocol || !equalIp(a.src, b.src) || !equalIp(a.dst, b.dst)) return false
  if (isIcmp(a.payload) && isIcmp(b.payload)) return a.payload.type === b.payload.type
  return portsOf(a.payload)?.dport === portsOf(b.payload)?.dport
}

function endOf(packet: Packet): string | undefined {
  const port = identityOf(packet)
  return port === undefined ? undefined : keyOf(packet.src, port)
}

/** The source port; of an echo, its identifier. */
export function identityOf({ family, payload }: Packet): number | undefined {
  if (isIcmp(payload)) return hasIdentifier(payload.type, family) ? payload.rest >>> 16 : undefined
  return portsOf(payload)?.sport
}

function keyOf(ip: Ip, port: number): string {
  return `${formatIp(ip)} ${port}`
}
