import fc from 'fast-check'
import t from 'tap'
import { ParseError } from '../../src/base/error.ts'
import { formatIp } from '../../src/base/ip.ts'
import { LineReader } from '../../src/lab/line-reader.ts'
import { type NftEvent, NftTraceReader } from '../../src/lab/nft-trace.ts'

/** Of a line, in short: `4 nat OUTPUT 7: tcp 127.0.0.1 43518 > 127.0.0.1 99 ttl 64`. */
function short(event: NftEvent | undefined): string {
  if (!event) return 'nothing'
  const { family, table, chain, packet } = event
  const { protocol, src, sport = '-', dst, dport = '-', ttl } = packet
  const what = event.kind === 'arrival' ? 'arrival' : event.rule
  return `${family} ${table} ${chain} ${what}: ${protocol} ${formatIp(src)} ${sport} > ${formatIp(dst)} ${dport} ttl ${ttl}`
}

/** Lines as nft 1.0.6 prints them, and what they say. */
// biome-ignore format: one case, one row
const PACKETS: readonly (readonly [name: string, line: string, said: string])[] = [
  ['a TCP packet', 'trace id f692dda7 ip nat OUTPUT packet: oif "lo" ip saddr 127.0.0.1 ip daddr 127.0.0.2 ip dscp 0x00 ip ecn 0x0 ip ttl 64 ip id 65157 ip length 60 tcp sport 43518 tcp dport 99 tcp flags == 0x2 tcp window 65495 ',
    '4 nat OUTPUT arrival: 6 127.0.0.1 43518 > 127.0.0.2 99 ttl 64'],
  ['a datagram that came in', 'trace id aa982948 ip filter INPUT packet: iif "eth0" ether saddr 94:00:07:d5:00:01 ether daddr 02:00:00:00:00:02 ip saddr 10.1.0.1 ip daddr 10.1.0.2 ip dscp 0x00 ip ecn 0x0 ip ttl 63 ip id 31543 ip length 31 udp sport 48235 udp dport 99 udp length 11 @th,64,24 0x68690a ',
    '4 filter INPUT arrival: 17 10.1.0.1 48235 > 10.1.0.2 99 ttl 63'],
  ['an echo', 'trace id 6094d020 ip nat OUTPUT packet: oif "lo" ip saddr 127.0.0.1 ip daddr 127.0.0.1 ip dscp 0x00 ip ecn 0x0 ip ttl 64 ip id 45009 ip length 2028 icmp type 8 icmp code 0 icmp id 15572 icmp sequence 1 @th,64,96 0xc2ba016b00000000c0620000 ',
    '4 nat OUTPUT arrival: 1 127.0.0.1 15572 > 127.0.0.1 - ttl 64'],
  ['an error', 'trace id 702ed08a ip filter OUTPUT packet: oif "lo" ip saddr 127.0.0.2 ip daddr 127.0.0.1 ip dscp 0x30 ip ecn 0x0 ip ttl 64 ip id 23387 ip length 80 icmp type 3 icmp code 3 icmp id 0 icmp sequence 0 @th,64,96 0x45000034004d000040117c69 ',
    '4 filter OUTPUT arrival: 1 127.0.0.2 - > 127.0.0.1 - ttl 64'],
  ['SCTP', 'trace id 11f8fa56 ip filter OUTPUT packet: oif "lo" ip saddr 127.0.0.1 ip daddr 127.0.0.2 ip dscp 0x00 ip ecn 0x0 ip ttl 64 ip id 77 ip length 32 sctp sport 40000 sctp dport 80 sctp vtag 0 ',
    '4 filter OUTPUT arrival: 132 127.0.0.1 40000 > 127.0.0.2 80 ttl 64'],
  ['a TCP packet of IPv6', 'trace id 62df9667 ip6 filter OUTPUT packet: oif "lo" ip6 saddr ::1 ip6 daddr ::1 ip6 dscp 0x00 ip6 ecn 0x0 ip6 hoplimit 64 ip6 flowlabel 580216 ip6 length 40 tcp sport 40654 tcp dport 99 tcp flags == 0x2 tcp window 65476 ',
    '6 filter OUTPUT arrival: 6 ::1 40654 > ::1 99 ttl 64'],
  ['an echo of IPv6, its identifier under another name', 'trace id ce7e5b95 ip6 filter OUTPUT packet: oif "lo" ip6 saddr ::1 ip6 daddr ::1 ip6 dscp 0x00 ip6 ecn 0x0 ip6 hoplimit 64 ip6 flowlabel 385133 ip6 length 64 icmpv6 type 128 icmpv6 code 0 icmpv6 parameter-problem 1002569729 @th,64,96 0xa5ba016b0000000054940400 ',
    '6 filter OUTPUT arrival: 58 ::1 15298 > ::1 - ttl 64'],
  ['an echo of IPv6 with its identifier', 'trace id ce7e5b95 ip6 filter OUTPUT packet: oif "lo" ip6 saddr ::1 ip6 daddr ::1 ip6 hoplimit 64 ip6 length 64 icmpv6 type 129 icmpv6 code 0 icmpv6 id 7 icmpv6 sequence 1 ',
    '6 filter OUTPUT arrival: 58 ::1 7 > ::1 - ttl 64'],
  ['what is behind extension headers of IPv6', 'trace id 008b34a9 ip6 nat OUTPUT packet: oif "lo" ip6 saddr ::1 ip6 daddr ::1 ip6 dscp 0x00 ip6 ecn 0x0 ip6 hoplimit 64 ip6 flowlabel 0 ip6 nexthdr 60 ip6 length 20 @th,0,96 0x9c400050000c000061626364 ',
    '6 nat OUTPUT arrival: 60 ::1 - > ::1 - ttl 64'],
  ['a datagram that is cut short', 'trace id d351b90c ip filter OUTPUT packet: oif "lo" ip saddr 127.0.0.1 ip daddr 127.0.0.2 ip dscp 0x00 ip ecn 0x0 ip ttl 64 ip id 77 ip length 21 udp sport 156 ',
    '4 filter OUTPUT arrival: 17 127.0.0.1 156 > 127.0.0.2 - ttl 64'],
  ['another protocol', 'trace id d351b90c ip filter OUTPUT packet: oif "lo" ip saddr 127.0.0.1 ip daddr 127.0.0.2 ip dscp 0x00 ip ecn 0x0 ip ttl 64 ip id 77 ip protocol 47 ip length 28 @th,0,64 0x6262626262626262 ',
    '4 filter OUTPUT arrival: 47 127.0.0.1 - > 127.0.0.2 - ttl 64'],
]

