/**
 * The nftables rules that flannel installs on a node when its net-conf asks for them (`EnableNFTables`).
 *
 * @module
 */
import type { Family, Prefix } from '../base/ip.ts'
import type { NftChain, NftRule, NftStatement, NftTable } from '../netfilter/nftables/rule.ts'
import { ACCEPT, IP, isNotWithin, isWithin, MASQUERADE, RETURN } from '../netfilter/nftables/statements.ts'
import type { Lease } from './leases.ts'
import type { FlannelNetwork } from './network.ts'
import { FLANNEL_DEFAULTS, type FlannelRuleOptions, KUBE_MARK, MULTICAST } from './rules.ts'

/**
 * flannel's table. It is there, but empty, for a family that the overlay does not have.
 *
 * The fourth rule is not that of iptables: what the node itself sends to pods of other nodes keeps its source.
 */
export function flannelTable(
  network: FlannelNetwork,
  lease: Lease,
  family: Family,
  options: Pick<FlannelRuleOptions, 'ipMasq' | 'forward'> = FLANNEL_DEFAULTS,
): NftTable {
  const name = `flannel-ipv${family}`
  const pods = network.pods[family]
  const own = lease.families[family]?.subnet
  const chains =
    pods && own
      ? [...(options.ipMasq ? [masqueradeChain(pods, own)] : []), ...(options.forward ? [forwardChain(pods)] : [])]
      : []
  return { family: IP[family], name, comment: `rules for ${name}`, sets: [], chains }
}

/** The mark itself, not one of its bits. */
const IS_MARKED: NftStatement = {
  do: 'match',
  left: { kind: 'meta', key: 'mark' },
  op: '==',
  right: { kind: 'mark', mark: KUBE_MARK },
}

function masqueradeChain(pods: Prefix, own: Prefix): NftChain {
  return {
    name: 'postrtg',
    comment: 'chain to manage traffic masquerading by flannel',
    base: { type: 'nat', hook: 'postrouting', priority: 100, policy: 'accept' },
    rules: [
      rule(IS_MARKED, RETURN),
      rule(isWithin('saddr', own), isWithin('daddr', pods), RETURN),
      rule(isWithin('saddr', pods), isWithin('daddr', own), RETURN),
      rule(isNotWithin('saddr', own), isWithin('daddr', pods), RETURN),
      rule(isWithin('saddr', pods), isNotWithin('daddr', MULTICAST[pods.family]), MASQUERADE),
      rule(isNotWithin('saddr', pods), isWithin('daddr', pods), MASQUERADE),
    ],
  }
}

function forwardChain(pods: Prefix): NftChain {
  return {
    name: 'forward',
    comment: 'chain to accept flannel traffic',
    base: { type: 'filter', hook: 'forward', priority: 0, policy: 'accept' },
    rules: [rule(isWithin('saddr', pods), ACCEPT), rule(isWithin('daddr', pods), ACCEPT)],
  }
}

function rule(...statements: readonly NftStatement[]): NftRule {
  return { statements }
}
