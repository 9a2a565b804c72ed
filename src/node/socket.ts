/**
 * Sockets of programs that sent something and wait for the answer.
 *
 * @module
 */
import { equalIp, type Ip } from '../base/ip.ts'
import type { Protocol } from '../base/protocol.ts'
import { isIcmp, type Packet, portsOf } from '../packet/packet.ts'
import type { MachineMemory } from './memory.ts'
import type { Listener } from './step.ts'

/** A connected socket: both ends. Of a ping, the ports are its identifier. */
export interface Socket {
  readonly protocol: Protocol
  readonly own: Ip
  readonly ownPort: number
  readonly far: Ip
  readonly farPort: number
}

const ASKED: Listener = { listens: 'yes', what: 'the program that asked' }

/** The machine's program waits for what comes back for `sent`, which has its source. */
export function openSocket(memory: MachineMemory, sent: Packet): void {
  const { sport, dport } = endsOf(sent)
  memory.sockets.push({ protocol: sent.payload.protocol, own: sent.src, ownPort: sport, far: sent.dst, farPort: dport })
}

/** The program that waits for exactly this packet, if one does. */
export function findSocket(memory: MachineMemory, packet: Packet): Listener | undefined {
  const { sport, dport } = endsOf(packet)
  const waits = memory.sockets.some(
    one =>
      one.protocol === packet.payload.protocol &&
      one.ownPort === dport &&
      one.farPort === sport &&
      equalIp(one.own, packet.dst) &&
      equalIp(one.far, packet.src),
  )
  return waits ? ASKED : undefined
}

function endsOf({ payload }: Packet): { readonly sport: number; readonly dport: number } {
  if (isIcmp(payload)) return { sport: payload.rest >>> 16, dport: payload.rest >>> 16 }
  return portsOf(payload) ?? { sport: 0, dport: 0 }
}
