/**
 * VXLAN: frames into outer packets, and out of them.
 *
 *     inner packet ── device (neighbour, forwarding entry) ── outer packet, one of the machine's own
 *     outer packet ── UDP port of a device ── inner frame, which comes in by the device
 *
 * @see drivers/net/vxlan/vxlan_core.c of Linux: vxlan_xmit_one, vxlan_rcv
 * @module
 */
import { formatMac } from '../base/mac.ts'
import { hash32 } from '../base/random.ts'
import type { FdbEntry, VxlanLink } from '../host/host.ts'
import type { Skb } from '../netfilter/run/skb.ts'
import { decapsulate, encapsulate, fdbTargets } from '../overlay/encapsulation.ts'
import { type Frame, isUdp, type Packet } from '../packet/packet.ts'
import { nextId } from './memory.ts'
import { end, follow, type Leg, note, type Walk } from './walk.ts'

/** Wraps a frame that leaves by a VXLAN device, once for each forwarding entry. */
export function intoTunnel(walk: Walk, skb: Skb, device: VxlanLink, frame: Frame): void {
  const targets = fdbTargets(walk.machine.config.network, device, frame.dst)
  if (targets.length === 0) {
    const why = `${device.name} has no forwarding entry for ${formatMac(frame.dst)}`
    note(walk, { component: 'vxlan', action: 'drop', link: device.name, vni: device.vni, why }, skb.packet)
    end(walk, { kind: 'no forwarding entry', why })
    return
  }
  follow(
    walk,
    targets.map(target => wrap(walk, skb, device, frame, target)),
  )
}

function wrap(walk: Walk, { packet, mark }: Skb, device: VxlanLink, frame: Frame, target: FdbEntry): Leg {
  const { machine, memory } = walk
  const { port = device.port, vni = device.vni, dst } = target
  const own = machine.own.get(dst) ? machine.tunnels.find(other => other.vni === vni && other.port === port) : undefined
  const inner = own && machine.devices.get(own.name)
  // To one of its own addresses the kernel hands the frame over without a packet around it.
  if (inner) return { kind: 'frame', device: inner, frame, mark }
  const sport = walk.around.tunnelPort?.()
  const options = {
    id: nextId(memory),
    seed: hash32(machine.name),
    port,
    vni,
    ...(sport === undefined ? {} : { sport }),
  }
  const outer = encapsulate(device, frame, dst, options)
  note(walk, { component: 'vxlan', action: 'encapsulate', link: device.name, vni, outer }, packet, outer)
  // The mark goes along, the connection does not. @see skb_scrub_packet of Linux
  return { kind: 'own', skb: { packet: outer, mark }, tunnel: { link: device.name, inner: packet } }
}

/**
 * Takes the frame out of a datagram that reached the port of a VXLAN device: it comes in by the
 * device.
 *
 * @returns whether a device took the datagram at all, for better or worse; else it is for a program
 */
export function outOfTunnel(walk: Walk, { packet, mark }: Skb): boolean {
  const { machine } = walk
  if (machine.tunnels.length === 0 || !isUdp(packet.payload)) return false
  const inner = decapsulate(machine.tunnels, packet)
  if ('drop' in inner) {
    if (inner.drop === 'port') return false
    drop(walk, packet, packet.payload.dport, inner.why)
    return true
  }
  const device = machine.devices.get(inner.device.name)
  if (!device) throw new RangeError(`machine ${machine.name} has no link ${inner.device.name}`)
  const { vni, name: link } = inner.device
  const after = inner.frame.body.kind === 'ip' ? inner.frame.body.packet : packet
  note(walk, { component: 'vxlan', action: 'decapsulate', link, vni, outer: packet }, packet, after)
  follow(walk, [{ kind: 'frame', device, frame: inner.frame, mark }])
  return true
}

function drop(walk: Walk, packet: Packet, port: number, why: string): void {
  const device = walk.machine.tunnels.find(one => one.port === port)
  if (device) {
    const { name: link, vni } = device
    note(walk, { component: 'vxlan', action: 'drop', link, vni, outer: packet, why }, packet)
  }
  end(walk, { kind: 'bad vxlan', why })
}
