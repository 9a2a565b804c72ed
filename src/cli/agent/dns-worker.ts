/**
 * The program of a worker of `podwire dns serve`.
 *
 * @module
 */
import { serveInCrew } from '../../server/dns/crew-member.ts'
import { type LogWishes, openQueryLog } from '../query-log.ts'

/** What its starter wishes of it besides serving. */
export interface WorkerWishes {
  readonly log?: LogWishes
}

serveInCrew(wishes => {
  const { log } = wishes as WorkerWishes
  return log ? openQueryLog(log) : { end: async () => {} }
})
