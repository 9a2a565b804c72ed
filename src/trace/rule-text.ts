/**
 * Rules and the places where they stand, as people read them.
 *
 * @module
 */
import type { Family } from '../base/ip.ts'
import { formatRule } from '../netfilter/format.ts'
import type { Rule } from '../netfilter/rule.ts'
import type { HookStep, RulePlace, RuleStep } from '../netfilter/run/hook.ts'

/** A rule that matched, with the packet around it. */
export type MatchedRule = Extract<HookStep, { kind: 'rule' }>

/** `nat:KUBE-SERVICES:7`, as the kernel's own tracing names it. */
export function formatPlace({ table, chain, number }: RulePlace): string {
  return `${table}:${chain}:${number}`
}

/** The rule as `iptables -S` and `iptables-save` print it, with its `-A CHAIN`. */
export function savedRule({ chain, rule }: { readonly chain: string; readonly rule: Rule }, family: Family): string {
  return formatRule(chain, rule, family, 'save')
}

/** Names that end in a digest: kube-proxy's (base 32) and those of CNI plugins (hexadecimal). */
const DIGESTED = /^(KUBE-[A-Z]+-)([A-Z2-7]{4})[A-Z2-7]{12}$|^(CNI-(?:[A-Z]+-)?)([0-9a-f]{4})[0-9a-f]{13,}$/

/** `KUBE-SVC-67NZ…`: a digest says no more to a reader than its first characters. */
export function shortChain(chain: string): string {
  const [, kube, start, cni, startOfCni] = DIGESTED.exec(chain) ?? []
  if (kube !== undefined) return `${kube}${start}…`
  return cni === undefined ? chain : `${cni}${startOfCni}…`
}

/** `KUBE-SVC-67NZ…:4` */
export function shortPlace({ chain, number }: RulePlace): string {
  return `${shortChain(chain)}:${number}`
}

/**
 * The rules by which the packet came to `last`, in the same table, and `last` itself: from the
 * built-in chain, a jump a rule.
 */
export function wayTo(steps: readonly HookStep[], last: MatchedRule): readonly MatchedRule[] {
  const open: MatchedRule[] = []
  for (const step of steps) {
    if (step.kind !== 'rule' || step.table !== last.table) continue
    while (open.length > 0 && entered(open.at(-1)) !== step.chain) open.pop()
    if (step === last) return [...open, step]
    if (step.effect === 'jump' || step.effect === 'goto') open.push(step)
  }
  return [last]
}

function entered(step: RuleStep | undefined): string | undefined {
  const target = step?.rule.target
  return target?.do === 'jump' || target?.do === 'goto' ? target.chain : undefined
}

/** `KUBE-SERVICES:7 → KUBE-SVC-67NZ…:4 → KUBE-SEP-EMUA…:2`; the built-in chain goes without saying. */
export function formatWay(way: readonly MatchedRule[]): string {
  const said = way.length > 1 ? way.slice(1) : way
  return said.map(shortPlace).join(' → ')
}
