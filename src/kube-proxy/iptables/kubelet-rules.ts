/**
 * The chains that kubelet (1.28 and newer) puts on every node, proxy or not.
 *
 * @see pkg/kubelet/kubelet_network_linux.go of Kubernetes
 * @module
 */
import type { Family } from '../../base/ip.ts'
import type { Rule, TableName } from '../../netfilter/rule.ts'
import { FIREWALL } from './chain-names.ts'
import { LOCALNET_RULES } from './fixed-rules.ts'

/** Tells others which of the two iptables kubelet uses. */
const HINT = 'KUBE-IPTABLES-HINT'
const KUBELET_CANARY = 'KUBE-KUBELET-CANARY'

/** Kubelet's chains of one table, with their rules. */
export function kubeletChains(table: TableName, family: Family): ReadonlyMap<string, readonly Rule[]> {
  const chains = new Map<string, readonly Rule[]>()
  if (table === 'mangle') chains.set(HINT, [])
  chains.set(KUBELET_CANARY, [])
  if (table === 'filter' && family === 4) chains.set(FIREWALL, LOCALNET_RULES)
  return chains
}
