/**
 * Where paths lead: the endpoint of each, its node, and what is to be remarked of it.
 *
 * @module
 */
import { equalIp } from '../base/ip.ts'
import { add, compareRatio, type Ratio } from '../base/ratio.ts'
import { type Packet, portsOf } from '../packet/packet.ts'
import { formatEnd } from '../packet/summary.ts'
import type { Exchange, Hop, Journey, Path, Trace } from './journey.ts'
import { outerSteps } from './parts.ts'
import { wayOf } from './story.ts'
import { type Verdict, verdictOf } from './verdict.ts'

export interface Ending {
  /** `10.244.2.9:8080`: where the packet was for in the end. */
  readonly end: string
  /** The machine that has the end, if the packet came to it. */
  readonly machine?: string
  readonly node?: string
  readonly verdict: Verdict
  readonly remarks: readonly string[]
}

/** Paths that a reader cannot tell apart, with their probability together. */
export interface Outlook {
  readonly probability: Ratio
  /** One for each flow. */
  readonly endings: readonly Ending[]
  readonly paths: readonly Path[]
}

export function endingOf(exchange: Exchange, sender: string): Ending {
  const { request } = exchange
  const hops = wayOf(request).flatMap(index => request.hops[index] ?? [])
  const packet = lastPacket(request, hops)
  const ports = portsOf(packet.payload)
  const machine = request.outcome.kind === 'delivered' ? request.outcome.machine : undefined
  const node = hops.findLast(({ kind }) => kind === 'node')?.machine
  return {
    end: formatEnd(packet.dst, ports?.dport),
    ...(machine === undefined ? {} : { machine }),
    ...(node === undefined ? {} : { node }),
    verdict: verdictOf(exchange),
    remarks: remarksOf(exchange, hops, machine === sender),
  }
}

/** The packet as it was last seen, outside of tunnels. */
export function lastPacket({ outcome, packet, ends }: Journey, hops: readonly Hop[]): Packet {
  if (ends) return ends.last
  if (outcome.kind === 'delivered') return outcome.packet
  for (const { steps } of hops.toReversed()) {
    const outer = outerSteps(steps)
    const last = steps.findLast(
      (step, i) => !outer[i] && !(step.component === 'vxlan' && step.action === 'encapsulate'),
    )
    if (last) return last.after
  }
  return packet
}

/** The packet once the sender's machine had given it its source. */
export function sentPacket({ hops, packet, ends }: Journey): Packet {
  return ends?.sent ?? hops[0]?.steps.find(step => step.component === 'source')?.after ?? packet
}

function remarksOf({ request }: Exchange, hops: readonly Hop[], hairpin: boolean): readonly string[] {
  const nodes = [...new Set(hops.filter(({ kind }) => kind === 'node').map(({ machine }) => machine))]
  const sent = sentPacket(request)
  const last = lastPacket(request, hops)
  return [
    ...(hairpin ? ['hairpin'] : isBesides(request, nodes, hops) ? ['same node'] : []),
    ...(equalIp(sent.src, last.src) ? [] : [`seen as ${formatEnd(last.src)}`]),
  ]
}

/** Delivered from pod to pod within a node. */
function isBesides({ outcome }: Journey, nodes: readonly string[], hops: readonly Hop[]): boolean {
  return outcome.kind === 'delivered' && nodes.length === 1 && hops[0]?.kind === 'pod' && hops.at(-1)?.kind === 'pod'
}

/** The paths of a trace, those together that lead to the same ends; the likeliest first. */
export function outlooksOf({ paths, flows }: Trace): readonly Outlook[] {
  const byText = new Map<string, { probability: Ratio; readonly endings: readonly Ending[]; readonly paths: Path[] }>()
  for (const path of paths) {
    const endings = path.exchanges.map((exchange, i) => endingOf(exchange, flows[i]?.sender ?? ''))
    const text = JSON.stringify(endings)
    const there = byText.get(text)
    if (there) {
      there.probability = add(there.probability, path.probability)
      there.paths.push(path)
    } else byText.set(text, { probability: path.probability, endings, paths: [path] })
  }
  return [...byText.values()].sort((a, b) => compareRatio(b.probability, a.probability))
}

/** Whether the two are the same way of chance, however they are told. */
export function isSamePath(a: Path, b: Path): boolean {
  return a === b || (a.draws.length === b.draws.length && a.draws.every(({ taken }, i) => taken === b.draws[i]?.taken))
}
