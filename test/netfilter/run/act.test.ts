/**
 * What targets change in a packet that goes on, and that every target is known.
 */
import t from 'tap'
import type { Target } from '../../../src/netfilter/rule.ts'
import { readRuleset } from '../../../src/netfilter/ruleset.ts'
import type { Skb } from '../../../src/netfilter/run/skb.ts'
import { OTHER_TARGETS } from '../../../src/netfilter/targets/other.ts'
import { isTcp } from '../../../src/packet/packet.ts'
import { tcp, udp } from './packets.ts'
import { PACKETS } from './sample-packets.ts'
import { type Around, runTable, skbOf } from './table-run.ts'

const AB = '10.1.0.2:1000 > 10.2.0.3:80'
const AB6 = '[fd00::2]:1000 > [fd00::1]:80'
const syn = skbOf(tcp(AB, 'S'))
const mss = (options: readonly number[]): Skb => skbOf(tcp(AB, 'S', { options: Uint8Array.from(options) }))
const reply = PACKETS['a reply'].skb
const connected = (): Skb => structuredClone(reply)

/** What is told of a packet: what changed, in words. */
function tell({ packet, mark, tracked }: Skb): Record<string, unknown> {
  const { payload } = packet
  const connmark = tracked?.connection?.mark
  return {
    mark,
    tos: packet.tos,
    ttl: packet.ttl,
    ...(connmark !== undefined && { connmark }),
    ...(tracked && { state: tracked.state }),
    ...(isTcp(payload) && { flags: payload.flags, options: [...payload.options].join(' ') }),
  }
}

type Row = readonly [
  target: string,
  skb: Skb,
  changes: Record<string, unknown>,
  note: string | undefined,
  around?: Around,
]