for (const [name, line, said] of PACKETS) {
  t.test(`NftTraceReader reads ${name}`, async t => {
    t.equal(short(new NftTraceReader('own').read(line)), said)
  })
}

const SHOWN =
  'trace id 1a ip nat OUTPUT packet: oif "lo" ip saddr 10.0.0.1 ip daddr 10.0.0.2 ip ttl 64 udp sport 1 udp dport 2 '
const ENDS = '17 10.0.0.1 1 > 10.0.0.2 2 ttl 64'

// biome-ignore format: one case, one row
const RULES: readonly (readonly [name: string, line: string, said: string])[] = [
  ['a jump',                         'trace id 1a ip nat OUTPUT rule counter jump KUBE # handle 7 (verdict jump KUBE)',                        `4 nat OUTPUT 7: ${ENDS}`],
  ['a rule that goes on',            'trace id 1a ip nat K2 rule meta l4proto 17 xt match "recent" counter # handle 11 (verdict continue)',    `4 nat K2 11: ${ENDS}`],
  ['a verdict nft has no word for',  'trace id 1a ip nat K2 rule xt target "DNAT" # handle 3 (verdict unknown (0xfffffffb))',                  `4 nat K2 3: ${ENDS}`],
  ['a rule whose text looks like one', 'trace id 1a ip nat K2 rule comment "x # handle 9 (verdict drop)" # handle 2 (verdict return)',         `4 nat K2 2: ${ENDS}`],
  ['a rule that is newer than nft',  'trace id 1a ip filter OUTPUT unknown rule handle 7 (verdict accept)',                                    `4 filter OUTPUT 7: ${ENDS}`],
  ['a policy',                       'trace id 1a ip nat OUTPUT policy accept meta mark 0x00004000 ',                                          `4 nat OUTPUT policy: ${ENDS}`],
  ['the end of a chain',             'trace id 1a ip nat K2 verdict continue ',                                                                'nothing'],
  ['what connections a packet has',  'trace id 1a ip nat K2 conntrack: ct direction original ct state new ct id 1 ',                           'nothing'],
  ['the table that nobody asks for', 'trace id 1a ip own OUTPUT rule counter # handle 1 (verdict continue)',                                   'nothing'],
  ['the tables of another family',   'trace id 1a inet other out rule counter # handle 1 (verdict continue)',                                  'nothing'],
]

for (const [name, line, said] of RULES) {
  t.test(`NftTraceReader reads ${name}`, async t => {
    const reader = new NftTraceReader('own')
    reader.read(SHOWN)
    t.equal(short(reader.read(line)), said)
  })
}

t.test('NftTraceReader keeps packets apart that are told of in turns', async t => {
  const reader = new NftTraceReader('own')
  const lines = [
    SHOWN,
    SHOWN.replace('1a', '2b').replace('10.0.0.1', '10.0.0.9'),
    'trace id 1a ip nat OUTPUT rule counter # handle 1 (verdict continue)',
    'trace id 2b ip nat OUTPUT rule counter # handle 1 (verdict continue)',
    SHOWN.replace('10.0.0.2', '10.0.0.3'),
    'trace id 2b ip nat OUTPUT policy accept ',
    'trace id 1a ip nat OUTPUT policy accept ',
  ]
  t.strictSame(
    lines.map(line => short(reader.read(line))),
    [
      '4 nat OUTPUT arrival: 17 10.0.0.1 1 > 10.0.0.2 2 ttl 64',
      '4 nat OUTPUT arrival: 17 10.0.0.9 1 > 10.0.0.2 2 ttl 64',
      '4 nat OUTPUT 1: 17 10.0.0.1 1 > 10.0.0.2 2 ttl 64',
      '4 nat OUTPUT 1: 17 10.0.0.9 1 > 10.0.0.2 2 ttl 64',
      '4 nat OUTPUT arrival: 17 10.0.0.1 1 > 10.0.0.3 2 ttl 64',
      '4 nat OUTPUT policy: 17 10.0.0.9 1 > 10.0.0.2 2 ttl 64',
      '4 nat OUTPUT policy: 17 10.0.0.1 1 > 10.0.0.3 2 ttl 64',
    ],
  )
})

