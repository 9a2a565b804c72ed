/**
 * Whether a packet may come from where it says, by the device that it came by.
 *
 * @see net/ipv4/fib_frontend.c of Linux: fib_validate_source, __fib_validate_source
 * @module
 */
import type { Ip } from '../base/ip.ts'
import type { Skb } from '../netfilter/run/skb.ts'
import type { Device } from './device.ts'
import type { Machine } from './machine.ts'
import { queryOf } from './route.ts'
import { consult, type FoundRoute, type Query } from './routing-rules.ts'
import { end, note, type Walk } from './walk.ts'

type Judgement = 'pass' | 'martian' | 'reverse path'

/**
 * Of IPv4 only: IPv6 has no such check of its own.
 *
 * @param dst unspecified for a broadcast
 * @param out the device that the packet will leave by, if it is sent on
 */
export function sourceIsSound(walk: Walk, skb: Skb, device: Device, dst: Ip, out?: Device): boolean {
  const { rpFilter } = device.settings
  const judgement = judge(walk.machine, skb, device, dst, out)
  const { packet } = skb
  if (judgement === 'martian') {
    end(walk, { kind: 'martian', why: `the source is not one that may come in by ${device.name}` })
    return false
  }
  if (rpFilter !== 0) {
    const action = judgement === 'pass' ? 'pass' : 'drop'
    const mode = rpFilter === 1 ? 'strict' : 'loose'
    note(walk, { component: 'rp_filter', action, link: device.name, mode }, packet)
  }
  if (judgement === 'pass') return true
  end(walk, { kind: 'reverse path', why: whyNot(device, rpFilter) })
  return false
}

function whyNot(device: Device, rpFilter: 0 | 1 | 2): string {
  return rpFilter === 1
    ? `the way back to the source does not lead through ${device.name} (rp_filter 1)`
    : `there is no way back to the source (rp_filter ${rpFilter})`
}

function judge(machine: Machine, skb: Skb, device: Device, dst: Ip, out: Device | undefined): Judgement {
  const { rpFilter, redirects, acceptLocal } = device.settings
  const routing = machine.routing[4]
  // Sent back by the device it came by, a packet is looked at more closely, for a redirect may be due.
  if (rpFilter === 0 && (device !== out || !redirects)) {
    if (acceptLocal) return 'pass'
    if (!routing.custom) return machine.own.get(skb.packet.src) ? 'martian' : 'pass'
  }
  const finding = consult(routing, reverseOf(skb, device, dst, out))
  const unknown: Judgement = rpFilter === 0 ? 'pass' : 'reverse path'
  if (finding.kind === 'none') return unknown
  const { type } = finding.found
  if (type === 'local' ? !acceptLocal : type !== 'unicast') return 'martian'
  if (leadsBack(finding, device)) return 'pass'
  if (device.addresses[4].length === 0) return unknown
  return rpFilter === 1 ? 'reverse path' : 'pass'
}

function leadsBack({ found }: FoundRoute, device: Device): boolean {
  if (found.type === 'local' && device.link.kind === 'loopback') return true
  return found.ways.some(way => way.device === device)
}

/** What the answer to the packet would ask of the routes. */
function reverseOf(skb: Skb, device: Device, dst: Ip, out: Device | undefined): Query {
  const forth = queryOf(skb, out?.name ?? 'lo')
  return {
    ...forth,
    dst: forth.src,
    src: dst,
    mark: device.settings.srcValidMark ? skb.mark : 0,
    sport: forth.dport,
    dport: forth.sport,
  }
}
