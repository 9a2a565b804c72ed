/**
 * A rule of policy routing as `ip rule` prints it.
 *
 * @module
 */
import { formatIp, formatPrefix, type Prefix, widthOf } from '../base/ip.ts'
import type { RoutingRule } from '../host/host.ts'

/** `100: from 10.244.0.0/16 fwmark 0x1/0xff iif eth0 lookup 7` */
export function formatRoutingRule(rule: RoutingRule): string {
  const { mark, protocol, sport, dport, tos } = rule
  const words = [
    `${rule.priority}:`,
    rule.not && 'not',
    `from ${rule.from ? networkText(rule.from) : 'all'}`,
    rule.to && `to ${networkText(rule.to)}`,
    tos && `tos 0x${tos.toString(16)}`,
    mark && `fwmark ${markText(mark)}`,
    rule.in !== undefined && `iif ${rule.in}`,
    rule.out !== undefined && `oif ${rule.out}`,
    protocol && `ipproto ${protocol}`,
    sport && `sport ${rangeText(sport)}`,
    dport && `dport ${rangeText(dport)}`,
    actionText(rule),
    rule.suppressBits !== undefined && `suppress_prefixlength ${rule.suppressBits}`,
  ]
  return words.filter(Boolean).join(' ')
}

function actionText({ action, table, target }: RoutingRule): string {
  if (action === 'lookup') return `lookup ${table ?? 'main'}`
  return action === 'goto' ? `goto ${target ?? 'none'}` : action
}

function networkText(prefix: Prefix): string {
  return prefix.bits === widthOf(prefix.family) ? formatIp(prefix.base) : formatPrefix(prefix)
}

function markText({ is, mask }: { readonly is: number; readonly mask: number }): string {
  const hex = (value: number) => `0x${(value >>> 0).toString(16)}`
  return mask === -1 ? hex(is) : `${hex(is)}/${hex(mask)}`
}

function rangeText({ from, to }: { readonly from: number; readonly to: number }): string {
  return from === to ? `${from}` : `${from}-${to}`
}
