/**
 * Addresses and prefixes of both families, by one table, so that the two files cannot drift apart;
 * with `netmask` and `ip-cidr`, which nobody here wrote, as judges.
 */
import fc from 'fast-check'
import IpCidr from 'ip-cidr'
import { Netmask } from 'netmask'
import t from 'tap'
import * as ip from '../../src/base/ip.ts'
import * as four from '../../src/base/ipv4.ts'
import * as six from '../../src/base/ipv6.ts'

type Ip = ip.Ip
type Prefix = ip.Prefix

/** The same functions of one family, behind one face. */
interface Side {
  readonly family: ip.Family
  readonly parse: (text: string) => Ip
  readonly format: (address: Ip) => string
  readonly parsePrefix: (text: string) => Prefix
  readonly formatPrefix: (prefix: Prefix) => string
  readonly compare: (a: Ip, b: Ip) => number
  readonly add: (address: Ip, offset: number) => Ip
  readonly prefix: (address: Ip, bits: number) => Prefix
  readonly contains: (prefix: Prefix, address: Ip) => boolean
  readonly number: (address: Ip) => bigint
  readonly any: fc.Arbitrary<Ip>
}

const word = fc.oneof(fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }), fc.constantFrom(0, 1, -1, 0xffff, 1 << 31))

const FOUR: Side = {
  family: 4,
  parse: four.parseIpv4,
  format: address => four.formatIpv4(address as four.Ipv4),
  parsePrefix: four.parsePrefix4,
  formatPrefix: prefix => four.formatPrefix4(prefix as four.Prefix4),
  compare: (a, b) => four.compareIpv4(a as four.Ipv4, b as four.Ipv4),
  add: (address, offset) => four.addIpv4(address as four.Ipv4, offset),
  prefix: (address, bits) => four.prefix4(address as four.Ipv4, bits),
  contains: (prefix, address) => four.contains4(prefix as four.Prefix4, address as four.Ipv4),
  number: address => BigInt(Number(address) >>> 0),
  any: word as fc.Arbitrary<Ip>,
}

const SIX: Side = {
  family: 6,
  parse: six.parseIpv6,
  format: address => six.formatIpv6(address as six.Ipv6),
  parsePrefix: six.parsePrefix6,
  formatPrefix: prefix => six.formatPrefix6(prefix as six.Prefix6),
  compare: (a, b) => six.compareIpv6(a as six.Ipv6, b as six.Ipv6),
  add: (address, offset) => six.addIpv6(address as six.Ipv6, offset),
  prefix: (address, bits) => six.prefix6(address as six.Ipv6, bits),
  contains: (prefix, address) => six.contains6(prefix as six.Prefix6, address as six.Ipv6),
  number: address => six.toBigint6(address as six.Ipv6),
  any: fc.tuple(word, word, word, word).map(words => six.ipv6(...words)),
}

/** Without dots in IPv6, of which the judge makes IPv4 addresses. */
function inHex(side: Side, address: Ip): string {
  if (side.family === 4) return side.format(address)
  return side
    .number(address)
    .toString(16)
    .padStart(32, '0')
    .replace(/.{4}(?=.)/g, '$&:')
}

