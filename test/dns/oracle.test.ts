/**
 * What CoreDNS' own kubernetes plugin answered over the same objects.
 *
 * Records of a section have no order in the answers; the serial is the moment of the last change there, and told as a
 * word. Zones, TTL and the rest are as the answers' server was set up.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { readMessage } from '../../src/dns/decode.ts'
import { encodeMessage } from '../../src/dns/encode.ts'
import { formatRcode, query } from '../../src/dns/message.ts'
import { parseName, ROOT } from '../../src/dns/name.ts'
import { kubeadmOptions, type PodsMode } from '../../src/dns/options.ts'
import { CLASS_IN, findType, formatRecord, type ResourceRecord } from '../../src/dns/record.ts'
import { respond } from '../../src/dns/respond.ts'
import { Zone } from '../../src/dns/zone.ts'
import { readObjects } from './objects.ts'

const FIXTURES = 'test/fixtures/dns'
const SHARED = '../shared/oracle/dns'
const MODES: readonly PodsMode[] = ['disabled', 'insecure', 'verified']
const SERIAL = 1_700_000_000

interface Asked {
  readonly query: string
  readonly rcode: string
  readonly flags: string
  readonly answer?: readonly string[]
  readonly authority?: readonly string[]
  readonly additional?: readonly string[]
}

function zoneOf(folder: string, pods: PodsMode): Zone {
  const served = [{ zone: ROOT, cluster: true, forwards: [] }]
  const options = { ...kubeadmOptions(), pods, served, fallthrough: [], transferTo: ['*'] }
  return new Zone(readObjects(`${folder}/objects.yaml`), options, SERIAL)
}

const told = (record: ResourceRecord) => formatRecord(record).replace(` ${SERIAL} `, ' SERIAL ')
const sorted = (records: readonly ResourceRecord[]) => records.map(told).sort()

/** The answer in the form of the collection. */
function ask(zone: Zone, text: string): Asked {
  const [, name = '', type = ''] = /^(\S+) (\S+)$/.exec(text) ?? []
  const question = { name: parseName(name), type: findType(type) ?? 0, class: CLASS_IN }
  const response = respond(zone, encodeMessage(query(1, question)), { transport: 'tcp' })
  const octets =
    response.kind === 'forward' ? response.otherwise : response.kind === 'reply' ? response.octets : undefined
  const message = octets && readMessage(octets)?.message
  if (!message) throw new Error(`no answer to ${text}: ${response.kind}`)
  const flags = [
    [message.response, 'QR'],
    [message.authoritative, 'AA'],
    [message.truncated, 'TC'],
    [message.recursionDesired, 'RD'],
    [message.recursionAvailable, 'RA'],
  ]
  const section = (key: string, records: readonly ResourceRecord[]) =>
    records.length > 0 ? { [key]: sorted(records) } : {}
  return {
    query: text,
    rcode: formatRcode(message.rcode),
    flags: flags.flatMap(([is, word]) => (is ? word : [])).join(' '),
    ...section('answer', message.answer),
    ...section('authority', message.authority),
    ...section('additional', message.additional),
  }
}

function transferred(zone: Zone): readonly string[] {
  const question = { name: parseName('cluster.local'), type: findType('AXFR') ?? 0, class: CLASS_IN }
  const response = respond(zone, encodeMessage(query(1, question)), { transport: 'tcp' })
  if (response.kind !== 'replies') throw new Error(`no transfer: ${response.kind}`)
  const records = [...response.messages].flatMap(octets => readMessage(octets)?.message.answer ?? [])
  return [...new Set(records.map(told))].sort()
}

async function compare(t: Test, folder: string) {
  for (const mode of MODES) {
    const zone = zoneOf(folder, mode)
    const expected: readonly Asked[] = parse(readFileSync(`${folder}/answers-pods-${mode}.yaml`, 'utf8'))
    t.ok(expected.length > 0)
    const wrong = expected
      .map(wanted => [wanted, ask(zone, wanted.query)] as const)
      .filter(([wanted, found]) => JSON.stringify(inOrder(wanted)) !== JSON.stringify(inOrder(found)))
    t.strictSame(
      wrong.slice(0, 5).map(pair => pair[1]),
      wrong.slice(0, 5).map(pair => pair[0]),
      `pods ${mode}`,
    )
    t.equal(wrong.length, 0)
  }
  const lines = readFileSync(`${folder}/axfr.txt`, 'utf8').trim().split('\n')
  t.strictSame(transferred(zoneOf(folder, 'insecure')), lines.sort(), 'the transfer')
}

/** Each section sorted, as text has no other order. */
function inOrder({ answer, authority, additional, ...rest }: Asked) {
  const order = (list: readonly string[] | undefined) => [...(list ?? [])].sort()
  return {
    query: rest.query,
    rcode: rest.rcode,
    flags: rest.flags,
    sections: [answer, authority, additional].map(order),
  }
}

for (const name of readdirSync(FIXTURES)) {
  t.test(`a zone answers and transfers as CoreDNS does: ${name}`, t => compare(t, `${FIXTURES}/${name}`))
}

t.test('the whole collection', { skip: existsSync(SHARED) ? false : `${SHARED} is not here` }, async t => {
  for (const name of readdirSync(SHARED)) {
    await t.test(`a zone answers and transfers as CoreDNS does: ${name}`, t => compare(t, `${SHARED}/${name}`))
  }
})
