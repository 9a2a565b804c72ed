/** What the person is told when a lab cannot go on: in words, with nothing left behind; and what is kept of a mistake. */
import { spawn } from 'node:child_process'
import t from 'tap'
import { ParseError } from '../../src/base/error.ts'
import { RefusedInput } from '../../src/cli/exit.ts'
import { labWork } from '../../src/cli/lab-option.ts'
import { LabError, wordsOf } from '../../src/lab/failure.ts'
import { type LabProcess, processesOf } from '../../src/lab/processes.ts'
import { Stream, type Told } from '../../src/lab/stream.ts'
import { isSkipped as hasNoVerification } from '../agreement/verifying.ts'
import { podwire } from '../cli/capture.ts'
import { inNamespace, type Namespace } from '../kernel/netns.ts'
import { command, plainEnvironment, type Ran, remainsOf, withLab } from './lab-here.ts'
import { processesWhen } from './scratch-net.ts'

t.setTimeout(900_000)

const MANIFESTS = ['-f', 'scenarios/packet-paths/manifests']

interface Verifying {
  readonly pid: number
  readonly ended: Promise<Ran>
}

/** Many flows: whoever is killed is killed while they are sent. */
function verifying(words: readonly string[]): Verifying {
  const args = ['bin/podwire.js', 'lab', 'verify', ...MANIFESTS, '--flows', '1000', ...words]
  const child = spawn(process.execPath, args, { env: plainEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] })
  const said = { out: '', err: '' }
  child.stdout.on('data', text => {
    said.out += text
  })
  child.stderr.on('data', text => {
    said.err += text
  })
  const ended = new Promise<Ran>(resolve => child.once('close', code => resolve({ code: code ?? 255, ...said })))
  return { pid: child.pid ?? 0, ended }
}

const isCalled = (name: string) => (one: LabProcess) => one.command.some(word => word.endsWith(name))

/** Ends a process of the lab once its flows are on their way. */
async function kill(id: string, isVictim: (one: LabProcess) => boolean): Promise<void> {
  const all = await processesWhen(id, some => some.some(isCalled('/prober.js')) && some.some(isVictim))
  process.kill(all.find(isVictim)?.pid ?? 0, 'SIGKILL')
}

// biome-ignore format: one case, one row
const VICTIMS: readonly (readonly [name: string, isVictim: (one: LabProcess) => boolean, says: RegExp])[] = [
  ['the answerer',            isCalled('/answerer.js'),               /^nobody answers at the ports of lab "\S+" any more: its answerer has ended\n\S+answerer\.log says nothing of why$/m],
  ['a tool of the observer',  one => one.watches && isCalled('tcpdump')(one), /^\S+: tcpdump was ended by SIGKILL$/m],
  ['a prober',                isCalled('/prober.js'),                 /^The prober of \S+ was ended by SIGKILL$/m],
]

t.test('a verification of which a program dies', async t => {
  if (hasNoVerification(t)) return
  for (const [name, isVictim, says] of VICTIMS) {
    await t.test(`${name}, in a lab of its own`, async t => {
      const { pid, ended } = verifying(['--events', '0'])
      const id = `verify-${pid.toString(36)}-0`
      await kill(id, isVictim)
      const { code, out, err } = await ended
      t.equal(code, 2)
      t.equal(out, '')
      t.match(err, says)
      t.match(err, /^(?:no flow was judged|\d+ of 1000 flows were judged before; \d+ agree)\nthe lab is gone; /m)
      t.notMatch(err, /^\s+at /m, 'no stack')
      t.strictSame(remainsOf(id), [], 'nothing is left')
    })
  }
})

t.test('a lab that stands and fails goes on standing, and says where to look', async t => {
  if (hasNoVerification(t)) return
  await withLab(t, MANIFESTS, async id => {
    const tool = verifying(['--id', id])
    await kill(id, ({ watches }) => watches)
    const first = await tool.ended
    t.equal(first.code, 2)
    t.match(
      first.err,
      /was ended by SIGKILL\n.*\nthe lab stands, its files and logs are in \/run\/podwire\/\S+; "podwire lab down/,
    )
    const again = await command(['lab', 'verify', ...MANIFESTS, '--id', id, 'pod/client', 'svc/web:80'])
    t.equal(again.code, 0, again.err)

    process.kill(processesOf(id).find(isCalled('/answerer.js'))?.pid ?? 0, 'SIGKILL')
    await processesWhen(id, all => !all.some(isCalled('/answerer.js')))
    const { code, err } = await podwire(['lab', 'verify', ...MANIFESTS, '--id', id, 'pod/client', 'svc/web:80'])
    t.equal(code, 2)
    t.match(err, /its answerer has ended\n(?:.*\n)*no flow was judged\n/)
    t.match((await podwire(['lab', 'status'])).out, new RegExp(`^${id} .* no +yes$`, 'm'))

    process.kill(processesOf(id).find(isCalled('/name-server.js'))?.pid ?? 0, 'SIGKILL')
    await processesWhen(id, all => all.length === 0)
    t.match((await podwire(['lab', 'status'])).out, new RegExp(`^${id} .* no +no$`, 'm'))
  })
})

