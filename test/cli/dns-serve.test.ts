/** `podwire dns serve` on the command line. */
import { once } from 'node:events'
import { createServer } from 'node:net'
import t from 'tap'
import { main } from '../../src/cli/main.ts'
import { parseEndpoint } from '../../src/server/dns/endpoint.ts'
import { askUdp, questionOf, summaryOf } from '../server/dns/client.ts'
import { podwire } from './capture.ts'

const WEB = `apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  clusterIP: 10.96.0.80
  ports: [{ name: http, port: 80 }]
`
const serve = (...args: readonly string[]) => podwire(['dns', 'serve', '-f', '-', ...args], WEB)

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  t.test(`it says where it listens, answers, and ends with ${signal}`, async t => {
    const before = process.listenerCount(signal)
    const err: string[] = []
    let told = () => {}
    const listening = new Promise<void>(resolve => {
      told = resolve
    })
    const ended = main(['dns', 'serve', '-f', '-', '--listen', '127.0.0.1:0', '--domain', 'k8s.test'], {
      out: async () => {},
      err: text => {
        err.push(text)
        if (text.startsWith('listening')) told()
      },
      input: async () => new TextEncoder().encode(WEB),
      live: false,
    })
    await listening
    const where = /^listening on (\S+), UDP and TCP$/m.exec(err.join(''))?.[1] ?? ''
    const name = 'web.default.svc.k8s.test'
    t.equal(summaryOf(await askUdp(parseEndpoint(where, 0), questionOf(name))), `NOERROR: ${name}. 30 A 10.96.0.80`)
    process.kill(process.pid, signal)
    t.equal(await ended, 0)
    t.match(err.join(''), /^ending: /m)
    t.equal(process.listenerCount(signal), before, 'nobody listens to the signal any more')
  })
}

t.test('a port that is in use', async t => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.teardown(() => other.close())
  const bound = other.address()
  const port = typeof bound === 'object' ? bound?.port : 0
  const { code, out, err } = await serve('--listen', `127.0.0.1:${port}`)
  t.equal(code, 2)
  t.equal(out, '')
  t.equal(err, `Cannot listen on TCP 127.0.0.1:${port}: the port is in use\n`)
})

// biome-ignore format: one case, one row
const WRONG: [args: string[], says: RegExp][] = [
  [['now'],                                             /dns serve takes no words, not "now"/],
  [['--listen', 'localhost'],                           /--listen takes an address and a port, .* not "localhost"/],
  [['--listen', '127.0.0.1:99999'],                     /--listen takes an address and a port/],
  [['--forward', 'dns.example'],                        /--forward takes an address and a port/],
  [['--forward', '127.0.0.1:0'],                        /--forward takes a port from 1 to 65535/],
  [['--forward', '127.0.0.1:5353'],                     /--forward 127\.0\.0\.1:5353 is this server itself/],
  [['--watch'],                                         /--watch follows files, not standard input/],
  [['--workers', 'many'],                               /--workers takes a whole number from 0 to 256, not "many"/],
  [['--workers', '2', '--listen', '192.0.2.7:0'],       /192\.0\.2\.7:0: this machine does not have the address/],
  [['--log', 'queries'],                                /--log is one of all, success, denial, error, not "queries"/],
  [['--log-file', 'x'],                                 /--log-file goes with --log/],
  [['--log', 'all', '--log-every', '0'],                /--log-every takes a whole number/],
  [['--ttl', 'x'],                                      /--ttl takes a whole number/],
  [['--listen', '192.0.2.7:0'],                         /192\.0\.2\.7:0: this machine does not have the address/],
]

for (const [args, says] of WRONG) {
  t.test(`refused: ${args.join(' ')}`, async t => {
    const { code, err } = await serve(...args)
    t.equal(code, 2)
    t.match(err, says)
  })
}

t.test('help tells of it', async t => {
  const { code, out } = await podwire(['dns', 'serve', '--help'])
  t.equal(code, 0)
  t.match(out, /--forward ADDRESS\[:PORT\]/)
  t.match(out, /--listen ADDRESS\[:PORT\] .*\(default 127\.0\.0\.1:5353\)/)
})
