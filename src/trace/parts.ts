/**
 * The steps of a hop in parts: those of rules together, hook by hook, and those about a packet that
 * carries another told apart from the packet's own.
 *
 * @module
 */
import type { Family } from '../base/ip.ts'
import type { HookStep } from '../netfilter/run/hook.ts'
import type { Step, VxlanStep } from '../node/step.ts'
import type { Hop } from './journey.ts'

/** A step, or all steps of rules at one hook; and whether they are about a packet that carries another. */
export type Part = { readonly outer: boolean } & (
  | { readonly hook?: undefined; readonly step: Step }
  | {
      readonly hook: Extract<Step, { component: 'netfilter' }>['hook']
      readonly family: Family
      readonly steps: readonly HookStep[]
    }
)

export function partsOf({ steps }: Hop): readonly Part[] {
  const outer = outerSteps(steps)
  const parts: Part[] = []
  let open: { readonly hook: string; readonly steps: HookStep[] } | undefined
  for (const [i, step] of steps.entries()) {
    const isOuter = outer[i] ?? false
    if (step.component !== 'netfilter') {
      open = undefined
      parts.push({ outer: isOuter, step })
    } else if (open?.hook === step.hook) open.steps.push(step.step)
    else {
      const own = [step.step]
      open = { hook: step.hook, steps: own }
      parts.push({ outer: isOuter, hook: step.hook, family: step.before.family, steps: own })
    }
  }
  return parts
}

/**
 * Which steps are about a packet that carries another: behind its wrapping, or before it is
 * unwrapped, or dropped for what it carries.
 */
export function outerSteps(steps: readonly Step[]): readonly boolean[] {
  const inner = steps.findLastIndex(
    (step, i) =>
      step.component === 'vxlan' && (step.action === 'decapsulate' || isRefusal(step.link, steps.slice(0, i), step)),
  )
  let wrapped = false
  return steps.map((step, i) => {
    if (step.component !== 'vxlan') return i < inner || wrapped
    if (step.action === 'encapsulate') wrapped = true
    return step.action === 'drop' && i === inner
  })
}

/** Whether a drop is of a packet that came, not of one that was to be wrapped: nothing was sent by the device before. */
function isRefusal(link: string, before: readonly Step[], { action }: VxlanStep): boolean {
  return (
    action === 'drop' &&
    !before.some(step => step.component === 'link' && step.action === 'transmit' && step.link === link)
  )
}
