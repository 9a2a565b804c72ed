/**
 * The nftables table by which the lab watches a machine's packets.
 *
 * It sees packets before any rule and behind all, copies them to a log group, and marks them to be
 * traced through every other table. It changes nothing: it decides nothing, and asks nothing that
 * would start connection tracking where there is none.
 *
 * @see nft(8); enum nf_ip_hook_priorities in include/uapi/linux/netfilter_ipv4.h of Linux
 * @module
 */
import type { Family } from '../base/ip.ts'
import type { PacketSight } from './observation.ts'

type WatchedHook = PacketSight['hook']

/** Nobody but the lab may have a table of this name. */
export const OBSERVING_TABLE = 'podwire_lab'

/** The log group to which packets are copied. The kernel's own traces of iptables-legacy come by group 0. */
export const OBSERVING_GROUP = 5514

/** What the kernel traces of iptables-legacy, by family, and who passes it on to log groups. */
export const LOGGERS: readonly string[] = ['net.netfilter.nf_log.2', 'net.netfilter.nf_log.10']
export const LOGGER = 'nfnetlink_log'

/** Before fragments are put together (-400), so that they are seen as they came. */
const FIRST = -450

/** Behind all that rewrites (100) and all that iptables has. */
const LAST = 350

const HOOKS: readonly { readonly hook: WatchedHook; readonly priority: number }[] = [
  { hook: 'prerouting', priority: FIRST },
  { hook: 'output', priority: FIRST },
  { hook: 'input', priority: LAST },
  { hook: 'postrouting', priority: LAST },
]

/**
 * What is watched, by family: fragments; what opens or resets a TCP connection; other transports;
 * ICMP, but of ICMPv6 only echoes and errors. A packet comes under one of them only.
 *
 * Pieces other than the first are not traced: what is traced of a packet put together is said by its
 * first piece (`inet_frag_reasm_prepare` in net/ipv4/inet_fragment.c of Linux), and the kernel tells of
 * rules that later pieces of IPv6 match without telling which packet it was. They would be traced for
 * their whole was before it was cut, where they come by the loopback device.
 */
const WATCHED: Readonly<Record<Family, readonly { readonly match: string; readonly trace: 0 | 1 }[]>> = {
  4: [
    { match: 'ip frag-off & 0x1fff != 0', trace: 0 },
    { match: 'ip frag-off & 0x2000 != 0', trace: 1 },
    { match: 'tcp flags & (syn | rst) != 0', trace: 1 },
    { match: 'meta l4proto { icmp, udp, sctp }', trace: 1 },
  ],
  6: [
    { match: 'frag frag-off != 0', trace: 0 },
    { match: 'exthdr frag exists', trace: 1 },
    { match: 'tcp flags & (syn | rst) != 0', trace: 1 },
    { match: 'meta l4proto { udp, sctp }', trace: 1 },
    {
      match:
        'icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem, echo-request, echo-reply }',
      trace: 1,
    },
  ],
}

/**
 * What of the frames in VXLAN is passed over, by its place behind the UDP header (8 bytes): VXLAN's header
 * (8) and that of Ethernet (14) come before the packet, at bit 240. ARP; later segments of TCP; of ICMPv6
 * neighbours, routers and groups.
 */
const CARRIED: readonly string[] = [
  '@th,224,16 0x0806',
  '@th,224,16 0x0800 @th,312,8 6 @th,504,8 & 0x06 == 0',
  '@th,224,16 0x86dd @th,288,8 6 @th,664,8 & 0x06 == 0',
  '@th,224,16 0x86dd @th,288,8 58 @th,560,8 130-137',
  '@th,224,16 0x86dd @th,288,8 0',
]

const NFT_FAMILIES: Readonly<Record<Family, string>> = { 4: 'ip', 6: 'ip6' }

/**
 * The text for `nft -f -` that makes the table in both families, new where there was one before.
 *
 * @param traced whether packets are also traced through the machine's rules
 * @param tunnels UDP ports of VXLAN: of what is carried there, too, only what is watched elsewhere
 */
export function observingTable(traced: boolean, tunnels: readonly number[]): string {
  return `${withoutObservingTable()}${tableOf(4, traced, tunnels)}${tableOf(6, traced, tunnels)}`
}

/** The text for `nft -f -` that removes the table, whether it is there or not. */
export function withoutObservingTable(): string {
  return Object.values(NFT_FAMILIES)
    .map(family => `table ${family} ${OBSERVING_TABLE}\ndelete table ${family} ${OBSERVING_TABLE}\n`)
    .join('')
}

function tableOf(family: Family, traced: boolean, tunnels: readonly number[]): string {
  const passedOver = tunnels.flatMap(port => CARRIED.map(match => `    udp dport ${port} ${match} accept\n`))
  const chains = HOOKS.map(({ hook, priority }) => {
    const early = priority === FIRST
    const rules = WATCHED[family].map(watched => {
      const trace = traced && early ? ` meta nftrace set ${watched.trace}` : ''
      // Each copy at once: by default a hundred are collected, or those of a second.
      return `    ${watched.match}${trace} log prefix "${hook}" group ${OBSERVING_GROUP} queue-threshold 1 accept\n`
    })
    const head = `    type filter hook ${hook} priority ${priority}; policy accept;\n`
    return `  chain ${hook} {\n${head}${passedOver.join('')}${rules.join('')}  }\n`
  })
  return `table ${NFT_FAMILIES[family]} ${OBSERVING_TABLE} {\n${chains.join('')}}\n`
}
