/**
 * The examination that `lab verify` was asked for: of the cluster that is given, or of clusters that are drawn.
 *
 * @module
 */
import { join } from 'node:path'
import { visibleLines } from '../base/visible.ts'
import { settledCluster } from '../cluster/cluster.ts'
import { type Examined, examine } from '../lab/examination.ts'
import { labPlan } from '../lab/plan.ts'
import { bringUp, flagsOf, randomCluster, toYaml } from '../lab/random-cluster.ts'
import { findRecord } from '../lab/registry.ts'
import type { Given } from './command.ts'
import { UsageError } from './exit.ts'
import { RELEASE } from './ground.ts'
import type { Io } from './io.ts'
import { withDns } from './lab-dns.ts'
import { givenLab } from './lab-option.ts'
import { askedRounds, drawnRounds } from './lab-rounds.ts'
import { plannedLab } from './lab-up.ts'
import type { Wishes } from './lab-wishes.ts'
import { loadCluster, locating } from './load.ts'
import { CLUSTER_OPTIONS } from './options.ts'
import { fillFolder } from './out-dir.ts'
import type { Progress } from './progress.ts'
import { wordsFor } from './trace.ts'

export interface Work extends Wishes {
  readonly signal: AbortSignal
  readonly bar: Progress
}

/**
 * Has every flow judged.
 *
 * @throws {UsageError} @throws {RefusedInput} @throws {ParseError} for what was given
 * @throws {LabError} when a lab cannot be, or fails
 */
export function examineAll(given: Given, io: Io, work: Work): Promise<Examined> {
  const clusters = given.integer('clusters', 1, 10_000)
  return clusters === undefined ? examineGiven(given, io, work) : examineDrawn(clusters, given.text('write'), work)
}

/** The cluster of the manifests. */
async function examineGiven(given: Given, io: Io, work: Work): Promise<Examined> {
  const standing = given.is('id')
  const host = { ...work.host, id: standing ? givenLab(given) : temporaryId(0) }
  const files = given.texts('filename')
  if (files.length === 0) {
    throw new UsageError(
      standing
        ? `say with -f what lab "${host.id}" was made of: the model reads the same manifests`
        : 'give the manifests with -f, or have clusters drawn with --clusters',
    )
  }
  const own = await loadCluster(given, io)
  // What was added to the cluster of a lab that stands belongs to it.
  const loaded = standing && findRecord(host.id)?.dns === 'added' ? withDns(own).cluster : own
  const input = wordsFor(given, [...CLUSTER_OPTIONS, RELEASE]) ?? ''
  const warn = (warning: string) => {
    work.bar.end()
    io.err(`warning: ${visibleLines(warning)}\n`)
  }
  const progress = work.bar.at
  return locating(loaded.harvest, async () => {
    const plan = plannedLab(loaded.settled, host)
    const rounds =
      given.words.length > 0
        ? askedRounds(given, loaded.settled)
        : await drawnRounds(loaded.cluster, plan, { ...work, progress })
    return examine({ ...work, plan, rounds, host, standing, input, progress, warn })
  })
}

async function examineDrawn(count: number, folder: string | undefined, work: Work): Promise<Examined> {
  const all: Examined[] = []
  for (let i = 0; i < count; i++) {
    const seed = work.seed + i
    const random = randomCluster(seed)
    const file = `cluster-${seed}.yaml`
    if (folder !== undefined) await fillFolder('write', folder, { [file]: toYaml(random) })
    const cluster = bringUp(random)
    const host = { ...work.host, id: temporaryId(i) }
    const plan = labPlan(settledCluster(cluster), host)
    const name = `cluster ${seed}`
    const progress = (what: string, done: number, total: number) =>
      work.bar.at(`${name} (${i + 1} of ${count}): ${what}`, done, total)
    all.push(
      await examine({
        ...work,
        seed,
        name,
        plan,
        rounds: await drawnRounds(cluster, plan, { ...work, seed, progress }),
        host,
        standing: false,
        input: ['-f', join(folder ?? '', file), ...flagsOf(random)].join(' '),
        progress,
      }),
    )
  }
  const frames = { model: [], kernel: [] }
  return { flows: all.flatMap(({ flows }) => flows), drawn: all.flatMap(({ drawn }) => drawn), frames }
}

/** Labs of other processes have other names. */
function temporaryId(number: number): string {
  return `verify-${process.pid.toString(36)}-${number.toString(36)}`
}
