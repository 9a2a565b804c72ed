/**
 * Any number of hostile queries to the DNS server's code, and some of them over its sockets.
 *
 *     npm run fuzz:dns -- --count 1000000 --sockets 20000 --seed 1
 *
 * Ends with 1 at the first answer that may not be given. Tells how much memory is held after each tenth, which must settle,
 * and how much longer than their queries answers over UDP are at most.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import { exit, memoryUsage, stdout } from 'node:process'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { seededRandom } from '../src/base/random.ts'
import { Answerer } from '../src/server/dns/answerer.ts'
import { framed } from '../src/server/dns/frames.ts'
import { DnsServer } from '../src/server/dns/server.ts'
import { faultOf, hostileQuery, hostileZone, type Random } from '../test/dns/hostile-queries.ts'

const TENTHS = 10
/** Queries in a datagram socket's buffer at once. */
const BURST = 50
const TCP_SHARE = 0.01

const say = (text: string) => stdout.write(`${text}\n`)

function fail(octets: Uint8Array, fault: string): never {
  say(`fault: ${fault}\nquery: ${Buffer.from(octets).toString('hex')}`)
  exit(1)
}

function mebibytes(): string {
  globalThis.gc?.()
  return `${(memoryUsage.rss() / 1024 / 1024).toFixed(0)} MiB`
}

async function throughCode(count: number, random: Random): Promise<void> {
  const answerer = new Answerer(hostileZone())
  const codes = new Map<string, number>()
  let longest = 0
  for (let done = 0; done < count; done++) {
    const octets = hostileQuery(random)
    const transport = done % 4 === 0 ? 'tcp' : 'udp'
    const reply = await answerer.answer(octets, { transport, client: '127.0.0.1' })
    codes.set(reply.kind, (codes.get(reply.kind) ?? 0) + 1)
    const answers = reply.kind === 'reply' ? [reply.octets] : reply.kind === 'replies' ? reply.messages : []
    for (const answer of answers) {
      const fault = faultOf(octets, answer, transport)
      if (fault !== undefined) fail(octets, fault)
      if (transport === 'udp') longest = Math.max(longest, answer.length / octets.length)
    }
    if ((done + 1) % Math.ceil(count / TENTHS) === 0) say(`${done + 1} queries: ${mebibytes()} held`)
  }
  say([...codes].map(([kind, number]) => `${number} ${kind}`).join(', '))
  say(
    `answers over UDP are at most ${longest.toFixed(1)} times as long as their queries, and never over the EDNS limit`,
  )
}

async function throughSockets(count: number, random: Random): Promise<void> {
  const limits = { read: 200, idle: 200, write: 200 }
  const server = await DnsServer.start(hostileZone(), { listen: [{ address: '127.0.0.1', port: 0 }], limits })
  const [at] = server.endpoints
  if (!at) throw new Error('the server listens nowhere')
  const socket = createSocket('udp4')
  socket.connect(at.port, at.address)
  await once(socket, 'connect')
  let answers = 0
  socket.on('message', () => answers++)
  for (let done = 0; done < count; done++) {
    const octets = hostileQuery(random)
    if (random() < TCP_SHARE) {
      const client = connect({ host: at.address, port: at.port })
      client.on('error', () => {})
      client.resume()
      client.end(random() < 0.5 ? octets : framed(octets))
      await once(client, 'close')
    } else socket.send(octets)
    if (done % BURST === 0) await pause(0)
  }
  await pause(100)
  say(`${count} over sockets: ${answers} answers over UDP; ${mebibytes()} held`)
  socket.close()
  await server.stop()
}

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1000000' },
    sockets: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
  },
})
const random = seededRandom(Number(values.seed), 'hostile queries')
await throughCode(Number(values.count), random)
await throughSockets(Number(values.sockets), random)
