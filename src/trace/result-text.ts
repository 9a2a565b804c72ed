/**
 * What a flow comes to over all its paths, in one line.
 *
 * @module
 */
import { add, formatNear, type Ratio, ZERO } from '../base/ratio.ts'
import { endingOf } from './endings.ts'
import { deciderOf, failureOf } from './failure.ts'
import { formatDecider } from './hook-lines.ts'
import type { Exchange, Experience, Path, Trace } from './journey.ts'
import { commentOf } from './rule-object.ts'
import { verdictOf } from './verdict.ts'

export interface ResultText {
  readonly text: string
  readonly good: boolean
}

/** @param index of the flow */
export function formatResult(trace: Trace, shown: Path, index: number): ResultText {
  const sender = trace.flows[index]?.sender ?? ''
  const endings = trace.paths.flatMap(({ exchanges, probability }) => {
    const exchange = exchanges[index]
    return exchange ? [{ ...endingOf(exchange, sender), probability }] : []
  })
  const all = new Set(endings.map(({ end }) => end))
  const good = endings.filter(({ verdict }) => verdict === 'DELIVERED')
  const reached = new Set(good.map(({ end }) => end))
  if (good.length === endings.length) {
    return { text: `DELIVERED${all.size > 1 ? `   ${all.size} of ${all.size} endpoints` : ''}   reply OK`, good: true }
  }
  if (good.length > 0) {
    const likely = formatNear(good.reduce<Ratio>((sum, { probability }) => add(sum, probability), ZERO))
    return { text: `PARTLY   ${reached.size} of ${all.size} endpoints answer, p=${likely}`, good: false }
  }
  const exchange = shown.exchanges[index]
  return { text: exchange ? failureText(exchange, shown, trace) : 'LOST', good: false }
}

function failureText(exchange: Exchange, shown: Path, trace: Trace): string {
  const verdict = verdictOf(exchange)
  const failure = failureOf({ ...shown, exchanges: [exchange] }, trace)
  const where = failure ? `at ${failure.machine}` : ''
  const decider = failure && deciderOf(failure)
  const comment = decider?.kind === 'rule' ? commentOf(decider.rule) : ''
  const words = [
    `${verdict} ${where}${decider ? ` ${formatDecider(decider)}` : ''}`,
    ...(comment === '' ? [] : [`"${comment}"`]),
    ...(failure?.isReply ? ['the request arrived, its answer did not'] : []),
    ...(verdict === 'UNDECIDED' ? [] : [EXPERIENCES[exchange.experience]]),
  ]
  return words.join('   ')
}

/** What the sending program meets. */
export const EXPERIENCES: Readonly<Record<Experience, string>> = {
  answered: 'reply OK',
  refused: 'the client is refused',
  'not permitted': "the client's call fails: operation not permitted",
  'host unreachable': 'the client is told: host unreachable',
  'network unreachable': 'the client is told: network unreachable',
  'message too long': 'the client is told: message too long',
  'time exceeded': 'the client is told: time exceeded',
  prohibited: 'the client is told: administratively prohibited',
  timeout: 'the client waits until it gives up',
  undecided: 'nobody knows what the client meets',
  unknown: 'what the client meets is not known',
}