// biome-ignore format: one case, one row
const REFUSED: readonly (readonly [name: string, line: string, problem: RegExp])[] = [
  ['another text',               'PACKET: 2 38612ad0 OUT=lo',                                                 /not a line of/],
  ['a rule without its handle',  'trace id 1a ip nat OUTPUT rule counter (verdict continue)',                 /no handle/],
  ['a rule of no packet',        'trace id ff ip nat OUTPUT rule counter # handle 1 (verdict continue)',      /was not shown before/],
  ['a packet of no address',     'trace id 1a ip nat OUTPUT packet: ip ttl 64 udp sport 1 udp dport 2 ',      /no "ip saddr"/],
  ['a packet of no TTL',         'trace id 1a ip nat OUTPUT packet: ip saddr 10.0.0.1 ip daddr 10.0.0.2 udp sport 1 udp dport 2 ', /no TTL/],
  ['a packet of no protocol',    'trace id 1a ip nat OUTPUT packet: ip saddr 10.0.0.1 ip daddr 10.0.0.2 ip ttl 64 ', /no protocol/],
]

for (const [name, line, problem] of REFUSED) {
  t.test(`NftTraceReader refuses ${name}`, async t => {
    const reader = new NftTraceReader('own')
    reader.read(SHOWN)
    const read = () => {
      reader.read(line)
      reader.read('trace id 1a ip nat OUTPUT policy accept ')
    }
    t.throws(read, { name: 'ParseError', message: problem })
  })
}

t.test('NftTraceReader passes over a packet that cannot be read and meets no rule', async t => {
  const reader = new NftTraceReader('own')
  t.equal(
    short(reader.read('trace id 1a ip6 own prerouting packet: iif "lo" @ll,0,112 0x86dd @th,0,160 0x6005e06d ')),
    'nothing',
  )
  t.equal(short(reader.read('trace id 1a ip6 own prerouting policy accept ')), 'nothing')
  reader.read(SHOWN)
  t.equal(short(reader.read('trace id 1a ip nat OUTPUT policy accept ')), `4 nat OUTPUT policy: ${ENDS}`)
})

t.test('NftTraceReader remembers packets of a while ago, and not for ever', async t => {
  const reader = new NftTraceReader('own')
  const rule = (id: string) => `trace id ${id} ip nat OUTPUT policy accept `
  const show = (id: string) => reader.read(SHOWN.replace('1a', id))
  show('aaaa')
  for (let i = 0; i < 4096; i++) show(i.toString(16))
  t.doesNotThrow(() => reader.read(rule('aaaa')))
  for (let i = 0; i < 8192; i++) show(i.toString(16))
  t.throws(() => reader.read(rule('aaaa')), ParseError)
})

t.test('NftTraceReader reads any line or refuses it', async () => {
  const words = fc.constantFrom(
    'trace',
    'id',
    '1a',
    'ip',
    'ip6',
    'nat',
    'OUTPUT',
    'packet:',
    'rule',
    'policy',
    'saddr',
    'daddr',
    '10.0.0.1',
    '::1',
    'ttl',
    '64',
    'udp',
    'sport',
    '# handle 7',
    '(verdict accept)',
    'ff',
    'icmp',
    'type',
    '',
  )
  fc.assert(
    fc.property(fc.array(words, { maxLength: 24 }), fc.string(), (line, noise) => {
      const reader = new NftTraceReader('own')
      for (const text of [
        SHOWN,
        line.join(' '),
        `trace id 1a ip nat OUTPUT ${line.join(' ')}`,
        `${line.join(' ')}${noise}`,
      ])
        try {
          reader.read(text)
        } catch (error) {
          if (!(error instanceof ParseError)) throw error
        }
    }),
    { numRuns: 500 },
  )
})

t.test('LineReader gives the same lines however they are cut', async t => {
  const text = 'one\n\nzwei dreißig €\nthree\nrest'
  const bytes = new TextEncoder().encode(text)
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length), { maxLength: 12 }), cuts => {
      const reader = new LineReader()
      const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length]
      const lines = places.slice(1).flatMap((end, i) => [...reader.push(bytes.slice(places[i], end))])
      t.strictSame(lines, ['one', '', 'zwei dreißig €', 'three'])
    }),
    { numRuns: 50 },
  )
})
