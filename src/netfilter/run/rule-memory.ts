/**
 * What rules remember from packet to packet: counters of `nth`, buckets of `limit`, lists of
 * `recent`, sets that rules have changed.
 *
 * Kept by the place of the rule, so that one memory goes with any number of compilations of the
 * same rules.
 *
 * @module
 */
import type { Millis } from '../../base/clock.ts'
import type { Ip } from '../../base/ip.ts'
import { copySetTable, type SetTable } from './set-table.ts'

/** Credit of one `limit` or of one flow of a `hashlimit`: each packet costs some, time brings it back. */
export interface Bucket {
  credit: number
  /** When the credit was counted last. */
  counted: Millis
  /** Of a flow: when it is forgotten. */
  expires: Millis
}

/** One address of a `recent` list. */
export interface RecentEntry {
  /** Under the list's mask. */
  readonly address: Ip
  ttl: number
  /** When it was seen: a ring. */
  readonly stamps: Millis[]
  /** Where the next stamp goes. */
  next: number
}

/** Changed only by the functions of this folder. */
export interface RuleMemory {
  /** When the state was taken from which timeouts of set entries count; absent until a run says what time it is. */
  began?: Millis
  /** Packets that the rule has counted, by its place. */
  readonly nth: Map<string, number>
  readonly limits: Map<string, Bucket>
  /** Bytes left, by the place of the rule. */
  readonly quotas: Map<string, number>
  /** By name and family, then by flow. */
  readonly hashlimits: Map<string, Map<string, Bucket>>
  /** By the name of the list; of its entries, the one longest not updated first. */
  readonly recent: Map<string, RecentEntry[]>
  /** Sets that rules have changed, by name; all others are as they were read. */
  readonly sets: Map<string, SetTable>
}

/** @param began when the state was taken that timeouts of set entries count from; absent: at the first run */
export function createRuleMemory(began?: Millis): RuleMemory {
  return {
    ...(began !== undefined && { began }),
    nth: new Map(),
    limits: new Map(),
    quotas: new Map(),
    hashlimits: new Map(),
    recent: new Map(),
    sets: new Map(),
  }
}

/** A memory of its own: what happens to one of the two does not touch the other. */
export function copyRuleMemory(memory: RuleMemory): RuleMemory {
  return {
    ...(memory.began !== undefined && { began: memory.began }),
    nth: new Map(memory.nth),
    limits: copyMap(memory.limits, copyBucket),
    quotas: new Map(memory.quotas),
    hashlimits: copyMap(memory.hashlimits, flows => copyMap(flows, copyBucket)),
    recent: copyMap(memory.recent, list => list.map(entry => ({ ...entry, stamps: [...entry.stamps] }))),
    sets: copyMap(memory.sets, copySetTable),
  }
}

function copyMap<T>(map: ReadonlyMap<string, T>, copy: (value: T) => T): Map<string, T> {
  const copied = new Map<string, T>()
  for (const [key, value] of map) copied.set(key, copy(value))
  return copied
}

function copyBucket(bucket: Bucket): Bucket {
  return { ...bucket }
}
