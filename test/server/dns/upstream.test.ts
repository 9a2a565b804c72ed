/** Questions that go outside: who answers, who is silent, who lies. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import t from 'tap'
import { encodeMessage } from '../../../src/dns/encode.ts'
import type { Message } from '../../../src/dns/message.ts'
import { parseName } from '../../../src/dns/name.ts'
import { CLASS_IN, type ResourceRecord, TYPES } from '../../../src/dns/record.ts'
import type { Endpoint } from '../../../src/server/dns/endpoint.ts'
import { Frames, framed } from '../../../src/server/dns/frames.ts'
import { askUdp, messageOf, questionOf, summaryOf, TcpClient } from './client.ts'
import { serve, zoneOf } from './served.ts'

type Test = Parameters<typeof serve>[0]
/** What a server outside sends for a query. */
type Say = (query: Message, transport: 'udp' | 'tcp') => readonly Message[]

const ADDRESS = 0x01020304
const record = (owner: string): ResourceRecord => ({
  owner: parseName(owner),
  ttl: 7,
  type: 'A',
  address: ADDRESS as never,
})

/** The right answer: 1.2.3.4, whatever is asked. */
function right(query: Message): Message {
  const [question] = query.questions
  const owner = question?.name ?? []
  return { ...query, response: true, answer: [{ ...record('.'), owner }] }
}

/** A server outside, over both transports. */
async function outside(t: Test, say: Say): Promise<{ readonly at: Endpoint; readonly heard: string[] }> {
  const heard: string[] = []
  const tcp = createServer(socket => {
    const frames = new Frames()
    socket.on('error', () => {})
    socket.on('data', chunk => {
      frames.put(chunk)
      const query = frames.take()
      if (query === undefined) return
      heard.push('tcp')
      for (const one of say(messageOf(query), 'tcp')) socket.write(framed(encodeMessage(one)))
    })
  }).listen(0, '127.0.0.1')
  await once(tcp, 'listening')
  const bound = tcp.address()
  const at = { address: '127.0.0.1', port: typeof bound === 'object' ? (bound?.port ?? 0) : 0 }
  const udp = createSocket('udp4').bind(at.port, at.address)
  await once(udp, 'listening')
  udp.on('message', (octets, from) => {
    heard.push('udp')
    for (const one of say(messageOf(Uint8Array.from(octets)), 'udp'))
      udp.send(encodeMessage(one), from.port, from.address)
  })
  t.teardown(() => [tcp.close(), udp.close()])
  return { at, heard }
}

const NAME = 'www.example.com'
const SAID = `NOERROR: ${NAME}. 7 A 1.2.3.4`
const cut = (query: Message): Message => ({ ...query, response: true, truncated: true })
const wrongQuestion = (query: Message): Message => ({
  ...right(query),
  questions: [{ name: parseName('other.example.com'), type: TYPES.A, class: CLASS_IN }],
})

// biome-ignore format: one case, one row
const OTHERS: [who: string, say: Say, udp: string, tcp: string][] = [
  ['answers',                              query => [right(query)],                                        SAID,            SAID],
  ['is silent',                            () => [],                                                       'SERVFAIL: ',    'SERVFAIL: '],
  ['answers with a wrong number',          query => [{ ...right(query), id: query.id ^ 1 }],               'SERVFAIL: ',    'SERVFAIL: '],
  ['answers another question',             query => [wrongQuestion(query)],                                'SERVFAIL: ',    'SERVFAIL: '],
  ['sends the query back',                 query => [query],                                               'SERVFAIL: ',    'SERVFAIL: '],
  ['lies before it tells the truth',       query => [{ ...right(query), id: query.id ^ 1 }, wrongQuestion(query), right(query)], SAID, SAID],
  ['cuts over UDP',                        (query, by) => [by === 'udp' ? cut(query) : right(query)],      'NOERROR cut: ', SAID],
  ['says that there is no such name',      query => [{ ...query, response: true, rcode: 3 }],              'NXDOMAIN: ',    'NXDOMAIN: '],
  ['says more than the client takes',      query => [{ ...right(query), answer: Array.from({ length: 90 }, () => record(NAME)) }], 'NOERROR cut: ', `NOERROR: ${Array.from({ length: 90 }, () => `${NAME}. 7 A 1.2.3.4`).join(', ')}`],
]

