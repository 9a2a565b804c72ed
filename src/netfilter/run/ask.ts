/**
 * Asking a packet all conditions of a rule.
 *
 * @module
 */
import type { Answer, Condition } from './condition.ts'
import type { Probe } from './probe.ts'

/**
 * Whether all conditions hold, asked in order up to the first that does not.
 *
 * `probe.failed` is then the condition that did not hold, `probe.because` why the answer is neither
 * yes nor no, `probe.assumed` why what was assumed is not known.
 */
export function askAll(conditions: readonly Condition[], probe: Probe): Answer {
  probe.chanceOf = 0
  probe.assumed = ''
  return askFrom(conditions, 0, probe)
}

function askFrom(conditions: readonly Condition[], from: number, probe: Probe): Answer {
  for (let i = from; i < conditions.length; i++) {
    const answer = conditions[i]?.holds(probe)
    if (answer === true) continue
    if (answer === false) {
      probe.failed = i
      return false
    }
    return answer === 'undecided' ? askBehind(conditions, i, probe) : 'hotdrop'
  }
  return true
}

/**
 * What becomes of a rule of which one condition cannot be decided: it does not match if another one
 * surely does not hold. Those that leave something behind cannot be asked, for the kernel might not
 * come to them.
 */
function askBehind(conditions: readonly Condition[], at: number, probe: Probe): Answer {
  const why = probe.because
  if (probe.passing.circumstances.assume === 'match') {
    probe.assumed ||= why
    return askFrom(conditions, at + 1, probe)
  }
  for (let i = at + 1; i < conditions.length; i++) {
    const condition = conditions[i]
    if (!condition || condition.stateful?.(probe)) break
    if (condition.holds(probe) === false) {
      probe.failed = i
      return false
    }
  }
  probe.because = why
  return 'undecided'
}
