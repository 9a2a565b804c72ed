/**
 * The same packets past the same rules, in the kernel and in podwire: which rules counted each.
 *
 * @module
 */
import type { Test } from 'tap'
import { equalIp, type Family, type Ip, isIpv4, parseIp } from '../../../src/base/ip.ts'
import { parseMac } from '../../../src/base/mac.ts'
import { parseSets } from '../../../src/netfilter/ipset-reader.ts'
import type { AddressType } from '../../../src/netfilter/rule.ts'
import { readRuleset } from '../../../src/netfilter/ruleset.ts'
import { type CompiledRuleset, compileRuleset } from '../../../src/netfilter/run/compiled.ts'
import type { Passing } from '../../../src/netfilter/run/passing.ts'
import { createRuleMemory } from '../../../src/netfilter/run/rule-memory.ts'
import { compileSets } from '../../../src/netfilter/run/set-table.ts'
import { traverse } from '../../../src/netfilter/run/traverse.ts'
import type { Packet } from '../../../src/packet/packet.ts'
import { NO_DRAW } from './table-run.ts'
import { type KernelRouter, withKernelRouter } from './wire.ts'

const TOOLS = { 4: 'iptables-legacy', 6: 'ip6tables-legacy' } as const

export interface Trial {
  readonly family: Family
  /** Of table mangle, as `iptables-restore` reads them: the packets come to PREROUTING. */
  readonly rules: readonly string[]
  readonly chains?: readonly string[]
  /** As `ipset save` prints them. */
  readonly sets?: string
  readonly packets: Readonly<Record<string, Packet>>
}

/** Brings each packet to both routers, and compares which rules have counted it. */
export function compareCounters(t: Test, trial: Trial): Promise<void> {
  return withKernelRouter(
    t,
    { [trial.family]: '*mangle\nCOMMIT\n', [trial.family === 4 ? 6 : 4]: '*mangle\nCOMMIT\n' },
    [],
    async router => {
      await compareOn(t, router, trial)
    },
  )
}

/** As {@link compareCounters}, for several trials one after the other on one router. */
export function compareAll(t: Test, trials: readonly Trial[]): Promise<void> {
  const rules = { 4: '*mangle\nCOMMIT\n', 6: '*mangle\nCOMMIT\n' }
  return withKernelRouter(t, rules, [], async router => {
    for (const [i, trial] of trials.entries()) {
      await router.run('iptables-legacy-restore', [], '*mangle\nCOMMIT\n')
      await router.run('ipset', ['flush'])
      await t.test(`${i + 1}`, t => compareOn(t, router, trial))
    }
  })
}

async function compareOn(t: Test, router: KernelRouter, trial: Trial): Promise<void> {
  const { family, packets, sets = '' } = trial
  await router.run('ipset', ['restore', '-exist'], sets)
  const rules = await loaded(t, router, trial)
  const text = fileOf(trial, rules)
  const compiled = compileRuleset(readRuleset(text, family))
  const passing = passingOf(family, sets)
  let before = await countersOf(router, family)
  for (const [name, packet] of Object.entries(packets)) {
    await router.send({ by: 'left', packet })
    const after = await countersOf(router, family)
    const counted = after.flatMap(({ rule, packets }, i) => (packets > (before[i]?.packets ?? 0) ? [rule] : []))
    t.strictSame(
      counted,
      matchedBy(compiled, packet, { ...passing, circumstances: { ...passing.circumstances, now: Date.now() } }, after),
      name,
    )
    before = after
  }
}

interface Counted {
  /** `PREROUTING 3: -s 10.1.0.2/32` */
  readonly rule: string
  readonly packets: number
}

async function countersOf(router: KernelRouter, family: Family): Promise<readonly Counted[]> {
  const text = await router.run(`${TOOLS[family]}-save`, ['-c', '-t', 'mangle'])
  const numbers = new Map<string, number>()
  return [...text.matchAll(/^\[(\d+):\d+\] -A (\S+)(.*)$/gm)].map(([, packets, chain = '', rest = '']) => {
    const number = (numbers.get(chain) ?? 0) + 1
    numbers.set(chain, number)
    return { rule: `${chain} ${number}:${rest}`, packets: Number(packets) }
  })
}

