/**
 * A running lab under observation: flows are sent one after the other, and each is judged.
 *
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Millis } from '../base/clock.ts'
import { equalIp, formatIp, type Ip, isIpv4 } from '../base/ip.ts'
import type { Memories } from '../trace/carry.ts'
import type { Flow } from '../trace/journey.ts'
import type { World } from '../trace/world.ts'
import type { Judgement, Prediction } from './agreement.ts'
import { NEIGHBOUR_MILLIS } from './baseline.ts'
import { type Purses, paced } from './error-pace.ts'
import { type Fences, openFences } from './fences.ts'
import { pathJobs } from './forgetting.ts'
import { withFrames } from './frame-sights.ts'
import { type FrameWatch, openFrameWatch } from './frame-watch.ts'
import { runJob } from './jobs.ts'
import type { LabMachine, LabPlan } from './lab.ts'
import { type Observer, openObserver } from './observer.ts'
import { type Predicted, predict, probeOf } from './predict.ts'
import type { Met } from './probe.ts'
import { openProber, type Prober } from './prober.ts'
import { tunnelPortsIn } from './tunnel-ports.ts'
import { judge } from './verdict.ts'

export interface SessionOptions {
  readonly plan: LabPlan
  readonly world: World
  /** Of what the model draws where the kernel draws too. */
  readonly seed: number
  /** Send the model's own bytes through raw sockets instead of letting programs' sockets make packets. */
  readonly crafted: boolean
  /** Watch every link, too, and compare frame by frame: only what is crafted can be. */
  readonly capture?: boolean
}

export interface Session {
  /**
   * Sends the flow's packet and judges what the kernel did with it.
   *
   * @param last nothing of the kind follows: where the model expects silence, wait as long as it may take a kernel to
   * break it
   * @throws {Error} when the lab itself fails: a process died, or events were lost
   */
  readonly send: (flow: Flow, options?: { readonly last: boolean }) => Promise<Judgement>
  /** Something was changed in the lab: from now on the model is asked in this world. */
  readonly enter: (world: World) => Promise<void>
  /** Ends every process of the session. The lab stays. */
  readonly close: () => Promise<void>
}

/** How many ways of chance are compared at most. */
const MOST_WAYS = 4096

/** The model expects an answer: an answer that is late is an answer all the same. */
const SURE: Millis = 5000
/** It may be one or the other. */
const OPEN: Millis = 800
/** The model expects silence: what comes later shows among the events of the next flow. */
const SILENT: Millis = 200
/** Nobody answers for an address: who sent to it hears of it only when it was asked for three times. */
const NEIGHBOURLESS: Millis = 4 * NEIGHBOUR_MILLIS + SILENT

/** Events are a few milliseconds behind the packet; a machine under load may take its time. */
const LATEST: Millis = 20_000

export async function openSession(options: SessionOptions): Promise<Session> {
  const { plan } = options
  const machines = plan.machines.filter(({ kind }) => kind !== 'switch')
  const fences = await openFences(machines, { id: plan.id })
  try {
    const observer = await openObserver(machines, plan.variant, {
      raise: fences.raise,
      id: plan.id,
      tunnels: plan.tunnels,
    })
    const frames = options.capture
      ? await openFrameWatch(machines, { id: plan.id }).catch(async cause => {
          await observer.close()
          throw cause
        })
      : undefined
    return new RunningSession(options, fences, observer, frames)
  } catch (cause) {
    await fences.close()
    throw cause
  }
}

class RunningSession implements Session {
  readonly #plan: LabPlan
  readonly #options: SessionOptions
  readonly #fences: Fences
  readonly #observer: Observer
  readonly #frames: FrameWatch | undefined
  readonly #machines: ReadonlyMap<string, LabMachine>
  readonly #outside: LabMachine | undefined
  readonly #tunnels: ReadonlySet<number>
  readonly #probers = new Map<string, Promise<Prober>>()
  #world: World
  #memories: Memories = new Map()
  #purses: Purses = new Map()
  readonly #settled = new Set<string>()
  #fence = 0

  constructor(options: SessionOptions, fences: Fences, observer: Observer, frames: FrameWatch | undefined) {
    this.#plan = options.plan
    this.#options = options
    this.#fences = fences
    this.#observer = observer
    this.#frames = frames
    this.#world = options.world
    const { machines, tunnels } = options.plan
    this.#machines = new Map(machines.map(one => [one.machine, one]))
    this.#outside = machines.find(({ kind }) => kind === 'outside')
    this.#tunnels = new Set(tunnels)
  }

