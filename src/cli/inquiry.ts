/**
 * From files and words to a trace: what `trace` and the steps of scenarios share.
 *
 * @module
 */
import { ParseError } from '../base/error.ts'
import { equalIp, type Family, familyOf, findIp, isLinkLocal } from '../base/ip.ts'
import type { HostOptions, SettledCluster } from '../cluster/host-state.ts'
import type { NameService } from '../cluster/name-service.ts'
import type { Pod } from '../objects/pod.ts'
import { type Asked, type Question, questionsOf } from '../trace/ask.ts'
import { type ClusterWorldOptions, clusterWorld } from '../trace/cluster-world.ts'
import { type Directory, reachOf } from '../trace/directory.ts'
import { type DumpedHost, dumpWorld, dumpWorldWithObjects } from '../trace/dump-world.ts'
import { pathsTo } from '../trace/endpoint.ts'
import { parseFault } from '../trace/fault.ts'
import { withFaults } from '../trace/faulty-world.ts'
import type { Path, Trace } from '../trace/journey.ts'
import { thereAre } from '../trace/name-list.ts'
import type { NodeSite, Vip, WorldConfig } from '../trace/site.ts'
import { explainPath, type TraceOptions, traceFlows, wholePath } from '../trace/trace.ts'
import { createWorld } from '../trace/wiring.ts'
import type { World } from '../trace/world.ts'
import { parseWritten } from '../trace/written.ts'
import { RefusedInput } from './exit.ts'

/** What is looked at: objects, dumps, or both. */
export interface Ground {
  readonly cluster?: SettledCluster
  /** Who looks names up there. */
  readonly names?: NameService
  /** All pods, those that run nowhere too. */
  readonly pods?: readonly Pod[]
  readonly hosts?: readonly DumpedHost[]
  readonly namespace: string
  readonly family: Family
  readonly via?: string
  readonly faults: readonly string[]
  readonly host: HostOptions
}

export interface Inquiry {
  /** What it was looked at in: for those who tell of it. */
  readonly ground: Ground
  readonly world: World
  readonly questions: readonly Question[]
  readonly trace: Trace
  /** The path to be shown. */
  readonly shown: Path
}

export interface InquiryOptions extends TraceOptions {
  readonly toEndpoint?: string
  /** Follow the shown path once more, for which rules did not match and why. */
  readonly explained: boolean
}

/** When the first packet is sent, as far as clocks of rules matter. */
const START = Date.UTC(2026, 0, 1)

/** @throws {RefusedInput} for a name that nothing has, or a fault that cannot be */
export function inquire(asked: readonly Asked[], ground: Ground, options: InquiryOptions): Inquiry {
  try {
    const config = withFaults(worldConfig(ground, asked), ground.faults.map(parseFault))
    const names = config.nodes.map(({ name }) => name)
    if (ground.via !== undefined && !names.includes(ground.via)) {
      throw new RefusedInput([`--via ${ground.via}: there is no such node; ${thereAre(names)}`])
    }
    const world = createWorld(config)
    const directory: Directory = {
      ...(ground.cluster ? { cluster: ground.cluster } : {}),
      ...(ground.names ? { names: ground.names } : {}),
      nodes: names,
      namespace: ground.namespace,
      family: ground.family,
      addressesOf: reachOf(config.nodes),
      holderOf: ip => world.holderOf(ip),
    }
    const questions = questionsOf(asked, directory, START)
    const flows = questions.map(({ flow }) => flow)
    const trace = traceFlows(flows, world, options)
    const shown = shownPath(trace, world, options)
    return {
      ground,
      world,
      questions,
      trace,
      shown: (options.explained ? explainPath : wholePath)(shown, flows, world, options),
    }
  } catch (cause) {
    if (cause instanceof ParseError) throw new RefusedInput([cause.message])
    throw cause
  }
}

function worldConfig({ cluster, hosts, via, host }: Ground, asked: readonly Asked[]): WorldConfig {
  const options: ClusterWorldOptions = { ...host, ...(via === undefined ? {} : { via }) }
  if (!cluster) {
    const world = dumpWorld(hosts ?? [])
    return { ...world, vips: ledIn(asked, hosts ?? [], world.nodes, via) }
  }
  return hosts ? dumpWorldWithObjects(hosts, cluster, options) : clusterWorld(cluster, options)
}

/**
 * Of dumps alone nobody knows which addresses are led to which host from outside: those that are asked
 * for come in by `via`, or by the only host.
 */
function ledIn(
  asked: readonly Asked[],
  hosts: readonly DumpedHost[],
  nodes: readonly NodeSite[],
  via: string | undefined,
): readonly Vip[] {
  const taker = via === undefined ? (nodes.length === 1 ? nodes[0]?.name : undefined) : via
  if (taker === undefined) return []
  const own = hosts.find(({ name }) => name === taker)?.network.addresses ?? []
  const reach = reachOf(nodes)(taker)
  return asked.flatMap(({ to }): readonly Vip[] => {
    const ip = findIp(parseWritten(to, 'destination').name)
    if (ip === undefined || own.some(one => equalIp(one.own.address, ip))) return []
    return [
      { ip, beyond: true, nodes: reach.filter(one => familyOf(one) === familyOf(ip) && !isLinkLocal(one)).slice(0, 1) },
    ]
  })
}

function shownPath(trace: Trace, world: World, { toEndpoint }: InquiryOptions): Path {
  const [path] = toEndpoint === undefined ? trace.paths : pathsTo(toEndpoint, trace, ip => world.holderOf(ip))
  if (!path) throw new RangeError('a trace has a path')
  return path
}
