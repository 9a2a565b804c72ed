/** The compiled program, comparing its model with the kernel of this machine. */
import type { Test } from 'tap'
import type { Need } from '../kernel/needs.ts'
import { command, isSkipped as hasNoLab } from '../lab/lab-here.ts'
import { whyNotBuilt } from './built.ts'
import { type Report, readReport } from './report.ts'

/** What watches the kernel at work, and what sends to it. */
const NEEDS: readonly Need[] = ['raw-socket', 'tcpdump', 'xtables-monitor', 'nft trace', 'nft log', 'nfnetlink_log']

/** Whether this machine cannot compare anything, or lacks what else is needed. Says why to the test. */
export function isSkipped(t: Test, needs: readonly Need[] = []): boolean {
  if (hasNoLab(t, [...NEEDS, ...needs])) return true
  const why = whyNotBuilt()
  if (why !== undefined) t.fail(why)
  return why !== undefined
}

/**
 * Runs `lab verify` with these words. Each flow is an assertion, and so is each flow that was sent many times.
 *
 * @returns the report; nothing, and the test has failed, when there is none
 */
export async function verified(t: Test, words: readonly string[]): Promise<Report | undefined> {
  const { code, out, err } = await command(['lab', 'verify', ...words, '-o', 'json'])
  if (!t.ok(code === 0 || code === 1, `lab verify ${words.join(' ')} ends with 0 or 1, not ${code}`, { err })) return
  const report = readReport(out)
  const { flows, frequencies, totals } = report
  for (const { flow, agrees, sideBySide = '' } of flows) {
    if (!t.ok(agrees, flow, { diagnostic: false })) t.comment(sideBySide)
  }
  for (const { flow, agrees, why = '' } of frequencies) t.ok(agrees, `how often what comes of ${flow}`, { why })
  t.ok(totals.rules > 0 && totals.packets > 0, `${totals.rules} rules and ${totals.packets} packets were compared`)
  return report
}
