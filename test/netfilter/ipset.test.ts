import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { InputError } from '../../src/base/error.ts'
import { hostPrefix, parseIp, parsePrefix, prefixOf } from '../../src/base/ip.ts'
import type { Ipv4 } from '../../src/base/ipv4.ts'
import type { IpSet, SetElement, SetEntry } from '../../src/netfilter/ipset.ts'
import { parseSets } from '../../src/netfilter/ipset-reader.ts'
import { formatSetsRestore, formatSetsSave } from '../../src/netfilter/ipset-text.ts'
import { canonIpset } from '../canon.ts'
import { inNamespace } from '../kernel/netns.ts'

const ip = (text: string): SetElement => ({ kind: 'ip', ip: parseIp(text) })
const net = (text: string): SetElement => ({
  kind: 'net',
  net: text.includes('/') ? parsePrefix(text) : hostPrefix(parseIp(text)),
})
const port = (protocol: number, port: number): SetElement => ({ kind: 'port', protocol, port })
const entry = (...elements: SetElement[]): SetEntry => ({ elements })

const sets: readonly IpSet[] = [
  {
    name: 'NODE-PORTS',
    type: 'bitmap:port',
    ports: { from: 0, to: 65535 },
    entries: [entry({ kind: 'port', port: 30080 })],
  },
  { name: 'ADDRESSES', type: 'hash:ip', family: 4, entries: [entry(ip('10.96.0.1'))] },
  {
    name: 'SERVICES',
    type: 'hash:ip,port',
    family: 6,
    hashsize: 1024,
    maxelem: 65536,
    entries: [entry(ip('fd00:96::1'), port(6, 443))],
  },
  {
    name: 'LOOP-BACK',
    type: 'hash:ip,port,ip',
    family: 4,
    entries: [entry(ip('10.244.1.2'), port(132, 80), ip('10.244.1.2'))],
  },
  {
    name: 'SOURCES',
    type: 'hash:ip,port,net',
    family: 4,
    comment: true,
    timeout: 0,
    entries: [{ ...entry(ip('203.0.113.1'), port(17, 53), net('10.0.0.0/8')), timeout: 0, comment: 'two words' }],
  },
  {
    name: 'NETWORKS',
    type: 'hash:net',
    family: 4,
    entries: [entry(net('10.0.0.0/8')), { ...entry(net('10.1.0.0/16')), nomatch: true }, entry(net('192.0.2.1'))],
  },
  {
    name: 'PORTS',
    type: 'hash:net,port',
    family: 4,
    counters: true,
    entries: [{ ...entry(net('10.0.0.0/8'), port(1, 0x0800)), packets: 5, bytes: 420 }],
  },
  {
    name: 'DEVICES',
    type: 'hash:net,iface',
    family: 4,
    entries: [
      entry(net('10.0.0.0/8'), { kind: 'iface', device: 'eth0' }),
      entry(net('10.0.0.0/8'), { kind: 'iface', device: 'eth0', bridged: true }),
    ],
  },
  {
    name: 'MACS',
    type: 'bitmap:ip,mac',
    addresses: { from: parseIp('10.0.0.0'), to: parseIp('10.0.0.255') },
    entries: [entry(ip('10.0.0.1'), { kind: 'mac', mac: { high: 0x0200, low: 0x0af40102 } }), entry(ip('10.0.0.2'))],
  },
  {
    name: 'ALL',
    type: 'list:set',
    entries: [entry({ kind: 'set', name: 'ADDRESSES' }), entry({ kind: 'set', name: 'NETWORKS' })],
  },
]

