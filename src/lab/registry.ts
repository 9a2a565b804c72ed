/**
 * Which labs there are: a folder each, with `lab.json` in it.
 *
 * @module
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { ParseError } from '../base/error.ts'
import { formatIp, parseIp } from '../base/ip.ts'
import { LabError } from './failure.ts'
import type { IptablesVariant, LabKind, LabMachine, LabPlan } from './lab.ts'
import { LOCKS, labFolder, RUN_FOLDER } from './naming.ts'
import { type Identity, isAlive, ownIdentity } from './processes.ts'

/** `starting` and `leaving` labs are somebody's work: where that process is gone, they are to be cleaned away. */
export type LabState = 'starting' | 'up' | 'leaving'

export interface LabRecord {
  readonly id: string
  readonly state: LabState
  /** Who made it or is taking it down. */
  readonly maker: Identity
  readonly variant: IptablesVariant
  /** Where the DNS that its name server answers for is from; absent: it has no name server. */
  readonly dns?: LabDns
  readonly machines: readonly LabMachine[]
}

/** The cluster's own objects declare it, or they had none and it was added to them. */
export type LabDns = 'declared' | 'added'

const RECORD = 'lab.json'
/** Folders that are about to become a lab's: no id begins like it. */
const FRESH = '.new-'
const STATES: readonly LabState[] = ['starting', 'up', 'leaving']
const KINDS: readonly LabKind[] = ['node', 'pod', 'router', 'outside', 'beside', 'switch']

/**
 * Makes the lab's folder, with its record and files, as a whole or not at all.
 *
 * @throws {LabError} when there is a lab of that id
 */
export function claimLab({ id, variant, machines, files }: LabPlan, dns?: LabDns): void {
  mkdirSync(RUN_FOLDER, { recursive: true })
  const maker = ownIdentity()
  const fresh = mkdtempSync(join(RUN_FOLDER, `${FRESH}${maker.pid}-${maker.started}-`))
  try {
    mkdirSync(join(fresh, LOCKS))
    writeRecord(fresh, { id, state: 'starting', maker, variant, ...(dns && { dns }), machines })
    for (const [path, text] of files) {
      mkdirSync(dirname(join(fresh, path)), { recursive: true })
      writeFileSync(join(fresh, path), text)
    }
    renameSync(fresh, labFolder(id))
  } catch (cause) {
    rmSync(fresh, { recursive: true, force: true })
    const { code } = cause as NodeJS.ErrnoException
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw cause
    throw new LabError([
      `there is a lab "${id}" already: take it down with "podwire lab down ${id}", or give another --id`,
    ])
  }
}

/** Says what the lab is at now; this process is answerable for it. */
export function markLab(id: string, state: LabState): void {
  const known = findRecord(id)
  if (known) writeRecord(labFolder(id), { ...known, state, maker: ownIdentity() })
}

/** A reader sees the old record or the new one. */
function writeRecord(folder: string, { machines, ...record }: LabRecord): void {
  const text = { ...record, machines: machines.map(one => ({ ...one, addresses: one.addresses.map(formatIp) })) }
  const path = join(folder, RECORD)
  writeFileSync(`${path}.new`, `${JSON.stringify(text, undefined, 2)}\n`)
  renameSync(`${path}.new`, path)
}

/** Removes the folder: nothing of the lab is known any more. */
export function forgetLab(id: string): void {
  rmSync(labFolder(id), { recursive: true, force: true })
}

/** The ids of all folders, whatever is in them. */
export function labIds(): readonly string[] {
  return existsSync(RUN_FOLDER)
    ? readdirSync(RUN_FOLDER)
        .filter(name => !name.startsWith('.'))
        .sort()
    : []
}

/** The record of the lab; nothing where there is none or it cannot be read. */
export function findRecord(id: string): LabRecord | undefined {
  try {
    return parseRecord(readFileSync(join(labFolder(id), RECORD), 'utf8'))
  } catch {
    return undefined
  }
}

/** Whoever was to bring the lab up or take it down is gone, or its record is. */
export function isAbandoned(id: string): boolean {
  const record = findRecord(id)
  return record === undefined || (record.state !== 'up' && !isAlive(record.maker))
}

/** Removes folders that were to become a lab's when their makers died. */
export function sweepFresh(): void {
  if (!existsSync(RUN_FOLDER)) return
  for (const name of readdirSync(RUN_FOLDER)) {
    const [, pid, started] = /^\.new-(\d+)-(\d+)-/.exec(name) ?? []
    if (pid !== undefined && started !== undefined && !isAlive({ pid: Number(pid), started }))
      rmSync(join(RUN_FOLDER, name), { recursive: true, force: true })
  }
}

/** @throws {ParseError} unless it is what {@link claimLab} writes */
export function parseRecord(text: string): LabRecord {
  const fail = (what: string) => new ParseError('record of a lab', text.slice(0, 80), what)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw fail('no JSON')
  }
  const { id, state, maker, variant, dns, machines } = fieldsOf(value)
  const { pid, started } = fieldsOf(maker)
  const isVariant = variant === 'legacy' || variant === 'nft'
  const known = STATES.find(one => one === state)
  if (typeof id !== 'string' || !known || !isVariant || !Array.isArray(machines)) throw fail('not its fields')
  if (typeof pid !== 'number' || typeof started !== 'string') throw fail('no maker')
  if (dns !== undefined && dns !== 'declared' && dns !== 'added') throw fail('no word for its DNS')
  const whole = machines.map(one => machineOf(one, fail))
  return { id, state: known, maker: { pid, started }, variant, ...(dns && { dns }), machines: whole }
}

function machineOf(value: unknown, fail: (what: string) => Error): LabMachine {
  const { machine, kind, namespace, addresses } = fieldsOf(value)
  const known = KINDS.find(one => one === kind)
  if (typeof machine !== 'string' || !known || typeof namespace !== 'string' || !Array.isArray(addresses))
    throw fail('not a machine')
  return { machine, kind: known, namespace, addresses: addresses.map(ip => parseIp(String(ip))) }
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
