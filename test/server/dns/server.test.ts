/** The server over UDP and TCP: answers, cuts, transfers, stopping, and what it does not put up with. */
import { execFile, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { promisify } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { encodeMessage } from '../../../src/dns/encode.ts'
import { framed } from '../../../src/server/dns/frames.ts'
import { ListenError } from '../../../src/server/dns/listen-error.ts'
import { DnsServer } from '../../../src/server/dns/server.ts'
import { namespaceOf, port, serviceOf } from '../../dns/objects.ts'
import { askUdp, questionOf, summaryOf, TcpClient } from './client.ts'
import { LOOPBACK, OBJECTS, serve, zoneOf } from './served.ts'

const WEB = 'web.a.svc.cluster.local'
const MANY = 'many.a.svc.cluster.local'
const WEB_SAID = `NOERROR: ${WEB}. 30 A 10.96.0.1`
const EDNS = { udpSize: 4096, version: 0, flags: 0, options: [] }

// biome-ignore format: one case, one row
const ANSWERS: [why: string, name: string, type: 'A' | 'AAAA' | 'SRV' | 'AXFR', said: string][] = [
  ['an address',                    WEB,                     'A',    WEB_SAID],
  ['whatever its case',             'WeB.a.svc.cluster.LOCAL', 'A',  'NOERROR: WeB.a.svc.cluster.LOCAL. 30 A 10.96.0.1'],
  ['no address of that family',     WEB,                     'AAAA', 'NOERROR: '],
  ['a port',                        `_http._tcp.${WEB}`,     'SRV',  `NOERROR: _http._tcp.${WEB}. 30 SRV 0 100 80 ${WEB}.`],
  ['no such name',                  `no.${WEB}`,             'A',    'NXDOMAIN: '],
  ['an external name, nobody asked', 'ext.a.svc.cluster.local', 'A', 'NOERROR: ext.a.svc.cluster.local. 30 CNAME www.example.com.'],
  ['a name outside, nobody asked',  'example.com',           'A',    'SERVFAIL: '],
  ['no transfer to everybody',      'cluster.local',         'AXFR', 'REFUSED: '],
]

t.test('UDP and TCP say the same', async t => {
  const { at } = await serve(t)
  const client = await TcpClient.open(at)
  for (const [why, name, type, said] of ANSWERS) {
    t.equal(summaryOf(await askUdp(at, questionOf(name, type))), said, `${why}, over UDP`)
    t.equal(summaryOf(await client.ask(questionOf(name, type))), said, `${why}, over TCP`)
  }
  client.close()
})

const hasIpv6 = Object.values(networkInterfaces()).some(all => all?.some(one => one.address === '::1'))
t.test('IPv6 is heard as well', { skip: hasIpv6 ? false : 'this machine has no ::1' }, async t => {
  const { server } = await serve(t, zoneOf(), { listen: [LOOPBACK, { address: '::1', port: 0 }] })
  const [, at] = server.endpoints
  if (!at) throw new Error('there are two')
  t.equal(summaryOf(await askUdp(at, questionOf(WEB))), WEB_SAID)
  const client = await TcpClient.open(at)
  t.equal(summaryOf(await client.ask(questionOf(WEB))), WEB_SAID)
  client.close()
})

t.test('an answer that does not fit is cut, and whole over TCP', async t => {
  const { at } = await serve(t)
  const cut = await askUdp(at, questionOf(MANY))
  t.equal(cut.truncated, true)
  t.ok(encodeMessage(cut).length <= 512)
  const client = await TcpClient.open(at)
  for (const whole of [await client.ask(questionOf(MANY)), await askUdp(at, questionOf(MANY, 'A', 1, EDNS))]) {
    t.equal(whole.truncated, false)
    t.equal(whole.answer.length, 60)
  }
  client.close()
})

t.test('addresses take turns', async t => {
  const { at } = await serve(t)
  const firsts = new Set<string>()
  for (let i = 0; i < 8; i++) {
    const [first] = (await askUdp(at, questionOf(MANY, 'A', i, EDNS))).answer
    firsts.add(first?.type === 'A' ? String(first.address) : '')
  }
  t.equal(firsts.size, 8)
})

t.test('whoever may take the zone gets it, in several messages', async t => {
  const services = Array.from({ length: 1500 }, (_, i) =>
    serviceOf(`a/s-${i}`, { clusterIP: '10.96.1.1', ports: [port(1)] }),
  )
  const { at } = await serve(t, zoneOf({ ...OBJECTS, services, slices: [] }, ['127.0.0.1']))
  const client = await TcpClient.open(at)
  client.send(questionOf('cluster.local', 'AXFR', 7))
  let messages = 0
  const types: string[] = []
  while (types.length < 2 || types.at(-1) !== 'SOA') {
    const message = await client.next()
    t.equal(message?.id, 7)
    types.push(...(message?.answer.map(({ type }) => type) ?? ['over']))
    messages++
  }
  t.ok(messages > 1, `${messages} messages`)
  t.equal(types.length, 1 + 1500 * 2 + 1)
  t.equal(
    summaryOf(await client.ask(questionOf('s-7.a.svc.cluster.local'))),
    'NOERROR: s-7.a.svc.cluster.local. 30 A 10.96.1.1',
    'and goes on asking',
  )
  client.close()
})

t.test('queries come in any pieces', async t => {
  const { at } = await serve(t)
  const client = await TcpClient.open(at)
  const ids = Array.from({ length: 50 }, (_, i) => i)
  client.send(...ids.map(id => questionOf(WEB, 'A', id)))
  for (const id of ids) t.equal((await client.next())?.id, id, 'many in one segment')
  for (const octet of framed(encodeMessage(questionOf(WEB, 'A', 99)))) {
    client.socket.write(Uint8Array.of(octet))
    await new Promise(setImmediate)
  }
  t.equal((await client.next())?.id, 99, 'one in many')
  client.close()
})

t.test('who has ended his half is answered, and then ended', async t => {
  const { at } = await serve(t)
  const client = await TcpClient.open(at)
  client.send(questionOf(WEB, 'A', 1), questionOf(MANY, 'A', 2))
  client.socket.end(Uint8Array.of(0))
  t.equal((await client.next())?.id, 1)
  t.equal((await client.next())?.id, 2)
  t.equal(await client.next(), undefined)
})

// biome-ignore format: one case, one row
const SLOW: [why: string, octets: Uint8Array][] = [
  ['says nothing',             Uint8Array.of()],
  ['says half a length',       Uint8Array.of(0)],
  ['promises a message',       Uint8Array.of(0xff, 0xff, 1, 2, 3)],
  ['asks and goes quiet',      framed(encodeMessage(questionOf(WEB)))],
  ['asks and asks by half',    Uint8Array.of(...framed(encodeMessage(questionOf(WEB))), 0, 9)],
]

for (const [why, octets] of SLOW) {
  t.test(`who ${why} stops nobody, and is ended`, async t => {
    const { at } = await serve(t, zoneOf(), { limits: { idle: 200, read: 200 } })
    const slow = await TcpClient.open(at)
    slow.socket.write(octets)
    const quick = await TcpClient.open(at)
    t.equal(summaryOf(await quick.ask(questionOf(WEB))), WEB_SAID)
    quick.close()
    await slow.ended
    t.pass('ended')
  })
}

t.test('who does not take answers is ended, and not heard before', async t => {
  const { at } = await serve(t, zoneOf(), { limits: { write: 200 } })
  const slow = await TcpClient.open(at)
  slow.socket.pause()
  const flood = Buffer.concat(Array.from({ length: 2000 }, () => framed(encodeMessage(questionOf(MANY, 'SRV')))))
  // More than all buffers on the way hold.
  for (let i = 0; i < 400; i++) slow.socket.write(flood)
  const quick = await TcpClient.open(at)
  t.equal(summaryOf(await quick.ask(questionOf(WEB))), WEB_SAID)
  quick.close()
  // A socket that is not read hears of its end by what it still has to write.
  await slow.ended
  t.pass('ended')
})

t.test('of too many connections, the one that was quiet longest is ended', async t => {
  const { at } = await serve(t, zoneOf(), { limits: { connections: 3 } })
  const [first, second, third] = [await TcpClient.open(at), await TcpClient.open(at), await TcpClient.open(at)]
  for (const client of [second, third, first]) t.equal(summaryOf(await client.ask(questionOf(WEB))), WEB_SAID)
  const fourth = await TcpClient.open(at)
  t.equal(summaryOf(await fourth.ask(questionOf(WEB))), WEB_SAID)
  await second.ended
  for (const client of [first, third, fourth]) {
    t.equal(summaryOf(await client.ask(questionOf(WEB))), WEB_SAID)
    client.close()
  }
})

t.test('garbage does no harm', async t => {
  const { at } = await serve(t, zoneOf(), { limits: { read: 50, idle: 50 } })
  const octets = fc.uint8Array({ maxLength: 600 })
  for (const scrap of fc.sample(octets, { numRuns: 300, seed: 1 })) {
    t.equal(summaryOf(await askUdp(at, scrap, questionOf(WEB, 'A', 0x5a5a))), WEB_SAID)
  }
  for (const scrap of fc.sample(octets, { numRuns: 20, seed: 2 })) {
    const client = await TcpClient.open(at)
    client.socket.end(scrap)
    await client.ended
  }
  t.equal(summaryOf(await askUdp(at, questionOf(WEB))), WEB_SAID)
})

t.test('answers are not answered', async t => {
  const { at } = await serve(t)
  const answer = { ...questionOf(WEB, 'A', 5), response: true }
  t.equal((await askUdp(at, answer, questionOf(WEB, 'A', 6))).id, 6)
})

t.test('another zone takes the place of the first', async t => {
  const { server, at } = await serve(t)
  const client = await TcpClient.open(at)
  t.equal(summaryOf(await client.ask(questionOf(WEB))), WEB_SAID)
  const services = [serviceOf('b/web', { clusterIP: '10.96.0.2', ports: [] })]
  server.replaceZone(zoneOf({ namespaces: [namespaceOf('b')], services, slices: [], pods: [] }))
  t.equal(summaryOf(await client.ask(questionOf(WEB))), 'NXDOMAIN: ')
  t.equal(
    summaryOf(await askUdp(at, questionOf('web.b.svc.cluster.local'))),
    'NOERROR: web.b.svc.cluster.local. 30 A 10.96.0.2',
  )
  client.close()
})

t.test('stopped, it hears nothing more and lets the port go', async t => {
  const server = await DnsServer.start(zoneOf(), { listen: [LOOPBACK] })
  const [at] = server.endpoints
  if (!at) throw new Error('there is one')
  const client = await TcpClient.open(at)
  t.equal(summaryOf(await client.ask(questionOf(WEB))), WEB_SAID)
  await server.stop()
  t.equal(await client.next(), undefined)
  const again = await DnsServer.start(zoneOf(), { listen: [at] })
  t.strictSame(again.endpoints, [at])
  await again.stop()
})

t.test('an address that cannot be had is told of, and the others are let go', async t => {
  const tcp = createServer().listen(0, '127.0.0.1')
  const udp = createSocket('udp4').bind(0, '127.0.0.1')
  await Promise.all([once(tcp, 'listening'), once(udp, 'listening')])
  t.teardown(() => [tcp.close(), udp.close()])
  const bound = tcp.address()
  const taken = { TCP: typeof bound === 'object' ? (bound?.port ?? 0) : 0, UDP: udp.address().port }
  for (const [transport, port] of Object.entries(taken)) {
    const start = DnsServer.start(zoneOf(), { listen: [LOOPBACK, { address: '127.0.0.1', port }] })
    await t.rejects(
      start,
      new ListenError(
        transport === 'UDP' ? 'UDP' : 'TCP',
        { address: '127.0.0.1', port },
        Object.assign(new Error(), { code: 'EADDRINUSE' }),
      ),
    )
  }
  const nowhere = DnsServer.start(zoneOf(), { listen: [{ address: '192.0.2.7', port: 0 }] })
  await t.rejects(nowhere, {
    code: 'ERR_LISTEN',
    message: 'Cannot listen on TCP 192.0.2.7:0: this machine does not have the address',
  })
})

const hasDig = spawnSync('dig', ['-v']).error === undefined
t.test('dig understands it', { skip: hasDig ? false : 'dig is not installed' }, async t => {
  const { at } = await serve(t, zoneOf(OBJECTS, ['*']))
  const dig = async (...args: readonly string[]) => {
    const whole = ['@127.0.0.1', '-p', String(at.port), '+time=5', '+tries=1', ...args]
    return (await promisify(execFile)('dig', whole)).stdout.trim().split('\n')
  }
  t.strictSame(await dig('+short', WEB), ['10.96.0.1'])
  t.strictSame(await dig('+short', 'SRV', `_http._tcp.${WEB}`), [`0 100 80 ${WEB}.`])
  t.match((await dig(`no.${WEB}`)).join('\n'), /status: NXDOMAIN/)
  t.equal((await dig('+short', '+noedns', MANY)).filter(line => !line.startsWith(';')).length, 60, 'by TCP after a cut')
  t.equal((await dig('+noall', '+answer', 'AXFR', 'cluster.local')).length, 1 + 3 + 60 * 3 + 1 + 1)
})
