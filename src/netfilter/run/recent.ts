/**
 * Lists of addresses seen lately.
 *
 * A list is made by the first rule that names it, and keeps as many stamps of an address as the
 * rules that name it ask for.
 *
 * @see net/netfilter/xt_recent.c of Linux
 * @module
 */
import type { Millis } from '../../base/clock.ts'
import { equalIp, type Ip, isIpv4 } from '../../base/ip.ts'
import type { Ipv4 } from '../../base/ipv4.ts'
import { ipv6 } from '../../base/ipv6.ts'
import type { RecentMatch } from '../rule.ts'
import type { Holds, Setting } from './condition.ts'
import type { Probe } from './probe.ts'
import type { RecentEntry } from './rule-memory.ts'

/** Addresses that a list holds: `ip_list_tot` as the module sets it. */
const MOST_ADDRESSES = 100

export function holdsRecent(match: RecentMatch, { recentShape }: Setting): Holds {
  const { list: name, by, do: what, not = false, ttl: byTtl } = match
  return probe => {
    const { memory, circumstances } = probe.passing
    const { mask, stamps } = recentShape(name)
    const list = listOf(memory.recent, name)
    const address = maskIp(probe.skb.packet[by], mask)
    const ttl = seenTtl(probe)
    const entry = list.find(known => equalIp(known.address, address) && isTtl(known, byTtl ? ttl : 0))
    if (!entry) {
      if (what === 'set') remember(list, address, ttl, circumstances.now)
      return (what === 'set') === !not
    }
    if (what === 'remove') list.splice(list.indexOf(entry), 1)
    const held = (what === 'set' || what === 'remove' || wasSeen(entry, match, circumstances.now)) === !not
    const updates = what === 'set' || (what === 'update' && held)
    if (match.reap) reap(list, entry, match, circumstances.now, updates)
    if (updates) update(list, entry, ttl, stamps, circumstances.now)
    return held
  }
}

function listOf(lists: Map<string, RecentEntry[]>, name: string): RecentEntry[] {
  let list = lists.get(name)
  if (!list) {
    list = []
    lists.set(name, list)
  }
  return list
}

/** What the sender's packet would have had: this machine takes one off what it forwards. */
function seenTtl({ passing, out, in: input, skb }: Probe): number {
  const own = passing.hook === 'output' || (passing.hook === 'postrouting' && input === '')
  return skb.packet.ttl + (out !== '' && !own ? 1 : 0)
}

function isTtl(entry: RecentEntry, ttl: number): boolean {
  return ttl === 0 || entry.ttl === 0 || entry.ttl === ttl
}

function remember(list: RecentEntry[], address: Ip, ttl: number, now: Millis): void {
  if (list.length >= MOST_ADDRESSES) list.shift()
  list.push({ address, ttl, stamps: [now], next: 1 })
}

/** Whether the address was seen often enough of late. */
function wasSeen({ stamps }: RecentEntry, { seconds, hits }: RecentMatch, now: Millis): boolean {
  const since = now - (seconds ?? 0) * 1000
  let seen = 0
  for (const stamp of stamps) {
    if (seconds && since > stamp) continue
    if (!hits || ++seen >= hits) return true
  }
  return false
}

function update(list: RecentEntry[], entry: RecentEntry, ttl: number, most: number, now: Millis): void {
  entry.next %= most
  entry.stamps[entry.next++] = now
  entry.ttl = ttl
  list.splice(list.indexOf(entry), 1)
  list.push(entry)
}

/** Lets go of the address that was not updated for the longest time, if that is too long. */
function reap(list: RecentEntry[], working: RecentEntry, match: RecentMatch, now: Millis, updates: boolean): void {
  const [oldest] = list
  if (!oldest || (oldest === working && updates)) return
  const last = oldest.stamps[oldest.next - 1] ?? 0
  if (now - (match.seconds ?? 0) * 1000 > last) list.shift()
}

export function maskIp(ip: Ip, mask: Ip): Ip {
  if (isIpv4(ip)) return isIpv4(mask) ? ((ip & mask) as Ipv4) : ip
  if (isIpv4(mask)) return ip
  return ipv6(ip.w0 & mask.w0, ip.w1 & mask.w1, ip.w2 & mask.w2, ip.w3 & mask.w3)
}