for (const [who, say, overUdp, overTcp] of OTHERS) {
  t.test(`somebody outside ${who}`, async t => {
    const other = await outside(t, say)
    const { at } = await serve(t, zoneOf(), { forward: [other.at], limits: { answer: 300 } })
    const answer = await askUdp(at, questionOf(NAME, 'A', 77))
    t.equal(summaryOf(answer), overUdp, 'over UDP')
    t.strictSame(answer.questions, questionOf(NAME).questions)
    const client = await TcpClient.open(at)
    t.equal(summaryOf(await client.ask(questionOf(NAME, 'A', 78))), overTcp, 'over TCP')
    client.close()
  })
}

t.test('an external name is followed', async t => {
  const other = await outside(t, query => [right(query)])
  const { at } = await serve(t, zoneOf(), { forward: [other.at] })
  const ext = 'ext.a.svc.cluster.local'
  t.equal(summaryOf(await askUdp(at, questionOf(ext))), `NOERROR: ${ext}. 30 CNAME ${NAME}., ${NAME}. 7 A 1.2.3.4`)
})

t.test('where nobody is outside, an external name stands alone', async t => {
  const other = await outside(t, () => [])
  const { at } = await serve(t, zoneOf(), { forward: [other.at], limits: { answer: 50 } })
  t.equal(
    summaryOf(await askUdp(at, questionOf('ext.a.svc.cluster.local'))),
    `NOERROR: ext.a.svc.cluster.local. 30 CNAME ${NAME}.`,
  )
})

t.test('an address backwards that is not of the cluster goes outside; the cluster names do not', async t => {
  const other = await outside(t, query => [{ ...query, response: true }])
  const { at } = await serve(t, zoneOf(), { forward: [other.at] })
  t.equal(summaryOf(await askUdp(at, questionOf('4.3.2.1.in-addr.arpa', 'PTR'))), 'NOERROR: ')
  t.strictSame(other.heard, ['udp'])
  t.equal(summaryOf(await askUdp(at, questionOf('no.a.svc.cluster.local'))), 'NXDOMAIN: ')
  t.equal(summaryOf(await askUdp(at, questionOf('example.com', 'AXFR'))), 'SERVFAIL: ', 'nor do transfers')
  t.strictSame(other.heard, ['udp'])
})

t.test('where the first is gone, the second is asked', async t => {
  const gone = createSocket('udp4').bind(0, '127.0.0.1')
  await once(gone, 'listening')
  const { port } = gone.address()
  gone.close()
  const other = await outside(t, query => [right(query)])
  const { at } = await serve(t, zoneOf(), { forward: [{ address: '127.0.0.1', port }, other.at] })
  t.equal(summaryOf(await askUdp(at, questionOf(NAME))), SAID)
})

t.test('a question too many is refused; the cluster is answered all the while', async t => {
  const other = await outside(t, () => [])
  const { at } = await serve(t, zoneOf(), { forward: [other.at], limits: { questions: 2, answer: 500 } })
  const client = await TcpClient.open(at)
  client.send(...[1, 2, 3].map(id => questionOf(NAME, 'A', id)), questionOf('web.a.svc.cluster.local', 'A', 4))
  const said = new Map<number, string>()
  while (said.size < 4) {
    const answer = await client.next()
    if (!answer) break
    said.set(answer.id, summaryOf(answer))
  }
  t.strictSame([...said.keys()].sort(), [1, 2, 3, 4])
  t.equal(said.get(3), 'REFUSED: ')
  t.equal(said.get(4), 'NOERROR: web.a.svc.cluster.local. 30 A 10.96.0.1')
  t.strictSame([...said.keys()].slice(2).sort(), [1, 2], 'who waits comes last')
  client.close()
})

t.test('stopping waits for those under way', async t => {
  let reached = () => {}
  const asked = new Promise<void>(resolve => {
    reached = resolve
  })
  const held: (() => void)[] = []
  const udp = createSocket('udp4').bind(0, '127.0.0.1')
  t.teardown(() => udp.close())
  await once(udp, 'listening')
  udp.on('message', (octets, from) => {
    const answer = encodeMessage(right(messageOf(Uint8Array.from(octets))))
    held.push(() => udp.send(answer, from.port, from.address))
    if (held.length === 2) reached()
  })
  const { server, at } = await serve(t, zoneOf(), { forward: [{ address: '127.0.0.1', port: udp.address().port }] })
  const client = await TcpClient.open(at)
  client.send(questionOf(NAME))
  const byUdp = askUdp(at, questionOf(NAME))
  await asked
  const stopped = server.stop()
  for (const answer of held) answer()
  t.equal(summaryOf(await byUdp), SAID)
  const last = await client.next()
  t.equal(last && summaryOf(last), SAID)
  t.equal(await client.next(), undefined)
  await stopped
})
