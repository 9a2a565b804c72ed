import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { formatIp, parseIp } from '../../src/base/ip.ts'
import { SCTP, TCP, UDP } from '../../src/base/protocol.ts'
import { lackOfRawSocket } from '../../src/lab/agent/raw.ts'
import { formatAnswer } from '../../src/lab/answer-line.ts'
import { startAnswerer } from '../../src/lab/answerer.ts'
import type { LabListener, LabPlan } from '../../src/lab/lab.ts'
import { openProber } from '../../src/lab/prober.ts'
import { processesOf } from '../../src/lab/processes.ts'
import type { Namespace } from '../kernel/netns.ts'
import { counterOf, endProcesses, inScratchNet, processesWhen, type ScratchNet } from './scratch-net.ts'

async function withAnswerer(
  t: Test,
  listeners: readonly LabListener[],
  body: (net: ScratchNet, plan: LabPlan) => Promise<void>,
  needs: Parameters<typeof inScratchNet>[1] = [],
): Promise<void> {
  await inScratchNet(t, needs, async net => {
    const plan = net.plan(listeners)
    try {
      t.strictSame(await startAnswerer(plan, { folder: t.testdir() }), [], 'nothing is left out')
      await body(net, plan)
    } finally {
      await endProcesses(plan.id)
    }
    t.strictSame(processesOf(plan.id), [], 'nothing is left running')
  })
}

/** For listeners that ordinary sockets cannot be. */
const withRawAnswerer: typeof withAnswerer = (t, listeners, body) => withAnswerer(t, listeners, body, ['raw-socket'])

const at = (protocol: number, port: number, address?: string, machine = 'test/server'): LabListener => {
  return { machine, protocol, port, what: `port ${port}`, ...(address ? { address: parseIp(address) } : {}) }
}

/** What a client of a few lines hears; each line is a function of the socket. */
function clientOf(ns: Namespace, host: string, port: number, steps: string): Promise<string> {
  const program = `
    const s = require('node:net').connect({ host: '${host}', port: ${port}, allowHalfOpen: true })
    let heard = ''
    s.on('data', bytes => { heard += bytes })
    s.on('error', error => { heard += error.code })
    s.on('end', () => { heard += ' FIN'; s.end() })
    s.on('close', () => process.stdout.write(heard))
    s.on('connect', () => { ${steps} })`
  return ns.run(process.execPath, ['-e', program])
}

t.test('a connection is answered once and closed in order', t =>
  withAnswerer(t, [at(TCP, 80)], async ({ namespaces: { client, server } }) => {
    // biome-ignore format: one case, one row
    const rows = [
      ['a client that says a line', "s.write('hello\\n')"],
      ['a client that keeps silent', ''],
      ['a client that says less than a line', "s.write('hel')"],
      ['a client that ends its side', 's.end()'],
      ['a client that says a line and ends its side', "s.end('hello\\n')"],
      ['a client that goes on talking', "s.write('hello\\n'); setTimeout(() => s.write('x'.repeat(1e6)), 200)"],
      ['a client that says much at once', "s.write('x'.repeat(1e6))"],
      ['a client that says bytes', "s.write(Buffer.from([0, 255, 13, 10, 128]))"],
    ] as const
    for (const [name, steps] of rows) {
      for (const host of ['10.2.0.3', 'fd02::2']) {
        const heard = await clientOf(client, host, 80, steps)
        const pattern =
          /^{"machine":"test\/server","what":"port 80","protocol":"TCP","src":"(.*)","sport":\d+,"dst":"(.*)","dport":80}\n FIN$/
        const [, src, dst] = pattern.exec(heard) ?? []
        t.strictSame([src, dst], [host === 'fd02::2' ? 'fd01::2' : '10.1.0.2', host], `${name}, ${host}`)
      }
    }
    t.equal(await clientOf(client, '10.2.0.2', 80, 's.resetAndDestroy()'), '', 'a client that vanishes')
    t.equal(await counterOf(server, 'Tcp', 'OutRsts'), 0, 'the server reset nothing')
  }),
)

