/**
 * Where the programs of a lab listen: wherever the objects tell that one does.
 *
 * @module
 */
import { contains, equalIp, findIp, formatIp, type Ip, type Prefix } from '../base/ip.ts'
import { type Protocol, SCTP, TCP } from '../base/protocol.ts'
import type { SettledCluster } from '../cluster/host-state.ts'
import type { Listener } from '../node/step.ts'
import { type DeclaredPort, declaredPorts, nodePrograms } from '../trace/listeners.ts'
import type { LabListener, LabMachine } from './lab.ts'
import { OUTSIDE } from './underlay.ts'

/**
 * The lab's listeners, each once: whoever listens at all addresses of a machine listens at each.
 *
 * @param inside networks in which nobody is but the machines
 */
export function labListeners(
  cluster: SettledCluster,
  machines: readonly LabMachine[],
  inside: readonly Prefix[],
): readonly LabListener[] {
  const programs = [...nodePrograms(cluster)]
  const all = [
    ...placed(declaredPorts(cluster), machines, inside),
    ...machines
      .filter(({ kind }) => kind === 'node')
      .flatMap(({ machine }) => programs.map(([port, what]): LabListener => ({ machine, protocol: TCP, port, what }))),
  ]
  const known = new Map(machines.map(one => [one.machine, one.addresses]))
  return [...portsOf(all).values()].flatMap(([first, ...others]) =>
    first ? onceEach([first, ...others], known.get(first.machine) ?? []) : [],
  )
}

function placed(
  ports: Iterable<DeclaredPort>,
  machines: readonly LabMachine[],
  inside: readonly Prefix[],
): readonly LabListener[] {
  const nodes = new Set(machines.filter(({ kind }) => kind === 'node').map(({ machine }) => machine))
  const holders = new Map(machines.flatMap(one => one.addresses.map(ip => [formatIp(ip), one.machine] as const)))
  return [...ports].flatMap(({ at, ...port }): LabListener[] => {
    if (nodes.has(at)) return [{ machine: at, ...port }]
    const address = findIp(at)
    const holder = holders.get(at)
    if (address === undefined) return []
    if (holder !== undefined) return [{ machine: holder, ...port, address }]
    return inside.some(prefix => contains(prefix, address)) ? [] : [{ machine: OUTSIDE, ...port, address }]
  })
}

function portsOf(listeners: readonly LabListener[]): ReadonlyMap<string, readonly LabListener[]> {
  const ports = new Map<string, LabListener[]>()
  for (const listener of listeners) {
    const key = `${listener.machine} ${listener.protocol} ${listener.port}`
    const there = ports.get(key)
    if (there) there.push(listener)
    else ports.set(key, [listener])
  }
  return ports
}

/** Of one port of one machine: one listener at all addresses, or one at each that is told of. */
function onceEach(
  listeners: readonly [LabListener, ...LabListener[]],
  addresses: readonly Ip[],
): readonly LabListener[] {
  const everywhere = listeners.find(({ address }) => address === undefined)
  if (everywhere) return [everywhere]
  const [{ address: _, ...whole }] = listeners
  const isAt = (ip: Ip) => listeners.some(({ address }) => address !== undefined && equalIp(address, ip))
  if (addresses.length > 0 && addresses.every(isAt)) return [whole]
  const isFirst = (one: LabListener) => listeners.find(other => sameAddress(one, other)) === one
  return listeners.filter(isFirst)
}

function sameAddress({ address: a }: LabListener, { address: b }: LabListener): boolean {
  return a !== undefined && b !== undefined && equalIp(a, b)
}

/** Who listens in the lab, by what was made to: nobody else does, and nothing is left open. */
export function listenerIn(
  listeners: readonly LabListener[],
): (machine: string, ip: Ip, protocol: Protocol, port: number) => Listener {
  const known = portsOf(listeners)
  // Kernels without SCTP have it answered by a raw socket, which takes what is for other ports, too.
  const overheard = new Set(listeners.flatMap(one => (one.protocol === SCTP ? [one.machine] : [])))
  return (machine, ip, protocol, port) => {
    const there = known.get(`${machine} ${protocol} ${port}`) ?? []
    const listener = there.find(({ address }) => address === undefined || equalIp(address, ip))
    if (listener) return { listens: 'yes', what: listener.what }
    const nobody = { listens: 'no', what: 'nobody that the lab has listen there' } as const
    return protocol === SCTP && overheard.has(machine) ? { ...nobody, overheard: true } : nobody
  }
}
