/** Rules as nft lists them, with what they mean. */
import { parseIp, parsePrefix } from '../../../src/base/ip.ts'
import { parseMac } from '../../../src/base/mac.ts'
import type { NftElement, NftExpression, NftValue, NftVerdict } from '../../../src/netfilter/nftables/expression.ts'
import type { NftRule, NftStatement } from '../../../src/netfilter/nftables/rule.ts'

export const ip = (text: string): NftValue => ({ kind: 'ip', ip: parseIp(text) })
export const prefix = (text: string): NftValue => ({ kind: 'prefix', prefix: parsePrefix(text) })
export const mac = (text: string): NftValue => ({ kind: 'mac', mac: parseMac(text) })
export const port = (port: number): NftValue => ({ kind: 'port', port })
export const protocol = (protocol: number): NftValue => ({ kind: 'protocol', protocol })
export const mark = (mark: number): NftValue => ({ kind: 'mark', mark })
export const number = (number: number): NftValue => ({ kind: 'number', number })
export const symbol = (symbol: string): NftValue => ({ kind: 'symbol', symbol })
export const flags = (...symbols: string[]): NftValue => ({ kind: 'flags', symbols })
export const string = (text: string): NftValue => ({ kind: 'string', text })
export const range = (from: NftValue, to: NftValue): NftValue => ({ kind: 'range', from, to })
export const concat = (...parts: NftValue[]): NftValue => ({ kind: 'concat', parts })
export const elements = (...elements: NftElement[]) => ({ kind: 'anonymous', elements }) as const
export const keys = (...keys: NftValue[]) => elements(...keys.map(key => ({ key })))
export const named = (set: string) => ({ kind: 'named', set }) as const

export const value = (value: NftValue): NftExpression => ({ kind: 'value', value })
export const meta = (key: string): NftExpression => ({ kind: 'meta', key })
export const ct = (key: string): NftExpression => ({ kind: 'ct', key })
export const field = (protocol: string, field: string): NftExpression => ({ kind: 'payload', protocol, field })
const together = (...parts: NftExpression[]): NftExpression => ({ kind: 'concat', parts })
const and = (left: NftExpression, right: NftValue) => calculated('&', left, right)
const calculated = (op: '&' | '|' | '^' | '<<', left: NftExpression, right: NftValue): NftExpression => ({
  kind: 'binary',
  op,
  left,
  right: value(right),
})

type Match = Extract<NftStatement, { do: 'match' }>
export const match = (left: NftExpression, right: Match['right'], op: Match['op'] = '=='): NftStatement => ({
  do: 'match',
  left,
  op,
  right,
})
export const verdict = (verdict: NftVerdict): NftStatement => ({ do: 'verdict', verdict })
const accept = verdict({ do: 'accept' })
const drop = verdict({ do: 'drop' })
const goto = (chain: string) => ({ do: 'goto', chain }) as const
const jump = (chain: string) => ({ do: 'jump', chain }) as const
const set = (key: NftExpression, value: NftExpression): NftStatement => ({ do: 'mangle', key, value })
const unknown = (text: string): NftStatement => ({ do: 'unknown', text })
const words = (text: string): NftExpression => ({ kind: 'unknown', text })

/** A rule of family inet, its statements, its comment. */
type Row = readonly [text: string, statements: NftStatement[], comment?: string]

