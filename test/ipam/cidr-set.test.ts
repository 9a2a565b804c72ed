/** Blocks of a cluster network: the rows are those of Kubernetes' own exam, asserted. */
import fc from 'fast-check'
import t from 'tap'
import { formatPrefix, type Prefix, parseNetwork, parsePrefix } from '../../src/base/ip.ts'
import { CidrSet, TRY_BUCKETS } from '../../src/ipam/cidr-set.ts'

const setOf = (cluster: string, nodeBits: number) => new CidrSet(parseNetwork(cluster), nodeBits)
const FULL = 'CIDR allocation failed; there are no remaining CIDRs left to allocate in the accepted range'

t.test('block() gives', async t => {
  // biome-ignore format: one case, one row
  const rows = [
    ['127.123.3.0/16', 24, 0, '127.123.0.0/24'],
    ['127.123.0.0/16', 24, 15, '127.123.15.0/24'],
    ['192.168.5.219/28', 32, 5, '192.168.5.213/32'],
    ['0.0.0.0/0', 0, 0, '0.0.0.0/0'],
    ['0.0.0.0/0', 32, 0xffff_fffe, '255.255.255.254/32'],
    ['2001:db8:1234:3::/48', 64, 0, '2001:db8:1234::/64'],
    ['2001:db8:1234::/48', 64, 15, '2001:db8:1234:f::/64'],
    ['2001:db8:85a3::8a2e:370:7334/50', 63, 6425, '2001:db8:85a3:3232::/63'],
    ['2001:db8::/32', 48, 0, '2001:db8::/48'],
    ['2001:db8::/32', 48, 15, '2001:db8:f::/48'],
    ['2001:db8:85a3::8a2e:370:7334/32', 48, 6425, '2001:db8:1919::/48'],
    ['2001:db8:1234:ff00::/56', 72, 0, '2001:db8:1234:ff00::/72'],
    ['2001:db8:1234:ff00::/56', 72, 15, '2001:db8:1234:ff00:f00::/72'],
    ['2001:db8:1234:ff00::/56', 72, 6425, '2001:db8:1234:ff19:1900::/72'],
    ['2001:db8:1234:0:1234::/80', 96, 0, '2001:db8:1234:0:1234::/96'],
    ['2001:db8:1234:0:1234::/80', 96, 15, '2001:db8:1234:0:1234:f::/96'],
    ['2001:db8:1234:ff00::370:7334/80', 96, 6425, '2001:db8:1234:ff00:0:1919::/96'],
    ['fd00::/112', 128, 0xffff, 'fd00::ffff/128'],
  ] as const
  for (const [cluster, bits, index, block] of rows) {
    const set = setOf(cluster, bits)
    t.equal(formatPrefix(set.block(index)), block, `block ${index} of /${bits} in ${cluster}`)
    t.equal(set.indexOf(set.block(index).base), index, `and back`)
  }
})

t.test('indexOf() finds', async t => {
  // biome-ignore format: one case, one row
  const rows = [
    ['127.0.0.0/8', 16, '127.123.0.0', 123], ['127.0.0.0/8', 16, '127.168.0.0', 168], ['127.0.0.0/8', 16, '127.224.0.0', 224],
    ['192.168.0.0/16', 24, '192.168.12.0', 12], ['192.168.0.0/16', 24, '192.168.151.0', 151],
    ['be00::/8', 16, 'beef::', 0xef], ['be00::/8', 16, 'be68::', 0x68],
  ] as const
  for (const [cluster, bits, text, index] of rows) {
    t.equal(setOf(cluster, bits).indexOf(parsePrefix(`${text}/${bits}`).base), index, `${text} in ${cluster}`)
  }
  const outside = (cluster: string, bits: number, text: string) => () =>
    setOf(cluster, bits).indexOf(parseNetwork(text).base)
  t.throws(outside('192.168.0.0/16', 24, '127.168.224.0/24'), {
    problem: 'outside',
    message: 'CIDR: 127.168.224.0/24 is out of the range of CIDR allocator',
  })
  t.throws(outside('beef::/16', 32, '2001:db00::/24'), { name: 'AllocationError', problem: 'outside' })
  t.throws(
    outside('beef::/16', 32, '127.0.0.0/24'),
    { name: 'AllocationError', problem: 'outside' },
    'nothing of the other family',
  )
})

