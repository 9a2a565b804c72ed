/** Queries that were tampered with, from a seed, and what may be said to them. */
import { readHeader, readMessage } from '../../src/dns/decode.ts'
import { datagramLimit, encodeMessage } from '../../src/dns/encode.ts'
import { query, RCODES } from '../../src/dns/message.ts'
import { parseName } from '../../src/dns/name.ts'
import { kubeadmOptions } from '../../src/dns/options.ts'
import { CLASS_IN, TYPES } from '../../src/dns/record.ts'
import { Zone } from '../../src/dns/zone.ts'
import { namespaceOf, port, serviceOf, sliceOf } from './objects.ts'

/** A number from 0 to 1, without 1. */
export type Random = () => number

const NAMES = [
  'web.a.svc.cluster.local',
  'many.a.svc.cluster.local',
  '_http._tcp.web.a.svc.cluster.local',
  'ext.a.svc.cluster.local',
  'no.a.svc.cluster.local',
  'x.no.svc.cluster.local',
  '10-244-1-1.a.pod.cluster.local',
  '1.0.96.10.in-addr.arpa',
  'dns-version.cluster.local',
  'cluster.local',
  'example.com',
]
const TYPE_CODES = Object.values(TYPES)
/** Octets that mean something: ends, lengths, pointers. */
const TELLING = [0, 1, 11, 12, 41, 63, 64, 0x7f, 0x80, 0xc0, 0xc1, 0xff]
const MOST_OCTETS = 600
const KNOWN: ReadonlySet<number> = new Set(Object.values(RCODES))

export function hostileZone(): Zone {
  const many = Array.from({ length: 60 }, (_, i) => ({ ip: `10.244.1.${i}`, hostname: `many-with-a-long-name-${i}` }))
  const objects = {
    namespaces: [namespaceOf('a')],
    services: [
      serviceOf('a/web', { clusterIP: '10.96.0.1', ports: [port(80, 'http')] }),
      serviceOf('a/many', { clusterIP: 'None', ports: [port(80, 'http')] }),
      serviceOf('a/ext', { type: 'ExternalName', externalName: 'www.example.com' }),
    ],
    slices: [sliceOf('a/many', many, [port(80, 'http')])],
    pods: [],
  }
  return new Zone(objects, { ...kubeadmOptions(), transferTo: ['*'] }, 9)
}

/** A query that may be sound, tampered with, or nothing but noise. */
export function hostileQuery(random: Random): Uint8Array {
  const below = (count: number) => Math.floor(random() * count)
  const pick = <T>(from: readonly [T, ...T[]] | readonly T[]): T => from[below(from.length)] as T
  if (below(8) === 0) return Uint8Array.from({ length: below(MOST_OCTETS) }, () => below(256))
  const edns = {
    udpSize: pick([0, 512, 1232, 4096, 65535]),
    version: below(20) === 0 ? 1 : 0,
    flags: pick([0, 0x8000]),
  }
  const options = below(4) === 0 ? [{ code: pick([3, 8, 10, 12]), data: new Uint8Array(below(40)) }] : []
  const question = { name: parseName(pick(NAMES)), type: pick(TYPE_CODES), class: below(20) === 0 ? 3 : CLASS_IN }
  const sound = encodeMessage(query(below(0x10000), question, below(2) === 0 ? { ...edns, options } : undefined))
  const octets = Array.from(sound)
  const slips = below(6)
  for (let i = 0; i < slips; i++) {
    const at = below(octets.length)
    const octet = below(2) === 0 ? below(256) : pick(TELLING)
    const what = below(10)
    if (what < 7) octets[at] = octet
    else if (what === 7) octets.splice(at, 1 + below(8))
    else if (what === 8) octets.splice(at, 0, ...octets.slice(0, below(30)))
    else octets.length = at
  }
  return Uint8Array.from(octets)
}

/** What is wrong with an answer to it; nothing where all is well. */
export function faultOf(octets: Uint8Array, answer: Uint8Array, transport: 'udp' | 'tcp'): string | undefined {
  const read = readMessage(answer)
  if (read === undefined || read.problem !== undefined) return 'it cannot be read'
  if (!read.message.response) return 'it is no answer'
  if (!KNOWN.has(read.message.rcode)) return `its code is ${read.message.rcode}`
  if (read.message.id !== readHeader(octets)?.header.id) return 'it is to another query'
  const asked = readMessage(octets)
  const limit = datagramLimit(asked?.message.edns)
  return transport === 'udp' && answer.length > limit
    ? `it has ${answer.length} octets, ${limit} may be sent`
    : undefined
}