// biome-ignore format: one case, one row
const ROWS: readonly Row[] = [
  ['-j MARK --set-xmark 0x4000/0x4000', { ...syn, mark: 1 }, { mark: 0x4001 }, 'mark 0x4000 set'],
  ['-j MARK --set-xmark 0x1/0xffffffff', { ...syn, mark: -1 }, { mark: 1 }, 'mark 0x1 set'],
  ['-j MARK --set-xmark 0x1/0x1', { ...syn, mark: 3 }, {}, 'mark 0x1 set'],
  ['-j MARK --set-xmark 0x5/0x0', { ...syn, mark: 4 }, { mark: 1 }, 'mark 0x5/0x0 set'],
  ['-j MARK --set-xmark 0x0/0xff', { ...syn, mark: -1 }, { mark: -256 }, 'mark 0x0/0xff set'],
  ['-j CONNMARK --set-xmark 0x1/0x1', connected(), { connmark: 0x21 }, 'connection mark 0x1 set'],
  ['-j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xff', { ...connected(), mark: 0x102 }, { connmark: 0x102 }, 'connection mark saved'],
  ['-j CONNMARK --save-mark --nfmask 0x2 --ctmask 0x0', { ...connected(), mark: 3 }, { connmark: 0x22 }, 'connection mark saved'],
  ['-j CONNMARK --save-mark --nfmask 0x20 --ctmask 0x0', { ...connected(), mark: 0x21 }, { connmark: 0 }, 'connection mark saved'],
  ['-j CONNMARK --restore-mark --nfmask 0xff --ctmask 0x20', { ...connected(), mark: 0x103 }, { mark: 0x120 }, 'mark restored from the connection'],
  ['-j CONNMARK --set-xmark 0x1/0x1', syn, {}, 'no connection to mark'],
  ['-j CONNMARK --restore-mark --nfmask 0xff --ctmask 0x20', syn, {}, 'no connection to mark'],
  ['-j NOTRACK', syn, { state: 'UNTRACKED' }, 'connection tracking passes it over', { table: 'raw' }],
  ['-j CT --notrack', syn, { state: 'UNTRACKED' }, 'connection tracking passes it over', { table: 'raw' }],
  ['-j CT --notrack', connected(), {}, 'tracked already', { table: 'raw' }],
  ['-j CT --helper ftp', syn, {}, undefined, { table: 'raw' }],
  ['-j TRACE', syn, {}, undefined, { table: 'raw' }],
  ['-j LOG --log-prefix "seen: "', syn, {}, undefined],
  ['-j NFLOG --nflog-group 3', syn, {}, undefined],
  ['-j AUDIT --type accept', syn, {}, undefined],
  ['-j CHECKSUM --checksum-fill', syn, {}, undefined],
  ['-j CLASSIFY --set-class 0001:000f', syn, {}, undefined],
  ['-j CONNSECMARK --save', syn, {}, undefined],
  ['-j SECMARK --selctx a', syn, {}, undefined],
  ['-j IDLETIMER --timeout 5 --label foo', syn, {}, undefined],
  ['-j TEE --gateway 1.2.3.4', syn, {}, 'a copy goes to 1.2.3.4, which is not followed'],
  ['-j DSCP --set-dscp 0x2e', PACKETS['a packet with CE'].skb, { tos: (46 << 2) | 3 }, 'DSCP 0x2e set'],
  ['-j DSCP --set-dscp 0x00', syn, {}, undefined],
  ['-j TOS --set-tos 0x10/0xff', syn, { tos: 0x10 }, 'TOS 0x10 set'],
  ['-j TOS --set-tos 0x00/0xfc', PACKETS['a packet of class EF'].skb, { tos: 0 }, 'TOS 0x00 set'],
  ['-j TOS --set-tos 0x00/0xff', syn, {}, undefined],
  ['-j TTL --ttl-set 5', syn, { ttl: 5 }, 'TTL 5 set'],
  ['-j TTL --ttl-inc 250', syn, { ttl: 255 }, 'TTL 255 set'],
  ['-j TTL --ttl-dec 65', syn, { ttl: 0 }, 'TTL 0 set'],
  ['-j TTL --ttl-set 64', syn, {}, undefined],
  ['-j HL --hl-dec 1', skbOf(tcp(AB6, 'S')), { ttl: 63 }, 'TTL 63 set'],
  ['-j ECN --ecn-tcp-remove', skbOf(tcp(AB, 'S', { flags: 0xc2 })), { flags: 2 }, 'ECN bits cleared'],
  ['-j ECN --ecn-tcp-remove', syn, {}, undefined],
  ['-j TCPMSS --set-mss 1400', mss([1, 2, 4, 5, 0xb4, 0, 0, 0]), { options: '1 2 4 5 120 0 0 0' }, 'MSS 1400 set'],
  ['-j TCPMSS --set-mss 1500', mss([2, 4, 5, 0xb4]), {}, undefined],
  ['-j TCPMSS --set-mss 1400', mss([8, 10, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1]), { options: '2 4 2 24 8 10 0 0 0 0 0 0 0 0 1 1' }, 'MSS 1400 set'],
  ['-j TCPMSS --set-mss 400', syn, { options: '2 4 1 144' }, 'MSS 400 set'],
  ['-j TCPMSS --set-mss 1400', skbOf(tcp(AB6, 'S')), { options: '2 4 4 196' }, 'MSS 1400 set'],
  ['-j TCPMSS --set-mss 1400', skbOf(tcp(AB, 'S', { data: new Uint8Array(1) })), {}, undefined],
  ['-j TCPMSS --set-mss 1400', skbOf(udp(AB)), {}, undefined],
  ['-j TCPMSS --clamp-mss-to-pmtu', syn, {}, 'the MSS is clamped to the path MTU, which is not followed'],
  ['-j TCPOPTSTRIP --strip-options 8,2', mss([1, 1, 2, 4, 5, 0xb4, 4, 2]), { options: '1 1 1 1 1 1 4 2' }, 'TCP options stripped'],
  ['-j TCPOPTSTRIP --strip-options 8', mss([2, 4, 5, 0xb4]), {}, undefined],
  ['-j TCPOPTSTRIP --strip-options 8', skbOf(udp(AB)), {}, undefined],
]

