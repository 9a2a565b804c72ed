/**
 * The lab's name server: where the objects have the cluster's DNS answer, it does.
 *
 * @module
 */
import { equalIp } from '../base/ip.ts'
import type { NameServerPort } from '../cluster/cluster-dns.ts'
import type { ZoneMakings } from '../cluster/dns-zone.ts'
import type { MachineWork } from './agent/answering.ts'
import { answererWork } from './answerer-work.ts'
import type { LabListener, LabPlan } from './lab.ts'
import { isHolding, requireHolder, startPortHolder } from './port-holder.ts'
import { findRecord } from './registry.ts'

/** The name server that a lab is to have. */
export interface NameServer {
  /** The compiled program, which knows how to answer; its file is called `name-server.js`. */
  readonly path: string
  /** Those of the plan's listeners that are programs behind the cluster's DNS address. */
  readonly listeners: readonly LabListener[]
  readonly zone: ZoneMakings
  /** Whether the cluster had no DNS of its own, and was given what kubeadm makes. */
  readonly added: boolean
}

/** What the program reads. */
export interface NameServerWork {
  readonly machines: readonly MachineWork[]
  readonly zone: ZoneMakings
}

const NAME = 'name-server'

/** Those of the plan's listeners at which the ports are. */
export function nameListeners(
  { machines, listeners }: Pick<LabPlan, 'machines' | 'listeners'>,
  ports: readonly NameServerPort[],
): readonly LabListener[] {
  const addresses = new Map(machines.map(one => [one.machine, one.addresses]))
  return listeners.filter(({ machine, protocol, port, address }) =>
    ports.some(one => {
      if (one.protocol !== protocol || one.port !== port) return false
      return (address ? [address] : (addresses.get(machine) ?? [])).some(ip => equalIp(ip, one.address))
    }),
  )
}

/**
 * Starts it, as `startAnswerer` does the answerer: one process for all machines. To queries it answers from the zone, to
 * anything else as the answerer would.
 *
 * @throws {LabError} when a port cannot be opened
 */
export async function startNameServer(
  { id, machines }: Pick<LabPlan, 'id' | 'machines'>,
  { path, listeners, zone }: NameServer,
  { folder }: { readonly folder: string },
): Promise<readonly string[]> {
  const work: NameServerWork = { machines: answererWork({ machines, listeners }), zone }
  return startPortHolder({ name: NAME, path, work }, { folder, lab: id })
}

/** Whether the lab's name server runs. */
export function isNaming(id: string): boolean {
  return isHolding(NAME, id)
}

/** @throws {LabError} when the lab had a name server that has ended, with what it said last */
export function requireNameServer(id: string): void {
  if (findRecord(id)?.dns !== undefined) requireHolder(NAME, id)
}
