/**
 * One cluster under examination: brought to life, asked, taken down; and what came of it.
 *
 * @module
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isIcmp } from '../packet/packet.ts'
import { formatFault } from '../trace/fault.ts'
import { thereAre } from '../trace/name-list.ts'
import { whyNoRawSocket } from './agent/raw.ts'
import type { Judgement } from './agreement.ts'
import { takeDown, takeDownAfter } from './down.ts'
import { LabError } from './failure.ts'
import { forgetFlows } from './forgetting.ts'
import type { CommentedFrame } from './frame-files.ts'
import { type Tally, tallies } from './frequencies.ts'
import type { LabPlan } from './lab.ts'
import { labFolder } from './naming.ts'
import { groundHere, requireKernel, requireRoot, requireTools, watchFeaturesOf } from './needs.ts'
import { OBSERVER_TOOLS } from './observer.ts'
import type { Pause } from './pause.ts'
import { formatEvent } from './phases.ts'
import { isCrafted } from './predict.ts'
import { findRecord, labIds } from './registry.ts'
import { type FlowReport, flowReport } from './report.ts'
import { bringUp } from './up.ts'
import { claimVerification } from './verification-claim.ts'
import { type Judged, type ReadyRound, readyRounds, type Verification, verify } from './verify.ts'

export interface Examination extends Omit<Verification, 'pausing'> {
  /** Before each of its flows in reports: `cluster 17`; absent: there is only the one. */
  readonly name?: string
  /** The lab is somebody else's, and stays. */
  readonly standing: boolean
  /** The words that say what it was made of: `-f manifests/`. */
  readonly input?: string
  /** Told with each step what goes on: done and total are of jobs, then of flows, or of the seconds of a pause. */
  readonly progress?: (what: string, done: number, total: number) => void
  /** Told what the person should know of a lab that stands before its flows are judged. */
  readonly warn?: (warning: string) => void
}

/** A flow that was sent many times, and what came of it. */
export interface Drawn {
  readonly flow: string
  readonly tally: Tally
}

export interface Examined {
  readonly flows: readonly FlowReport[]
  readonly drawn: readonly Drawn[]
  /** What passed the links, with the flow that it is of; nothing unless they were watched. */
  readonly frames: Readonly<Record<'model' | 'kernel', readonly CommentedFrame[]>>
}

/**
 * Sends all flows, in a lab that is made for it, or in one that stands.
 *
 * @throws {ParseError} for a name that nothing has, before anything is done
 * @throws {LabError} when the lab cannot be, or fails
 */
export async function examine(examination: Examination): Promise<Examined> {
  const { plan, standing } = examination
  const ground = groundHere()
  requireRoot(ground)
  requireTools(OBSERVER_TOOLS[plan.variant], ground)
  if (standing) requireSame(plan)
  const rounds = readyRounds(examination)
  await requireRawSocket(rounds, examination)
  return standing ? examineStanding(examination, rounds) : examineFresh(examination, rounds)
}

async function examineFresh(examination: Examination, rounds: readonly ReadyRound[]): Promise<Examined> {
  const { plan, signal, progress } = examination
  await bringUp(plan, {
    ...(signal ? { signal } : {}),
    ...(progress ? { progress } : {}),
    temporary: true,
  })
  const examined = await judgeAll(examination, rounds).catch(async (cause: unknown) => {
    throw await takeDownAfter(cause, plan.id)
  })
  await takeDown(plan.id)
  return examined
}

/** Whatever was sent through the lab before: its flows begin as those of a fresh one. */
async function examineStanding(examination: Examination, rounds: readonly ReadyRound[]): Promise<Examined> {
  const { plan, signal, warn } = examination
  const leave = await claimVerification(plan.id)
  try {
    for (const warning of await forgetFlows(plan, { lab: plan.id, ...(signal ? { signal } : {}) })) warn?.(warning)
    return await judgeAll(examination, rounds)
  } finally {
    leave()
  }
}

/** @throws {LabError} when a flow takes raw sockets, and there can be none */
async function requireRawSocket(rounds: readonly ReadyRound[], { crafted }: Examination): Promise<void> {
  const takesRaw = rounds.some(({ flows }) =>
    flows.some(({ flow }) => isCrafted({ ...flow, at: 0 }, { crafted }) || isIcmp(flow.packet.payload)),
  )
  const lack = takesRaw ? await whyNoRawSocket() : undefined
  if (lack !== undefined) throw new LabError([`to send these flows takes raw sockets, and ${lack}`])
}