t.test('HTTP is answered in HTTP', t =>
  withAnswerer(t, [at(TCP, 80)], async ({ namespaces: { client } }) => {
    const get = "s.write('GET /healthz HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n')"
    const heard = await clientOf(client, '10.2.0.2', 80, get)
    const [head = '', body = ''] = heard.split('\r\n\r\n')
    const length = Buffer.byteLength(body.replace(/ FIN$/, ''))
    t.strictSame(head.split('\r\n'), [
      'HTTP/1.1 200 OK',
      'Content-Type: application/json',
      `Content-Length: ${length}`,
      'Connection: close',
    ])
    t.match(body, /^{"machine":"test\/server",.*}\n FIN$/)
    const program = `fetch('http://[fd02::2]/x', { method: 'POST', body: 'y'.repeat(1e5) })
      .then(async r => process.stdout.write(r.status + ' ' + (await r.json()).dst))`
    t.equal(await client.run(process.execPath, ['-e', program]), '200 fd02::2', "a library's client")
  }),
)

t.test('datagrams', t =>
  withAnswerer(t, [at(UDP, 53), at(UDP, 54, '10.2.0.3'), at(UDP, 54, 'fd02::2')], async ({ namespaces }) => {
    const ask = (address: string, port: number, bytes: string, ns = namespaces.client) => {
      const program = `
        const s = require('node:dgram').createSocket('udp${address.includes(':') ? 6 : 4}')
        const end = text => { process.stdout.write(text); s.close() }
        s.on('message', (bytes, from) => end(from.address + ' ' + bytes))
        s.on('error', error => end(error.code))
        s.connect(${port}, '${address}', () => s.send(Buffer.from(${bytes})))`
      return ns.run(process.execPath, ['-e', program])
    }
    const answer = (address: string) => new RegExp(`^${address} {"machine":.*"protocol":"UDP".*"dst":"${address}"`)
    for (const address of ['10.2.0.2', '10.2.0.3', 'fd02::2']) {
      t.match(await ask(address, 53, "'hello'"), answer(address), address)
      t.match(await ask(address, 53, '[]'), answer(address), `${address}, no bytes`)
      t.match(await ask(address, 53, '[0, 255, 123, 34]'), answer(address), `${address}, garbage`)
      t.match(await ask(address, 53, "'x'.repeat(9000)"), answer(address), `${address}, in fragments`)
    }
    t.match(await ask('127.0.0.1', 53, "''", namespaces.server), answer('127.0.0.1'), 'from the machine itself')
    t.match(await ask('::1', 53, "''", namespaces.server), answer('::1'), 'from the machine itself')
    t.match(await ask('10.2.0.3', 54, "''"), answer('10.2.0.3'), 'at one address')
    t.equal(await ask('10.2.0.2', 54, "''"), 'ECONNREFUSED', 'and at no other')
  }),
)

t.test('an answer is not answered, or two answerers could be made to talk for ever', t =>
  withAnswerer(t, [at(UDP, 53)], async ({ namespaces: { client }, server }) => {
    const line = formatAnswer({
      machine: server.machine,
      what: 'another answerer',
      protocol: 'UDP',
      src: parseIp('10.2.0.2'),
      sport: 53,
      dst: parseIp('10.1.0.2'),
      dport: 53,
    })
    const program = `
      const s = require('node:dgram').createSocket('udp4')
      const heard = []
      s.on('message', bytes => { heard.push(JSON.parse(bytes).dst); if (heard.length === 2) { s.close(); console.log(heard.join(' ')) } })
      s.bind(0, () => { for (const to of ['10.2.0.2', '10.2.0.3']) { s.send(${JSON.stringify(line)}, 53, to); s.send('x', 53, to) } })`
    t.equal(
      (await client.run(process.execPath, ['-e', program])).split(' ').sort().join(' ').trim(),
      '10.2.0.2 10.2.0.3',
    )
  }),
)

t.test('whoever has all addresses answers from each', t =>
  withAnswerer(
    t,
    ([TCP, UDP] as const).map(protocol => at(protocol, 53, undefined, '(outside)')),
    async ({ client }, plan) => {
      const prober = await openProber(client, { id: plan.id })
      let sport = 30_000
      for (const text of ['203.0.113.7', '10.1.0.1', '2001:db8::7', 'fd02::1', '203.0.113.8', '203.0.113.7']) {
        for (const [name, protocol] of [
          ['TCP', TCP],
          ['UDP', UDP],
        ] as const) {
          const dst = parseIp(text)
          const probe = { machine: client.machine, protocol, dst, sport: sport++, dport: 53, patience: 60_000 }
          const { answer } = await prober.send(probe)
          t.equal(answer && formatIp(answer.dst), text, `${name} ${text}`)
        }
      }
      for (const text of ['203.0.113.9', '2001:db8::9']) {
        const dst = parseIp(text)
        const probe = { machine: client.machine, protocol: UDP, dst, sport: sport++, dport: 53, size: 4000 }
        const { answer } = await prober.send({ ...probe, patience: 60_000 })
        t.equal(answer && formatIp(answer.dst), text, `UDP in fragments, ${text}`)
      }
      await prober.close()
    },
  ),
)

