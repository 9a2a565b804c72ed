/**
 * The only loop: carries frames from machine to machine until nothing is on its way.
 *
 * A machine says which frames leave by which links; whoever is at the other end receives them.
 * What machines send in consequence (errors, resets) is handed back, not carried: that is another
 * journey.
 *
 * @module
 */
import type { Choose } from '../base/choice.ts'
import type { Millis } from '../base/clock.ts'
import type { Protocol } from '../base/protocol.ts'
import type { Random } from '../base/random.ts'
import type { Skb } from '../netfilter/run/skb.ts'
import type { Around } from '../node/machine.ts'
import type { MachineMemory } from '../node/memory.ts'
import { createMachineMemory } from '../node/memory.ts'
import { receive } from '../node/receive.ts'
import { send } from '../node/send.ts'
import type { Departure, Listener, Passage, Step } from '../node/step.ts'
import type { Hop, Journey, Outcome, Sighting } from './journey.ts'
import { neighbourhoodOf, type Plug, type World } from './world.ts'

/** Most stays in machines that one journey may have: a packet's TTL ends a loop of routers sooner. */
const MOST_HOPS = 1_000

/** Most steps of one journey, so that rules that were made to be many do not fill the memory. */
const MOST_STEPS = 500_000

/** What the machines remember from packet to packet, by name. */
export type Memories = Map<string, MachineMemory>

/** What a journey is told from outside. */
export interface Voyage {
  readonly world: World
  readonly memories: Memories
  readonly now: Millis
  readonly choose: Choose
  readonly random: Random
  readonly verbose: boolean
  readonly assume?: 'match' | 'miss'
  /** Also carry what machines send in consequence of an answer. */
  readonly aftermath?: true
  /** Who answers for an address may have to be found out first, which makes a difference here and there. */
  readonly unacquainted?: true
  /** What is sent goes through a raw socket: once, whatever becomes of it. */
  readonly raw?: { readonly protocol: Protocol; readonly isOpenOn: (machine: string) => boolean }
  /** The source port of the packet that carries the next frame that a machine wraps, where that is known. */
  readonly tunnelPort?: (machine: string) => number | undefined
}

/** A packet that reached a program. */
export interface Arrival {
  readonly machine: string
  readonly skb: Skb
  readonly listener: Listener
}

/** A packet that a machine sends in consequence of another. */
export interface Answer {
  readonly machine: string
  readonly skb: Skb
}

export interface Carried {
  readonly journey: Journey
  readonly arrivals: readonly Arrival[]
  readonly answers: readonly Answer[]
  readonly sightings: readonly Sighting[]
}

/** A frame on its way to a machine. */
interface InFlight {
  readonly to: Plug
  readonly departure: Departure
  /** The index of the hop that sent it. */
  readonly from: number
}

/** Carries a packet that `machine` sends, and all frames that come of it, to their ends. */
export function carry(machine: string, skb: Skb, voyage: Voyage): Carried {
  const draft: Draft = { steps: 0, hops: [], flying: [], arrivals: [], answers: [], sightings: [] }
  const first = send(voyage.world.machine(machine), memoryOf(machine, voyage), skb, aroundOf(machine, voyage))
  note(first, machine, undefined, draft, voyage)
  for (let next = draft.flying.shift(); next; next = draft.flying.shift()) {
    const { machine: name, link } = next.to
    const limit = limitReached(draft)
    if (limit !== undefined) {
      draft.hops.push(loopHop(name, next.from, limit, voyage))
      break
    }
    const arrival = { link, frame: next.departure.frame }
    const passage = receive(voyage.world.machine(name), memoryOf(name, voyage), arrival, aroundOf(name, voyage))
    note(passage, name, next.from, draft, voyage)
    if (next.departure.pieceOf && !passage.steps.some(isReceipt)) takeBack(next, draft, voyage)
  }
  const { hops, arrivals, answers, sightings } = draft
  return { journey: { packet: skb.packet, hops, outcome: outcomeOf(hops) }, arrivals, answers, sightings }
}

interface Draft {
  /** Those of all hops, without the rules that did not match: a journey ends at the same step however it is told. */
  steps: number
  readonly hops: Hop[]
  flying: InFlight[]
  readonly arrivals: Arrival[]
  readonly answers: Answer[]
  sightings: Sighting[]
}

function note(passage: Passage, machine: string, from: number | undefined, draft: Draft, voyage: Voyage): void {
  const index = draft.hops.length
  const hop: Hop = {
    machine,
    kind: voyage.world.machine(machine).config.kind,
    ...(from === undefined ? {} : { from }),
    steps: passage.steps,
    passings: passage.passings,
  }
  draft.steps += voyage.verbose ? passage.steps.filter(isNoMiss).length : passage.steps.length
  noteSightings(passage, machine, draft, voyage.now)
  draft.answers.push(...passage.answers.map(skb => ({ machine, skb })))
  if (passage.delivered) draft.arrivals.push({ machine, ...passage.delivered })
  const lost: Outcome[] = []
  for (const departure of passage.departures) {
    const ends = voyage.world.across({ machine, link: departure.link }, departure.frame)
    draft.flying.push(...ends.map(to => ({ to, departure, from: index })))
    if (ends.length === 0) lost.push(leftBy(machine, departure))
  }
  const outcome = ownOutcome(passage, machine) ?? (passage.departures.length === lost.length ? lost[0] : undefined)
  draft.hops.push(outcome ? { ...hop, outcome } : hop)
}

