/**
 * What a verification is asked for, beside its cluster.
 *
 * @module
 */
import type { Examination } from '../lab/examination.ts'
import type { LabOptions } from '../lab/plan.ts'
import type { Given } from './command.ts'
import { UsageError } from './exit.ts'
import { namingOf } from './ground.ts'
import { labOptionsOf } from './lab-up.ts'

export const USUAL_FLOWS = 30
export const USUAL_EVENTS = 3

/** Options of `trace` that say what is sent. */
export const SENT: readonly string[] = ['proto', 'sport', 'size', 'ttl', 'family', 'entry', 'then', 'fault']

export type Wishes = Pick<Examination, 'seed' | 'crafted' | 'capture' | 'draws' | 'namespace' | 'family'> & {
  readonly host: Omit<LabOptions, 'id'>
  readonly flows: number
  readonly events: number
}

/** @throws {UsageError} for options that say nothing beside each other */
export function wishesOf(given: Given): Wishes {
  for (const { when, without, why } of STRAYS) {
    const stray = without.find(name => given.is(name))
    if (stray !== undefined && when(given)) throw new UsageError(`--${stray}: ${why}`)
  }
  if (given.is('clusters') && given.words.length > 0)
    throw new UsageError('--clusters draws flows too: it goes with no FROM and TO')
  return {
    ...namingOf(given),
    host: labOptionsOf(given),
    seed: given.integer('seed', 0, 0xffff_ffff) ?? 0,
    flows: given.integer('flows', 1, 10_000) ?? USUAL_FLOWS,
    // What happens to a cluster would stay in a lab that stands.
    events: given.is('id') ? 0 : (given.integer('events', 0, 100) ?? USUAL_EVENTS),
    draws: given.integer('draws', 1, 10_000) ?? 0,
    crafted: given.is('crafted') || given.is('capture'),
    capture: given.is('capture'),
  }
}

interface Stray {
  readonly when: (given: Given) => boolean
  /** Options that are not to be there then. */
  readonly without: readonly string[]
  readonly why: string
}

/** Whoever gives an option that would do nothing is told so. */
const STRAYS: readonly Stray[] = [
  {
    when: given => given.is('clusters'),
    without: ['filename', 'id', 'nodes', 'pod-cidr', 'service-cidr', 'overlay', 'mtu'],
    why: 'with --clusters the clusters are drawn, with all that belongs to them',
  },
  {
    when: given => given.is('clusters'),
    without: ['capture'],
    why: 'frames are of one cluster; write the drawn ones with --write, and give one with -f',
  },
  {
    when: given => !given.is('clusters'),
    without: ['write'],
    why: 'only clusters that --clusters draws are written',
  },
  {
    when: given => given.is('id'),
    without: ['events', 'fault'],
    why: 'what breaks would stay broken in a lab that stands; leave out --id, and a lab is made for it',
  },
  {
    when: given => given.words.length > 0,
    without: ['flows', 'events'],
    why: 'flows and events are drawn only where FROM and TO are not given',
  },
  {
    when: given => given.words.length === 0,
    without: SENT.filter(name => name !== 'family'),
    why: 'it is about a flow that is given: say FROM and TO',
  },
]
