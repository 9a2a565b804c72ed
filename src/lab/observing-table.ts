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
 * first piece (`inet_frag_reasm_prepare` in net/ipv4/inet_fragment.c), and the kernel tells of rules
 * that later pieces of IPv6 match without telling which packet it was.
 */
const WATCHED: Readonly<Record<Family, readonly { readonly match: string; readonly traced: boolean }[]>> = {
  4: [
    { match: 'ip frag-off & 0x1fff != 0', traced: false },
    { match: 'ip frag-off & 0x2000 != 0', traced: true },
    { match: 'tcp flags & (syn | rst) != 0', traced: true },
    { match: 'meta l4proto { icmp, udp, sctp }', traced: true },
  ],
  6: [
    { match: 'frag frag-off != 0', traced: false },
    { match: 'exthdr frag exists', traced: true },
    { match: 'tcp flags & (syn | rst) != 0', traced: true },
    { match: 'meta l4proto { udp, sctp }', traced: true },
    {
      match:
        'icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem, echo-request, echo-reply }',
      traced: true,
    },
  ],
}

const NFT_FAMILIES: Readonly<Record<Family, string>> = { 4: 'ip', 6: 'ip6' }

/**
 * The text for `nft -f -` that makes the table in both families, new where there was one before.
 *
 * @param traced whether packets are also traced through the machine's rules
 */
export function observingTable(traced: boolean): string {
  return `${withoutObservingTable()}${tableOf(4, traced)}${tableOf(6, traced)}`
}

/** The text for `nft -f -` that removes the table, whether it is there or not. */
export function withoutObservingTable(): string {
  return Object.values(NFT_FAMILIES)
    .map(family => `table ${family} ${OBSERVING_TABLE}\ndelete table ${family} ${OBSERVING_TABLE}\n`)
    .join('')
}

function tableOf(family: Family, traced: boolean): string {
  const chains = HOOKS.map(({ hook, priority }) => {
    const early = priority === FIRST
    const rules = WATCHED[family].map(watched => {
      const trace = traced && early && watched.traced ? ' meta nftrace set 1' : ''
      // Each copy at once: by default a hundred are collected, or those of a second.
      return `    ${watched.match}${trace} log prefix "${hook}" group ${OBSERVING_GROUP} queue-threshold 1 accept\n`
    })
    const head = `    type filter hook ${hook} priority ${priority}; policy accept;\n`
    return `  chain ${hook} {\n${head}${rules.join('')}  }\n`
  })
  return `table ${NFT_FAMILIES[family]} ${OBSERVING_TABLE} {\n${chains.join('')}}\n`
}