/** How the packet ended in this machine, if it did. */
function ownOutcome({ delivered, ended }: Passage, machine: string): Outcome | undefined {
  if (delivered) return { kind: 'delivered', machine, listener: delivered.listener, packet: delivered.skb.packet }
  return ended && { kind: 'ended', machine, end: ended }
}

function leftBy(machine: string, { link, frame }: Departure): Outcome {
  const why = `nobody that podwire knows of is at the other end of ${link}`
  if (frame.body.kind === 'ip') return { kind: 'left', machine, link, packet: frame.body.packet, why }
  return { kind: 'ended', machine, end: { kind: 'not for this machine', why } }
}

/** Frames as they pass links, in order: a microsecond apart, so that a capture shows the order. */
function noteSightings({ steps }: Passage, machine: string, draft: Draft, now: Millis): void {
  for (const step of steps) {
    if (step.component !== 'link') continue
    const direction = step.action === 'receive' ? 'in' : 'out'
    const at = now + draft.sightings.length / 1000
    draft.sightings.push({ at, machine, link: step.link, direction, frame: step.frame })
  }
}

function isNoMiss(step: Step): boolean {
  return step.component !== 'netfilter' || step.step.kind !== 'miss'
}

function isReceipt(step: Step): boolean {
  return step.component === 'link' && step.action === 'receive'
}

/**
 * The far end did not take a piece: its sender stops there, and what it would have sent behind it never was. But
 * pieces that wait for their neighbour are all sent once it has answered.
 *
 * @see net/core/neighbour.c of Linux: neigh_resolve_output
 */
function takeBack({ from, departure: { pieceOf } }: InFlight, draft: Draft, { unacquainted, choose }: Voyage): void {
  const rest = draft.flying.filter(other => other.from === from && other.departure.pieceOf === pieceOf)
  if (rest.length === 0 || (unacquainted && choose({ by: 'neighbour', weights: [1, 1] }) === 1)) return
  const frames = new Set(rest.map(({ departure }) => departure.frame))
  const isLeft = (step: Step) => !(step.component === 'link' && frames.has(step.frame))
  const sender = draft.hops[from]
  if (sender) draft.hops[from] = { ...sender, steps: sender.steps.filter(isLeft) }
  draft.flying = draft.flying.filter(other => !rest.includes(other))
  draft.sightings = draft.sightings.filter(({ frame }) => !frames.has(frame))
}

/** What there is too much of. */
function limitReached({ hops, steps }: Draft): string | undefined {
  if (hops.length >= MOST_HOPS) return `${MOST_HOPS} hops`
  return steps >= MOST_STEPS ? `${steps} steps` : undefined
}

function loopHop(machine: string, from: number, limit: string, { world }: Voyage): Hop {
  const why = `after ${limit} the packet is still on its way`
  return { machine, kind: world.machine(machine).config.kind, from, steps: [], outcome: { kind: 'loop', why } }
}

/** Of several ends (a bridge floods), the one that tells most: a delivery, then an end, not a frame passed over. */
function outcomeOf(hops: readonly Hop[]): Outcome {
  const outcomes = hops.flatMap(({ outcome }) => outcome ?? [])
  const best = outcomes.reduce<Outcome | undefined>((a, b) => (a && weightOf(a) >= weightOf(b) ? a : b), undefined)
  return best ?? { kind: 'loop', why: 'the packet came to no end' }
}

function weightOf(outcome: Outcome): number {
  if (outcome.kind === 'delivered') return 3
  return outcome.kind === 'ended' && ['not for this machine', 'consumed'].includes(outcome.end.kind) ? 1 : 2
}

/** What the machine remembers; nothing at first. */
export function memoryOf(machine: string, { memories }: Voyage): MachineMemory {
  const there = memories.get(machine)
  if (there) return there
  const fresh = createMachineMemory()
  memories.set(machine, fresh)
  return fresh
}

function aroundOf(machine: string, voyage: Voyage): Around {
  const { world, now, choose, random, verbose, assume, tunnelPort, raw } = voyage
  return {
    now,
    choose,
    random,
    verbose,
    neighbourhood: neighbourhoodOf(world, machine),
    ...(assume ? { assume } : {}),
    ...(tunnelPort ? { tunnelPort: () => tunnelPort(machine) } : {}),
    ...(raw?.isOpenOn(machine) ? { rawProtocol: raw.protocol } : {}),
  }
}
