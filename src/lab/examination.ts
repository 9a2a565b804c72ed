/**
 * One cluster under examination: brought to life, asked, taken down; and what came of it.
 *
 * @module
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatFault } from '../trace/fault.ts'
import type { Judgement } from './agreement.ts'
import { takeDown } from './down.ts'
import { LabError } from './failure.ts'
import type { CommentedFrame } from './frame-files.ts'
import { type Tally, tallies } from './frequencies.ts'
import type { LabPlan } from './lab.ts'
import { labFolder } from './naming.ts'
import { groundHere, requireTools } from './needs.ts'
import { OBSERVER_TOOLS } from './observer.ts'
import { formatEvent } from './phases.ts'
import { findRecord } from './registry.ts'
import { type FlowReport, flowReport } from './report.ts'
import { bringUp } from './up.ts'
import { type Judged, type Verification, verify } from './verify.ts'

export interface Examination extends Verification {
  /** Before each of its flows in reports: `cluster 17`; absent: there is only the one. */
  readonly name?: string
  /** The lab is somebody else's, and stays. */
  readonly standing: boolean
  /** The words that say what it was made of: `-f manifests/`. */
  readonly input?: string
  /** Told with each step what goes on: done and total are of flows. */
  readonly progress?: (what: string, done: number, total: number) => void
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
 * @throws {LabError} when the lab cannot be, or fails
 */
export async function examine(examination: Examination): Promise<Examined> {
  const { plan, standing, signal, progress, rounds } = examination
  requireTools(OBSERVER_TOOLS[plan.variant], groundHere())
  const total = rounds.reduce((sum, { asked }) => sum + asked.length, 0)
  if (standing) {
    requireSame(plan)
    return judgeAll(examination, total)
  }
  await bringUp(plan, {
    ...(signal ? { signal } : {}),
    progress: title => progress?.(title, 0, total),
    temporary: true,
  })
  try {
    return await judgeAll(examination, total)
  } finally {
    await takeDown(plan.id)
  }
}

/** @throws {LabError} unless the lab was made of the same files */
function requireSame({ id, files, variant }: LabPlan): void {
  const record = findRecord(id)
  if (record?.state !== 'up')
    throw new LabError([`there is no lab "${id}"; "podwire lab status" lists those there are`])
  if (record.variant !== variant)
    throw new LabError([`lab "${id}" has its rules by ${record.variant} iptables: say --iptables ${record.variant}`])
  const folder = labFolder(id)
  for (const [path, text] of files) {
    const there = join(folder, path)
    if (existsSync(there) && readFileSync(there, 'utf8') === text) continue
    throw new LabError([`lab "${id}" was made of something else: its ${path} differs from what these manifests give`])
  }
}

async function judgeAll(examination: Examination, total: number): Promise<Examined> {
  const flows: FlowReport[] = []
  const draws: Judgement[] = []
  const frames: { model: CommentedFrame[]; kernel: CommentedFrame[] } = { model: [], kernel: [] }
  for await (const judged of verify(examination)) {
    const report = told(judged, examination)
    flows.push(report)
    const comment = `flow ${flows.length}: ${report.flow}`
    for (const side of ['model', 'kernel'] as const) {
      frames[side].push(...(judged.judgement.frames?.[side] ?? []).map(frame => ({ ...frame, comment })))
    }
    if (judged.draw) draws.push(withoutMemories(judged.judgement))
    examination.progress?.('flows', Math.min(flows.length, total), total)
  }
  const flow = flows.at(-1)?.flow ?? ''
  return { flows, drawn: tallies(draws).map(tally => ({ flow, tally })), frames }
}

function told({ judgement, round }: Judged, { name, input, crafted, host }: Examination): FlowReport {
  const via = host.via === undefined ? [] : [`--via ${host.via}`]
  const faults = round.faults.map(fault => `--fault "${formatFault(fault)}"`)
  const options = [...via, ...faults].join(' ')
  const report = flowReport(judgement, {
    crafted,
    ...(input === undefined ? {} : { input }),
    ...(options === '' ? {} : { options }),
  })
  const where = [name, round.event && formatEvent(round.event)].filter(text => text !== undefined).join(', ')
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
