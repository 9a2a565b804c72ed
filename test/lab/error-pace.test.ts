/** A lab waits where Linux would hold back that there is no way. */
import t from 'tap'
import { type Purses, paced } from '../../src/lab/error-pace.ts'
import { type Predicted, predicted } from './judged.ts'

const faults = ['node-1 route del 0.0.0.0/0']
const LOST = predicted({ from: 'pod/client', to: '198.51.100.9:80', protocol: 6, faults })
const OWN = predicted({ from: 'node/node-1', to: '198.51.100.9:80', protocol: 6, faults })
const FOUND = predicted({ from: 'pod/client', to: 'pod/web-1:8080' })

/** How long each of as many flows waits, of which each is sent as soon as it may be after `every` milliseconds. */
function waits({ predictions }: Predicted, count: number, every: number): readonly number[] {
  let purses: Purses = new Map()
  let now = 1000
  return Array.from({ length: count }, () => {
    const { wait, purses: left } = paced(purses, predictions, now)
    purses = left
    now += wait + every
    return wait
  })
}

// biome-ignore format: one case, one row
const ROWS: readonly [says: string, flow: Predicted, every: number, waits: readonly number[]][] = [
  ['four are told at once, and then one a second',     LOST,   0,    [0, 0, 0, 0, 100, 1000, 1000]],
  ['what has been saved up is used',                   LOST,   500,  [0, 0, 0, 0, 0, 0, 0, 0, 100, 500]],
  ['one a second never waits',                         LOST,   1000, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
  ['a program on the machine itself hears of it',      OWN,    0,    [0, 0, 0, 0, 0, 0, 0]],
  ['a flow that finds its way waits for nothing',      FOUND, 0,    [0, 0, 0, 0, 0, 0, 0]],
]

for (const [says, flow, every, expected] of ROWS) {
  t.test(says, async t => {
    t.strictSame(waits(flow, expected.length, every), expected)
  })
}

t.test('each source has a purse of its own', async t => {
  const { purses } = paced(new Map(), LOST.predictions, 0)
  t.strictSame([...purses], [['node-1 10.244.0.2', { saved: 4000, at: 0 }]])
})
