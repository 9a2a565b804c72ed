/** Addresses of Services: the rows are those of Kubernetes' own exam. */
import fc from 'fast-check'
import t from 'tap'
import { addIp, compareIp, formatIp, type Ip, parseIp, parsePrefix } from '../../src/base/ip.ts'
import { seededRandom } from '../../src/base/random.ts'
import { lowerBand } from '../../src/ipam/bands.ts'
import { allocateClusterIps, ClusterIps } from '../../src/ipam/cluster-ips.ts'
import { Transaction } from '../../src/ipam/transaction.ts'

const poolOf = (prefix: string, seed = 1) => new ClusterIps(parsePrefix(prefix), seededRandom(seed, 'clusterIP'))
const draw = (pool: ClusterIps, count: number) => Array.from({ length: count }, () => pool.allocateNext())
const sorted = (ips: readonly Ip[]) => [...ips].sort(compareIp).map(formatIp)

t.test('the static part of a network has', async t => {
  const rule = { step: 16, least: 16, most: 256 }
  // biome-ignore format: one case, one row
  const rows = [[4, 0], [16, 0], [17, 16], [128, 16], [256, 16], [512, 32], [4096, 256], [8192, 256], [65536, 256], [2 ** 64, 256]] as const
  for (const [size, lower] of rows) t.equal(lowerBand(size, rule), lower, `${lower} of ${size}`)
})

t.test('a network has', async t => {
  // biome-ignore format: one case, one row
  const rows = [
    ['192.168.1.0/24', 254, ['192.168.1.1', '192.168.1.254'], ['192.168.1.0', '192.168.1.255', '192.168.2.2', 'fd00::1']],
    ['10.0.0.0/15', 131070, ['10.0.0.1', '10.0.255.255', '10.1.0.0', '10.1.255.254'], ['10.0.0.0', '10.1.255.255']],
    ['2001:db8:1::/116', 4095, ['2001:db8:1::1', '2001:db8:1::fff'], ['2001:db8:1::', '2001:db8:1::1000']],
    ['2001:db8:1::/112', 65535, ['2001:db8:1::ffff'], ['2001:db8:1::1:0', '10.0.0.1']],
    ['192.168.1.240/30', 2, ['192.168.1.241', '192.168.1.242'], ['192.168.1.240', '192.168.1.243']],
    ['192.168.1.1/32', 0, [], ['192.168.1.1']],
    ['192.168.1.2/31', 0, [], ['192.168.1.2', '192.168.1.3']],
    ['fd00::1/128', 0, [], ['fd00::1']],
    ['255.255.255.0/24', 254, ['255.255.255.254'], ['255.255.255.255']],
  ] as const
  for (const [prefix, free, inside, outside] of rows) {
    const pool = poolOf(prefix)
    t.equal(pool.free, free, `${free} addresses: ${prefix}`)
    for (const text of inside) {
      pool.allocate(parseIp(text))
      t.throws(
        () => pool.allocate(parseIp(text)),
        { problem: 'taken', message: 'provided IP is already allocated' },
        text,
      )
    }
    for (const text of outside) {
      const message = `the provided IP (${text}) is not in the valid range. The range of valid IPs is ${prefix}`
      t.throws(() => pool.allocate(parseIp(text)), { problem: 'outside', message }, text)
    }
    t.equal(pool.free, free - inside.length)
  }
  t.throws(() => poolOf('fd00::/63'), {
    problem: 'invalid',
    message: 'shortest allowed prefix length for service CIDR is 64, got 63',
  })
})

t.test('draws come', async t => {
  const pool = poolOf('192.168.1.0/25')
  const dynamic = draw(pool, 110)
  t.same(
    sorted(dynamic),
    Array.from({ length: 110 }, (_, i) => `192.168.1.${17 + i}`),
    'from the dynamic part first',
  )
  t.not(formatIp(dynamic[0] ?? parseIp('::')), '192.168.1.17', 'from a random place on')
  t.equal(pool.free, 16)
  for (let i = 1; i <= 16; i++) pool.allocate(parseIp(`192.168.1.${i}`))
  t.throws(() => pool.allocateNext(), { problem: 'full', message: 'range is full' })
  pool.release(parseIp('192.168.1.10'))
  t.equal(formatIp(pool.allocateNext()), '192.168.1.10', 'then from the static part')
  pool.release(parseIp('192.168.1.99'))
  t.equal(formatIp(pool.allocateNext()), '192.168.1.99')
  pool.release(parseIp('10.0.0.1'))
  pool.release(parseIp('192.168.1.99'))
  pool.release(parseIp('192.168.1.99'))
  t.equal(pool.free, 1, 'what is not taken is not given back')
})

t.test('a network of', async t => {
  t.equal(sorted(draw(poolOf('10.0.0.0/30'), 2)).join(), '10.0.0.1,10.0.0.2', 'two gives both')
  t.throws(() => poolOf('10.0.0.0/32').allocateNext(), { message: 'range is full' }, 'none is full at once')
  const full = poolOf('192.168.1.0/24')
  let refused = 0
  for (let i = 0; i < 264; i++) {
    try {
      full.allocateNext()
    } catch {
      refused++
    }
  }
  t.equal(refused, 10, '254 refuses ten of 264')
})

