/**
 * The target `NETMAP`: one network mapped onto another, each address to the one of the same place.
 *
 * @see net/netfilter/xt_NETMAP.c of Linux
 * @module
 */
import { type Family, type Ip, isIpv4, type Prefix } from '../../base/ip.ts'
import type { Ipv4 } from '../../base/ipv4.ts'
import { ipv6, mask6 } from '../../base/ipv6.ts'
import { parseNetwork } from '../codec.ts'
import type { ExtensionOption, NatTarget } from '../rule.ts'
import type { Hook } from './hook.ts'
import type { Skb } from './skb.ts'

/** What NAT is to do for a packet: destinations before routing, sources behind it. Nothing: `--to` is no network. */
export function netmapTarget(
  options: readonly ExtensionOption[],
  family: Family,
  hook: Hook,
  { packet }: Skb,
): NatTarget | undefined {
  const network = networkOf(options.find(({ name }) => name === 'to')?.words[0], family)
  if (!network) return undefined
  const destination = hook === 'prerouting' || hook === 'output'
  const to = mapped(destination ? packet.dst : packet.src, network)
  return { do: destination ? 'dnat' : 'snat', to: { from: to, to } }
}

/** The reader keeps the word as it was written. */
function networkOf(text: string | undefined, family: Family): Prefix | undefined {
  try {
    return text === undefined ? undefined : parseNetwork(text, family)
  } catch {
    return undefined
  }
}

function mapped(ip: Ip, network: Prefix): Ip {
  if (network.family === 4) return isIpv4(ip) ? (((ip & ~network.mask) | network.base) as Ipv4) : ip
  if (isIpv4(ip)) return ip
  const { base } = network
  const mask = mask6(network.bits)
  return ipv6(
    (ip.w0 & ~mask.w0) | base.w0,
    (ip.w1 & ~mask.w1) | base.w1,
    (ip.w2 & ~mask.w2) | base.w2,
    (ip.w3 & ~mask.w3) | base.w3,
  )
}
