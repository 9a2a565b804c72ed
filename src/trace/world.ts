/**
 * The machines of a trace, and which of their links end at the same wire.
 *
 *     pod ═ veth ═ node ── lan ── router ── wan ── outside
 *
 * Machines are made when a packet first comes to them: a cluster may have thousands of nodes.
 *
 * @module
 */
import type { Ip } from '../base/ip.ts'
import type { Mac } from '../base/mac.ts'
import type { Machine, Neighbourhood } from '../node/machine.ts'
import type { Frame } from '../packet/packet.ts'

/** One end of a wire: a link of a machine. */
export interface Plug {
  readonly machine: string
  readonly link: string
}

export interface World {
  /** @throws {RangeError} for a name that nothing in the world led to */
  readonly machine: (name: string) => Machine
  /** Where a frame that leaves by `from` comes in: nowhere, at one machine, at several. */
  readonly across: (from: Plug, frame: Frame) => readonly Plug[]
  /** Who answers for `ip` on the wire at `plug`. */
  readonly whoHas: (plug: Plug, ip: Ip) => Mac | undefined
  /** The port of a machine's bridge behind which a station is. */
  readonly portOf: (machine: string, bridge: string, mac: Mac) => string | undefined
  /** The machine that has the address as its own: the first such. */
  readonly holderOf: (ip: Ip) => string | undefined
}

/** What one machine of the world sees of it. */
export function neighbourhoodOf(world: World, machine: string): Neighbourhood {
  return {
    whoHas: (link, ip) => world.whoHas({ machine, link }, ip),
    portOf: (bridge, mac) => world.portOf(machine, bridge, mac),
  }
}
