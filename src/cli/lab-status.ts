/**
 * `podwire lab status`: the labs of this machine.
 *
 * @module
 */
import { formatIp } from '../base/ip.ts'
import { isAnswering } from '../lab/answerer.ts'
import type { LabKind } from '../lab/lab.ts'
import { isNaming } from '../lab/name-server.ts'
import { groundHere, requireRoot } from '../lab/needs.ts'
import { namespacesOf } from '../lab/processes.ts'
import { findRecord, isAbandoned, type LabRecord, labIds } from '../lab/registry.ts'
import type { Command, Given } from './command.ts'
import { type ExitCode, UsageError } from './exit.ts'
import type { Io } from './io.ts'
import { labWork } from './lab-option.ts'
import { formatTable } from './table.ts'

const FORMATS = ['text', 'json'] as const

export const LAB_STATUS: Command = {
  name: 'lab status',
  summary: 'List the labs of this machine.',
  usage: '[OPTIONS]',
  about: `
A line for each lab: whether it is up, with which iptables, how many nodes and pods it has, how many of its namespaces
are there, whether its ports are answered, and whether DNS is (a dash: it was made without). A lab is starting while it comes up, leaving while it is taken down, and
abandoned when whoever did that is gone: the next lab up clears it away. Needs root where there are labs.`,
  options: [{ name: 'output', short: 'o', value: 'FORMAT', help: FORMATS.join(', '), default: 'text' }],
  examples: [
    { does: 'all labs', call: 'podwire lab status' },
    { does: 'with all machines and their namespaces', call: 'podwire lab status -o json' },
  ],
  run: runStatus,
}

interface LabLook {
  readonly id: string
  /** `abandoned`: whoever was to bring it up or take it down is gone. */
  readonly state: LabRecord['state'] | 'abandoned'
  readonly record: LabRecord | undefined
  readonly namespaces: readonly string[]
  readonly answers: boolean
  /** Absent: it was made without DNS. */
  readonly names?: boolean
}

async function runStatus(given: Given, io: Io): Promise<ExitCode> {
  if (given.words.length > 0) throw new UsageError('status takes no words: it lists all labs')
  const format = given.choice('output', FORMATS) ?? 'text'
  const ids = labIds()
  const labs = await labWork(async () => {
    // Others see neither what is in them nor who runs.
    if (ids.length > 0) requireRoot(groundHere())
    return ids.map(look)
  })
  await io.out(format === 'json' ? `${JSON.stringify(labs.map(toJson), undefined, 2)}\n` : formatLabs(labs))
  return 0
}

function look(id: string): LabLook {
  const record = findRecord(id)
  return {
    id,
    state: record && !isAbandoned(id) ? record.state : 'abandoned',
    record,
    namespaces: namespacesOf(id),
    answers: isAnswering(id),
    ...(record?.dns ? { names: isNaming(id) } : {}),
  }
}

function formatLabs(labs: readonly LabLook[]): string {
  if (labs.length === 0) return 'There are no labs.\n'
  const rows = labs.map(({ id, state, record, namespaces, answers, names }) => [
    id,
    state,
    record?.variant ?? '-',
    String(countOf(record, 'node')),
    String(countOf(record, 'pod')),
    `${namespaces.length}/${record?.machines.length ?? '-'}`,
    answers ? 'yes' : 'no',
    names === undefined ? '-' : names ? 'yes' : 'no',
  ])
  return formatTable(['LAB', 'STATE', 'IPTABLES', 'NODES', 'PODS', 'NAMESPACES', 'ANSWERS', 'DNS'], rows)
}

function countOf(record: LabRecord | undefined, kind: LabKind): number {
  return record?.machines.filter(one => one.kind === kind).length ?? 0
}

function toJson({ id, state, record, namespaces, answers, names }: LabLook): unknown {
  const there = new Set(namespaces)
  return {
    id,
    state,
    ...(record ? { iptables: record.variant } : {}),
    answers,
    ...(record?.dns ? { dns: { from: record.dns, answers: names === true } } : {}),
    machines: (record?.machines ?? []).map(({ machine, kind, namespace, addresses }) => ({
      machine,
      kind,
      namespace,
      addresses: addresses.map(formatIp),
      present: there.has(namespace),
    })),
  }
}