function countOf(rounds: readonly ReadyRound[]): number {
  return rounds.reduce((sum, { flows }) => sum + flows.length, 0)
}

/** @throws {LabError} unless the lab was made of the same files */
function requireSame({ id, files, variant }: LabPlan): void {
  const record = findRecord(id)
  if (record?.state !== 'up')
    throw new LabError([`there is no lab "${id}" that is up; ${thereAre(labIds())}; "podwire lab up" makes one`])
  if (record.variant !== variant)
    throw new LabError([`lab "${id}" has its rules by ${record.variant} iptables: say --iptables ${record.variant}`])
  const folder = labFolder(id)
  for (const [path, text] of files) {
    const there = join(folder, path)
    if (existsSync(there) && readFileSync(there, 'utf8') === text) continue
    throw new LabError([
      `lab "${id}" was made of something else: its ${path} differs from what these manifests and options give`,
    ])
  }
}

async function judgeAll(examination: Examination, rounds: readonly ReadyRound[]): Promise<Examined> {
  const { progress, plan } = examination
  await requireKernel(watchFeaturesOf(plan), { lab: plan.id })
  const total = countOf(rounds)
  const flows: FlowReport[] = []
  const draws: Judgement[] = []
  const frames: { model: CommentedFrame[]; kernel: CommentedFrame[] } = { model: [], kernel: [] }
  const pausing = ({ done, whole }: Pause) => progress?.('seconds until the next flow', done, whole)
  for await (const judged of explaining(verify({ ...examination, pausing }, rounds), examination, total)) {
    const report = told(judged, examination)
    flows.push(report)
    const comment = `flow ${flows.length}: ${report.flow}`
    for (const side of ['model', 'kernel'] as const) {
      frames[side].push(...(judged.judgement.frames?.[side] ?? []).map(frame => ({ ...frame, comment })))
    }
    if (judged.draw) draws.push(withoutMemories(judged.judgement))
    progress?.('flows', Math.min(flows.length, total), total)
  }
  const flow = [examination.name, draws[0] && repeatedFlow(draws[0])].filter(text => text !== undefined).join(': ')
  return { flows, drawn: tallies(draws).map(tally => ({ flow, tally })), frames }
}

/** Passes on what is judged; when the lab fails, says how far it had come. */
async function* explaining(
  judgements: AsyncIterable<Judged>,
  { plan, standing }: Examination,
  total: number,
): AsyncGenerator<Judged, void> {
  let done = 0
  let agree = 0
  try {
    for await (const judged of judgements) {
      done += 1
      if (judged.judgement.differences.length === 0) agree += 1
      yield judged
    }
  } catch (cause) {
    if (!(cause instanceof LabError)) throw cause
    const progress =
      done === 0 ? 'no flow was judged' : `${done} of ${Math.max(done, total)} flows were judged before; ${agree} agree`
    throw new LabError([...cause.lines, progress, standing ? remedyFor(plan.id) : GONE])
  }
}

const GONE =
  'the lab is gone; to look into one that stays: "podwire lab up", and "podwire lab verify --id" with its name'

function remedyFor(id: string): string {
  return `the lab stands, its files and logs are in ${labFolder(id)}; "podwire lab down ${id}" and "podwire lab up" make it anew`
}

/** Each time from another port. */
function repeatedFlow({ flow: { from, to } }: Judgement): string {
  return `${from} to ${to}`
}

function told({ judgement, draw, asked, round }: Judged, { name, input, crafted, host }: Examination): FlowReport {
  const via = host.via === undefined ? [] : [`--via ${host.via}`]
  const faults = round.faults.map(fault => `--fault "${formatFault(fault)}"`)
  const options = [...via, ...faults].join(' ')
  const report: FlowReport = {
    ...flowReport(judgement, {
      crafted,
      ...(input === undefined ? {} : { input }),
      ...(options === '' ? {} : { options }),
    }),
    ...(draw ? { draw } : {}),
  }
  const later = asked.after > 0 ? `${asked.after} s later` : undefined
  const where = [name, round.event && formatEvent(round.event), later].filter(text => text !== undefined).join(', ')
  return where === '' ? report : { ...report, flow: `${where}: ${report.flow}` }
}

/** Of hundreds of draws nothing is kept but what came of them. */
function withoutMemories({ predictions, taken, frames: _, ...judgement }: Judgement): Judgement {
  const memories = new Map()
  return {
    ...judgement,
    predictions: predictions.map(one => ({ ...one, memories })),
    ...(taken ? { taken: { ...taken, memories } } : {}),
  }
}