t.test('occupy() takes', async t => {
  // biome-ignore format: one case, one row
  const rows = [
    ['127.0.0.0/8', 16, '127.0.0.0/8', 0, 255], ['127.0.0.0/8', 16, '127.0.0.0/2', 0, 255], ['127.0.0.0/8', 16, '127.0.0.0/16', 0, 0],
    ['127.0.0.0/8', 32, '127.0.0.0/16', 0, 65535],
    ['127.0.0.0/7', 16, '127.0.0.0/15', 256, 257], ['127.0.0.0/7', 15, '127.0.0.0/15', 128, 128], ['127.0.0.0/7', 18, '127.0.0.0/15', 1024, 1031],
    ['2001:beef:1200::/40', 48, '2001:beef:1200::/40', 0, 255], ['2001:beef:1200::/40', 48, '2001:beef:1234::/34', 0, 255],
    ['2001:beef:1200::/40', 48, '2001:beef:1200::/48', 0, 0], ['2001:beef:1200::/48', 64, '2001:beef:1200::/48', 0, 65535],
    ['2001:beef:7f00::/39', 48, '2001:beef:7f00::/47', 256, 257], ['2001:beef:7f00::/39', 47, '2001:beef:7f00::/47', 128, 128],
    ['2001:beef:7f00::/39', 50, '2001:beef:7f00::/47', 1024, 1031],
    ['10.42.0.0/16', 24, '10.42.9.128/25', 9, 9],
  ] as const
  for (const [cluster, bits, cidr, begin, end] of rows) {
    const set = setOf(cluster, bits)
    set.occupy(parseNetwork(cidr))
    t.equal(set.allocated, end - begin + 1, `${end - begin + 1} of ${cluster} by ${cidr}`)
    t.ok(set.has(begin) && set.has(end), `from ${begin} to ${end}`)
  }
  const message = 'cidr 10.43.0.0/24 is out the range of cluster cidr 10.42.0.0/16'
  t.throws(() => setOf('10.42.0.0/16', 24).occupy(parsePrefix('10.43.0.0/24')), { problem: 'outside', message })
  t.throws(() => setOf('10.42.0.0/16', 24).release(parsePrefix('fd00::/64')), {
    name: 'AllocationError',
    problem: 'outside',
  })
})

t.test('a block counts once however often it is taken or given back', async t => {
  const set = setOf('10.42.0.0/16', 24)
  // biome-ignore format: one case, one row
  const rows = [
    ['occupy', '10.42.5.0/24', 1], ['occupy', '10.42.9.0/24', 2], ['occupy', '10.42.8.0/22', 5], ['occupy', '10.42.9.0/24', 5],
    ['release', '10.42.9.0/24', 4], ['release', '10.42.9.0/24', 4], ['release', '10.42.4.0/22', 3],
  ] as const
  for (const [act, cidr, count] of rows) {
    set[act](parsePrefix(cidr))
    t.equal(set.allocated, count, `${act} ${cidr}`)
  }
  for (let i = 0; i < 253; i++) set.allocateNext()
  t.throws(() => set.allocateNext(), { problem: 'full', message: FULL })
})

t.test('a set of one block gives it, refuses, and gives it again', async t => {
  for (const [cluster, bits] of [
    ['127.123.234.0/30', 30],
    ['beef:1234::/30', 30],
  ] as const) {
    const set = setOf(cluster, bits)
    const block = set.allocateNext()
    t.same(block, parseNetwork(cluster))
    t.throws(() => set.allocateNext(), { message: FULL })
    set.release(block)
    t.same(set.allocateNext(), block)
    t.throws(() => set.allocateNext(), { message: FULL })
  }
})

