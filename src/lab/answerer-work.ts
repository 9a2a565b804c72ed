/**
 * A lab's listeners as work for the answerer: which sockets it needs in which namespace.
 *
 * @module
 */
import { type Family, familyOf, formatIp, isIpv4 } from '../base/ip.ts'
import { SCTP, TCP, UDP } from '../base/protocol.ts'
import type { AnsweredPort, AnsweredSocket, MachineWork } from './agent/answering.ts'
import type { LabListener, LabMachine, LabPlan } from './lab.ts'

const LOOPBACK: Readonly<Record<Family, string>> = { 4: '127.0.0.1', 6: '::1' }

/**
 * One entry for each machine that listens. Of listeners at the same port one counts: that at every
 * address before those at single ones, else the first.
 *
 * @throws {RangeError} for a listener of no machine of the plan, or of a protocol without ports
 */
export function answererWork({ machines, listeners }: Pick<LabPlan, 'machines' | 'listeners'>): readonly MachineWork[] {
  const known = new Set(machines.map(({ machine }) => machine))
  for (const { machine, protocol, what } of listeners) {
    if (!known.has(machine)) throw new RangeError(`a listener of ${machine}, which is no machine of the lab: ${what}`)
    if (![TCP, UDP, SCTP].includes(protocol)) throw new RangeError(`a listener of protocol ${protocol}: ${what}`)
  }
  return machines.flatMap(machine => {
    const own = listeners.filter(listener => listener.machine === machine.machine)
    return own.length > 0 ? [machineWork(machine, distinct(own))] : []
  })
}

function distinct(listeners: readonly LabListener[]): readonly LabListener[] {
  const kept = new Map<string, LabListener>()
  const keyOf = ({ protocol, port }: LabListener, address: string) => `${protocol} ${port} ${address}`
  // Those at every address first.
  const ordered = [...listeners].sort((a, b) => Number(a.address !== undefined) - Number(b.address !== undefined))
  for (const one of ordered) {
    const key = keyOf(one, one.address === undefined ? '' : formatIp(one.address))
    if (!kept.has(key) && !kept.has(keyOf(one, ''))) kept.set(key, one)
  }
  return [...kept.values()]
}

function machineWork(machine: LabMachine, listeners: readonly LabListener[]): MachineWork {
  const of = (wanted: number) => listeners.filter(({ protocol }) => protocol === wanted)
  const [everywhere, somewhere] = [of(UDP).filter(one => isAnywhere(machine, one)), of(UDP)]
  const own6 = machine.addresses.find(ip => !isIpv4(ip))
  return {
    machine: machine.machine,
    namespace: machine.namespace,
    sockets: [
      ...of(TCP).map((one): AnsweredSocket => ({ protocol: 'tcp', ...portOf(one) })),
      ...somewhere.filter(one => !isAnywhere(machine, one)).flatMap(one => datagramSockets(machine, one)),
    ],
    sctp: { ports: of(SCTP).map(portOf), ...(own6 === undefined ? {} : { own6: formatIp(own6) }) },
    everywhere: everywhere.map(portOf),
  }
}

/** Whoever is outside has all addresses: there is no list of them. */
function isAnywhere({ kind }: LabMachine, { address }: LabListener): boolean {
  return kind === 'outside' && address === undefined
}

function portOf({ machine, what, port, address }: LabListener): AnsweredPort {
  return { machine, what, port, ...(address === undefined ? {} : { address: formatIp(address) }) }
}

/** One for each address: what is bound to all answers from the address that the route back prefers. */
function datagramSockets({ addresses }: LabMachine, listener: LabListener): readonly AnsweredSocket[] {
  const socket = { protocol: 'udp', ...portOf(listener) } as const
  if (listener.address !== undefined) return [socket]
  const families = [...new Set(addresses.map(familyOf))]
  const own = new Set(addresses.map(formatIp))
  return [
    ...[...own].map(address => ({ ...socket, address })),
    ...families
      .filter(family => !own.has(LOOPBACK[family]))
      .map(family => {
        return { ...socket, address: LOOPBACK[family], optional: true } as const
      }),
  ]
}