for (const side of [FOUR, SIX]) {
  const width = ip.widthOf(side.family)
  const bits = fc.integer({ min: 0, max: width })
  const prefix = fc.tuple(side.any, bits).map(([address, bits]) => side.prefix(address, bits))
  const check = (property: fc.IRawProperty<unknown>) => async () => fc.assert(property)

  t.test(`IPv${side.family}`, async t => {
    t.test(
      'an address reads back as it was written',
      check(fc.property(side.any, address => ip.equalIp(side.parse(side.format(address)), address))),
    )
    t.test(
      'a prefix reads back as it was written',
      check(
        fc.property(
          prefix,
          prefix => side.formatPrefix(side.parsePrefix(side.formatPrefix(prefix))) === side.formatPrefix(prefix),
        ),
      ),
    )
    t.test(
      'order is that of the numbers',
      check(
        fc.property(side.any, side.any, (a, b) => {
          const [x, y] = [side.number(a), side.number(b)]
          return Math.sign(side.compare(a, b)) === (x < y ? -1 : x > y ? 1 : 0)
        }),
      ),
    )
    t.test(
      'addition is that of the numbers, and wraps',
      check(
        fc.property(side.any, fc.integer({ min: -(2 ** 31), max: 2 ** 31 }), (address, offset) => {
          const sum = (side.number(address) + BigInt(offset)) & ((1n << BigInt(width)) - 1n)
          return side.number(side.add(address, offset)) === sum
        }),
      ),
    )
    t.test(
      'a prefix holds the addresses that begin like it',
      check(
        fc.property(prefix, side.any, (prefix, address) => {
          const shift = BigInt(width - prefix.bits)
          const begins = side.number(address) >> shift === side.number(prefix.base) >> shift
          return side.contains(prefix, address) === begins
        }),
      ),
    )
    t.test(
      'a prefix holds what it is made of',
      check(fc.property(side.any, bits, (address, bits) => side.contains(side.prefix(address, bits), address))),
    )
    t.test(
      "two prefixes overlap when one holds the other's base",
      check(
        fc.property(prefix, prefix, (a, b) => {
          const expected = side.contains(a, b.base) || side.contains(b, a.base)
          return ip.overlaps(a, b) === expected && ip.overlaps(b, a) === expected
        }),
      ),
    )
    t.test(
      'ip-cidr agrees on the network and what is in it',
      check(
        fc.property(side.any, bits, side.any, (address, bits, other) => {
          const theirs = new IpCidr(`${inHex(side, address)}/${bits}`)
          const ours = side.prefix(address, bits)
          return (
            side.number(ours.base) === theirs.start<bigint>({ type: 'bigInteger' }) &&
            side.contains(ours, other) === theirs.contains(inHex(side, other))
          )
        }),
      ),
    )
  })
}

t.test('netmask agrees on IPv4 networks', async t => {
  fc.assert(
    fc.property(FOUR.any, fc.integer({ min: 0, max: 32 }), FOUR.any, (address, bits, other) => {
      const theirs = new Netmask(`${FOUR.format(address)}/${bits}`)
      const ours = FOUR.prefix(address, bits) as four.Prefix4
      t.equal(four.formatIpv4(ours.base), theirs.base)
      t.equal(four.formatIpv4(ours.mask as four.Ipv4), theirs.mask)
      t.equal(FOUR.contains(ours, other), theirs.contains(FOUR.format(other)))
    }),
  )
})

t.test('ip-cidr agrees on the canonical text of IPv6', async t => {
  fc.assert(
    fc.property(SIX.any, address => {
      const text = SIX.format(address)
      // Addresses that hold an IPv4 one are written with dots, which that package writes only on demand.
      if (!text.includes('.')) t.equal(text, IpCidr.createAddress(text).correctForm())
    }),
  )
})

