/**
 * Lookups as JSON: the form that `schema/dns-query.schema.json` describes.
 *
 * Version 1: members may be added, none change or go.
 *
 * @module
 */
import { formatIp } from '../../base/ip.ts'
import type { Pod } from '../../objects/pod.ts'
import { formatRcode } from '../message.ts'
import { formatName } from '../name.ts'
import { formatRecord, formatType } from '../record.ts'
import type { Attempt, Query } from './attempt.ts'
import { type Client, FAILURE_WORDS, type Lookup, type Result, type Sought } from './lookup.ts'
import type { Trap } from './trap.ts'

const JSON_VERSION = 1

/** What `JSON.stringify` takes as it is. */
type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json }

/** Lookups of one name, and what is told beside them. */
export interface Told {
  readonly sought: Sought
  /** Absent: a pod of which nothing is said but its namespace. */
  readonly pod?: Pod
  readonly namespace: string
  readonly client: Client
  readonly lookups: readonly Lookup[]
  readonly traps: readonly Trap[]
}

export function lookupsToJson({ sought, pod, namespace, client, lookups, traps }: Told): Json {
  const { nameservers, searches, options } = client.conf
  return {
    version: JSON_VERSION,
    name: sought.name,
    type: sought.type === undefined ? null : formatType(sought.type),
    from: {
      namespace,
      pod: pod?.metadata.name ?? null,
      node: pod?.spec.nodeName || null,
      dnsPolicy: pod?.spec.dnsPolicy ?? 'ClusterFirst',
    },
    resolvConf: { nameservers, searches, options },
    hosts: client.hosts.map(({ address, names }) => ({ address, names })),
    lookups: lookups.map(lookupToJson),
    remarks: traps.map(({ code, level, message }) => ({ code, level, message })),
  }
}

export function lookupToJson({ library, reading, types, attempts, result }: Lookup): Json {
  const { nameservers, searches, ndots, timeout, attempts: tries } = reading
  return {
    resolver: library,
    reads: { nameservers, searches, ndots, timeout, attempts: tries },
    types: types.map(formatType),
    attempts: attempts.map(attemptToJson),
    result: resultToJson(result, library),
  }
}

function attemptToJson({ text, suffix, queries, verdict, goesOn }: Attempt): Json {
  return { name: text, suffix: suffix ?? null, queries: queries.map(queryToJson), verdict, goesOn }
}

function queryToJson({ type, server, reply, sent, overTcp }: Query): Json {
  const asked = { type: formatType(type), server, sent, tcp: overTcp, reply: reply.kind }
  if (reply.kind !== 'answer') return asked
  return {
    ...asked,
    rcode: formatRcode(reply.rcode),
    octets: reply.octets,
    answer: reply.records.map(formatRecord),
    authority: reply.authority.map(formatRecord),
    ...(reply.beyond ? { beyond: formatName(reply.beyond) } : {}),
  }
}

function resultToJson(result: Result, library: Lookup['library']): Json {
  switch (result.kind) {
    case 'addresses':
      return { kind: result.kind, from: result.from, addresses: result.addresses.map(formatIp) }
    case 'names':
      return { kind: result.kind, from: result.from, names: result.names }
    case 'records':
      return { kind: result.kind, records: result.records.map(formatRecord) }
    case 'outside':
      return { kind: result.kind, name: result.name }
    case 'failed':
      return { kind: result.kind, error: result.failure, message: FAILURE_WORDS[library][result.failure] }
  }
}
