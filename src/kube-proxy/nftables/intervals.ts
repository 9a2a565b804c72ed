/**
 * Networks as nft holds them in a set of a rule: in order, and what overlaps or adjoins as one.
 *
 * @see nft(8), auto-merge; sets that a rule holds itself always merge (measured with nftables 1.0.6)
 * @module
 */
import { addIp, compareIp, equalIp, type Ip, type Prefix, prefixOf, widthOf } from '../../base/ip.ts'
import { lastOf } from '../../ipam/cidr-set.ts'
import type { NftValue } from '../../netfilter/nftables/expression.ts'

interface Interval {
  readonly first: Ip
  readonly last: Ip
}

/** @param prefixes of one family */
export function intervalsOf(prefixes: readonly Prefix[]): readonly NftValue[] {
  const [some] = prefixes
  if (!some) return []
  const sorted = [...prefixes].sort((a, b) => compareIp(a.base, b.base))
  const merged: Interval[] = []
  for (const prefix of sorted) {
    const next = { first: prefix.base, last: lastOf(prefix) }
    const before = merged.at(-1)
    if (before && adjoins(before.last, next.first)) {
      merged[merged.length - 1] = compareIp(next.last, before.last) > 0 ? { ...before, last: next.last } : before
    } else merged.push(next)
  }
  return merged.map(interval => intervalValue(interval, some.family))
}

/** Whether nothing lies between the end of one and the start of another that begins no earlier. */
function adjoins(last: Ip, first: Ip): boolean {
  return compareIp(first, last) <= 0 || equalIp(addIp(last, 1), first)
}

function intervalValue({ first, last }: Interval, family: Prefix['family']): NftValue {
  if (equalIp(first, last)) return { kind: 'ip', ip: first }
  for (let bits = 0; bits < widthOf(family); bits++) {
    const prefix = prefixOf(first, bits)
    if (equalIp(prefix.base, first) && equalIp(lastOf(prefix), last)) return { kind: 'prefix', prefix }
  }
  return { kind: 'range', from: { kind: 'ip', ip: first }, to: { kind: 'ip', ip: last } }
}
