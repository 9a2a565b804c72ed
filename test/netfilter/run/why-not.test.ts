/**
 * Why a rule did not match, in words.
 */
import t from 'tap'
import type { Match } from '../../../src/netfilter/rule.ts'
import { readRuleset } from '../../../src/netfilter/ruleset.ts'
import { ROWS as HOLD_ROWS } from './hold-rows.ts'
import { type Given, PACKETS, type PacketName } from './sample-packets.ts'
import { runTable } from './table-run.ts'

// biome-ignore format: one case, one row
const ROWS: readonly (readonly [rule: string, name: PacketName, why: string])[] = [
  ['-s 10.1.0.3/32', 'a SYN', 'source 10.1.0.2 is not 10.1.0.3'],
  ['! -s 10.1.0.2/32', 'a SYN', 'source is 10.1.0.2'],
  ['-d 10.244.0.0/16', 'a SYN', 'destination 10.2.0.3 is not in 10.244.0.0/16'],
  ['! -s 10.1.0.0/16', 'a SYN', 'source 10.1.0.2 is in 10.1.0.0/16'],
  ['-d fd00:1::/32', 'a packet of IPv6', 'destination fd00::1 is not in fd00:1::/32'],
  ['-i eth1', 'a SYN', 'device in eth0 is not eth1'],
  ['! -i eth0', 'a SYN', 'device in is eth0'],
  ['-o eth1', 'a SYN', 'the hook knows no device out'],
  ['-p udp', 'a SYN', 'protocol tcp is not udp'],
  ['! -p tcp', 'a SYN', 'protocol is tcp'],
  ['-f', 'a SYN', 'it is not a later fragment'],
  ['! -f', 'a second fragment of TCP', 'it is a later fragment'],
  ['-p tcp -m tcp --dport 81', 'a SYN', 'destination port 80 is not 81'],
  ['-p tcp -m tcp ! --dport 80', 'a SYN', 'destination port is 80'],
  ['-p tcp -m tcp --dport 81:90', 'a SYN', 'destination port 80 is not in 81:90'],
  ['-p tcp -m tcp ! --sport 1:1023', 'a SYN', 'source port 1000 is in 1:1023'],
  ['-p tcp -m tcp --dport 80', 'a second fragment of TCP', 'a later fragment has no transport header'],
  ['-p tcp -m tcp --tcp-flags SYN,ACK SYN', 'a SYN, ACK', 'of the flags SYN,ACK it has SYN,ACK, not SYN'],
  ['-p tcp -m tcp ! --tcp-flags SYN,ACK SYN', 'a SYN', 'of the flags SYN,ACK it has SYN'],
  ['-p tcp -m tcp --tcp-flags ACK ACK', 'a SYN', 'of the flags ACK it has none, not ACK'],
  ['-p tcp -m tcp --tcp-option 2', 'a SYN', 'TCP option 2 is not there'],
  ['-p tcp -m tcp ! --tcp-option 2', 'a SYN with MSS', 'TCP option 2 is there'],
  ['-m tcp --dport 80', 'GRE', 'protocol gre is another'],
  ['-p udp -m udp --dport 81', 'a datagram', 'destination port 80 is not 81'],
  ['-p sctp -m sctp --chunk-types any DATA', 'an SCTP INIT', 'the chunks are not as asked'],
  ['-p icmp -m icmp --icmp-type 8', 'a pong', 'ICMP type 0 is not 8'],
  ['-p icmp -m icmp ! --icmp-type 8', 'a ping', 'ICMP type is 8'],
  ['-p icmp -m icmp --icmp-type 3/3', 'host unreachable', 'ICMP code 1 is not 3'],
  ['-m icmp --icmp-type 8', 'a SYN', 'it is no ICMP message'],
  ['-p icmp -m icmp --icmp-type 8', 'a second fragment of a ping', 'a later fragment has no transport header'],
  ['-p tcp -m multiport --dports 81:90,443', 'a SYN', 'destination port 80 is not in 81:90, 443'],
  ['-p tcp -m multiport ! --ports 80', 'a SYN', 'ports 1000 and 80 are in 80'],
  ['-p tcp -m multiport --sports 80', 'a second fragment of TCP', 'a later fragment has no transport header'],
  ['-m multiport --dports 80', 'GRE', 'protocol gre has no ports'],
  ['-m length --length 1000:1500', 'a SYN', 'the length is not 1000:1500'],
  ['-m length ! --length 40', 'a SYN', 'the length is 40'],
  ['-m conntrack --ctstate NEW', 'a reply', 'the connection is ESTABLISHED, not NEW'],
  ['-m conntrack ! --ctstate ESTABLISHED', 'a reply', 'the connection is ESTABLISHED'],
  ['-m conntrack --ctstate NEW,RELATED', 'a SYN', 'the connection is INVALID, not NEW,RELATED'],
  ['-m conntrack --ctproto 17', 'a reply', 'the connection\'s protocol is tcp, not udp'],
  ['-m conntrack ! --ctproto 6', 'a reply', 'the connection\'s protocol is tcp'],
  ['-m conntrack --ctproto 6', 'a SYN', 'the packet is of no connection'],
  ['-m conntrack --ctorigdst 10.96.0.2', 'a reply', 'original destination 10.96.0.1 is not 10.96.0.2'],
  ['-m conntrack ! --ctreplsrc 10.2.0.0/16', 'a reply', 'reply source 10.2.0.3 is in 10.2.0.0/16'],
  ['-m conntrack --ctreplsrcport 443', 'a reply', 'reply source port 6443 is not 443'],
  ['-m conntrack --ctstatus ASSURED', 'a reply', 'the connection is not ASSURED'],
  ['-m conntrack ! --ctstatus CONFIRMED', 'a reply', 'the connection is CONFIRMED'],
  ['-m conntrack --ctexpire 61:70', 'a reply', 'the connection ends in 60 s, which is not in 61:70 s'],
  ['-m conntrack --ctdir ORIGINAL', 'a reply', 'the direction is REPLY, not ORIGINAL'],
  ['-m state --state NEW', 'a reply', 'the connection is ESTABLISHED, not NEW'],
  ['-m mark --mark 0x4000/0x4000', 'a SYN', 'mark 0x4000 is not set'],
  ['-m mark ! --mark 0x4000/0x4000', 'a packet with mark 0x4001', 'mark 0x4000 is set'],
  ['-m mark --mark 0x1', 'a packet with mark 0x4001', 'mark 0x4001 is not 0x1'],
  ['-m mark --mark 0x0/0xff', 'a packet with mark 0x4001', 'mark 0x1 is not 0x0 under 0xff'],
  ['-m mark ! --mark 0x1/0xff', 'a packet with mark 0x4001', 'mark is 0x1 under 0xff'],
  ['-m connmark --mark 0x1/0x1', 'a reply', 'connection mark 0x1 is not set'],
  ['-m connmark --mark 0x1/0x1', 'a SYN', 'the packet is of no connection'],
  ['-m addrtype --dst-type LOCAL', 'a SYN', 'destination 10.2.0.3 is UNICAST, not LOCAL'],
  ['-m addrtype ! --src-type UNICAST', 'a SYN', 'source 10.1.0.2 is UNICAST'],
  ['-m addrtype --dst-type LOCAL,MULTICAST', 'a packet to a group of IPv6', 'the addresses are not of the types asked for'],
  ['-m statistic --mode random --probability 0', 'a SYN', 'the draw is never won'],
  ['-m statistic --mode random ! --probability 1', 'a SYN', 'the draw is always won'],
  ['-m statistic --mode nth --every 2 --packet 1', 'a SYN', 'it is not this packet\'s turn: one of every 2 is'],
  ['-m recent --rcheck --seconds 9 --name a', 'a SYN', 'source 10.1.0.2 is not in list a as asked'],
  ['-m recent ! --set --name a --rdest', 'a SYN', 'destination 10.2.0.3 is in list a'],
  ['-m limit --limit 5/min --limit-burst 0', 'a SYN', 'the limit of 5/min, 0 at once, is reached'],
  ['-m set --match-set s src,dst', 'a SYN', 'source 10.1.0.2, destination 10.2.0.3: not in set s'],
  ['-m set ! --match-set s dst', 'a packet to the machine', 'destination 10.0.0.1: in set s'],
  ['-m physdev --physdev-is-bridged', 'a SYN', 'the packet does not cross a bridge'],
  ['-m physdev --physdev-out veth2', 'a packet that came by a port', 'the bridge ports are veth1 and none'],
  ['-m iprange --src-range 10.1.0.3-10.1.0.9', 'a SYN', 'source 10.1.0.2: not in 10.1.0.3-10.1.0.9'],
  ['-m iprange ! --dst-range 10.2.0.3-10.2.0.9', 'a SYN', 'destination 10.2.0.3: in 10.2.0.3-10.2.0.9'],
  ['-m mac --mac-source 02:00:0a:f4:01:03', 'a packet in a frame', 'hardware address 02:00:0a:f4:01:02 is not 02:00:0a:f4:01:03'],
  ['-m mac ! --mac-source 02:00:0a:f4:01:02', 'a packet in a frame', 'hardware address is 02:00:0a:f4:01:02'],
  ['-m mac --mac-source 02:00:0a:f4:01:03', 'a SYN', 'the packet has no hardware address'],
  ['-m rpfilter', 'a packet from afar', 'the way back to 192.0.2.1 does not lead through eth0'],
  ['-m rpfilter --invert', 'a SYN', 'the way back to 10.1.0.2 leads through eth0'],
  ['-m pkttype --pkt-type multicast', 'a broadcast', 'the frame is for broadcast, not multicast'],
  ['-m pkttype ! --pkt-type unicast', 'a SYN', 'the frame is unicast'],
  ['-m ttl --ttl-lt 64', 'a SYN', 'ttl --ttl-lt 64 does not hold'],
  ['-m dscp ! --dscp 0x00', 'a SYN', 'dscp ! --dscp 0x00 does not hold'],
]