t.test('SCTP is answered at the ports that are declared', t =>
  withRawAnswerer(t, [at(SCTP, 80), at(SCTP, 81, '10.2.0.3')], async ({ client }, plan) => {
    const prober = await openProber(client, { id: plan.id })
    let sport = 30_000
    const ask = async (text: string, dport: number, patience: number) => {
      const probe = { machine: client.machine, protocol: SCTP, dst: parseIp(text), sport: sport++, dport, patience }
      return (await prober.send(probe)).experience
    }
    for (const text of ['10.2.0.2', '10.2.0.3', 'fd02::2']) t.equal(await ask(text, 80, 60_000), 'answered', text)
    t.equal(await ask('10.2.0.3', 81, 60_000), 'answered', 'at one address')
    t.equal(await ask('10.2.0.2', 81, 250), 'timeout', 'and at no other')
    await prober.close()
  }),
)

t.test('the answerer outlives who started it and takes its helpers with it', t =>
  withRawAnswerer(t, [at(TCP, 80), at(SCTP, 80), at(UDP, 53, undefined, '(outside)')], async ({ namespaces }, plan) => {
    const starting = (name: string) => processesOf(plan.id).filter(({ command }) => command.join(' ').includes(name))
    const [answerer] = starting('answerer.js')
    t.ok(answerer, 'it carries the mark of its lab')
    t.strictSame(
      ['opener.js', 'sctp.js', 'everywhere.js', 'tcpdump'].map(name => starting(name).length),
      [0, 1, 1, 1],
    )
    const session = (pid: number) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[5]
    t.equal(session(answerer?.pid ?? 0), String(answerer?.pid), 'it has a session of its own')
    process.kill(answerer?.pid ?? 0, 'SIGKILL')
    t.strictSame(await processesWhen(plan.id, all => all.length === 0), [], 'killed, nothing is left')
    t.equal(await clientOf(namespaces.client, '10.2.0.2', 80, ''), 'ECONNREFUSED')
  }),
)

t.test('the answerer ends with any of its helpers, and its log says why', t =>
  withAnswerer(t, [at(TCP, 80), at(UDP, 53, undefined, '(outside)')], async (_, { id }) => {
    const [helper] = processesOf(id).filter(({ command }) => command.some(word => word.endsWith('/everywhere.js')))
    process.kill(helper?.pid ?? 0, 'SIGKILL')
    await processesWhen(id, all => !all.some(({ command }) => command.some(word => word.endsWith('/answerer.js'))))
    const log = readFileSync(join(t.testdirName, 'answerer.log'), 'utf8')
    t.equal(log, 'the program everywhere of (outside) was ended by SIGKILL\n')
  }),
)

