/** Lines of the query log. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { type LogClass, lineOf, openQueryLog, type QueryLine } from '../../src/cli/query-log.ts'
import { encodeMessage } from '../../src/dns/encode.ts'
import { DNSSEC_OK } from '../../src/dns/message.ts'
import type { TYPES } from '../../src/dns/record.ts'
import { respond } from '../../src/dns/respond.ts'
import type { Observation } from '../../src/server/dns/observed-answers.ts'
import { askUdp, questionOf, TcpClient } from '../server/dns/client.ts'
import { serve, zoneOf } from '../server/dns/served.ts'

const WEB = 'web.a.svc.cluster.local'

function observed(name: string, type: keyof typeof TYPES = 'A', edns = false): Observation {
  const extra = { udpSize: 1232, version: 0, flags: DNSSEC_OK, options: [] }
  const query = encodeMessage(questionOf(name, type, 7, edns ? extra : undefined))
  const reply = respond(zoneOf(), query, { transport: 'udp' })
  const answer = 'octets' in reply ? reply.octets : 'otherwise' in reply ? reply.otherwise : undefined
  const arrival = { transport: 'udp', client: '127.0.0.1', port: 9 } as const
  return { arrival, query, octets: answer?.length ?? 0, took: 0.12345, ...(answer ? { answer } : {}) }
}

// biome-ignore format: one case, one row
const LINES: [observation: Observation, line: Partial<QueryLine>][] = [
  [observed(WEB),                         { class: 'success', name: `${WEB}.`, type: 'A', rcode: 'NOERROR', flags: 'qr,aa,rd', do: false, bufsize: 0, id: 7, ms: 0.123, client: '127.0.0.1', port: 9, proto: 'udp' }],
  [observed(WEB, 'A', true),              { class: 'success', do: true, bufsize: 1232 }],
  [observed(WEB, 'AAAA'),                 { class: 'denial', type: 'AAAA', rcode: 'NOERROR' }],
  [observed(`no.${WEB}`),                 { class: 'denial', rcode: 'NXDOMAIN' }],
  [observed('example.com'),               { class: 'error', rcode: 'SERVFAIL', flags: 'qr,rd' }],
  [observed('cluster.local', 'AXFR'),     { class: 'error', rcode: 'REFUSED' }],
  [{ ...observed(WEB), query: Uint8Array.of(1, 2), answer: Uint8Array.of(1, 2) }, { class: 'error', size: 2 }],
]

for (const [observation, wanted] of LINES) {
  t.test(`${wanted.class}: ${wanted.name ?? wanted.rcode ?? 'garbage'}`, async t => {
    t.match(lineOf(observation), wanted)
  })
}

const logged = async (classes: readonly LogClass[], every: number, all: readonly Observation[]) => {
  const dir = await mkdtemp(join(tmpdir(), 'podwire-log-'))
  try {
    const file = join(dir, 'queries.log')
    const log = openQueryLog({ classes, every, file })
    for (const one of all) log.observe(one)
    await log.end()
    const text = await readFile(file, 'utf8')
    return text
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line))
  } finally {
    await rm(dir, { recursive: true })
  }
}

t.test('classes choose, and of many that went well some are told of', async t => {
  const all = [observed(WEB), observed(`no.${WEB}`), observed('example.com')]
  const levels = async (classes: readonly LogClass[], every = 1) =>
    (await logged(classes, every, [...all, ...all])).map(line => `${line.level} ${line.class}`)
  t.strictSame(await levels(['error']), ['40 error', '40 error'])
  t.strictSame(await levels(['denial', 'success']), ['30 success', '30 denial', '30 success', '30 denial'])
  t.strictSame(await levels(['all'], 4), ['30 success', '40 error', '40 error'])
})

t.test('a server tells of each query', async t => {
  const seen: QueryLine[] = []
  const { at } = await serve(t, zoneOf(undefined, ['*']), { observe: one => seen.push(lineOf(one)) })
  await askUdp(at, questionOf(WEB, 'A', 3))
  const client = await TcpClient.open(at)
  await client.ask(questionOf('example.com', 'A', 4))
  await client.ask(questionOf('cluster.local', 'AXFR', 5))
  while (seen.length < 3) await new Promise(setImmediate)
  client.close()
  t.match(seen, [
    { proto: 'udp', id: 3, class: 'success' },
    { proto: 'tcp', id: 4, class: 'error' },
    { proto: 'tcp', id: 5, type: 'AXFR', class: 'success' },
  ])
  t.ok(seen.every(line => line.port > 0 && line.rsize > 0))
})
