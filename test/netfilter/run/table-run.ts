/**
 * Runs of one table, in a few words: rules as `iptables-save` prints them, without the name of the
 * chain where there is only one.
 *
 * @module
 */
import type { Choose } from '../../../src/base/choice.ts'
import { type Ip, isIpv4, parseIp } from '../../../src/base/ip.ts'
import { parseSets } from '../../../src/netfilter/ipset-reader.ts'
import type { AddressType, TableName } from '../../../src/netfilter/rule.ts'
import { readRuleset } from '../../../src/netfilter/ruleset.ts'
import { compileRuleset } from '../../../src/netfilter/run/compiled.ts'
import type { Circumstances, Devices, Hook, HookStep, Surroundings } from '../../../src/netfilter/run/hook.ts'
import type { Passing, Traversal } from '../../../src/netfilter/run/passing.ts'
import { createRuleMemory, type RuleMemory } from '../../../src/netfilter/run/rule-memory.ts'
import { compileSets } from '../../../src/netfilter/run/set-table.ts'
import type { Skb } from '../../../src/netfilter/run/skb.ts'
import { traverse } from '../../../src/netfilter/run/traverse.ts'
import type { Packet } from '../../../src/packet/packet.ts'

/** The machine that rules are asked on: 10.0.0.1 and fd00::1 are its own. */
export const SURROUNDINGS: Surroundings = {
  addressType,
  sourceOf: () => undefined,
  reachesBack: (packet, device) => device === 'eth0' && isIpv4(packet.src) && packet.src >>> 24 === 10,
  addressesOf: () => [],
  sysctl: () => undefined,
}

const OWN = new Set(['10.0.0.1', 'fd00::1'].map(text => keyOf(parseIp(text))))

function addressType(ip: Ip, device?: string): AddressType {
  if (isIpv4(ip) && ip === -1) return 'BROADCAST'
  if (isIpv4(ip) ? ip >>> 28 === 14 : ip.w0 >>> 24 === 0xff) return 'MULTICAST'
  if (!OWN.has(keyOf(ip))) return 'UNICAST'
  return device === undefined || device === 'eth0' ? 'LOCAL' : 'UNICAST'
}

function keyOf(ip: Ip): string {
  return isIpv4(ip) ? `${ip}` : `${ip.w0} ${ip.w1} ${ip.w2} ${ip.w3}`
}

/** What a run may be told beside its rules and the packet. */
export interface Around extends Partial<Circumstances> {
  readonly hook?: Hook
  readonly table?: TableName
  readonly chain?: string
  readonly devices?: Devices
  readonly memory?: RuleMemory
  /** As `ipset save` prints them. */
  readonly sets?: string
  readonly index?: boolean
}

export const NO_DRAW: Choose = () => {
  throw new RangeError('nothing is to be drawn')
}

export function passingOf(packet: Packet, around: Around = {}): Passing {
  const { now = 0, choose = NO_DRAW, random = () => 0, verbose = false, assume } = around
  return {
    hook: around.hook ?? 'prerouting',
    family: packet.family,
    devices: around.devices ?? { in: 'eth0' },
    surroundings: SURROUNDINGS,
    circumstances: { now, choose, random, verbose, ...(assume && { assume }) },
    sets: compileSets(parseSets(around.sets ?? '')),
    memory: around.memory ?? createRuleMemory(),
  }
}

export const skbOf = (packet: Packet): Skb => ({ packet, mark: 0 })

/** Runs rules of one chain, or with `-A CHAIN` in front of several; chains are declared by `:CHAIN`. */
export function runTable(rules: readonly string[], skb: Skb, around: Around = {}): Traversal {
  const { table = 'mangle', chain = 'PREROUTING' } = around
  const lines = rules.map(rule => (/^(?:-A |:)/.test(rule) ? rule : `-A ${chain} ${rule}`))
  const own = lines.some(line => line.startsWith(`:${chain} `)) ? [] : [`:${chain} ACCEPT [0:0]`]
  const text = [`*${table}`, ...own, ...lines.toSorted((a, b) => rank(a) - rank(b)), 'COMMIT', ''].join('\n')
  const { family } = skb.packet
  const compiled = compileRuleset(readRuleset(text, family), { index: around.index ?? true })
  return traverse(compiled, table, chain, skb, passingOf(skb.packet, around))
}

const rank = (line: string) => (line.startsWith(':') ? 0 : 1)

/** `PREROUTING 1 jump A`, `policy accept`, `misses 2..4: other destinations` */
export function wordsOf(step: HookStep): string {
  switch (step.kind) {
    case 'rule':
      return [step.chain, step.number, step.effect, step.note && `(${step.note})`].filter(Boolean).join(' ')
    case 'miss':
      return `${step.chain} ${step.number}${step.to > step.number ? `..${step.to}` : ''} misses: ${step.why}`
    case 'policy':
      return `${step.chain} policy ${step.policy}`
    default:
      return step.kind
  }
}
