/** `podwire dns serve` with other processes that answer: files followed, workers that end, and all of them at the end. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { type Endpoint, parseEndpoint } from '../../src/server/dns/endpoint.ts'
import { askUdp, questionOf, summaryOf, TcpClient } from '../server/dns/client.ts'

const BIN = fileURLToPath(new URL('../../bin/podwire.js', import.meta.url))
const NAME = 'web.default.svc.cluster.local'
const said = (address: string) => `NOERROR: ${NAME}. 30 A ${address}`
const web = (address: string) => `apiVersion: v1
kind: Service
metadata: { name: web }
spec: { clusterIP: ${address}, ports: [{ name: http, port: 80 }] }
`

interface Program {
  readonly child: ChildProcess
  readonly at: Endpoint
  /** Resolves once the words were said. */
  readonly says: (words: RegExp) => Promise<void>
}

interface Test {
  readonly teardown: (end: () => unknown) => void
}

async function start(t: Test, dir: string, ...args: readonly string[]): Promise<Program> {
  const whole = [BIN, 'dns', 'serve', '-f', dir, '--listen', '127.0.0.1:0', ...args]
  const child = spawn(process.execPath, whole, { stdio: ['ignore', 'ignore', 'pipe'] })
  t.teardown(() => child.kill('SIGKILL'))
  let text = ''
  child.stderr?.on('data', chunk => {
    text += chunk
  })
  const says = async (words: RegExp) => {
    while (!words.test(text)) {
      if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}: ${text}`)
      await pause(20)
    }
  }
  await says(/^listening on (\S+), /m)
  const [, where = ''] = /^listening on (\S+), /m.exec(text) ?? []
  return { child, at: parseEndpoint(where, 0), says }
}

async function folder(t: Test): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'podwire-serve-'))
  t.teardown(() => rm(dir, { recursive: true, force: true }))
  await writeFile(join(dir, 'web.yaml'), web('10.96.0.80'))
  return dir
}

/** Asks until the answer is that. */
async function answered(at: Endpoint, name: string, wanted: string): Promise<void> {
  while (summaryOf(await askUdp(at, questionOf(name))) !== wanted) await pause(20)
}

async function endOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return child.exitCode
}

/** Process ids of the program's own processes that have not ended. */
async function workersOf({ child }: Program): Promise<readonly number[]> {
  const ids: number[] = []
  for (const name of await readdir('/proc')) {
    const stat = /^\d+$/.test(name) ? await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '') : ''
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (Number(parent) === child.pid && state !== 'Z') ids.push(Number(name))
  }
  return ids
}

async function isOver(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return stat === '' || stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z')
}

t.test('answers follow the files', async t => {
  const dir = await folder(t)
  const program = await start(t, dir, '--watch')
  await answered(program.at, NAME, said('10.96.0.80'))
  await writeFile(join(dir, '.new'), web('10.96.0.81'))
  await rename(join(dir, '.new'), join(dir, 'web.yaml'))
  await answered(program.at, NAME, said('10.96.0.81'))
  await program.says(/^files read again: 1 Service changed$/m)

  await writeFile(join(dir, 'more.yaml'), web('10.96.0.300').replace('web', 'more'))
  await program.says(/more\.yaml:4:.*10\.96\.0\.300.*\n(?:.*\n)*the files cannot be used; answers stay as they were/)
  await answered(program.at, NAME, said('10.96.0.81'))

  await writeFile(join(dir, 'more.yaml'), web('10.96.0.82').replace('web', 'more'))
  await answered(
    program.at,
    'more.default.svc.cluster.local',
    'NOERROR: more.default.svc.cluster.local. 30 A 10.96.0.82',
  )
  await unlink(join(dir, 'web.yaml'))
  await answered(program.at, NAME, 'NXDOMAIN: ')
  program.child.kill('SIGTERM')
  t.equal(await endOf(program.child), 0)
})

const linux = { skip: process.platform === 'linux' ? false : 'processes are looked for in /proc' }

t.test('a worker that ends is replaced, and all end with the program', linux, async t => {
  const program = await start(t, await folder(t), '--workers', '2')
  const [first = 0, second = 0, ...more] = await workersOf(program)
  t.strictSame([first > 0, second > 0, more], [true, true, []])
  const client = await TcpClient.open(program.at)
  t.equal(summaryOf(await client.ask(questionOf(NAME))), said('10.96.0.80'))
  client.close()
  process.kill(first, 'SIGKILL')
  await program.says(new RegExp(`^worker ${first} ended by SIGKILL; another takes its place$`, 'm'))
  while ((await workersOf(program)).length < 2) await pause(20)
  t.notOk((await workersOf(program)).includes(first))
  await answered(program.at, NAME, said('10.96.0.80'))
  const last = await workersOf(program)
  program.child.kill('SIGKILL')
  for (const pid of last) while (!(await isOver(pid))) await pause(20)
  t.pass('none is left')
})

t.test('asked to end, it answers what is under way, and no worker is left', linux, async t => {
  const program = await start(t, await folder(t), '--workers', '2')
  const workers = await workersOf(program)
  program.child.kill('SIGINT')
  t.equal(await endOf(program.child), 0)
  for (const pid of workers) t.equal(await isOver(pid), true)
})

t.test('a crew that cannot listen says why, and ends', async t => {
  const dir = await folder(t)
  const { at } = await start(t, dir)
  const whole = [BIN, 'dns', 'serve', '-f', dir, '--listen', `127.0.0.1:${at.port}`, '--workers', '2']
  const child = spawn(process.execPath, whole, { stdio: ['ignore', 'ignore', 'pipe'] })
  let text = ''
  child.stderr.on('data', chunk => {
    text += chunk
  })
  await once(child, 'close')
  t.equal(child.exitCode, 2)
  t.equal(text, `Cannot listen on TCP 127.0.0.1:${at.port}: the port is in use\n`)
})
