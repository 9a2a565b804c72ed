/**
 * Lookups as text: the files that were read, every name that was asked for, and what the program gets.
 *
 * @module
 */
import { formatIp } from '../base/ip.ts'
import { visible } from '../base/visible.ts'
import { formatRcode } from '../dns/message.ts'
import { formatName } from '../dns/name.ts'
import { formatRecord, formatType } from '../dns/record.ts'
import type { Attempt, Query } from '../dns/resolver/attempt.ts'
import { FAILURE_WORDS, type Lookup, type Result } from '../dns/resolver/lookup.ts'
import type { Told } from '../dns/resolver/lookup-json.ts'
import { areTheSame } from '../dns/resolver/resolver-traps.ts'
import type { Trap } from '../dns/resolver/trap.ts'
import { formatResolvConf } from '../kubelet/resolv-conf.ts'
import { keyOf } from '../objects/meta.ts'
import { formatTable } from './table.ts'

export function formatLookups(told: Told, unicode: boolean): string {
  const { lookups, traps } = told
  const [first] = lookups
  const groups = first && areTheSame(lookups) ? [lookups] : lookups.map(one => [one])
  return [
    formatFiles(told),
    ...groups.map(group => formatLookup(group, unicode)),
    ...(traps.length > 0 ? [`${formatTraps(traps)}`] : []),
  ].join('\n')
}

function formatFiles({ pod, namespace, client }: Told): string {
  const { dnsPolicy = 'ClusterFirst', nodeName, hostNetwork } = pod?.spec ?? {}
  const where = nodeName ? ` on ${nodeName}` : ''
  const who = pod ? `pod ${keyOf(pod.metadata)}${where}` : `a pod of namespace ${namespace}`
  const conf = formatResolvConf(client.conf).replace(/^(?=.)/gm, '  ')
  return `${visible(who)}: dnsPolicy ${dnsPolicy}${hostNetwork ? ', hostNetwork' : ''}\n${conf.split('\n').map(visible).join('\n')}`
}

/** One lookup, or several that are the same. */
function formatLookup(group: readonly Lookup[], unicode: boolean): string {
  const [lookup] = group
  if (!lookup) return ''
  const rows = lookup.attempts.flatMap((attempt, i) => attemptRows(attempt, i, lookup))
  const table = rows.length > 0 ? formatTable(['#', 'ASKED', 'TYPE', 'ANSWER'], rows) : ''
  const mark = unicode ? '→' : '->'
  return `${group.map(({ library }) => library).join(' and ')}\n${table}${mark} ${visible(resultText(lookup.result, lookup.library))}\n`
}

/** A row a query; types that were answered alike share one. */
function attemptRows(
  { text, queries, verdict }: Attempt,
  index: number,
  { reading }: Lookup,
): readonly (readonly string[])[] {
  const number = String(index + 1)
  if (queries.length === 0) return [[number, text, '', `${verdict}: not asked`].map(visible)]
  const several = reading.nameservers.length > 1
  const groups = new Map<string, Query[]>()
  for (const query of queries) {
    const answer = `${replyText(query)}${several ? `  (${query.server})` : ''}`
    groups.set(answer, [...(groups.get(answer) ?? []), query])
  }
  return [...groups].map(([answer, all], i) => {
    const types = all.map(({ type }) => formatType(type)).join(' ')
    return [i === 0 ? number : '', i === 0 ? text : '', types, answer].map(visible)
  })
}

/** Data of so many records are told. */
const MOST_RECORDS = 6

function replyText({ reply, overTcp }: Query): string {
  switch (reply.kind) {
    case 'answer': {
      const { rcode, records, beyond } = reply
      if (records.length === 0) return formatRcode(rcode) === 'NOERROR' ? 'NOERROR, no such record' : formatRcode(rcode)
      const data = records.slice(0, MOST_RECORDS).map(record => formatRecord(record).split(' ').slice(2).join(' '))
      const more = records.length - data.length
      const tail = [
        ...(more > 0 ? [`and ${more} more`] : []),
        ...(beyond ? [`${formatName(beyond)} is asked for outside`] : []),
        ...(overTcp ? ['over TCP'] : []),
      ]
      return [...data, ...tail].join(', ')
    }
    case 'outside':
      return 'asked outside: not known here'
    case 'silence':
      return 'no answer'
    case 'nobody':
      return 'nobody listens there'
  }
}

function resultText(result: Result, library: Lookup['library']): string {
  switch (result.kind) {
    case 'addresses':
      return `${result.addresses.map(formatIp).join(' ')}${result.from === 'hosts' ? '   from /etc/hosts' : ''}`
    case 'names':
      return `${result.names.join(' ')}${result.from === 'hosts' ? '   from /etc/hosts' : ''}`
    case 'records':
      return result.records.map(record => formatRecord(record)).join('; ')
    case 'outside':
      return `what somebody outside of the cluster answers for ${result.name}`
    case 'failed':
      return `${result.failure}: ${FAILURE_WORDS[library][result.failure]}`
  }
}

function formatTraps(traps: readonly Trap[]): string {
  return traps.map(({ code, level, message }) => `${level}: ${visible(`${code}: ${message}`)}\n`).join('')
}
