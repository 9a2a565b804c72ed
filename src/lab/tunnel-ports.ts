/**
 * Source ports by which machines were seen to send packets that carry others.
 *
 * @module
 */
import { isUdp, type Packet } from '../packet/packet.ts'
import { carriedBy, isExcludedPacket, type PacketContext } from './excluded.ts'
import type { Observation, PacketSight } from './observation.ts'
import type { TunnelPorts } from './predict.ts'

/** By machine, in the order in which it sent them; nothing for machines that sent none. */
export function tunnelPortsIn({ machines }: Observation, context: PacketContext): TunnelPorts {
  const ports = new Map<string, readonly number[]>()
  for (const [machine, { packets }] of machines) {
    const own = packets.flatMap(sight => portIn(sight, context) ?? [])
    if (own.length > 0) ports.set(machine, own)
  }
  return ports
}

function portIn({ hook, packet }: PacketSight, context: PacketContext): number | undefined {
  if (hook !== 'output' || !carries(packet, context) || isExcludedPacket(packet, context)) return undefined
  return isUdp(packet.payload) ? packet.payload.sport : undefined
}

function carries({ payload, fragment }: Packet, { tunnels }: PacketContext): boolean {
  return isUdp(payload) && !fragment && tunnels.has(payload.dport) && carriedBy(payload.data) !== undefined
}