// biome-ignore format: one case, one row
const ROWS: readonly Row[] = [
  ['accept', [accept]],
  ['drop comment "two words"', [drop], 'two words'],
  ['comment "nothing else"', [], 'nothing else'],
  ['jump service-CG4L7FE6-shop/db-52/tcp/p-0-x', [verdict(jump('service-CG4L7FE6-shop/db-52/tcp/p-0-x'))]],
  ['goto other comment "a # b"', [verdict(goto('other'))], 'a # b'],
  ['queue', [verdict({ do: 'queue' })]],
  ['queue flags bypass,fanout to 1-3', [verdict({ do: 'queue', to: '1-3', flags: ['bypass', 'fanout'] })]],
  ['ip saddr 10.0.0.1 drop', [match(field('ip', 'saddr'), ip('10.0.0.1')), drop]],
  ['ip daddr != 224.0.0.0/4 masquerade fully-random', [match(field('ip', 'daddr'), prefix('224.0.0.0/4'), '!='), { do: 'nat', nat: 'masquerade', flags: ['fully-random'] }]],
  ['ip6 saddr fd00::1-fd00::9 drop', [match(field('ip6', 'saddr'), range(ip('fd00::1'), ip('fd00::9'))), drop]],
  ['ip saddr { 10.0.0.0/8, 11.0.0.1-11.0.0.5 } drop', [match(field('ip', 'saddr'), keys(prefix('10.0.0.0/8'), range(ip('11.0.0.1'), ip('11.0.0.5')))), drop]],
  ['ip daddr @cluster-ips reject', [match(field('ip', 'daddr'), named('cluster-ips')), { do: 'reject' }]],
  ['ip daddr != @cluster-ips accept', [match(field('ip', 'daddr'), named('cluster-ips'), '!='), accept]],
  ['ip saddr . tcp dport { 10.0.0.1 . 22 } accept', [match(together(field('ip', 'saddr'), field('tcp', 'dport')), keys(concat(ip('10.0.0.1'), port(22)))), accept]],
  ['ip daddr . meta l4proto . th dport vmap @service-ips', [{ do: 'vmap', key: together(field('ip', 'daddr'), meta('l4proto'), field('th', 'dport')), in: named('service-ips') }]],
  ['ip saddr & 0.0.255.255 == 0.0.1.0 drop', [match(and(field('ip', 'saddr'), ip('0.0.255.255')), ip('0.0.1.0')), drop]],
  ['ip ttl < 5 drop', [match(field('ip', 'ttl'), number(5), '<'), drop]],
  ['ip dscp { 0x05, cs1 } drop', [match(field('ip', 'dscp'), keys(symbol('0x05'), symbol('cs1'))), drop]],
  ['ether saddr 02:00:00:00:00:01 drop', [match(field('ether', 'saddr'), mac('02:00:00:00:00:01')), drop]],
  ['ether type 0x88cc drop', [match(field('ether', 'type'), symbol('0x88cc')), drop]],
  ['arp saddr ip 192.0.2.1 drop', [match(field('arp', 'saddr ip'), ip('192.0.2.1')), drop]],
  ['tcp dport { 22, 80, 1000-2000 } accept', [match(field('tcp', 'dport'), keys(port(22), port(80), range(port(1000), port(2000)))), accept]],
  ['tcp dport vmap { 22 : accept, 80 : jump web, 443 : goto web }', [{ do: 'vmap', key: field('tcp', 'dport'), in: elements({ key: port(22), data: { do: 'accept' } }, { key: port(80), data: jump('web') }, { key: port(443), data: goto('web') }) }]],
  ['tcp flags syn drop', [match(field('tcp', 'flags'), symbol('syn')), drop]],
  ['tcp flags syn,ack drop', [match(field('tcp', 'flags'), flags('syn', 'ack')), drop]],
  ['tcp flags == 0x0 drop', [match(field('tcp', 'flags'), number(0)), drop]],
  ['tcp flags syn / fin,syn drop', [match(and(field('tcp', 'flags'), flags('fin', 'syn')), symbol('syn')), drop]],
  ['tcp flags != syn / syn,ack drop', [match(and(field('tcp', 'flags'), flags('syn', 'ack')), symbol('syn'), '!='), drop]],
  ['tcp flags ! fin,syn drop', [match(and(field('tcp', 'flags'), flags('fin', 'syn')), number(0)), drop]],
  ['tcp flags & (syn | ack) > syn drop', [match(and(field('tcp', 'flags'), flags('syn', 'ack')), symbol('syn'), '>'), drop]],
  ['tcp flags { fin | syn, syn } drop', [match(field('tcp', 'flags'), keys(flags('fin', 'syn'), symbol('syn'))), drop]],
  ['icmp type { destination-unreachable, 77 } accept', [match(field('icmp', 'type'), keys(symbol('destination-unreachable'), number(77))), accept]],
  ['ct state new accept', [match(ct('state'), symbol('new')), accept]],
  ['ct state established,related accept', [match(ct('state'), flags('established', 'related')), accept]],
  ['ct state != established | new drop', [match(ct('state'), flags('established', 'new'), '!='), drop]],
  ['ct state ! new drop', [match(and(ct('state'), symbol('new')), number(0)), drop]],
  ['ct state vmap { invalid : drop, established : accept }', [{ do: 'vmap', key: ct('state'), in: elements({ key: symbol('invalid'), data: { do: 'drop' } }, { key: symbol('established'), data: { do: 'accept' } }) }]],
  ['ct status & dnat == dnat accept', [match(and(ct('status'), symbol('dnat')), symbol('dnat')), accept]],
  ['ct original ip saddr 10.0.0.1 accept', [match({ kind: 'ct', key: 'saddr', direction: 'original', family: 'ip' }, ip('10.0.0.1')), accept]],
  ['ct original bytes > 100000 accept', [match({ kind: 'ct', key: 'bytes', direction: 'original' }, number(100000), '>'), accept]],
  ['ct helper "ftp" accept', [match(ct('helper'), string('ftp')), accept]],
  ['ct expiration < 5m drop', [match(ct('expiration'), symbol('5m'), '<'), drop]],
  ['meta mark 0x00004000 return', [match(meta('mark'), mark(0x4000)), verdict({ do: 'return' })]],
  ['meta mark 0x00000005-0x00000009 accept', [match(meta('mark'), range(mark(5), mark(9))), accept]],
  ['meta mark & 0x40000000 != 0x00000000 accept', [match(and(meta('mark'), mark(0x4000_0000)), mark(0), '!='), accept]],
  ['meta mark != 0x00000000/1 accept', [match(and(meta('mark'), mark(-0x8000_0000)), mark(0), '!='), accept]],
  ['meta mark 0x00010000/16 accept', [match(and(meta('mark'), mark(-0x1_0000)), mark(0x1_0000)), accept]],
  ['meta mark & 0xffff0000 == { 0x00010000, 0x00020000 } drop', [match(and(meta('mark'), mark(-0x1_0000)), keys(mark(0x1_0000), mark(0x2_0000))), drop]],
  ['meta mark set meta mark | 0x00004000', [set(meta('mark'), calculated('|', meta('mark'), mark(0x4000)))]],
  ['meta mark set meta mark & 0x000000ff ^ 0x00000012', [set(meta('mark'), calculated('^', and(meta('mark'), mark(255)), mark(18)))]],
  ['meta mark set meta mark << 4', [set(meta('mark'), calculated('<<', meta('mark'), number(4)))]],
  ['ct mark set meta mark', [set(ct('mark'), meta('mark'))]],
  ['meta mark set ip saddr map { 192.0.2.1 : 0x00000005 }', [set(meta('mark'), { kind: 'map', key: field('ip', 'saddr'), in: elements({ key: ip('192.0.2.1'), data: mark(5) }) })]],
  ['meta priority set 1:10', [set(meta('priority'), value(symbol('1:10')))]],
  ['meta l4proto { tcp, udp, 200 } drop', [match(meta('l4proto'), keys(protocol(6), protocol(17), protocol(200))), drop]],
  ['meta skuid 1000-1005 accept', [match(meta('skuid'), range(number(1000), number(1005))), accept]],
  ['meta hour "10:00"-"12:00" accept', [match(meta('hour'), range(string('10:00'), string('12:00'))), accept]],
  ['meta time > "2026-01-01 00:00:00" accept', [match(meta('time'), string('2026-01-01 00:00:00'), '>'), accept]],
  ['iifname "eth*" accept', [match(meta('iifname'), string('eth*')), accept]],
  ['iif { "lo", 77 } drop', [match(meta('iif'), keys(string('lo'), number(77))), drop]],
  ['iifname . ip saddr { "eth0" . 192.0.2.1 } drop', [match(together(meta('iifname'), field('ip', 'saddr')), keys(concat(string('eth0'), ip('192.0.2.1')))), drop]],
  ['fib daddr type local accept', [match({ kind: 'fib', by: ['daddr'], result: 'type' }, symbol('local')), accept]],
  ['fib saddr . mark . iif oif missing drop', [match({ kind: 'fib', by: ['saddr', 'mark', 'iif'], result: 'oif' }, symbol('missing')), drop]],
  ['numgen inc mod 2 offset 5 vmap { 5 : drop, 6 : goto other }', [{ do: 'vmap', key: { kind: 'numgen', mode: 'inc', modulus: 2, offset: 5 }, in: elements({ key: number(5), data: { do: 'drop' } }, { key: number(6), data: goto('other') }) }]],
  ['dnat ip to 10.0.0.1', [{ do: 'nat', nat: 'dnat', family: 'ip', address: value(ip('10.0.0.1')) }]],
  ['dnat ip6 to fd00::1', [{ do: 'nat', nat: 'dnat', family: 'ip6', address: value(ip('fd00::1')) }]],
  ['tcp dport 5 dnat ip6 to [fd00::1]:80', [match(field('tcp', 'dport'), port(5)), { do: 'nat', nat: 'dnat', family: 'ip6', address: value(ip('fd00::1')), port: value(port(80)) }]],
  ['tcp dport 5 dnat ip6 to [fd00::1]-[fd00::5]:80-90', [match(field('tcp', 'dport'), port(5)), { do: 'nat', nat: 'dnat', family: 'ip6', address: value(range(ip('fd00::1'), ip('fd00::5'))), port: value(range(port(80), port(90))) }]],
  ['tcp dport 5 dnat ip to 10.0.0.1-10.0.0.5:80-90 random,persistent', [match(field('tcp', 'dport'), port(5)), { do: 'nat', nat: 'dnat', family: 'ip', address: value(range(ip('10.0.0.1'), ip('10.0.0.5'))), port: value(range(port(80), port(90))), flags: ['random', 'persistent'] }]],
  ['tcp dport 5 dnat ip to 10.0.0.1:tcp dport map { 5 : 6 }', [match(field('tcp', 'dport'), port(5)), { do: 'nat', nat: 'dnat', family: 'ip', address: value(ip('10.0.0.1')), port: { kind: 'map', key: field('tcp', 'dport'), in: elements({ key: port(5), data: port(6) }) } }]],
  ['meta l4proto tcp dnat ip to numgen random mod 2 map { 0 : 10.0.0.1 . 80, 1 : 10.0.0.2 . 80 }', [match(meta('l4proto'), protocol(6)), { do: 'nat', nat: 'dnat', family: 'ip', address: { kind: 'map', key: { kind: 'numgen', mode: 'random', modulus: 2 }, in: elements({ key: number(0), data: concat(ip('10.0.0.1'), port(80)) }, { key: number(1), data: concat(ip('10.0.0.2'), port(80)) }) } }]],
  ['tcp dport 5 redirect to :80-90 random', [match(field('tcp', 'dport'), port(5)), { do: 'nat', nat: 'redirect', port: value(range(port(80), port(90))), flags: ['random'] }]],
  ['tcp dport 5 dnat to :80', [match(field('tcp', 'dport'), port(5)), { do: 'nat', nat: 'dnat', port: value(port(80)) }]],
  ['reject with icmp host-unreachable', [{ do: 'reject', with: { type: 'icmp', code: 'host-unreachable' } }]],
  ['meta l4proto tcp reject with tcp reset', [match(meta('l4proto'), protocol(6)), { do: 'reject', with: { type: 'tcp reset' } }]],
  ['counter packets 5 bytes 420 drop', [{ do: 'counter', packets: 5, bytes: 420 }, drop]],
  ['update @affinity { ip saddr }', [{ do: 'set', how: 'update', set: 'affinity', key: field('ip', 'saddr') }]],
  ['add @affinity { ip saddr timeout 1m30s }', [{ do: 'set', how: 'add', set: 'affinity', key: field('ip', 'saddr'), timeout: 90_000 }]],
  ['log', [{ do: 'log', options: [] }]],
  ['log prefix "a b: " level debug flags tcp sequence,options flags skuid', [{ do: 'log', options: [['prefix', 'a b: '], ['level', 'debug'], ['flags', 'tcp sequence,options'], ['flags', 'skuid']] }]],
  ['log prefix "a" group 5 snaplen 44 queue-threshold 4', [{ do: 'log', options: [['prefix', 'a'], ['group', '5'], ['snaplen', '44'], ['queue-threshold', '4']] }]],
  ['limit rate 10/second', [{ do: 'limit', rate: 10, unit: 'packets', per: 'second' }]],
  ['limit rate over 5/day burst 7 packets', [{ do: 'limit', rate: 5, unit: 'packets', per: 'day', over: true, burst: { amount: 7, unit: 'packets' } }]],
  ['limit rate 100 kbytes/minute burst 3 mbytes', [{ do: 'limit', rate: 100, unit: 'kbytes', per: 'minute', burst: { amount: 3, unit: 'mbytes' } }]],
  ['notrack', [{ do: 'notrack' }]],
  ['socket transparent 1 accept', [match(words('socket transparent'), number(1)), accept]],
  ['tcp option maxseg size 500 accept', [match(words('tcp option maxseg size'), number(500)), accept]],
  ['jhash ip saddr . tcp sport mod 2 seed 0xdeadbeef vmap { 0 : drop }', [{ do: 'vmap', key: words('jhash ip saddr . tcp sport mod 2 seed 0xdeadbeef'), in: elements({ key: number(0), data: { do: 'drop' } }) }]],
  ['quota over 25 mbytes drop', [unknown('quota over 25 mbytes'), drop]],
  ['ct count over 5 drop', [unknown('ct count over 5'), drop]],
  ['update @seen { ip saddr limit rate 5/second } accept', [unknown('update @seen { ip saddr limit rate 5/second }'), accept]],
  ['meta l4proto tcp tproxy ip to 127.0.0.1:50080 meta mark set 0x00000001', [match(meta('l4proto'), protocol(6)), unknown('tproxy ip to 127.0.0.1:50080'), set(meta('mark'), value(mark(1)))]],
  ['counter name "web" drop', [unknown('counter name "web"'), drop]],
  ['ip saddr 10.0.0.0/8  counter packets 0 bytes 0', [match(field('ip', 'saddr'), prefix('10.0.0.0/8')), unknown(''), { do: 'counter', packets: 0, bytes: 0 }]],
]

/** Texts that the kernel takes only with more than this one has here, or not at all. */
export const NOT_LOADABLE =
  /^queue|^comment|^ip daddr @cluster-ips reject|^arp|^ip saddr 10.0.0.0\/8 {2}|counter name|^dnat ip6 to fd00|^numgen inc/

export const RULES: readonly { readonly text: string; readonly rule: NftRule }[] = ROWS.map(
  ([text, statements, comment]) => ({ text, rule: { statements, ...(comment !== undefined && { comment }) } }),
)