function matchedBy(
  rules: CompiledRuleset,
  packet: Packet,
  passing: Passing,
  all: readonly Counted[],
): readonly string[] {
  const skb = { packet, mark: 0, source: parseMac('02:00:00:00:01:02') }
  const { steps, decision } = traverse(rules, 'mangle', 'PREROUTING', skb, passing)
  if (decision.kind === 'undecided') return [`undecided: ${decision.undecided.why}`]
  const places = new Set<string>()
  for (const step of steps) {
    // The kernel does not count the rule in which it finds that a packet is malformed.
    const malformed = step.kind === 'rule' && step.effect === 'drop' && step.rule.target?.do !== 'drop'
    if (step.kind === 'rule' && !malformed) places.add(`${step.chain} ${step.number}`)
  }
  return all.filter(({ rule }) => places.has(rule.slice(0, rule.indexOf(':')))).map(({ rule }) => rule)
}

/** Those of the rules that the kernel takes; the others are skipped by name. */
async function loaded(t: Test, router: KernelRouter, trial: Trial): Promise<readonly string[]> {
  const { rules, family } = trial
  const attempt = (some: readonly string[]) =>
    router.run(`${TOOLS[family]}-restore`, [], fileOf(trial, some)).then(
      () => undefined,
      (error: Error) => error.message,
    )
  if ((await attempt(rules)) === undefined) return rules
  const taken: string[] = []
  for (const rule of rules) {
    const refusal = await attempt([rule])
    if (refusal === undefined) taken.push(rule)
    else if (process.env['PODWIRE_KERNEL'] === 'required') t.fail(`${rule}: ${refusal}`)
    else t.pass(rule, { skip: refusal.split('\n')[0] ?? true })
  }
  t.equal(await attempt(taken), undefined, 'the rules are loaded')
  return taken
}

function fileOf({ chains = [] }: Trial, rules: readonly string[]): string {
  const lines = rules.map(rule => (rule.startsWith('-A ') ? rule : `-A PREROUTING ${rule}`))
  return [
    '*mangle',
    ':PREROUTING ACCEPT [0:0]',
    ...chains.map(chain => `:${chain} - [0:0]`),
    ...lines,
    'COMMIT',
    '',
  ].join('\n')
}

const OWN = ['10.1.0.1', '10.2.0.1', 'fd01::1', 'fd02::1'].map(parseIp)

function passingOf(family: Family, sets: string): Passing {
  return {
    hook: 'prerouting',
    family,
    devices: { in: 'left' },
    surroundings: {
      addressType,
      sourceOf: () => undefined,
      reachesBack: ({ src }, device) =>
        device === 'left' && (isIpv4(src) ? src >>> 16 === 0x0a01 : src.w0 >>> 16 === 0xfd01),
      addressesOf: () => [],
      sysctl: () => undefined,
    },
    circumstances: { now: 0, choose: NO_DRAW, random: () => 0, verbose: false },
    sets: compileSets(parseSets(sets)),
    memory: createRuleMemory(Date.now()),
  }
}

function addressType(ip: Ip): AddressType {
  if (OWN.some(own => equalIp(own, ip))) return 'LOCAL'
  if (isIpv4(ip) ? ip >>> 28 === 14 : ip.w0 >>> 24 === 0xff) return 'MULTICAST'
  if (isIpv4(ip)) return ip === -1 || ip === 0 || (ip & 0xffff) === 0xffff ? 'BROADCAST' : 'UNICAST'
  return ip.w0 >>> 16 === 0xfd01 || ip.w0 >>> 16 === 0xfd02 || ip.w0 >>> 16 === 0xfe80 ? 'UNICAST' : 'UNREACHABLE'
}
