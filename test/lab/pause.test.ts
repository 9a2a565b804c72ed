/** Time between flows: it is really waited for, and a signal ends the wait. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parseCommandLine } from '../../src/cli/command.ts'
import { askedRounds } from '../../src/cli/lab-rounds.ts'
import { LAB_VERIFY } from '../../src/cli/lab-verify.ts'
import { pauseUntil } from '../../src/lab/pause.ts'
import { isSkipped as hasNoVerification, verified } from '../agreement/verifying.ts'
import { clusterOfText } from '../trace/cluster-of.ts'
import { plainEnvironment, remainsOf } from './lab-here.ts'
import { processesWhen } from './scratch-net.ts'
import { threeCopies } from './three-copies.ts'

t.setTimeout(900_000)

/** Clients stay with the copy they had for ten seconds: the next flow is there long before. */
const FORGETFUL = threeCopies(
  ['{ containerPort: 8080 }'],
  'sessionAffinity: ClientIP, sessionAffinityConfig: { clientIP: { timeoutSeconds: 10 } }, ports: [{ port: 80, targetPort: 8080 }]',
)

function manifests(t: Test): readonly string[] {
  return ['-f', join(t.testdir({ 'all.yaml': FORGETFUL }), 'all.yaml')]
}

t.test('pauseUntil() a time of the clock', async t => {
  const told: string[] = []
  const pausing = ({ done, whole }: { readonly done: number; readonly whole: number }) =>
    void told.push(`${done}/${whole}`)
  const end = Date.now() + 1200
  await pauseUntil(end, { pausing })
  t.ok(Date.now() >= end, 'it is over')
  t.equal(told[0], '0/2', 'it is told of')
  told.length = 0
  await pauseUntil(Date.now() - 1, { pausing })
  t.strictSame(told, [], 'one that is over is none')

  const controller = new AbortController()
  const reason = new Error('enough')
  await t.rejects(
    pauseUntil(end + 3_600_000, { signal: controller.signal, pausing: () => controller.abort(reason) }),
    reason,
  )
})

t.test('--then in a verification', async t => {
  const cluster = clusterOfText(FORGETFUL)
  const asked = (line: readonly string[]) => askedRounds(parseCommandLine(LAB_VERIFY, line), cluster)
  const then = ['--then', '+30s again', '--then', '+1m pod/web-1 svc/web']
  const [{ asked: flows }] = asked(['pod/client', 'svc/web', ...then])
  t.strictSame(
    flows.map(({ from, after, sport }) => `${from} after ${after} s from ${sport}`),
    ['pod/client after 0 s from 40000', 'pod/client after 30 s from 40001', 'pod/web-1 after 60 s from 40002'],
  )
  const [before, broken] = asked(['pod/client', 'svc/web', '--fault', 'node-1 route del 10.244.1.0/24', ...then])
  t.strictSame([before.asked.length, broken?.asked.length], [0, 3], 'all are sent once it is broken')
})

t.test('whom a client had is forgotten in the time that is waited for, by model and kernel', async t => {
  if (hasNoVerification(t)) return
  const again = await verified(t, [...manifests(t), 'pod/client', 'svc/web', '--then', 'again', '--then', '+12s again'])
  t.strictSame(
    again?.flows.map(({ flow }) => flow.replace(/:.*/, '')),
    ['pod/client to svc/web, tcp syn from port 40000', 'pod/client to svc/web, tcp syn from port 40001', '12 s later'],
  )
  t.strictSame(
    again?.flows.map(({ probability }) => (probability === '1' ? 'sure' : 'drawn')),
    ['drawn', 'sure', 'drawn'],
  )
})

t.test('a signal ends the wait, and nothing is left', async t => {
  if (hasNoVerification(t)) return
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const words = [...manifests(t), 'pod/client', 'svc/web', '--then', '+9h again']
    const child = spawn(process.execPath, ['bin/podwire.js', 'lab', 'verify', ...words], {
      env: plainEnvironment(),
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    child.stderr.on('data', text => {
      said += text
    })
    const ended = new Promise(resolve => child.once('close', code => resolve(code)))
    const id = `verify-${child.pid?.toString(36)}-0`
    await processesWhen(id, all => all.some(({ command }) => command.some(word => word.endsWith('/prober.js'))))
    child.kill(signal)
    t.not(await ended, 0, `${signal} is no success`)
    t.match(said, 'stopping: what was begun is cleaned away\n')
    t.strictSame(remainsOf(id), [])
  }
})
