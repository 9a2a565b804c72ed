/** The system's words for what a probe met, beside the ICMP errors that were heard. */
import t from 'tap'
import { isWordFor } from '../../src/lab/agent/errno.ts'
import type { Experience } from '../../src/trace/journey.ts'

// biome-ignore format: one case, one row
const ROWS: readonly [says: string, code: string, heard: Experience, is: boolean][] = [
  ['a refusal is refused',                                'ECONNREFUSED', 'refused',             true],
  ['a refusal is not unreachable',                        'ECONNREFUSED', 'host unreachable',    false],
  ['a host is not a network',                             'EHOSTUNREACH', 'network unreachable', false],
  ['there is no word for what is prohibited',             'EHOSTUNREACH', 'prohibited',          true],
  ['IPv6 has one that is near',                           'EACCES',       'prohibited',          true],
  ['nor for too many hops',                               'EHOSTUNREACH', 'time exceeded',       true],
  ['but a refusal is none of them',                       'ECONNREFUSED', 'prohibited',          false],
  ['too long is too long',                                'EMSGSIZE',     'message too long',    true],
]

for (const [says, code, heard, is] of ROWS) {
  t.test(says, async t => {
    t.equal(isWordFor(code, heard), is)
  })
}
