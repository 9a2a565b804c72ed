/** Pod addresses: the rows are those of the plugin's own exam. */
import t from 'tap'
import { formatInterfaceAddress, formatIp, parseInterfaceAddress, parseIp, parsePrefix } from '../../src/base/ip.ts'
import { HostLocal } from '../../src/ipam/host-local.ts'
import { podRange, type RangeSpec, rangeSets, rangesOverlap, wholeOf } from '../../src/ipam/pod-ranges.ts'

const spec = (subnet: string): RangeSpec => ({ subnet: parseInterfaceAddress(subnet) })
const setOf = (...subnets: string[]) => rangeSets([subnets.map(spec)])

/** A node with these ranges in one set, of which `taken` are held and `last` was given last. */
function nodeWith(subnets: readonly string[], taken: readonly string[] = [], last?: string): HostLocal {
  const node = new HostLocal(setOf(...subnets))
  if (last !== undefined) node.allocate('last', 'eth0', [parseIp(last)])
  if (last !== undefined && !taken.includes(last)) node.release('last', 'eth0')
  for (const [i, text] of taken.entries()) if (text !== last) node.occupy(`old-${i}`, 'eth0', parseIp(text))
  return node
}

const give = (node: HostLocal, pod: string, ...requested: string[]) =>
  node
    .allocate(pod, 'eth0', requested.map(parseIp))
    .map(({ own }) => formatIp(own.address))
    .join()

t.test('the next address of', async t => {
  // biome-ignore format: one case, one row
  const rows: readonly (readonly [string[], string[], string | undefined, string])[] = [
    [['10.0.0.0/29'], [], undefined, '10.0.0.2'],
    [['2001:db8:1::/64'], [], undefined, '2001:db8:1::2'],
    [['10.0.0.0/30'], [], undefined, '10.0.0.2'],
    [['10.0.0.0/29'], ['10.0.0.2'], undefined, '10.0.0.3'],
    [['10.0.0.0/29'], [], '10.0.0.5', '10.0.0.6'],
    [['10.0.0.0/29'], ['10.0.0.4', '10.0.0.5'], '10.0.0.3', '10.0.0.6'],
    [['10.0.0.0/29'], ['10.0.0.6'], '10.0.0.5', '10.0.0.2'],
    [['10.0.0.0/29'], ['10.0.0.2', '10.0.0.4', '10.0.0.5', '10.0.0.6'], '10.0.0.3', '10.0.0.3'],
    [['10.0.0.0/30', '10.0.1.0/30'], [], undefined, '10.0.0.2'],
    [['10.0.0.0/30', '10.0.1.0/30'], [], '10.0.0.2', '10.0.1.2'],
    [['10.0.0.0/30', '10.0.1.0/30', '10.0.2.0/30'], [], '10.0.1.2', '10.0.2.2'],
    [['10.0.0.0/30', '10.0.1.0/30', '10.0.2.0/30'], [], '10.0.2.2', '10.0.0.2'],
    [['10.0.0.0/30', '10.0.1.0/30'], ['10.0.0.2'], '10.0.1.2', '10.0.1.2'],
  ]
  for (const [subnets, taken, last, expected] of rows) {
    t.equal(give(nodeWith(subnets, taken, last), 'pod'), expected, `${subnets} with ${taken} taken, ${last} the last`)
  }
})

t.test('nothing is left of', async t => {
  for (const [subnets, taken] of [
    [['10.0.0.0/30'], ['10.0.0.2']],
    [['10.0.0.0/29'], ['10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6']],
    [
      ['10.0.0.0/30', '10.0.1.0/30'],
      ['10.0.0.2', '10.0.1.2'],
    ],
  ] as const) {
    const ends = subnets
      .map(text => podRange(spec(text)))
      .map(({ start, end }) => `${formatIp(start)}-${formatIp(end)}`)
    const message = `failed to allocate for range 0: no IP addresses available in range set: ${ends.join()}`
    t.throws(() => give(nodeWith(subnets, taken), 'pod'), { problem: 'full', message })
  }
})

