import t from 'tap'
import type { Deployment, ReplicaSet } from '../../src/objects/workload.ts'
import { firstReplicas, nextStep, slackOf } from '../../src/workloads/rollout.ts'
import { deployment, replicaSet } from './build.ts'

const rolling = (maxSurge: number | string, maxUnavailable: number | string, replicas: number): Deployment =>
  deployment({ replicas, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } } })
const recreating = (replicas: number) => deployment({ replicas, strategy: { type: 'Recreate' } })

// biome-ignore format: one case, one row
const slacks: [name: string, of: Deployment, surge: number, unavailable: number][] = [
  ['a quarter each by default',           deployment({ replicas: 8 }),    2, 2],
  ['rounded up above, down below',        deployment({ replicas: 3 }),    1, 0],
  ['numbers as they are',                 rolling(2, 1, 10),              2, 1],
  ['numbers as text',                     rolling('2', '1', 10),          2, 1],
  ['parts of the replicas',               rolling('50%', '30%', 5),       3, 1],
  ['one below if it could not move',      rolling(0, 0, 5),               0, 1],
]

for (const [name, of, surge, unavailable] of slacks) {
  t.test(`slackOf() is ${name}`, async t => t.strictSame(slackOf(of), { surge, unavailable }))
}

/** `4/3`: four replicas, three of them available. */
function set(text: string): ReplicaSet {
  const [replicas = 0, available = 0] = text.split('/').map(Number)
  return { ...replicaSet({ replicas }), status: { replicas, availableReplicas: available } }
}

// biome-ignore format: one case, one row
const steps: [name: string, of: Deployment, current: string | undefined, old: string[], next: (number | undefined)[]][] = [
  ['rests when all is done',                    rolling(1, 1, 4),   '4/4', ['0/0'],        []],
  ['grows by the surge first',                  rolling(1, 1, 4),   '0/0', ['4/4'],        [1]],
  ['takes from the old what may be missing',    rolling(1, 1, 4),   '1/0', ['4/4'],        [undefined, 3]],
  ['waits while too many are not available',    rolling(1, 0, 4),   '1/0', ['4/4'],        []],
  ['goes on when the new one is available',     rolling(1, 0, 4),   '1/1', ['4/4'],        [undefined, 3]],
  ['takes unavailable old ones first',          rolling(0, 1, 4),   '1/0', ['1/1', '3/1'], [undefined, undefined, 2]],
  ['then available ones that are to spare',      rolling(2, 1, 4),   '2/2', ['1/1', '3/1'], [undefined, 0, 1]],
  ['takes from the oldest otherwise',           rolling(2, 2, 4),   '2/2', ['2/2', '2/2'], [undefined, 0, 0]],
  ['shrinks to what is wanted at once',         rolling(1, 1, 2),   '5/5', [],             [2]],
  ['does nothing while paused',                 { ...deployment({ paused: true, replicas: 9 }) }, '2/2', ['1/1'], []],
  ['empties old sets before recreating',        recreating(3),      '0/0', ['3/3'],        [undefined, 0]],
  ['waits for their Pods to go',                recreating(3),      '0/0', ['0/0'],        [3]],
  ['scales what was recreated',                 recreating(5),      '3/3', [],             [5]],
]

for (const [name, of, current, old, next] of steps) {
  t.test(`nextStep() ${name}`, async t => {
    const now = current === undefined ? undefined : set(current)
    const before = old.map(set)
    const got = nextStep(of, now, before)
    const wanted = [now, ...before].map((_, i) => next[i])
    t.strictSame(
      [now, ...before].map(one => one && got.get(one)),
      wanted,
    )
  })
}

t.test('firstReplicas() is what a new set starts with', async t => {
  t.equal(firstReplicas(rolling(1, 1, 4), []), 4, 'all, when there is no other')
  t.equal(firstReplicas(rolling(1, 1, 4), [set('4/4')]), 1, 'the surge')
  t.equal(firstReplicas(rolling(1, 1, 4), [set('6/6')]), 0, 'none, when there are too many')
  t.equal(firstReplicas(recreating(4), [set('1/1')]), 0)
  t.equal(firstReplicas(recreating(4), [{ ...set('0/0'), status: { replicas: 1 } }]), 0, 'its Pods are still there')
  t.equal(firstReplicas(recreating(4), [set('0/0')]), 4)
})