t.test('labWork() tells what is for the person, and keeps the stack of a mistake', async t => {
  const system = Object.assign(new Error('ENOSPC: no space left on device, write'), { errno: -28, syscall: 'write' })
  // biome-ignore format: one case, one row
  const words: readonly (readonly [says: string, cause: unknown, findings: readonly string[]])[] = [
    ['a lab that cannot be',  new LabError(['one', 'two']),                    ['one', 'two']],
    ['a name of nothing',     new ParseError('source', 'pod/x', 'not there'),  ['Cannot parse source "pod/x": not there']],
    ['a disk that is full',   system,                                          ['ENOSPC: no space left on device, write']],
  ]
  for (const [says, cause, findings] of words) {
    const failed = labWork(() => Promise.reject(cause))
    await t.rejects(failed, Object.assign(new RefusedInput(findings), {}), says)
  }
  for (const mistake of [new TypeError('x is not a function'), new RangeError('impossible'), new Error('what?')]) {
    const kept = await labWork(() => Promise.reject(mistake)).catch((cause: unknown) => cause)
    t.equal(kept, mistake, mistake.name)
  }
})

t.test('wordsOf() a failure', async t => {
  t.equal(wordsOf(new Error('it broke')), 'it broke')
  t.equal(wordsOf('text'), 'text')
  t.match(
    wordsOf(new TypeError('x is not a function')),
    /^TypeError: x is not a function\n +at /,
    'of a mistake the stack',
  )
})

/** A tool that says a line and ends, read by `read`. */
async function streamed(ns: Namespace, read: (bytes: Uint8Array) => Iterable<Told<string>>): Promise<unknown> {
  const stream = new Stream({ machine: 'node-1', namespace: ns.name, tool: 'echo', args: ['hello'], id: 'test' }, read)
  try {
    return await stream.upToCount(1, 60_000)
  } catch (cause) {
    return cause
  } finally {
    await stream.close()
  }
}

t.test('a stream that makes no sense is a failure of the lab, and a mistake in its reader is none', t =>
  inNamespace(t, [], async ns => {
    const nonsense = await streamed(ns, () => {
      throw new ParseError('line', 'hello', 'no trace')
    })
    t.match(nonsense, { name: 'StreamError', lines: ['node-1: echo Cannot parse line "hello": no trace'] })
    t.ok(nonsense instanceof LabError)
    const mistake = new TypeError('x is not a function')
    t.equal(
      await streamed(ns, () => {
        throw mistake
      }),
      mistake,
    )
  }),
)

t.test('wrong words are refused before a lab is made', async t => {
  // biome-ignore format: one case, one row
  const rows: readonly (readonly [line: readonly string[], says: RegExp])[] = [
    [[],                                                       /give the manifests with -f, or have clusters drawn/],
    [[...MANIFESTS, 'pod/client'],                             /say from where and to where, as in: pod\/a svc\/web:80/],
    [[...MANIFESTS, '--fault', 'node-1 explode'],              /--fault: it is about a flow that is given: say FROM and TO/],
    [[...MANIFESTS, '--sport', '4'],                           /--sport: it is about a flow that is given/],
    [[...MANIFESTS, 'pod/client', 'svc/web', '--flows', '4'],  /--flows: flows and events are drawn only where/],
    [[...MANIFESTS, '--id', 'x', '--events', '1'],             /--events: what breaks would stay broken/],
    [[...MANIFESTS, '--write', 'x'],                           /--write: only clusters that --clusters draws/],
    [[...MANIFESTS, '--clusters', '1'],                        /--filename: with --clusters the clusters are drawn/],
    [['--clusters', '1', '--overlay', 'vxlan'],                /--overlay: with --clusters the clusters are drawn/],
    [['--clusters', '1', '--capture', 'x'],                    /--capture: frames are of one cluster/],
    [['--clusters', '1', 'pod/a', 'svc/b'],                    /--clusters draws flows too/],
    [[...MANIFESTS, '--via', 'nobody'],                        /--via nobody: there is no such node; there are node-1/],
    [[...MANIFESTS, '--capture', 'package.json'],              /--capture package\.json: it is a file/],
    [[...MANIFESTS, '--capture', '/proc/none'],                /--capture \/proc\/none: no folder can be made there/],
  ]
  for (const [line, says] of rows) {
    const { code, out, err } = await podwire(['lab', 'verify', ...line])
    t.equal(code, 2)
    t.match(out + err, says, line.join(' '))
  }
})

t.test('names of nothing are refused before a lab is made', async t => {
  if (hasNoVerification(t)) return
  // biome-ignore format: one case, one row
  const rows: readonly (readonly [line: readonly string[], says: RegExp])[] = [
    [['pod/nobody', 'svc/web:80'],                             /^Cannot parse source "pod\/nobody": there is no running pod/m],
    [['pod/client', 'svc/nobody:80'],                          /^Cannot parse destination "svc\/nobody:80": /m],
    [['pod/client', 'svc/web:80', '--fault', 'node-1 explode'], /^Cannot parse fault "node-1 explode": /m],
    [['pod/client', 'svc/web:80', '--fault', 'node-9 route del 10.0.0.0/8'], /^Cannot parse fault "node-9": there is no such node/m],
  ]
  for (const [line, says] of rows) {
    const { code, err } = await podwire(['lab', 'verify', ...MANIFESTS, ...line])
    t.equal(code, 2)
    t.match(err, says)
    t.notMatch(err, /^\s+at /m)
  }
})