t.test('blocks come in order, and those given back only after all others', async t => {
  for (const [cluster, bits] of [
    ['127.123.0.0/16', 24],
    ['beef:1200::/40', 48],
  ] as const) {
    const set = setOf(cluster, bits)
    const all = Array.from({ length: 256 }, () => set.allocateNext())
    for (const block of all) set.release(block)
    t.same(
      Array.from({ length: 256 }, () => set.allocateNext()),
      all,
      'the same order again',
    )
    for (const block of all) set.release(block)
    for (const block of [...all.slice(128), all[200] as Prefix]) set.occupy(block)
    t.same(
      Array.from({ length: 128 }, () => set.allocateNext()),
      all.slice(0, 128),
      'the lower half',
    )
    t.throws(() => set.allocateNext(), { message: FULL })
  }
  const set = setOf('10.0.0.0/16', 24)
  const first = set.allocateNext()
  set.release(first)
  t.equal(formatPrefix(set.allocateNext()), '10.0.1.0/24', 'the first rests')
})

t.test('a new set', async t => {
  const two = (set: CidrSet) => [set.allocateNext(), set.allocateNext()].map(formatPrefix)
  t.same(two(setOf('127.0.0.0/8', 32)), ['127.0.0.0/32', '127.0.0.1/32'], 'of IPv4 may have any number of blocks')
  t.same(two(setOf('2001:beef:1234:369b::/60', 64)), ['2001:beef:1234:3690::/64', '2001:beef:1234:3691::/64'])
  t.throws(() => setOf('beef:1234::/32', 49), {
    problem: 'invalid',
    message: 'New CIDR set failed; the node CIDR size is too big',
  })
  t.throws(() => setOf('10.0.0.0/24', 16), RangeError, 'has no blocks larger than itself')
  t.throws(() => setOf('10.0.0.0/24', 33), RangeError, 'nor such as are no addresses')
})

t.test('metrics count', async t => {
  const set = setOf('10.0.0.0/16', 24)
  set.occupy(parsePrefix('10.0.0.0/17'))
  t.match(set.metrics, { usage: 0.5, allocations: 128, releases: 0, tries: 0 })
  set.allocateNext()
  t.match(set.metrics, { allocations: 129, tries: 128, buckets: [0, 0, 0, 0, 1] }, 'what was passed over')
  t.equal(TRY_BUCKETS.length, set.metrics.buckets.length)

  const full = setOf('10.0.0.0/16', 24)
  for (let i = 0; i < 256; i++) full.allocateNext()
  full.release(parsePrefix('10.0.0.0/16'))
  t.match(full.metrics, { usage: 0, allocations: 256, releases: 256 })
  full.occupy(parsePrefix('10.0.0.0/16'))
  t.match(full.metrics, { usage: 1, allocations: 512, releases: 256 }, 'only what changes')
})

/** The blocks of 10.1.0.0/22 by /26, as a list that is gone through. */
class PlainSet {
  readonly taken = new Set<number>()
  #next = 0

  allocateNext(): number | undefined {
    const order = Array.from({ length: 16 }, (_, i) => (this.#next + i) % 16)
    const found = order.find(i => !this.taken.has(i))
    if (found === undefined) return undefined
    this.taken.add(found)
    this.#next = (found + 1) % 16
    return found
  }

  change(act: 'occupy' | 'release', start: number, size: number): void {
    for (let i = 0; i < 16; i++) {
      const first = 0x0a01_0000 + i * 64
      if (start >= first + 64 || first >= start + size) continue
      if (act === 'occupy') this.taken.add(i)
      else this.taken.delete(i)
    }
  }
}

t.test('a set does as slow and obvious code does', async t => {
  const step = fc.record({
    act: fc.constantFrom('next' as const, 'occupy' as const, 'release' as const),
    at: fc.nat({ max: 1023 }),
    bits: fc.integer({ min: 20, max: 28 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), steps => {
      const set = setOf('10.1.0.0/22', 26)
      const plain = new PlainSet()
      for (const { act, at, bits } of steps) {
        if (act === 'next') {
          const index = plain.allocateNext()
          if (index === undefined) t.throws(() => set.allocateNext(), { message: FULL })
          else t.same(set.allocateNext(), set.block(index))
        } else {
          const cidr = parseNetwork(`10.1.${at >> 8}.${at & 255}/${bits}`)
          plain.change(act, Number(cidr.base), 2 ** (32 - bits))
          set[act](cidr)
        }
        t.equal(set.allocated, plain.taken.size)
      }
    }),
    { numRuns: 50 },
  )
})