t.test('addresses', async t => {
  const node = nodeWith(['192.168.1.0/29'])
  t.same(
    ['a', 'b', 'c', 'd', 'e'].map(pod => give(node, pod)),
    [2, 3, 4, 5, 6].map(n => `192.168.1.${n}`),
    'come in order',
  )
  t.throws(() => give(node, 'f'), { problem: 'full', name: 'AllocationError' }, 'until there are none')
  node.release('b', 'eth0')
  t.equal(give(node, 'f'), '192.168.1.3', 'and the one that came back goes')

  const other = nodeWith(['192.168.1.0/29'])
  t.equal(give(other, 'a'), '192.168.1.2')
  other.release('a', 'eth0')
  t.equal(give(other, 'a'), '192.168.1.3', 'one that came back rests')
  t.same(
    other.last.map(ip => ip && formatIp(ip)),
    ['192.168.1.3'],
  )
  t.ok(other.has(parseIp('192.168.1.3')))
  t.notOk(other.has(parseIp('192.168.1.2')))
})

t.test("an address bears its network's length and the gateway", async t => {
  const node = new HostLocal([wholeOf(parsePrefix('10.244.1.0/24')), wholeOf(parsePrefix('fd00:10:244:1::/64'))])
  t.same(
    node.allocate('pod', 'eth0').map(({ own, gateway }) => [formatInterfaceAddress(own), formatIp(gateway)]),
    [
      ['10.244.1.2/24', '10.244.1.1'],
      ['fd00:10:244:1::2/64', 'fd00:10:244:1::1'],
    ],
  )
})

t.test('a request', async t => {
  const node = nodeWith(['192.168.1.0/29'])
  t.equal(give(node, 'a', '192.168.1.5'), '192.168.1.5', 'is granted')
  t.equal(give(node, 'b'), '192.168.1.6', 'and moves the rest on')
  const refused =
    (...ips: string[]) =>
    () =>
      give(node, 'c', ...ips)
  t.throws(
    refused('192.168.1.5'),
    {
      message:
        'failed to allocate for range 0: requested IP address 192.168.1.5 is not available in range set 192.168.1.1-192.168.1.6',
    },
    'unless it is taken',
  )
  t.throws(refused('192.168.1.1'), {
    message: "failed to allocate for range 0: requested ip 192.168.1.1 is subnet's gateway",
  })
  t.throws(refused('192.168.1.3', '10.0.0.1', '10.0.0.2'), {
    message: 'failed to allocate all requested IPs: 10.0.0.1 10.0.0.2',
  })
  t.notOk(node.has(parseIp('192.168.1.3')), 'and leaves nothing behind')
})

t.test('a pod', async t => {
  const node = new HostLocal(rangeSets([[spec('10.0.0.0/30')], [spec('fd00::/64')]]))
  t.equal(give(node, 'a'), '10.0.0.2,fd00::2', 'gets an address of each range set')
  t.throws(
    () => give(node, 'a'),
    {
      message: 'failed to allocate for range 0: 10.0.0.2 has been allocated to a, duplicate allocation is not allowed',
    },
    'once',
  )
  t.ok(node.has(parseIp('10.0.0.2')), 'and keeps it')
  const two = new HostLocal(rangeSets([[spec('fd00::/64')], [spec('10.0.0.0/30')]]))
  two.occupy('old', 'eth0', parseIp('10.0.0.2'))
  t.throws(() => give(two, 'a'), { message: /^failed to allocate for range 1: no IP addresses available/ })
  t.notOk(two.has(parseIp('fd00::2')), 'or none of any')
})

t.test('occupy() marks what pods have already', async t => {
  const node = nodeWith(['10.0.0.0/29'])
  t.ok(node.occupy('old', 'eth0', parseIp('10.0.0.2')))
  t.notOk(node.occupy('older', 'eth0', parseIp('10.0.0.2')), 'once')
  t.notOk(node.occupy('old', 'eth0', parseIp('10.0.1.2')), 'and only what is in range')
  t.equal(give(node, 'pod'), '10.0.0.3')
  node.release('old', 'eth0')
  t.notOk(node.has(parseIp('10.0.0.2')))
  node.release('nobody', 'eth0')
})

