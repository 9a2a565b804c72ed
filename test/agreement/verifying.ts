/** The compiled program, comparing itself with the kernel of this machine. */
import type { Test } from 'tap'
import type { Need } from '../kernel/needs.ts'
import { isSkipped as hasNoLab } from '../lab/lab-here.ts'
import { whyNotBuilt } from './built.ts'

/** What watches the kernel at work, and what sends to it. */
const NEEDS: readonly Need[] = ['raw-socket', 'tcpdump', 'xtables-monitor', 'nft trace', 'nft log', 'nfnetlink_log']

/** Whether this machine can not verify anything. Says why to the test. */
export function isSkipped(t: Test): boolean {
  if (hasNoLab(t, NEEDS)) return true
  const why = whyNotBuilt()
  if (why !== undefined) t.fail(why)
  return why !== undefined
}
