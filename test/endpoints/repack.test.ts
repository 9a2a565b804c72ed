import fc from 'fast-check'
import t from 'tap'
import { MAX_ADDRESSES, truncateSubsets } from '../../src/endpoints/capacity.ts'
import { type Placement, repackSubsets } from '../../src/endpoints/repack.ts'
import type { EndpointAddress, EndpointSubset, EndpointsPort } from '../../src/objects/endpoints.ts'

const address = (ip: string, uid?: string): EndpointAddress => (uid ? { ip, targetRef: { uid } } : { ip })

/** `1:80`: address 10.0.0.1 on port 80; `1#x:80`: of Pod x; `1!:80`: not ready; `1:`: without ports. */
function placement(text: string): Placement {
  const [, host, uid, unready, port] = /^(\d+)(?:#(\w+))?(!?):(\d*)$/.exec(text) ?? []
  return {
    address: address(`10.0.0.${host}`, uid),
    port: port ? { port: Number(port), protocol: 'TCP' } : undefined,
    ready: !unready,
  }
}

/** `1 2!: 80 443` */
function brief({ addresses = [], notReadyAddresses = [], ports = [] }: EndpointSubset): string {
  const show = ({ ip, targetRef }: EndpointAddress) => `${ip.slice(7)}${targetRef?.uid ? `#${targetRef.uid}` : ''}`
  const all = [...addresses.map(show), ...notReadyAddresses.map(one => `${show(one)}!`)]
  return `${all.join(' ')}: ${ports.map(one => one.port).join(' ')}`
}

// biome-ignore format: one case, one row
const cases: [name: string, placements: string[], subsets: string[]][] = [
  ['makes nothing of nothing',                        [],                                     []],
  ['puts addresses of one port together',             ['1:80', '2:80'],                       ['1 2: 80']],
  ['puts ports of the same addresses together',       ['1:80', '1:443'],                      ['1: 80 443']],
  ['keeps ports of other addresses apart',            ['1:80', '2:80', '1:443'],              ['1 2: 80', '1: 443']],
  ['keeps ports of other readiness apart',            ['1:80', '1!:443'],                     ['1: 80', '1!: 443']],
  ['joins ready and unready ones of one port',        ['1:80', '2!:80'],                      ['1 2!: 80']],
  ['lets unready beat ready',                         ['1:80', '1!:80', '2!:80', '2:80'],     ['1! 2!: 80']],
  ['tells Pods of one address apart',                 ['1#a:80', '1#b:80', '1#a:443'],        ['1#a 1#b: 80', '1#a: 443']],
  ['sorts addresses as text',                         ['9:80', '10:80', '2:80'],              ['10 2 9: 80']],
  ['knows addresses without ports',                   ['1:', '2!:'],                          ['1 2!: ']],
  ['keeps those without ports apart',                 ['1:', '1:80'],                         ['1: 80', '1: ']],
  ['drops what is said twice',                        ['1:80', '1:80'],                       ['1: 80']],
]

for (const [name, placements, subsets] of cases) {
  t.test(`repackSubsets() ${name}`, async t => {
    t.strictSame(repackSubsets(placements.map(placement)).map(brief).sort(), [...subsets].sort())
  })
}

t.test('repackSubsets() tells ports of one number apart by name and protocol', async t => {
  const of = (port: EndpointsPort): Placement => ({ address: address('10.0.0.1'), port, ready: true })
  const ports: EndpointsPort[] = [
    { name: 'dns', port: 53, protocol: 'UDP' },
    { name: 'dns-tcp', port: 53, protocol: 'TCP' },
  ]
  t.strictSame(repackSubsets(ports.map(of)), [{ addresses: [address('10.0.0.1')], ports }])
})

const placements = fc.array(
  fc.record({
    address: fc.nat(4).map(n => address(`10.0.0.${n}`)),
    port: fc.option(
      fc.nat(3).map((n): EndpointsPort => ({ port: 80 + n, protocol: 'TCP' })),
      { nil: undefined },
    ),
    ready: fc.boolean(),
  }),
)

/** `10.0.0.1 80 true`, sorted. */
const facts = (said: Iterable<readonly [string, boolean]>) =>
  [...said]
    .map(([key, ready]) => `${key} ${ready}`)
    .sort()
    .join('; ')

function said(given: readonly Placement[]): string {
  const all = new Map<string, boolean>()
  for (const { address, port, ready } of given) {
    const key = `${address.ip} ${port?.port ?? ''}`
    all.set(key, ready && (all.get(key) ?? true))
  }
  return facts(all)
}

function saidBy(subsets: readonly EndpointSubset[]): string {
  return facts(
    subsets.flatMap(({ addresses = [], notReadyAddresses = [], ports }) =>
      (ports ?? [undefined]).flatMap(port => [
        ...addresses.map(({ ip }) => [`${ip} ${port?.port ?? ''}`, true] as const),
        ...notReadyAddresses.map(({ ip }) => [`${ip} ${port?.port ?? ''}`, false] as const),
      ]),
    ),
  )
}

t.test('repackSubsets() says what the placements say, in the fewest subsets', async () => {
  fc.assert(
    fc.property(placements, given => {
      const subsets = repackSubsets(given)
      if (said(given) !== saidBy(subsets)) throw new Error(`${said(given)} became ${saidBy(subsets)}`)
      const alike = subsets.map(({ ports, ...rest }) => JSON.stringify([rest, ports !== undefined]))
      if (new Set(alike).size !== subsets.length) throw new Error('two subsets could be one')
    }),
  )
})

const many = (count: number) => Array.from({ length: count }, (_, i) => address(`10.0.${i >> 8}.${i & 255}`))
const counts = (subsets: readonly EndpointSubset[] | undefined) =>
  subsets?.map(one => [one.addresses?.length ?? 0, one.notReadyAddresses?.length ?? 0])

/** Subsets by their number of ready and of unready addresses. */
const sized = (sizes: readonly [number, number][]): EndpointSubset[] =>
  sizes.map(([ready, unready]) => ({
    ...(ready > 0 && { addresses: many(ready) }),
    ...(unready > 0 && { notReadyAddresses: many(unready) }),
  }))

// biome-ignore format: one case, one row
const truncations: [name: string, sizes: [number, number][], left: [number, number][] | undefined][] = [
  ['leaves what fits',                              [[600, 400]],               undefined],
  ['drops unready ones first',                      [[600, 500]],               [[600, 400]]],
  ['drops all of them before a ready one',          [[1001, 10]],               [[1000, 0]]],
  ['takes from each subset its share',              [[1500, 0], [500, 7]],      [[750, 0], [250, 0]]],
  ['takes from unready ones their share',           [[400, 900], [200, 300]],   [[400, 300], [200, 100]]],
  ['rounds up until nothing is left',               [[1001, 0], [1, 0], [1, 0]], [[999, 0], [1, 0], [0, 0]]],
]

for (const [name, sizes, left] of truncations) {
  t.test(`truncateSubsets() ${name}`, async t => {
    t.strictSame(counts(truncateSubsets(sized(sizes))), left)
  })
}

t.test(`truncateSubsets() leaves ${MAX_ADDRESSES}`, async () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(700), fc.nat(700)), { minLength: 1, maxLength: 4 }), sizes => {
      const left = truncateSubsets(sized(sizes))
      const total = (list: readonly (readonly number[])[] | undefined) => (list ?? []).flat().reduce((a, b) => a + b, 0)
      if (left ? total(counts(left)) !== MAX_ADDRESSES : total(sizes) > MAX_ADDRESSES) throw new Error('not so')
    }),
  )
})
