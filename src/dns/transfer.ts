/**
 * The whole zone as records, and as the messages of a transfer.
 *
 * What only answers tell is not in it: reverse names, Pods, the schema's version.
 *
 * @see CoreDNS plugin/kubernetes/xfr.go, plugin/transfer/transfer.go; RFC 5936
 * @module
 */
import { addressData, soaRecord } from './answer.ts'
import { type Discovered, type EndpointGroup, NO_PORT } from './discovered.ts'
import { encodeMessage } from './encode.ts'
import type { Message } from './message.ts'
import { findName, lowerLabel, MOST_NAME_OCTETS, type Name, nameOctets } from './name.ts'
import { nameServers } from './name-servers.ts'
import { primaryOf } from './options.ts'
import { formatRecord, type RecordData, type ResourceRecord } from './record.ts'
import type { Zone } from './zone.ts'

/** All records of the cluster's own zone, each once; the SOA stands first. Names too long to be sent are left out. */
export function zoneRecords(zone: Zone): readonly ResourceRecord[] {
  const around = primaryOf(zone.options.zones)
  const record = (owner: Name, data: RecordData) => ({ owner: [...owner, ...around], ttl: zone.options.ttl, ...data })
  const servers = nameServers(zone)
  const ours = [...zone.services.values()].filter(({ namespace }) => zone.isExposed(namespace)).sort(byName)
  const records = [
    soaRecord(zone, around),
    ...servers.map(({ owner }) => record([], { type: 'NS', target: [...owner, ...around] })),
    ...servers.flatMap(({ owner, host }) => [addressData(host)].flatMap(data => (data ? [record(owner, data)] : []))),
    ...ours.flatMap(discovered => recordsOf(discovered, around).map(([owner, data]) => record(owner, data))),
  ]
  const sendable = records.filter(one => nameOctets(one.owner) <= MOST_NAME_OCTETS && isSendable(one))
  return [...new Map(sendable.map(one => [formatRecord(one), one])).values()]
}

function isSendable(record: ResourceRecord): boolean {
  return !('target' in record) || nameOctets(record.target) <= MOST_NAME_OCTETS
}

function byName(a: Discovered, b: Discovered): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1
  return a.namespace < b.namespace ? -1 : 1
}

type Entry = readonly [owner: Name, data: RecordData]

/** @returns owners without the zone */
function recordsOf(discovered: Discovered, around: Name): readonly Entry[] {
  const { name, namespace, service, groups } = discovered
  const owner = [name, namespace, 'svc']
  const named = (port: { name: string; protocol: string }) => [
    `_${lowerLabel(port.name)}`,
    `_${lowerLabel(port.protocol)}`,
    ...owner,
  ]
  switch (service?.kind) {
    case 'external': {
      const target = service.host.ip === undefined ? findName(service.host.text) : undefined
      return target ? [[owner, { type: 'CNAME', target }]] : []
    }
    case 'cluster': {
      const srv = (port: number) =>
        ({ type: 'SRV', priority: 0, weight: 100, port, target: [...owner, ...around] }) as const
      const ports = service.ports.filter(({ port }) => port !== NO_PORT)
      return [
        ...service.hosts.flatMap(host => addressEntry(owner, addressData(host))),
        ...ports.flatMap((port): readonly Entry[] => [
          [owner, srv(port.port)],
          ...(port.name === '' ? [] : [[named(port), srv(port.port)] as const]),
        ]),
      ]
    }
    case 'headless':
      return groups.flatMap(group => endpointEntries(group, owner, named, around))
    case undefined:
      return []
  }
}

function endpointEntries(
  { endpoints, ports }: EndpointGroup,
  owner: Name,
  named: (port: { name: string; protocol: string }) => Name,
  around: Name,
): readonly Entry[] {
  const weight = Math.max(1, Math.floor(100 / endpoints.length))
  const wanted = ports.filter(({ name, port }) => name !== '' && port !== NO_PORT)
  return endpoints.flatMap(({ host, label }): readonly Entry[] => {
    const data = addressData(host)
    if (data === undefined) return []
    const own = [label, ...owner]
    return [
      [owner, data],
      [own, data],
      ...wanted.map((port): Entry => {
        return [named(port), { type: 'SRV', priority: 0, weight, port: port.port, target: [...own, ...around] }]
      }),
    ]
  })
}

function addressEntry(owner: Name, data: RecordData | undefined): readonly Entry[] {
  return data ? [[owner, data]] : []
}

/** Octets of records in one message; the rest up to 65,535 is for header, question and whatever was forgotten. */
const MOST_RECORD_OCTETS = 63_000
/** Of an owner's type, class, TTL and length, and of the numbers of the largest data. */
const RECORD_OCTETS = 10 + 22

/**
 * The messages of a transfer over TCP, made one by one.
 *
 * @param reply with the question, and without records
 * @param known the serial that the other side has, if it said one; then the SOA alone says that nothing is new
 */
export function* transferMessages(zone: Zone, reply: Message, known?: number): Generator<Uint8Array> {
  const [soa, ...others] = zoneRecords(zone)
  if (soa === undefined) return
  if (known !== undefined && known === zone.serial) {
    yield encodeMessage({ ...reply, answer: [soa] })
    return
  }
  let answer: ResourceRecord[] = []
  let octets = 0
  for (const record of [soa, ...others, soa]) {
    const size = RECORD_OCTETS + nameOctets(record.owner) + nameOctets(targetOf(record))
    if (octets + size > MOST_RECORD_OCTETS) {
      yield encodeMessage({ ...reply, answer })
      answer = []
      octets = 0
    }
    answer.push(record)
    octets += size
  }
  yield encodeMessage({ ...reply, answer })
}

/** The names in the data, as if they were one. */
function targetOf(record: ResourceRecord): Name {
  if (record.type === 'SOA') return [...record.mname, ...record.rname]
  return 'target' in record ? record.target : []
}
