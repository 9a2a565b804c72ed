/**
 * A frame at a bridge: to which ports it goes, and whether up to the machine.
 *
 * The bridge knows the stations that the world around tells it of, its own MAC and those of its
 * ports. A frame to an unknown station leaves by all ports.
 *
 * @see net/bridge/br_input.c of Linux: br_handle_frame_finish; br_forward.c: br_flood, should_deliver
 * @module
 */
import { equalMac, type Mac } from '../base/mac.ts'
import type { Frame, Packet } from '../packet/packet.ts'
import { type Device, isGroupMac } from './device.ts'
import type { BridgeStep } from './step.ts'
import { end, note, type Walk } from './walk.ts'

/** Where a frame at a bridge goes. */
export interface Decision {
  readonly ports: readonly Device[]
  /** Up to the machine itself. */
  readonly up: boolean
}

/** Where a frame goes that came in by `port`; absent `port`: that the machine sends by the bridge. */
export function decide(walk: Walk, bridge: Device, frame: Frame, packet: Packet, port?: Device): Decision {
  const decision = decisionOf(walk, bridge, frame.dst, port)
  const { ports, up, action, why } = decision
  note(
    walk,
    {
      component: 'bridge',
      action,
      bridge: bridge.name,
      inPort: port?.name ?? bridge.name,
      outPorts: ports.map(({ name }) => name),
      ...(why === undefined ? {} : { why }),
    },
    packet,
  )
  if (action === 'drop') end(walk, { kind: 'bridge', why: why ?? 'the bridge dropped the frame' })
  return { ports, up }
}

interface Reasoned extends Decision {
  readonly action: BridgeStep['action']
  readonly why?: string
}

function decisionOf(walk: Walk, bridge: Device, dst: Mac, port: Device | undefined): Reasoned {
  if (isGroupMac(dst)) return { ...floodOf(walk, bridge, port), up: port !== undefined }
  if (port && isOwnMac(walk, bridge, dst)) return { ports: [], up: true, action: 'local' }
  const known = walk.around.neighbourhood.portOf(bridge.name, dst)
  const out = known === undefined ? undefined : walk.machine.devices.get(known)
  if (!out) return floodOf(walk, bridge, port)
  const why = whyNot(out, port)
  return why === undefined
    ? { ports: [out], up: false, action: 'forward' }
    : { ports: [], up: false, action: 'drop', why }
}

/** The MACs at which a bridge takes frames for the machine: its own and those of its ports. */
function isOwnMac({ machine }: Walk, bridge: Device, mac: Mac): boolean {
  if (bridge.mac && equalMac(bridge.mac, mac)) return true
  return bridge.ports.some(name => {
    const own = machine.devices.get(name)?.mac
    return own !== undefined && equalMac(own, mac)
  })
}

function floodOf({ machine }: Walk, bridge: Device, port: Device | undefined): Reasoned {
  const ports = bridge.ports.flatMap(name => {
    const out = machine.devices.get(name)
    return out && whyNot(out, port) === undefined ? [out] : []
  })
  return { ports, up: false, action: 'flood' }
}

/** Why a frame that came in by `port` does not leave by `out`. */
function whyNot(out: Device, port: Device | undefined): string | undefined {
  if (!out.up) return `port ${out.name} is down`
  if (out !== port || out.hairpin) return undefined
  return `the frame would leave by the port that it came in by, and hairpin is off on ${out.name}`
}
