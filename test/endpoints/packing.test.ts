import fc from 'fast-check'
import t from 'tap'
import { identityOf, type Packed, packEndpoints } from '../../src/endpoints/packing.ts'
import type { Endpoint, EndpointSlice } from '../../src/objects/endpoint-slice.ts'
import { endpoint } from './build.ts'

const MAX = 4

function setOf(endpoints: readonly Endpoint[]) {
  return new Map(endpoints.map(one => [identityOf(one), one]))
}

function sliceOf(name: string, endpoints: readonly Endpoint[]): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name },
    addressType: 'IPv4',
    endpoints,
    ports: [],
  }
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)
const numbersOf = (endpoints: readonly Endpoint[]) => endpoints.map(one => Number(one.targetRef?.name?.slice(4)))

// biome-ignore format: one case, one row
const cases: [name: string, stored: number[][], desired: number[], packed: number[][], stale?: number][] = [
  ['opens slices until all fit',                     [],                    range(0, 6),     [[0, 1, 2, 3], [4, 5]]],
  ['makes nothing for nobody',                       [],                    [],              []],
  ['keeps what can stay',                            [[0, 1], [2]],         [0, 1, 2],       [[0, 1], [2]]],
  ['leaves a hole where one went',                   [[0, 1, 2], [3]],      [0, 2, 3],       [[0, 2], [3]]],
  ['empties a slice rather than moving others',      [[0], [1, 2]],         [1, 2],          [[], [1, 2]]],
  ['fills slices that change anyway first',          [[0, 1], [2, 3]],      [0, 2, 3, 4, 5], [[0, 4, 5], [2, 3]]],
  ['fills the fullest changed slice first',          [[0, 1], [2, 3, 4]],   [0, 2, 3, 9],    [[0], [2, 3, 9]]],
  ['fills stale slices like changed ones',           [[0, 1], [2, 3, 4]],   [0, 1, 2, 3, 4, 9], [[0, 1, 9], [2, 3, 4]], 0],
  ['prefers the fullest untouched slice with room',  [[0], [1, 2], [3]],    [0, 1, 2, 3, 8, 9], [[0], [1, 2, 8, 9], [3]]],
  ['does not split the rest over untouched slices',  [[0, 1, 2], [3, 4, 5]], [0, 1, 2, 3, 4, 5, 8, 9], [[0, 1, 2], [3, 4, 5], [8, 9]]],
  ['opens a full slice before topping up another',   [[0, 1]],              [0, 1, ...range(5, 10)], [[0, 1, 9], [5, 6, 7, 8]]],
  ['leaves an empty slice empty when a full one is due', [[]],          [0, 1, 2, 3],    [[], [0, 1, 2, 3]]],
  ['does not fill a slice that is emptied',          [[0], [1]],            [1, 2],          [[], [1, 2]]],
]

for (const [name, stored, desired, packed, stale] of cases) {
  t.test(`packEndpoints() ${name}`, async t => {
    const slices = stored.map((numbers, i) =>
      sliceOf(
        `s${i}`,
        numbers.map(one => endpoint(one)),
      ),
    )
    const got = packEndpoints(setOf(desired.map(one => endpoint(one))), slices, one => one === slices[stale ?? -1], MAX)
    t.strictSame(
      got.map(one => numbersOf(one.endpoints)),
      packed,
    )
  })
}

t.test('packEndpoints() replaces an endpoint that changed where it is', async t => {
  const stored = sliceOf('s', [endpoint(0), endpoint(1)])
  const [got] = packEndpoints(setOf([endpoint(0), endpoint(1, false)]), [stored], () => false, MAX)
  t.strictSame(got?.endpoints, [endpoint(0), endpoint(1, false)])
  t.equal(got?.endpoints[0], stored.endpoints?.[0], 'the other is the same object')
})

t.test('packEndpoints() gives back the very list that needs no change', async t => {
  const stored = sliceOf('s', [endpoint(0), endpoint(1)])
  const [got] = packEndpoints(setOf([endpoint(1), endpoint(0)]), [stored], () => false, MAX)
  t.equal(got?.endpoints, stored.endpoints)
})

/** A cluster's life: after each step other endpoints are desired. */
const histories = fc.array(fc.uniqueArray(fc.nat(20)), { minLength: 1, maxLength: 6 })

function live(history: readonly (readonly number[])[], check: (before: EndpointSlice[], after: Packed[]) => void) {
  let stored: EndpointSlice[] = []
  let made = 0
  for (const desired of history) {
    const packed = [...packEndpoints(setOf(desired.map(one => endpoint(one))), stored, () => false, MAX)]
    check(stored, packed)
    stored = packed
      .filter(one => one.endpoints.length > 0)
      .map(one => sliceOf(one.stored?.metadata.name ?? `s${made++}`, one.endpoints))
  }
}

t.test('packing holds each endpoint once, and no slice overflows', async () => {
  fc.assert(
    fc.property(histories, history => {
      let step = 0
      live(history, (_, after) => {
        const all = after.flatMap(one => numbersOf(one.endpoints))
        const desired = [...(history[step++] ?? [])]
        if (after.some(one => one.endpoints.length > MAX)) throw new Error('a slice overflows')
        if (all.sort((a, b) => a - b).join() !== desired.sort((a, b) => a - b).join()) throw new Error('not the same')
      })
    }),
  )
})

t.test('packing never moves an endpoint from one slice to another', async () => {
  fc.assert(
    fc.property(histories, history => {
      live(history, (before, after) => {
        const home = new Map(before.flatMap(one => numbersOf(one.endpoints ?? []).map(each => [each, one] as const)))
        for (const { stored, endpoints } of after) {
          for (const each of numbersOf(endpoints)) {
            const old = home.get(each)
            if (old && old !== stored) throw new Error(`${each} moved from ${old.metadata.name}`)
          }
        }
      })
    }),
  )
})

t.test('packing opens no more slices than the rest needs', async () => {
  fc.assert(
    fc.property(histories, history => {
      live(history, (before, after) => {
        const opened = after.filter(one => !one.stored)
        const held = new Set(before.flatMap(one => numbersOf(one.endpoints ?? [])))
        const added = after.flatMap(one => numbersOf(one.endpoints)).filter(each => !held.has(each)).length
        if (opened.length > Math.ceil(added / MAX)) throw new Error(`${opened.length} slices for ${added} endpoints`)
        if (opened.filter(one => one.endpoints.length < MAX).length > 1) throw new Error('two new slices have room')
      })
    }),
  )
})