t.test('formatIpv6() follows RFC 5952', async t => {
  // biome-ignore format: one case, one row
  const rows = [
    ['2001:0DB8:0:0:0:0:0:0001', '2001:db8::1', 'no leading zeros, lower case, the zeros shortened'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1', 'a single zero group stays'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1', 'the longest run is shortened'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1', 'the first of two equal runs'],
    ['0:0:0:0:0:0:0:0', '::', 'nothing but zeros'],
    ['1:0:0:0:0:0:0:0', '1::', 'zeros at the end'],
    ['0:0:0:0:0:0:0:1', '::1', 'zeros at the start'],
    ['::ffff:c000:201', '::ffff:192.0.2.1', 'a mapped IPv4 address in dots'],
    ['::192.0.2.1', '::c000:201', 'but no other'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221', 'nor a translated one'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0', 'a lone zero that was shortened'],
    ['1:2:3:4:5:6:255.255.255.255', '1:2:3:4:5:6:ffff:ffff', 'dots behind six groups'],
  ] as const
  for (const [text, canonical, what] of rows) t.equal(six.formatIpv6(six.parseIpv6(text)), canonical, what)
})

t.test('readers refuse', async t => {
  // biome-ignore format: one case, one row
  const rows = [
    [ip.parseIp, 'web', 'Cannot parse IP address "web": neither IPv4 nor IPv6'],
    [ip.parseIp, '', 'Cannot parse IP address "": neither IPv4 nor IPv6'],
    [ip.parseIp, '10.0.0', 'Cannot parse IPv4 address "10.0.0": 3 octets, not 4'],
    [ip.parseIp, '10.0.0.0.1', 'Cannot parse IPv4 address "10.0.0.0.1": 5 octets, not 4'],
    [ip.parseIp, '10.0.0.256', 'Cannot parse IPv4 address "10.0.0.256": octet "256" is not 0 to 255'],
    [ip.parseIp, '10.0.0.010', 'Cannot parse IPv4 address "10.0.0.010": octet "010" is not 0 to 255'],
    [ip.parseIp, '10.0.0.-1', 'Cannot parse IPv4 address "10.0.0.-1": octet "-1" is not 0 to 255'],
    [ip.parseIp, '10.0.0.1 ', 'Cannot parse IPv4 address "10.0.0.1 ": octet "1 " is not 0 to 255'],
    [ip.parseIp, '10.0.0.0x1', 'Cannot parse IPv4 address "10.0.0.0x1": octet "0x1" is not 0 to 255'],
    [ip.parseIp, '1:2:3', 'Cannot parse IPv6 address "1:2:3": 3 groups, not 8'],
    [ip.parseIp, '1:2:3:4:5:6:7:8:9', 'Cannot parse IPv6 address "1:2:3:4:5:6:7:8:9": 9 groups, not 8'],
    [ip.parseIp, '1:2:3:4::5:6:7:8', 'Cannot parse IPv6 address "1:2:3:4::5:6:7:8": "::" stands for no group'],
    [ip.parseIp, '1:2:3:4::5:6:7:8:9', 'Cannot parse IPv6 address "1:2:3:4::5:6:7:8:9": 9 groups, not 8'],
    [ip.parseIp, '1::2::3', 'Cannot parse IPv6 address "1::2::3": "::" stands in it twice'],
    [ip.parseIp, ':1', 'Cannot parse IPv6 address ":1": group "" is not one to four hexadecimal digits'],
    [ip.parseIp, ':::', 'Cannot parse IPv6 address ":::": group "" is not one to four hexadecimal digits'],
    [ip.parseIp, '12345::', 'Cannot parse IPv6 address "12345::": group "12345" is not one to four hexadecimal digits'],
    [ip.parseIp, 'fe80::1%eth0', 'Cannot parse IPv6 address "fe80::1%eth0": group "1%eth0" is not one to four hexadecimal digits'],
    [ip.parseIp, '192.0.2.1::', 'Cannot parse IPv6 address "192.0.2.1::": group "192.0.2.1" is not one to four hexadecimal digits'],
    [ip.parseIp, '::1.2.3.4:5', 'Cannot parse IPv6 address "::1.2.3.4:5": group "1.2.3.4" is not one to four hexadecimal digits'],
    [ip.parseIp, '::1.2.3', 'Cannot parse IPv4 address "1.2.3": 3 octets, not 4'],
    [ip.parsePrefix, '10.0.0.0', 'Cannot parse IPv4 prefix "10.0.0.0": no length of 0 to 32'],
    [ip.parsePrefix, '10.0.0.0/', 'Cannot parse IPv4 prefix "10.0.0.0/": no length of 0 to 32'],
    [ip.parsePrefix, '10.0.0.0/33', 'Cannot parse IPv4 prefix "10.0.0.0/33": no length of 0 to 32'],
    [ip.parsePrefix, '10.0.0.0/08', 'Cannot parse IPv4 prefix "10.0.0.0/08": no length of 0 to 32'],
    [ip.parsePrefix, '10.0.0.1/24', 'Cannot parse IPv4 prefix "10.0.0.1/24": host bits are set, the network is 10.0.0.0/24'],
    [ip.parsePrefix, 'fd00::', 'Cannot parse IPv6 prefix "fd00::": no length of 0 to 128'],
    [ip.parsePrefix, 'fd00::/129', 'Cannot parse IPv6 prefix "fd00::/129": no length of 0 to 128'],
    [ip.parsePrefix, 'fd00::1/64', 'Cannot parse IPv6 prefix "fd00::1/64": host bits are set, the network is fd00::/64'],
    [ip.parseInterfaceAddress, '10.0.0.1/33', 'Cannot parse interface address "10.0.0.1/33": no length of 0 to 32'],
    [ip.parseInterfaceAddress, 'fd00::1/064', 'Cannot parse interface address "fd00::1/064": no length of 0 to 128'],
    [ip.parseNetwork, '10.0.0.0', 'Cannot parse network "10.0.0.0": no length'],
    [ip.parseNetwork, '10.0.0.0/33', 'Cannot parse interface address "10.0.0.0/33": no length of 0 to 32'],
  ] as const
  for (const [read, text, message] of rows)
    t.throws(() => read(text), { code: 'ERR_PARSE', name: 'ParseError', message }, message)
  t.equal(ip.findIp('10.0.0.256'), undefined)
  t.same(ip.findIp('10.0.0.1'), ip.parseIp('10.0.0.1'))
})

t.test('what is of either family', async t => {
  const own = (text: string) => ip.formatInterfaceAddress(ip.parseInterfaceAddress(text))
  t.same(['10.0.0.9/24', '10.0.0.9', 'fd00::9/64', 'fd00::9'].map(own), [
    '10.0.0.9/24',
    '10.0.0.9/32',
    'fd00::9/64',
    'fd00::9/128',
  ])
  t.equal(ip.formatPrefix(ip.parseNetwork('10.244.7.9/16')), '10.244.0.0/16', 'a network drops its host bits')
  t.equal(ip.formatPrefix(ip.parseNetwork('fd00:1:2:3::4/48')), 'fd00:1:2::/48')
  t.equal(ip.formatPrefix(ip.hostPrefix(ip.parseIp('10.0.0.1'))), '10.0.0.1/32')
  t.equal(ip.formatPrefix(ip.hostPrefix(ip.parseIp('fd00::1'))), 'fd00::1/128')
  t.same([ip.parseIp('10.0.0.1'), ip.parseIp('fd00::1')].map(ip.familyOf), [4, 6])

  const sorted = ['fd00::1', '192.0.2.1', '::', '10.0.0.1'].map(ip.parseIp).sort(ip.compareIp).map(ip.formatIp)
  t.same(sorted, ['10.0.0.1', '192.0.2.1', '::', 'fd00::1'], 'IPv4 comes before IPv6')
  t.notOk(ip.equalIp(ip.parseIp('0.0.0.0'), ip.parseIp('::')))
  t.notOk(ip.contains(ip.parsePrefix('0.0.0.0/0'), ip.parseIp('::')), 'no prefix holds the other family')
  t.notOk(ip.contains(ip.parsePrefix('::/0'), ip.parseIp('0.0.0.0')))
  t.notOk(ip.overlaps(ip.parsePrefix('::/0'), ip.parsePrefix('0.0.0.0/0')))
  t.equal(ip.formatIp(ip.addIp(ip.parseIp('10.0.0.255'), 1)), '10.0.1.0')
  t.equal(ip.formatIp(ip.addIp(ip.parseIp('fd00::ffff'), 1)), 'fd00::1:0')
  t.same(six.fromBigint6(six.toBigint6(six.parseIpv6('fd00::1'))), six.parseIpv6('fd00::1'))

  // biome-ignore format: one case, one row
  const rows = [
    ['127.0.0.1', true, false, false], ['127.255.255.255', true, false, false], ['128.0.0.1', false, false, false], ['::1', true, false, false], ['::2', false, false, false],
    ['169.254.1.1', false, true, false], ['169.253.1.1', false, false, false], ['fe80::1', false, true, false], ['febf::1', false, true, false], ['fec0::1', false, false, false],
    ['0.0.0.0', false, false, true], ['::', false, false, true], ['255.255.255.255', false, false, false],
  ] as const
  for (const [text, loopback, linkLocal, unspecified] of rows) {
    const address = ip.parseIp(text)
    t.same(
      [ip.isLoopback(address), ip.isLinkLocal(address), ip.isUnspecified(address)],
      [loopback, linkLocal, unspecified],
      text,
    )
  }
})
