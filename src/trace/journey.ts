/**
 * What a trace tells: the journey of a packet, that of its reply, and all the ways they could go.
 *
 *     Trace ── Path (one for each way that chance can take) ── Exchange (one for each flow)
 *           ── request, reply: Journey ── Hop ── Step
 *
 * @module
 */
import type { Millis } from '../base/clock.ts'
import type { Ratio } from '../base/ratio.ts'
import type { MachineKind } from '../node/machine.ts'
import type { End, HookPassing, Listener, Step } from '../node/step.ts'
import type { Frame, Packet } from '../packet/packet.ts'
import type { Draw } from './ways.ts'

/** A packet's stay in one machine. */
export interface Hop {
  readonly machine: string
  readonly kind: MachineKind
  /** The hop that it came from, by index in the journey; absent for the first. */
  readonly from?: number
  readonly steps: readonly Step[]
  /** Every hook that it came to there, in order; absent where steps are not kept. */
  readonly passings?: readonly HookPassing[]
  /** How it ended there; absent where it went on. */
  readonly outcome?: Outcome
}

/** How a journey ends. The list is closed. */
export type Outcome =
  | { readonly kind: 'delivered'; readonly machine: string; readonly listener: Listener; readonly packet: Packet }
  | { readonly kind: 'ended'; readonly machine: string; readonly end: End }
  /** It left what podwire knows of the world. */
  | {
      readonly kind: 'left'
      readonly machine: string
      readonly link: string
      readonly packet: Packet
      readonly why: string
    }
  /** It was on its way for too many hops. */
  | { readonly kind: 'loop'; readonly why: string }

export interface Journey {
  /** The packet as its sender made it. */
  readonly packet: Packet
  readonly hops: readonly Hop[]
  readonly outcome: Outcome
  /** Of an abridged path: what its steps would say. */
  readonly ends?: JourneyEnds
}

/** The packet at both ends of a journey, which tellers need also where no steps are kept. */
export interface JourneyEnds {
  /** Once the sender's machine had given it its source. */
  readonly sent: Packet
  /** As it was last seen, outside of tunnels. */
  readonly last: Packet
}

/** One frame at one link, for a capture file. */
export interface Sighting {
  readonly at: Millis
  readonly machine: string
  readonly link: string
  readonly direction: 'in' | 'out'
  readonly frame: Frame
}

/** What the sending program meets in the end. */
export type Experience =
  /** The far end's answer arrived as an answer to what was sent. */
  | 'answered'
  /** A reset, or "port unreachable". */
  | 'refused'
  /** The call failed at once: `EPERM`. */
  | 'not permitted'
  | 'host unreachable'
  | 'network unreachable'
  | 'message too long'
  | 'time exceeded'
  | 'prohibited'
  | 'timeout'
  | 'undecided'
  /** The packet, or its answer, left what podwire knows of the world. */
  | 'unknown'

/** A packet that was too long for its path, and what told its sender so. */
export interface Try {
  readonly request: Journey
  /** Absent: the sender's own machine knew. */
  readonly reply?: Journey
}

/** A packet and what came back for it. */
export interface Exchange {
  /** Of TCP, which cuts its data until they fit: what was sent before the request, in its order. */
  readonly tries?: readonly Try[]
  readonly request: Journey
  /** The far end's answer, or an error message about the request. */
  readonly reply?: Journey
  readonly experience: Experience
  /** Every frame at every link, in the order in which it passed. */
  readonly sightings: readonly Sighting[]
  /** Only where it was asked for, and there is any. */
  readonly aftermath?: readonly Aftermath[]
}

/** What a machine sent in consequence of an answer that nobody waited for, or that went astray: a reset, an error. */
export interface Aftermath {
  readonly journey: Journey
  readonly sightings: readonly Sighting[]
}

/** One way that chance can take. */
export interface Path {
  readonly draws: readonly Draw[]
  /** Of this path among all; exact. */
  readonly probability: Ratio
  /** One for each flow, in their order. */
  readonly exchanges: readonly Exchange[]
  /** Its steps and sightings are not kept, only its ends: follow it once more to see them. */
  readonly abridged?: true
}

export interface Trace {
  /** One after the other. */
  readonly flows: readonly Flow[]
  /** Those that were followed, the likeliest first. */
  readonly paths: readonly Path[]
  /** Whether these are all. */
  readonly complete: boolean
}

/** What was asked. */
export interface Flow {
  /** As the person wrote them. */
  readonly from: string
  readonly to: string
  /** The machine that sends. */
  readonly sender: string
  /** The packet before the sender's machine completed it: its source may be unspecified. */
  readonly packet: Packet
  /** When it is sent. */
  readonly at: Millis
}