t.test('podRange() completes', async t => {
  // biome-ignore format: one case, one row
  const rows = [
    ['192.0.2.0/24', '192.0.2.1', '192.0.2.254', '192.0.2.1'], ['192.0.2.0/25', '192.0.2.1', '192.0.2.126', '192.0.2.1'],
    ['192.0.2.0/30', '192.0.2.1', '192.0.2.2', '192.0.2.1'],
    ['2001:db8:1::/64', '2001:db8:1::1', '2001:db8:1:0:ffff:ffff:ffff:ffff', '2001:db8:1::1'],
    ['2001:db8:1::/126', '2001:db8:1::1', '2001:db8:1::3', '2001:db8:1::1'],
  ] as const
  for (const [subnet, start, end, gateway] of rows) {
    const range = podRange(spec(subnet))
    t.same([formatIp(range.start), formatIp(range.end), formatIp(range.gateway)], [start, end, gateway], subnet)
  }
  const given = podRange({
    ...spec('192.0.2.0/24'),
    rangeStart: parseIp('192.0.2.40'),
    rangeEnd: parseIp('192.0.2.50'),
    gateway: parseIp('192.0.2.254'),
  })
  t.same(
    [formatIp(given.start), formatIp(given.end), formatIp(given.gateway)],
    ['192.0.2.40', '192.0.2.50', '192.0.2.254'],
  )
})

t.test('podRange() refuses', async t => {
  const ip = (text: string | undefined, key: string) => (text === undefined ? {} : { [key]: parseIp(text) })
  // biome-ignore format: one case, one row
  const rows = [
    ['192.0.2.12/24', undefined, undefined, 'Network has host bits set. For a subnet mask of length 24 the network address is 192.0.2.0'],
    ['2001:db8:24:19ff::/63', undefined, undefined, 'Network has host bits set. For a subnet mask of length 63 the network address is 2001:db8:24:19fe::'],
    ['192.168.127.0/23', undefined, undefined, 'Network has host bits set. For a subnet mask of length 23 the network address is 192.168.126.0'],
    ['192.0.2.0/31', undefined, undefined, 'Network 192.0.2.0/31 too small to allocate from'],
    ['fd00::/127', undefined, undefined, 'Network fd00::/127 too small to allocate from'],
    ['192.0.2.0/24', '192.0.3.0', undefined, 'RangeStart 192.0.3.0 not in network 192.0.2.0/24'],
    ['192.0.2.0/24', undefined, '192.0.4.0', 'RangeEnd 192.0.4.0 not in network 192.0.2.0/24'],
    ['192.0.2.0/24', '192.0.2.50', '192.0.2.40', 'RangeStart 192.0.2.50 not in network 192.0.2.0/24'],
  ] as const
  for (const [subnet, start, end, message] of rows) {
    t.throws(
      () => podRange({ ...spec(subnet), ...ip(start, 'rangeStart'), ...ip(end, 'rangeEnd') }),
      { problem: 'invalid', message },
      message,
    )
  }
})

t.test('ranges overlap', async t => {
  const range = (subnet: string, from?: string, to?: string) =>
    podRange({
      ...spec(subnet),
      ...(from ? { rangeStart: parseIp(from) } : {}),
      ...(to ? { rangeEnd: parseIp(to) } : {}),
    })
  // biome-ignore format: one case, one row
  const rows = [
    ['the same network', range('10.0.0.0/24'), range('10.0.0.0/24'), true],
    ['one inside the other', range('10.0.0.0/20'), range('10.0.1.0/24'), true],
    ['side by side', range('10.0.0.0/24'), range('10.0.1.0/24'), false],
    ['one network cut between .127 and .128', range('10.0.0.0/24', undefined, '10.0.0.127'), range('10.0.0.0/24', '10.0.0.128'), false],
    ['one network cut with .127 in both', range('10.0.0.0/24', undefined, '10.0.0.127'), range('10.0.0.0/24', '10.0.0.127'), true],
    ['two families', range('0.0.0.0/0', '0.0.0.1'), range('fd00::/64'), false],
  ] as const
  for (const [what, a, b, expected] of rows)
    t.same([rangesOverlap(a, b), rangesOverlap(b, a)], [expected, expected], what)
})

t.test('rangeSets() refuses', async t => {
  const sets =
    (...all: readonly string[][]) =>
    () =>
      rangeSets(all.map(set => set.map(spec)))
  t.throws(sets([]), { message: 'invalid range set 0: empty range set' })
  t.throws(sets(['10.0.0.0/24', 'fd00::/64']), { message: 'invalid range set 0: mixed address families' })
  t.throws(sets(['10.0.0.0/24'], ['10.1.0.0/24', '10.1.0.0/25']), {
    message: 'invalid range set 1: subnets 10.1.0.0/24 and 10.1.0.0/25 overlap',
  })
  t.throws(sets(['10.0.0.0/24'], ['10.1.0.0/24'], ['10.0.0.0/25']), { message: 'range set 0 overlaps with 2' })
})