const SETS = 'create s hash:ip family inet\nadd s 10.0.0.1\n'

function whyOf(rule: string, { skb, ...around }: Given): string | undefined {
  const { steps } = runTable([rule], skb, { devices: { in: 'eth0' }, ...around, sets: SETS, verbose: true })
  return steps.flatMap(step => (step.kind === 'miss' ? [step.why] : []))[0]
}

for (const [rule, name, why] of ROWS) {
  t.test(`${name} does not match ${rule}`, async t => t.equal(whyOf(rule, PACKETS[name]), why))
}

t.test('whatever does not hold has a reason', async t => {
  for (const [rule, verb, ...names] of HOLD_ROWS) {
    if (verb !== 'does not hold for') continue
    for (const name of names)
      t.match(whyOf(rule, PACKETS[name]), /^(?!.*(?:undefined|NaN| -1 |object)).{9,}/, `${rule}: ${name}`)
  }
})

t.test('every kind of condition that can fail has failed', async t => {
  const seen = new Set<Match['on']>()
  for (const [rule, name] of ROWS) {
    const table = readRuleset(`*mangle\n-A X ${rule}\nCOMMIT\n`, PACKETS[name].skb.packet.family).tables.get('mangle')
    for (const { on } of table?.chains.get('X')?.rules[0]?.matches ?? []) seen.add(on)
  }
  const kinds: Readonly<Record<Exclude<Match['on'], 'comment' | 'nfacct' | 'unknown' | 'icmp6'>, true>> = {
    src: true,
    dst: true,
    in: true,
    out: true,
    proto: true,
    fragment: true,
    tcp: true,
    udp: true,
    sctp: true,
    icmp: true,
    conntrack: true,
    state: true,
    mark: true,
    connmark: true,
    addrtype: true,
    statistic: true,
    recent: true,
    multiport: true,
    set: true,
    physdev: true,
    iprange: true,
    limit: true,
    mac: true,
    rpfilter: true,
    length: true,
    pkttype: true,
    extension: true,
  }
  t.strictSame(
    Object.keys(kinds).filter(kind => !seen.has(kind as Match['on'])),
    [],
  )
})