  async send(flow: Flow, { last } = { last: false }): Promise<Judgement> {
    const { seed, crafted } = this.#options
    await this.#forgetOutside(flow.sender)
    // Ports that NAT draws differ from flow to flow, as the kernel's do.
    const kernelOf = (name: string) => this.#machineOf(name).machine
    const drawing = { seed: seed + this.#fence, most: MOST_WAYS, crafted, kernelOf }
    const predicted = predict(flow, this.#world, this.#memories, drawing)
    await this.#settleOutside(flow.packet.dst)
    await this.#pace(predicted.predictions)
    const prober = await this.#proberOf(flow.sender)
    const probe = probeOf(flow, predicted.predictions, { crafted, patience: patienceFor(predicted, last) })
    const observation = await this.#observe(await prober.send(probe))
    const tunnelPorts = tunnelPortsIn(observation, { tunnels: this.#tunnels, sent: flow.packet })
    const { predictions } =
      tunnelPorts.size === 0 ? predicted : predict(flow, this.#world, this.#memories, { ...drawing, tunnelPorts })
    const judgement = judge(flow, predictions, observation, { crafted })
    this.#memories = (judgement.taken ?? judgement.nearest ?? predictions[0])?.memories ?? this.#memories
    return this.#frames ? withFrames(judgement, await this.#frames.passed(LATEST), this.#plan.tunnels) : judgement
  }

  async enter(world: World): Promise<void> {
    this.#world = world
    for (const { machine, kind } of this.#plan.machines) if (kind === 'node') this.#observer.rulesChanged(machine)
    await this.#frames?.look()
    // What the change itself made of packets is nobody's flow.
    await this.#observer.passed(await this.#raise(), LATEST)
    await this.#frames?.passed(LATEST)
  }

  async close(): Promise<void> {
    const probers = await Promise.allSettled(this.#probers.values())
    await Promise.allSettled([
      ...probers.map(one => (one.status === 'fulfilled' ? one.value.close() : undefined)),
      this.#observer.close(),
      this.#frames?.close(),
      this.#fences.close(),
    ])
  }

  /** Waits until every error that may be sent is one that the kernel does not hold back. */
  async #pace(predictions: readonly Prediction[]): Promise<void> {
    const { wait, purses } = paced(this.#purses, predictions, performance.now())
    this.#purses = purses
    if (wait > 0) await delay(wait)
  }

  async #observe(met: Met) {
    return { met, machines: await this.#upToFence() }
  }

  async #upToFence() {
    return this.#observer.upTo(await this.#raise(), LATEST)
  }

  async #raise(): Promise<number> {
    this.#fence = (this.#fence + 1) & 0xffff
    await this.#fences.raise(this.#fence)
    return this.#fence
  }

  #proberOf(name: string): Promise<Prober> {
    const there = this.#probers.get(name)
    if (there) return there
    const fresh = openProber(this.#machineOf(name), { id: this.#plan.id })
    this.#probers.set(name, fresh)
    return fresh
  }

  /**
   * Whoever is outside is many machines of one kernel: what that one has learned of paths, from whatever address,
   * is forgotten on both sides before it sends.
   */
  async #forgetOutside(sender: string): Promise<void> {
    const outside = this.#outside
    if (!outside || this.#machines.has(sender)) return
    for (const job of pathJobs(outside)) await runJob(job, { lab: this.#plan.id })
    this.#memories = new Map([...this.#memories].filter(([machine]) => machine !== outside.machine))
  }

  /**
   * Errors of IPv6 come from the address that was asked only where a device has it; that every address is
   * local does not do.
   *
   * @see icmp6_send in net/ipv6/icmp.c of Linux: ipv6_chk_addr
   */
  async #settleOutside(ip: Ip): Promise<void> {
    const text = formatIp(ip)
    const { machines, id } = this.#plan
    const outside = this.#outside
    if (!outside || isIpv4(ip) || this.#settled.has(text)) return
    this.#settled.add(text)
    if (machines.some(({ addresses }) => addresses.some(own => equalIp(own, ip)))) return
    const args = ['-6', 'addr', 'replace', `${text}/128`, 'dev', 'lo', 'nodad', 'noprefixroute']
    await runJob({ namespace: outside.namespace, tool: 'ip', args, about: `address ${text} outside` }, { lab: id })
  }

  /** Whoever has the name; an address that nobody has is one of those outside. */
  #machineOf(name: string): LabMachine {
    const found = this.#machines.get(name) ?? this.#outside
    if (!found) throw new RangeError(`the lab has no machine "${name}"`)
    return found
  }
}

function patienceFor({ predictions, complete }: Predicted, last: boolean): Millis {
  const silent = predictions.filter(isSilent).length
  if (silent === 0) return SURE
  if (!complete || silent < predictions.length) return OPEN
  return last || predictions.some(isNeighbourless) ? NEIGHBOURLESS : SILENT
}

function isNeighbourless({ exchange: { request, reply, aftermath = [] } }: Prediction): boolean {
  const journeys = [request, ...(reply ? [reply] : []), ...aftermath.map(({ journey }) => journey)]
  return journeys.some(({ hops }) =>
    hops.some(({ outcome }) => outcome?.kind === 'ended' && outcome.end.kind === 'no neighbour'),
  )
}

function isSilent({ exchange }: Prediction): boolean {
  return exchange.experience === 'timeout'
}