for (const [target, skb, changes, note, around] of ROWS) {
  t.test(`${target} changes ${Object.keys(changes).join(', ') || 'nothing'}`, async t => {
    const own = structuredClone(skb)
    const { skb: after, steps, decision } = runTable([target], own, around)
    t.equal(decision.kind, 'accept')
    t.strictSame(tell(after), { ...tell(skb), ...changes })
    const [step] = steps
    t.match(step, { kind: 'rule', effect: 'continue', before: own, after })
    const inPacket = Object.keys(changes).some(key => key !== 'connmark')
    t.equal(after !== own, inPacket, 'the same value where nothing changed')
    t.equal(step?.kind === 'rule' ? step.note : '', note)
  })
}

// biome-ignore format: one case, one row
const VERDICTS: readonly (readonly [target: string, decision: string, around?: Around])[] = [
  ['-j ACCEPT', 'accept'],
  ['-j DROP', 'drop'],
  ['-j RETURN', 'accept'],
  ['-j QUEUE', 'queue'],
  ['-j NFQUEUE --queue-num 0', 'queue'],
  ['-j PREROUTING', 'undecided'],
  ['-g PREROUTING', 'undecided'],
  ['-j REJECT --reject-with icmp-port-unreachable', 'reject', { table: 'filter', chain: 'INPUT', hook: 'input' }],
  ['-j DNAT --to-destination 10.9.0.1', 'nat dnat', { table: 'nat' }],
  ['-j REDIRECT', 'nat redirect', { table: 'nat' }],
  ['-j NETMAP --to 10.9.0.0/16', 'nat dnat 10.9.0.3', { table: 'nat' }],
  ['-j SNAT --to-source 10.9.0.1', 'nat snat', { table: 'nat', chain: 'POSTROUTING', hook: 'postrouting' }],
  ['-j MASQUERADE', 'nat masquerade', { table: 'nat', chain: 'POSTROUTING', hook: 'postrouting' }],
  ['-j NETMAP --to 10.9.0.0/16', 'nat snat 10.9.0.2', { table: 'nat', chain: 'POSTROUTING', hook: 'postrouting' }],
  ['-j CT --zone 5', 'undecided', { table: 'raw' }],
  ['-j SET --add-set missing src', 'undecided'],
  ['-j SYNPROXY --mss 1460', 'undecided', { table: 'filter', chain: 'INPUT', hook: 'input' }],
  ['-p tcp -j TPROXY --on-port 80 --on-ip 0.0.0.0 --tproxy-mark 0x0/0x0', 'undecided'],
  ['-j BOGUS --x 1', 'undecided'],
]

for (const [target, expected, around] of VERDICTS) {
  t.test(`${target} at ${around?.hook ?? 'prerouting'}: ${expected}`, async t => {
    const { decision } = runTable([target], syn, around)
    const [kind, what, to] = expected.split(' ')
    t.equal(decision.kind, kind)
    if (decision.kind !== 'nat') return
    t.equal(decision.target.do, what)
    const [a, b, c, d] = (to ?? '').split('.').map(Number)
    if (to && 'to' in decision.target) {
      t.equal(decision.target.to?.from, ((a ?? 0) << 24) | ((b ?? 0) << 16) | ((c ?? 0) << 8) | (d ?? 0))
    }
  })
}

t.test('every kind of target was seen', async t => {
  const seen = new Set<string>()
  for (const [target] of [...ROWS, ...VERDICTS]) {
    const family = target.includes('-hl-') || target.includes('-j HL') ? 6 : 4
    const rule = readRuleset(`*mangle\n-A PREROUTING ${target}\nCOMMIT\n`, family)
      .tables.get('mangle')
      ?.chains.get('PREROUTING')?.rules[0]
    seen.add(rule?.target?.do ?? '')
    if (rule?.target?.do === 'extension') seen.add(rule.target.name)
  }
  const kinds: Readonly<Record<Target['do'], true>> = {
    accept: true,
    drop: true,
    return: true,
    queue: true,
    jump: true,
    goto: true,
    reject: true,
    mark: true,
    connmark: true,
    dnat: true,
    snat: true,
    masquerade: true,
    redirect: true,
    notrack: true,
    trace: true,
    log: true,
    extension: true,
    unknown: true,
  }
  t.strictSame(
    [...Object.keys(kinds), ...OTHER_TARGETS.keys()].filter(kind => !seen.has(kind)),
    [],
  )
})
