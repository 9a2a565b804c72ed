/**
 * Whether the kernel did what a trace says, flow by flow.
 *
 * @module
 */
import type { Ratio } from '../base/ratio.ts'
import type { Memories } from '../trace/carry.ts'
import type { Exchange, Flow } from '../trace/journey.ts'
import type { Draw } from '../trace/ways.ts'
import type { Observation } from './observation.ts'

/** One way that chance can take, by the model. */
export interface Prediction {
  readonly probability: Ratio
  readonly draws: readonly Draw[]
  readonly exchange: Exchange
  /** What all machines remember afterwards. */
  readonly memories: Memories
}

/** One thing on which model and kernel differ, each in its own words. */
export interface Difference {
  readonly what: 'verdict' | 'endpoint' | 'packet' | 'rules' | 'answer' | 'frame'
  /** Where, if it is about one machine: `node-1 prerouting`; of a frame `node-1 flannel.1 frame 2`. */
  readonly where?: string
  readonly model: string
  readonly kernel: string
}

/** What came of one flow. */
export interface Judgement {
  readonly flow: Flow
  readonly predictions: readonly Prediction[]
  readonly observation: Observation
  /** The way that the kernel took; of several that look alike, the likeliest. Absent: none of them. */
  readonly taken?: Prediction
  /** Of a flow on which they disagree: the way that differs least. Absent: there is none at all. */
  readonly nearest?: Prediction
  /** Of a flow on which they disagree: what the nearest way differs in. Empty where they agree. */
  readonly differences: readonly Difference[]
  /** Only where links are watched, too. */
  readonly frames?: FrameSights
}

/** A frame at a link. */
export interface SeenFrame {
  /** Whole microseconds since 1970-01-01T00:00:00Z. */
  readonly at: number
  readonly machine: string
  readonly link: string
  /** Absent: a capture does not tell. */
  readonly direction?: 'in' | 'out'
  readonly bytes: Uint8Array
}

/** What passed the links, by the model and really; what is not compared is among it. */
export interface FrameSights {
  readonly model: readonly SeenFrame[]
  readonly kernel: readonly SeenFrame[]
  /** How many were compared: those that the model has. */
  readonly compared: number
}
