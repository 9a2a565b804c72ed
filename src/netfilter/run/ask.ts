/**
 * Asking a packet all conditions of a rule.
 *
 * @module
 */
import type { CompiledRule } from './compiled.ts'
import type { Answer } from './condition.ts'
import type { Probe } from './probe.ts'

/**
 * Whether all conditions hold, asked in order up to the first that does not.
 *
 * `probe.failed` is then the condition that did not hold, `probe.because` why the answer is neither
 * yes nor no, `probe.assumed` why what was assumed is not known.
 */
export function askAll(rule: CompiledRule, probe: Probe): Answer {
  probe.chanceOf = 0
  probe.assumed = ''
  return askFrom(rule, 0, probe)
}

function askFrom(rule: CompiledRule, from: number, probe: Probe): Answer {
  const { holds } = rule
  for (let i = from; i < holds.length; i++) {
    const answer = holds[i]?.(probe)
    if (answer === true) continue
    if (answer === false) {
      probe.failed = i
      return false
    }
    return answer === 'undecided' ? askBehind(rule, i, probe) : 'hotdrop'
  }
  return true
}

/**
 * What becomes of a rule of which one condition cannot be decided: it does not match if another one
 * surely does not hold. Those that leave something behind cannot be asked, for the kernel might not
 * come to them.
 */
function askBehind(rule: CompiledRule, at: number, probe: Probe): Answer {
  const why = probe.because
  if (probe.passing.circumstances.assume === 'match') {
    probe.assumed ||= why
    return askFrom(rule, at + 1, probe)
  }
  for (let i = at + 1; i < rule.conditions.length; i++) {
    const condition = rule.conditions[i]
    if (!condition || condition.stateful?.(probe)) break
    if (condition.holds(probe) === false) {
      probe.failed = i
      return false
    }
  }
  probe.because = why
  return 'undecided'
}
