/**
 * What the tellers of a trace know beside it: the world, the objects, and how to write.
 *
 * @module
 */
import type { SettledCluster } from '../cluster/host-state.ts'
import type { Pod } from '../objects/pod.ts'
import type { Question } from './ask.ts'
import type { Path } from './journey.ts'
import type { World } from './world.ts'

export interface TraceContext {
  /** The world in which the flows were followed. */
  readonly world: World
  /** Absent: only dumps were given. */
  readonly cluster?: SettledCluster
  /** All pods, those among them that run nowhere; absent: those that run on the nodes. */
  readonly pods?: readonly Pod[]
  /** How each flow's destination was found, in the flows' order. */
  readonly questions?: readonly Question[]
  /** The path to be told: one of the trace's, or the same as `explainPath` tells it. Absent: the first. */
  readonly shown?: Path
  /** The words that say what was looked at, for commands to try: `-f manifests/`; absent: no objects. */
  readonly input?: string
  /** The other options of the question, for asking it again: `--via node-2`. */
  readonly options?: string
}

/** How text is written. */
export interface Writing {
  /** Every step opened to rules. */
  readonly verbose: boolean
  readonly colour: boolean
  /** False: nothing but ASCII. */
  readonly unicode: boolean
  /** Columns of the terminal. */
  readonly width: number
}

/** All pods that are known of. */
export function podsOf({ pods, cluster }: TraceContext): readonly Pod[] {
  return pods ?? cluster?.nodes.flatMap(node => cluster.podsOn(node.metadata.name)) ?? []
}