t.test('the same seed draws the same, another seed others', async t => {
  const some = (seed: number) => draw(poolOf('10.96.0.0/12', seed), 5).map(formatIp)
  t.same(some(1), some(1))
  t.notSame(some(1), some(2))
})

t.test('a network of 2^64 addresses', async t => {
  const pool = poolOf('fd54:ceea:51ad:2f00::/64')
  const drawn = draw(pool, 1000)
  t.equal(new Set(drawn.map(formatIp)).size, 1000, 'gives what it has not given')
  t.ok(
    drawn.every(ip => compareIp(ip, parseIp('fd54:ceea:51ad:2f00::100')) > 0),
    'above its static part',
  )
  for (const tail of [':7fff:ffff:ffff:ffff', ':ffff:ffff:ffff:ffff', ':7:ffff:ffff:fffe', '::1f', '::1', ':1::']) {
    const ip = parseIp(`fd54:ceea:51ad:2f00${tail}`)
    pool.allocate(ip)
    t.ok(pool.has(ip), formatIp(ip))
    t.throws(() => pool.allocate(ip), { message: 'provided IP is already allocated' })
  }
  t.throws(() => pool.allocate(parseIp('fd54:ceea:51ad:2f00::')), { problem: 'outside', name: 'AllocationError' })
  t.equal(pool.used, 1006)
  const ip = parseIp('fd54:ceea:51ad:2f00::1f')
  pool.release(ip)
  t.notOk(pool.has(ip))
  t.notOk(pool.has(parseIp('fd54:ceea:51ad:2f01::1f')))
})

t.test('a draw from a network of 2^64 addresses', async t => {
  const numbers = (...drawn: readonly number[]) => {
    const left = drawn.map(one => one / 2 ** 32)
    return () => left.shift() ?? 0
  }
  const first = (random: () => number) => formatIp(new ClusterIps(parsePrefix('fd00::/64'), random).allocateNext())
  t.equal(first(numbers(0, 0)), 'fd00::101', 'leaves out the static part')
  t.equal(first(numbers(1, 0)), 'fd00::1:0:0', 'which only the first addresses have')
  t.equal(first(numbers(2 ** 32 - 1, 2 ** 32 - 1)), 'fd00::ffff:ffff:ffff:ffff', 'and goes to the last')
})

t.test('any order of takings and givings leaves a pool as a set would be', async t => {
  const step = fc.record({
    act: fc.constantFrom('take' as const, 'draw' as const, 'give' as const),
    at: fc.nat({ max: 40 }),
  })
  fc.assert(
    fc.property(
      fc.constantFrom('10.9.9.96/27', 'fd00::aa00/123'),
      fc.array(step, { maxLength: 80 }),
      (prefix, steps) => {
        const { base, family } = parsePrefix(prefix)
        const pool = poolOf(prefix)
        const taken = new Set<string>()
        const last = family === 4 ? 30 : 31
        for (const { act, at } of steps) {
          const ip = addIp(base, at)
          const text = formatIp(ip)
          if (act === 'draw' && taken.size < last) taken.add(formatIp(pool.allocateNext()))
          else if (act === 'draw') t.throws(() => pool.allocateNext(), { message: 'range is full' })
          else if (act === 'give') {
            pool.release(ip)
            taken.delete(text)
          } else if (taken.has(text) || at < 1 || at > last) t.throws(() => pool.allocate(ip))
          else {
            pool.allocate(ip)
            taken.add(text)
          }
          t.equal(pool.used, taken.size)
        }
        for (let at = 0; at < 33; at++) t.equal(pool.has(addIp(base, at)), taken.has(formatIp(addIp(base, at))))
      },
    ),
    { numRuns: 30 },
  )
})

t.test('allocateClusterIps() gives a Service', async t => {
  const four = poolOf('10.96.0.0/12')
  const six = poolOf('fd00:10:96::/112')
  const begin = () => ({ 4: new Transaction<Ip>(four), 6: new Transaction<Ip>(six) })
  const given = allocateClusterIps('web', [{ family: 6 }, { family: 4, ip: parseIp('10.96.0.10') }], begin())
  t.equal(given.length, 2, 'one of each family')
  t.ok(six.has(given[0] ?? parseIp('::')))
  t.equal(given[1] && formatIp(given[1]), '10.96.0.10', 'the one that it asks for')

  const pools = begin()
  const ask = () => allocateClusterIps('web', [{ family: 6 }, { family: 4, ip: parseIp('10.96.0.10') }], pools)
  t.throws(ask, { kind: 'invalid', message: 'failed to allocate IP 10.96.0.10: provided IP is already allocated' })
  pools[4].revert()
  pools[6].revert()
  t.equal(six.used, 1, 'or, once reverted, none of any')
  t.throws(() => allocateClusterIps('web', [{ family: 4, ip: parseIp('1.2.3.4') }], begin()), {
    kind: 'invalid',
    message:
      'failed to allocate IP 1.2.3.4: the provided IP (1.2.3.4) is not in the valid range. The range of valid IPs is 10.96.0.0/12',
  })
  t.throws(() => allocateClusterIps('web', [{ family: 4 }], { 4: new Transaction<Ip>(poolOf('10.0.0.0/32')) }), {
    kind: 'internal',
    message: 'failed to allocate a serviceIP for Service "web": range is full',
  })
  t.throws(() => allocateClusterIps('web', [{ family: 6 }], {}), RangeError)
})