const SAVED = `create NODE-PORTS bitmap:port range 0-65535
add NODE-PORTS 30080
create ADDRESSES hash:ip family inet hashsize 1024 maxelem 65536
add ADDRESSES 10.96.0.1
create SERVICES hash:ip,port family inet6 hashsize 1024 maxelem 65536
add SERVICES fd00:96::1,tcp:443
create LOOP-BACK hash:ip,port,ip family inet hashsize 1024 maxelem 65536
add LOOP-BACK 10.244.1.2,sctp:80,10.244.1.2
create SOURCES hash:ip,port,net family inet hashsize 1024 maxelem 65536 timeout 0 comment
add SOURCES 203.0.113.1,udp:53,10.0.0.0/8 timeout 0 comment "two words"
create NETWORKS hash:net family inet hashsize 1024 maxelem 65536
add NETWORKS 10.0.0.0/8
add NETWORKS 10.1.0.0/16 nomatch
add NETWORKS 192.0.2.1
create PORTS hash:net,port family inet hashsize 1024 maxelem 65536 counters
add PORTS 10.0.0.0/8,icmp:echo-request packets 5 bytes 420
create DEVICES hash:net,iface family inet hashsize 1024 maxelem 65536
add DEVICES 10.0.0.0/8,eth0
add DEVICES 10.0.0.0/8,physdev:eth0
create MACS bitmap:ip,mac range 10.0.0.0-10.0.0.255
add MACS 10.0.0.1,02:00:0A:F4:01:02
add MACS 10.0.0.2
create ALL list:set size 8
add ALL ADDRESSES
add ALL NETWORKS
`

t.test('formatSetsSave() writes what ipset save prints', async t => {
  t.equal(formatSetsSave(sets), SAVED)
})

t.test('formatSetsRestore() makes a set, empties it and fills it', async t => {
  t.equal(
    formatSetsRestore(sets.slice(1, 3)),
    `create ADDRESSES hash:ip family inet
flush ADDRESSES
add ADDRESSES 10.96.0.1
create SERVICES hash:ip,port family inet6 hashsize 1024 maxelem 65536
flush SERVICES
add SERVICES fd00:96::1,tcp:443
`,
  )
  t.throws(
    () => formatSetsRestore([{ name: 'A', type: 'hash:ip', entries: [{ elements: [], comment: '"' }] }]),
    RangeError,
  )
})

t.test('parseSets() reads what formatSetsSave() writes', async t => {
  t.equal(formatSetsSave(parseSets(SAVED)), SAVED)
  const told =
    'create A hash:ip family inet hashsize 64 maxelem 10 netmask 24 timeout 5 counters comment skbinfo bucketsize 12 initval 0xb5587534\n'
  t.equal(formatSetsSave(parseSets(told)), told)
})

// biome-ignore format: one case, one row
const refused: [text: string, message: string][] = [
  ['add A 10.0.0.1',                                   'line 1: Cannot parse ipset "A": no set of that name was made before'],
  ['create A hash:foo',                                'line 1: Cannot parse ipset type "hash:foo": not one of bitmap:ip,'],
  ['create A hash:ip foo 5',                           'line 1: Cannot parse ipset option "foo": no set is made with such an option'],
  ['create A hash:ip timeout',                         'line 1: Cannot parse ipset option "timeout": its value is missing'],
  ['create A hash:ip\ncreate A hash:ip',               'line 2: Cannot parse ipset "A": a set of that name was made before'],
  ['create A hash:ip\nadd A 10.0.0.1,80',              'line 2: Cannot parse entry of hash:ip "10.0.0.1,80": 2 parts, not 1'],
  ['create A hash:ip family inet6\nadd A 10.0.0.1',    'line 2: Cannot parse IP address "10.0.0.1": not an IPv6 address'],
  ['create A hash:ip\nadd A 10.0.0.1 colour red',      'line 2: Cannot parse entry option "colour": no entry has such an option'],
  ['create A hash:ip comment\nadd A 10.0.0.1 comment "x', 'line 2: Cannot parse ipset command'],
  ['destroy A now',                                    'line 1: Cannot parse ipset command "destroy A now": neither create nor add'],
]

