/**
 * A start that is killed at any moment leaves nothing once the lab is taken down, or the next one comes up.
 *
 * Four times by itself; as often as asked with `npx tap test/lab/kill.test.ts --test-arg=50`.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { drawInteger, seededRandom } from '../../src/base/random.ts'
import { takeDown } from '../../src/lab/down.ts'
import { namespacesOf } from '../../src/lab/processes.ts'
import { findRecord } from '../../src/lab/registry.ts'
import { command, freshId, isSkipped, plainEnvironment, remainsOf } from './lab-here.ts'
import { lookAtMachine } from './machine-look.ts'

const KILLS = Number(process.argv[2] ?? 4)
const MANIFESTS = 'scenarios/traffic-policies/manifests'

t.test(`${KILLS} starts, each killed at a moment of its own`, { timeout: 3_600_000 }, async t => {
  if (isSkipped(t)) return
  const before = await lookAtMachine()
  const random = seededRandom(KILLS, 'kills')
  const whole = await wholeStart(t, freshId(t))
  for (let kill = 0; kill < KILLS; kill++) {
    const id = freshId(t)
    const reached = await killedStart(id, drawInteger(random, whole))
    // Half of them are left to whoever brings up the next lab.
    const by = kill % 2 === 0 ? 'lab down' : 'the next lab up'
    if (kill % 2 === 0) t.equal((await command(['lab', 'down', id])).code, 0)
    else await wholeStart(t, freshId(t))
    t.strictSame(remainsOf(id), [], `killed with ${reached} namespaces there, cleaned away by ${by}`)
  }
  t.strictSame(await lookAtMachine(), before, 'nothing of the machine changed')
})

/** How long a start takes when it is left alone, in milliseconds. Where in it a kill falls is up to chance anyway. */
async function wholeStart(t: Test, id: string): Promise<number> {
  const start = performance.now()
  t.equal((await command(['lab', 'up', '--id', id, '-f', MANIFESTS])).code, 0)
  const took = Math.ceil(performance.now() - start)
  t.equal((await command(['lab', 'down', id])).code, 0)
  return took
}

/**
 * A start that did not come to its end: one that was killed too late is taken down, and the next is killed earlier.
 *
 * @returns how many namespaces there were when it was killed
 */
async function killedStart(id: string, after: number): Promise<number> {
  const args = ['bin/podwire.js', 'lab', 'up', '--id', id, '-f', MANIFESTS]
  const child = spawn(process.execPath, args, { env: plainEnvironment(), stdio: 'ignore' })
  const ended = once(child, 'exit')
  await Promise.race([delay(after), ended])
  child.kill('SIGKILL')
  await ended
  if (findRecord(id)?.state !== 'up') return namespacesOf(id).length
  await takeDown(id)
  return killedStart(id, Math.floor(after / 2))
}
