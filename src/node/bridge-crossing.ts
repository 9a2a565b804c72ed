/**
 * A frame that came in by a port of a bridge.
 *
 *     port ── (PREROUTING) ── decision ─┬─ (FORWARD ── POSTROUTING) ── port
 *                                       └─ up to the machine
 *
 * @module
 */
import { equalMac } from '../base/mac.ts'
import type { Skb } from '../netfilter/run/skb.ts'
import type { Frame } from '../packet/packet.ts'
import { type Prerouted, passBridge, preroute } from './bridge-netfilter.ts'
import { decide } from './bridging.ts'
import type { Device } from './device.ts'
import type { Entrant } from './forward.ts'
import { portPieces } from './mtu.ts'
import { throughPort } from './transmit.ts'
import { end, note, type Walk } from './walk.ts'

/** What of the frame goes up to the machine, if anything does. */
export function crossBridge(walk: Walk, bridge: Device, port: Device, frame: Frame, arrived: Skb): Entrant | undefined {
  if (!bridge.up) return end(walk, { kind: 'link down', why: `bridge ${bridge.name} is down` })
  const { family } = arrived.packet
  const calls = walk.machine.settings.bridgeCalls[family]
  // To the bridge's own MAC counts as to the port's.
  const toUs = bridge.mac !== undefined && equalMac(bridge.mac, frame.dst)
  const skb: Skb = toUs ? { ...arrived, addressed: 'unicast' } : arrived
  if (!calls) noteNoCalls(walk, skb)
  const prerouted: Prerouted | undefined = calls ? preroute(walk, bridge, port, skb) : { skb }
  if (!prerouted) return undefined

  const { packet } = prerouted.skb
  const bridged: Frame = { ...frame, dst: prerouted.dst ?? frame.dst, body: { kind: 'ip', packet } }
  const { ports, up } = decide(walk, bridge, bridged, packet, port)
  for (const out of ports) leaveBy(walk, { bridge, port, out, calls }, bridged, prerouted)
  if (!up) return undefined

  note(walk, { component: 'link', action: 'receive', link: bridge.name, frame: bridged }, packet)
  if (!calls) return { skb: prerouted.skb, device: bridge }
  const { routed, pieces } = prerouted
  return {
    skb: prerouted.skb,
    device: bridge,
    physIn: port.name,
    prerouted: routed ? { routed } : {},
    ...(pieces === undefined ? {} : { pieces, joined: true }),
  }
}

function noteNoCalls(walk: Walk, { packet }: Skb): void {
  const tool = packet.family === 4 ? 'iptables' : 'ip6tables'
  note(
    walk,
    { component: 'skipped', what: 'netfilter on the bridge', why: `net.bridge.bridge-nf-call-${tool} is 0` },
    packet,
  )
}

interface Crossing {
  readonly bridge: Device
  readonly port: Device
  readonly out: Device
  readonly calls: boolean
}

function leaveBy(walk: Walk, crossing: Crossing, frame: Frame, { skb, pieces }: Prerouted): void {
  const { bridge, port, out, calls } = crossing
  if (!calls) {
    throughPort(walk, out, frame)
    return
  }
  const passed = passBridge(walk, bridge, port, out, skb)
  const all = passed && portPieces(walk, passed, { bridge, port: out }, pieces)
  for (const { packet } of all ?? []) throughPort(walk, out, { ...frame, body: { kind: 'ip', packet } })
}