t.test('parseSets() refuses other text and says in which line', async t => {
  for (const [text, message] of refused) t.throws(() => parseSets(text), { name: 'InputError', message }, text)
})

t.test('whatever the text is, parseSets() reads it or refuses it with an InputError', async t => {
  const word = fc.oneof(
    fc.constantFrom(
      'create',
      'add',
      'A',
      'hash:ip,port',
      'hash:net',
      'family',
      'inet',
      '10.0.0.1,tcp:80',
      'timeout',
      '5',
      'comment',
      '"',
      ',',
      '\n',
    ),
    fc.string(),
  )
  fc.assert(
    fc.property(fc.array(word), words => {
      try {
        formatSetsSave(parseSets(words.join(' ')))
      } catch (error) {
        if (!(error instanceof InputError)) throw error
      }
    }),
    { numRuns: 2000 },
  )
  t.pass()
})

const ORACLE = '../shared/oracle/kube-proxy'
t.test(
  'sets that kube-proxy made are written back',
  { skip: existsSync(ORACLE) ? false : `${ORACLE} is not there` },
  async t => {
    for (const name of readdirSync(ORACLE)) {
      const file = join(ORACLE, name, 'ipvs/ipset.txt')
      if (!existsSync(file)) continue
      const text = readFileSync(file, 'utf8')
      if (formatSetsSave(parseSets(text)) !== text) t.fail(`${file} is written back otherwise`)
    }
    t.pass()
  },
)

t.test('the kernel prints sets as we say, however often they are loaded', t =>
  inNamespace(t, ['ipset'], async ns => {
    const random = fc.sample(
      fc.tuple(
        fc.integer({ min: 1, max: 0x7fff_ffff }),
        fc.integer({ min: 8, max: 32 }),
        fc.constantFrom(6, 17, 132),
        fc.nat(0xffff),
      ),
      { numRuns: 200, seed: 20261121 },
    )
    const drawn: IpSet = {
      name: 'RANDOM',
      type: 'hash:net,port',
      family: 4,
      entries: random.map(([base, bits, protocol, number]) =>
        entry({ kind: 'net', net: prefixOf(base as Ipv4, bits) }, port(protocol, number)),
      ),
    }
    const all = [...sets, drawn]
    await ns.run('ipset', ['restore', '-exist'], formatSetsRestore(all))
    const expected = canonIpset(formatSetsSave(all))
    t.strictSame(canonIpset(await ns.run('ipset', ['save'])), expected)
    await ns.run(
      'ipset',
      ['restore', '-exist'],
      formatSetsRestore(all.map(set => ({ ...set, entries: set.entries.slice(0, 1) }))),
    )
    await ns.run('ipset', ['restore', '-exist'], formatSetsRestore(all))
    const text = await ns.run('ipset', ['save'])
    t.strictSame(canonIpset(text), expected, 'the same sets after others and again')
    t.equal(formatSetsSave(parseSets(text)), text, 'what the kernel prints is read')
  }),
)

t.test('types of ICMP have the names that ipset prints', t =>
  inNamespace(t, ['ipset'], async ns => {
    for (const [family, protocol] of [
      [4, 1],
      [6, 58],
    ] as const) {
      const types = Array.from({ length: 256 }, (_, type) => type).flatMap(type =>
        [0, 1, 4, 5, 15, 255].map(code => (type << 8) | code),
      )
      const set: IpSet = {
        name: `ICMP${family}`,
        type: 'hash:ip,port',
        family,
        entries: types.map(number => entry(ip(family === 4 ? '10.0.0.1' : 'fd00::1'), port(protocol, number))),
      }
      await ns.run('ipset', ['restore', '-exist'], formatSetsRestore([set]))
      const known = (text: string) => canonIpset(text).filter(line => line.startsWith(`add ICMP${family}`))
      t.strictSame(known(await ns.run('ipset', ['save'])), known(formatSetsSave([set])))
    }
  }),
)
