/**
 * A packet at one of netfilter's hooks.
 *
 * @module
 */

import type { Devices, Hook, HookResult } from '../netfilter/run/hook.ts'
import { atHook } from '../netfilter/run/netfilter.ts'
import type { Skb } from '../netfilter/run/skb.ts'
import { isIcmp } from '../packet/packet.ts'
import { isOfMany } from './error-answer.ts'
import { surroundingsOf } from './surroundings.ts'
import { end, note, type Walk } from './walk.ts'

/**
 * The packet as the hook lets it on; nothing, if it does not. A machine without rules has no hooks, and
 * tracks no connections.
 */
export function runHook(walk: Walk, hook: Hook, skb: Skb, devices: Devices): Skb | undefined {
  const after = passHook(walk, hook, skb, devices)
  walk.passings.push({ hook, devices, before: skb, ...(after ? { after } : {}) })
  return after
}

function passHook(walk: Walk, hook: Hook, skb: Skb, devices: Devices): Skb | undefined {
  const { machine, memory, around } = walk
  if (!machine.config.rules?.[skb.packet.family]) return skb
  const surroundings = surroundingsOf(machine)
  const context = { netfilter: machine.netfilter, memory: memory.netfilter, surroundings, circumstances: around }
  const result = atHook(context, hook, skb, devices)
  for (const step of result.steps) {
    note(walk, { component: 'netfilter', hook, step }, step.before.packet, step.after.packet)
  }
  return result.verdict === 'accept' ? result.skb : stop(walk, result)
}

/** Resets and errors of IPv4 go to whoever sent. */
function isErrorToMany({ machine }: Walk, { packet }: Skb): boolean {
  return isIcmp(packet.payload) && isOfMany(machine, packet.dst)
}

function stop(walk: Walk, result: Exclude<HookResult, { readonly verdict: 'accept' }>): undefined {
  if (result.verdict === 'undecided') {
    const { undecided } = result
    return end(walk, { kind: 'undecided', why: undecided.why, undecided })
  }
  if (result.answer && !isErrorToMany(walk, result.answer)) walk.answers.push(result.answer)
  const last = result.steps.at(-1)
  const rejected = last?.kind === 'rule' && last.effect === 'reject'
  return end(walk, { kind: rejected ? 'rejected by rule' : 'dropped by rule', why: result.why })
}
