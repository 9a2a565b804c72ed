/**
 * One machine under observation: the table in its kernel and the tools that read what it tells.
 *
 * @module
 */
import type { Millis } from '../base/clock.ts'
import { runInside } from './inside.ts'
import type { IptablesVariant, LabMachine } from './lab.ts'
import { type LogEvent, type LoggedSight, LogStream } from './log-stream.ts'
import { inOrder } from './nested-traces.ts'
import type { MachineSight, PacketSight, RuleSight } from './observation.ts'
import { LOGGER, LOGGERS, observingTable, withoutObservingTable } from './observing-table.ts'
import { RuleBook } from './rule-book.ts'
import { TraceStream } from './trace-stream.ts'

export interface Watched {
  readonly machine: LabMachine
  readonly variant: IptablesVariant
  /** Of the lab. */
  readonly id: string
  /** UDP ports of VXLAN. */
  readonly tunnels: readonly number[]
}

/** How long tools may take to start. */
const START: Millis = 30_000

export class MachineWatch {
  readonly machine: string
  readonly #watched: Watched
  readonly #rules: RuleBook
  #devices: ReadonlyMap<number, string> = new Map()
  #loggers: readonly string[] = []
  #log: LogStream | undefined
  #trace: TraceStream | undefined

  constructor(watched: Watched) {
    this.machine = watched.machine.machine
    this.#watched = watched
    this.#rules = new RuleBook(watched)
  }

  /** Makes the table and starts the tools; they may not see yet. */
  async open(): Promise<void> {
    const { machine, variant, id, tunnels } = this.#watched
    const start = { machine: this.machine, namespace: machine.namespace, id }
    const traced = machine.kind === 'node'
    this.#loggers = (await this.#run('sysctl', ['-n', ...LOGGERS])).trim().split('\n')
    await this.#run('nft', ['-f', '-'], observingTable(traced, tunnels))
    this.#log = new LogStream(start, traced && variant === 'legacy', tunnels)
    await this.#log.started(START)
    if (traced && variant === 'legacy') await this.#setLoggers(LOGGERS.map(() => LOGGER))
    if (traced && variant === 'nft') this.#trace = new TraceStream(start)
    this.#devices = await this.#readDevices()
  }

  /** What happened since the last call, up to the fence. */
  async upTo(fence: number, timeout: Millis): Promise<MachineSight> {
    const [logged = [], traces = []] = await Promise.all([
      this.#log?.upTo(fence, timeout),
      this.#trace?.upTo(fence, timeout),
    ])
    const packets = await this.#sightsOf(logged.filter(isSight))
    const rules: RuleSight[] = []
    for (const event of logged) if (event.kind === 'trace') rules.push(...(await this.#rules.fromLegacy(event)))
    for (const trace of inOrder(traces)) rules.push(await this.#rules.fromNft(trace))
    return { packets, rules }
  }

  /** What happened up to the fence is nobody's: rules that it is about may be gone. */
  async pass(fence: number, timeout: Millis): Promise<void> {
    await Promise.all([this.#log?.upTo(fence, timeout), this.#trace?.upTo(fence, timeout)])
  }

  /** Rules or devices were changed. */
  forget(): void {
    this.#rules.forget()
    this.#devices = new Map()
  }

  /** Ends the tools and takes back what was changed. Does what it can of it, whatever fails. */
  async close(): Promise<void> {
    await Promise.all([this.#log?.close(), this.#trace?.close()])
    const done = await Promise.allSettled([
      this.#run('nft', ['-f', '-'], withoutObservingTable()),
      this.#loggers.length > 0 ? this.#setLoggers(this.#loggers) : undefined,
    ])
    for (const one of done) if (one.status === 'rejected') throw one.reason
  }

  async #sightsOf(logged: readonly LoggedSight[]): Promise<readonly PacketSight[]> {
    const known = logged.every(one => this.#knows(one.in) && this.#knows(one.out))
    if (!known) this.#devices = await this.#readDevices()
    return logged.map(({ kind: _, in: input, out, ...sight }) => ({
      ...sight,
      ...(input === undefined ? {} : { in: this.#nameOf(input) }),
      ...(out === undefined ? {} : { out: this.#nameOf(out) }),
    }))
  }

  #knows(device: number | undefined): boolean {
    return device === undefined || this.#devices.has(device)
  }

  #nameOf(device: number): string {
    return this.#devices.get(device) ?? `(gone: ${device})`
  }

  async #readDevices(): Promise<ReadonlyMap<number, string>> {
    const listed: readonly { ifindex: number; ifname: string }[] = JSON.parse(await this.#run('ip', ['-j', 'link']))
    return new Map(listed.map(({ ifindex, ifname }) => [ifindex, ifname]))
  }

  async #setLoggers(loggers: readonly string[]): Promise<void> {
    const settings = LOGGERS.map((key, i) => `${key}=${loggers[i] ?? 'NONE'}`)
    await this.#run('sysctl', ['-q', '-w', ...settings])
  }

  #run(tool: string, args: readonly string[], input = ''): Promise<string> {
    const { machine, id } = this.#watched
    return runInside({ machine: this.machine, namespace: machine.namespace, tool, args, id }, input)
  }
}

function isSight(event: LogEvent): event is LoggedSight {
  return event.kind === 'sight'
}
