/**
 * Frames that a bridge may or may not show, by what it knows of neighbours at that moment.
 *
 * A bridged packet that rules send to another station of the same bridge needs that station's MAC. Where the
 * kernel is sure of it, the packet goes on as it is; where it is not, the packet goes through the bridge's own
 * device, as if the machine had sent it, for its neighbour table to write the MAC.
 *
 * @see br_nf_pre_routing_finish_bridge in net/bridge/br_netfilter_hooks.c of Linux
 * @module
 */
import { equalIp } from '../base/ip.ts'
import type { Mac } from '../base/mac.ts'
import type { HookPassing } from '../node/step.ts'
import type { Packet } from '../packet/packet.ts'
import type { Exchange, Hop } from '../trace/journey.ts'
import { legsOf } from './expected.ts'

export interface BridgedFrame {
  readonly machine: string
  /** The bridge. */
  readonly link: string
  readonly packet: Packet
  readonly src: Mac
  /** Absent: the packet was not sent on, and what MAC it was to get is not told. */
  readonly dst?: Mac
}

/** All that may be seen so, in the order of the exchange. */
export function bridgedFrames(exchange: Exchange): readonly BridgedFrame[] {
  return legsOf(exchange).flatMap(({ journey }) =>
    journey.hops.flatMap(hop => (hop.passings ?? []).flatMap(passing => bridgedAt(hop, passing))),
  )
}

function bridgedAt({ machine, steps }: Hop, { hook, devices, before, after }: HookPassing): readonly BridgedFrame[] {
  if (hook !== 'prerouting' || devices.in === undefined || !after) return []
  if (equalIp(before.packet.dst, after.packet.dst)) return []
  const links = steps.flatMap(step => (step.component === 'link' ? [step] : []))
  const received = links.find(({ action }) => action === 'receive')
  const sent = links.find(({ action }) => action === 'transmit')
  // What goes up to the machine passes the bridge's device anyway.
  if (!received || links.some(({ link }) => link === devices.in)) return []
  const dst = sent ? { dst: sent.frame.dst } : {}
  return [{ machine, link: devices.in, packet: after.packet, src: received.frame.dst, ...dst }]
}
