/**
 * What machines keep in mind after a packet, and the next one meets.
 *
 * @module
 */
import { formatIp } from '../base/ip.ts'
import type { Match, RecentMatch } from '../netfilter/rule.ts'
import type { Exchange, Hop } from './journey.ts'
import { formatField, type Page } from './layout.ts'
import { shortChain } from './rule-text.ts'
import { formatTuple } from './tuple-text.ts'

/** Connections that were entered into tables, and addresses into lists of `recent`. */
export function formatRemembered({ request }: Exchange, page: Page): string {
  const notes = request.hops.flatMap(notesOf)
  return notes.map((note, i) => formatField(i === 0 ? 'KEPT' : '', note, 'dim', page)).join('')
}

function notesOf({ machine, steps }: Hop): readonly string[] {
  return steps.flatMap((step): readonly string[] => {
    if (step.component !== 'netfilter') return []
    const { step: one } = step
    if (one.kind === 'confirm') {
      const { original, reply } = one.tuples
      return [`${machine} tracks ${formatTuple(original)}, answers are ${formatTuple(reply)}`]
    }
    if (one.kind !== 'rule') return []
    const { packet } = one.after
    return one.rule.matches.filter(isNoted).map(({ list, by }) => {
      return `${machine} notes ${formatIp(by === 'src' ? packet.src : packet.dst)} in the list ${shortChain(list)}`
    })
  })
}

function isNoted(match: Match): match is RecentMatch {
  return match.on === 'recent' && match.do === 'set'
}