t.test('a port that cannot be opened is an error, and nothing is left', t =>
  withAnswerer(t, [at(TCP, 80), at(UDP, 53), at(UDP, 53, undefined, '(outside)')], async (net, plan) => {
    const id = `${plan.id}-b`
    const folder = t.testdir()
    // biome-ignore format: one case, one row
    const rows: readonly [string, readonly LabListener[], RegExp][] = [
      ['TCP in use', [at(TCP, 81), at(TCP, 80)], /^LabError: Cannot open the lab's ports: TCP port 80 of test\/server: EADDRINUSE$/],
      ['UDP in use', [at(UDP, 53)], /^LabError: Cannot open the lab's ports: UDP port 53 of test\/server at 10.2.0.2: EADDRINUSE$/],
      ['a foreign address', [at(TCP, 80, '192.0.2.1')], /^LabError: .*TCP port 80 of test\/server at 192.0.2.1: EADDRNOTAVAIL$/],
    ]
    for (const [name, listeners, error] of rows) {
      const started = startAnswerer({ ...net.plan(listeners), id }, { folder })
      t.match(await started.then(() => 'started', String), error, name)
      t.strictSame(processesOf(id), [], `${name}: nothing is left running`)
    }
    const nowhere = { ...net.server, namespace: 'podwire-nowhere' }
    const lost = startAnswerer({ ...net.plan([at(TCP, 80)]), id, machines: [nowhere] }, { folder })
    t.match(
      await lost.then(() => 'started', String),
      /network namespace podwire-nowhere: the opener ended with code \d+: /,
    )
  }),
)

t.test('why raw-socket does not load, and what is to be done', async t => {
  const quoted = (text: string) => new Error(text)
  // biome-ignore format: one case, one row
  const rows: readonly (readonly [says: string, cause: unknown, wanted: RegExp])[] = [
    ['it is not there',                quoted("Cannot find package 'raw-socket' imported from /a/b.js"), /^the optional package raw-socket is not there: "npm install raw-socket" /],
    ['as CommonJS says it',            quoted("Cannot find module 'raw-socket'\nRequire stack:\n- /a"), /^the optional package raw-socket is not there: "npm install raw-socket" /],
    ['it is for another Node',         quoted("The module '/a/raw.node'\nwas compiled against a different Node.js version using\nNODE_MODULE_VERSION 108."), /^the optional package raw-socket is built for another version of Node than this \(v\d+\.\d+\.\d+\): "npm rebuild raw-socket" /],
    ['its compiled part is not there', quoted("Cannot find module './build/Release/raw.node'\nRequire stack:\n- /a"), /^the optional package raw-socket does not load \(Cannot find module '\.\/build\/Release\/raw\.node'\): "npm rebuild raw-socket" /],
    ['it fails in another way',        'out of luck',                                                    /does not load \(out of luck\): "npm rebuild raw-socket" /],
  ]
  for (const [says, cause, wanted] of rows) t.match(lackOfRawSocket(cause), wanted, says)
})

/** What stands in the place of the package, and what is said of it then. */
const LACKS: readonly (readonly [name: string, instead: string | undefined, says: RegExp])[] = [
  ['without raw-socket', undefined, /the optional package raw-socket is not there: "npm install raw-socket" builds it/],
  [
    'with raw-socket built for another Node',
    "throw new Error('The module was compiled against a different Node.js version using\\nNODE_MODULE_VERSION 108.')",
    /the optional package raw-socket is built for another version .*: "npm rebuild raw-socket" builds it anew/,
  ],
]

for (const [name, instead, lacking] of LACKS)
  t.test(`${name}, SCTP is left out with a note`, t =>
    inScratchNet(t, [], async net => {
      // The build, where it finds all packages but that one.
      const root = mkdtempSync(join(tmpdir(), 'podwire-'))
      t.teardown(() => rmSync(root, { recursive: true }))
      mkdirSync(join(root, 'node_modules'))
      if (instead !== undefined) {
        mkdirSync(join(root, 'node_modules/raw-socket'))
        writeFileSync(join(root, 'node_modules/raw-socket/index.js'), instead)
      }
      writeFileSync(join(root, 'package.json'), '{"type":"module"}')
      execFileSync('cp', ['-r', 'dist', root])
      for (const name of ['yaml', '@noble'])
        execFileSync('ln', ['-s', `${process.cwd()}/node_modules/${name}`, `${root}/node_modules/`])
      const folder = join(root, 'state')
      mkdirSync(folder)
      const load = async (file: string) => await import(`${root}/dist/lab/${file}`)
      const plan = net.plan([at(SCTP, 80), at(TCP, 80)])
      try {
        const answerer = (await load('answerer.js')) as typeof import('../../src/lab/answerer.ts')
        const notes = await answerer.startAnswerer(plan, { folder })
        t.equal(notes.length, 1)
        t.match(notes[0], /^nothing answers SCTP: /)
        t.match(notes[0], lacking)
        const proberModule = (await load('prober.js')) as typeof import('../../src/lab/prober.ts')
        const prober = await proberModule.openProber(net.client, { id: plan.id })
        const probe = { machine: 'test/client', protocol: TCP, dst: parseIp('10.2.0.2'), sport: 3000, patience: 60_000 }
        t.equal((await prober.send({ ...probe, dport: 80 })).experience, 'answered', 'TCP goes on')
        t.equal((await prober.send({ ...probe, dport: 81 })).experience, 'refused')
        t.equal((await prober.send({ ...probe, protocol: UDP, dport: 80 })).detail, 'ECONNREFUSED')
        await t.rejects(prober.send({ ...probe, protocol: 1 }), lacking)
        await t.rejects(prober.send({ ...probe, protocol: SCTP, dport: 80 }), lacking)
        await prober.close()
      } finally {
        await endProcesses(plan.id)
      }
    }),
  )
