/**
 * The chains by which the kernel comes to kube-proxy's, and where they lead.
 *
 * @see pkg/proxy/nftables/proxier.go of Kubernetes: nftablesBaseChains, nftablesJumpChains
 * @module
 */
import type { NftBase, NftChain } from '../../netfilter/nftables/rule.ts'
import { IS_NEW, verdict } from '../../netfilter/nftables/statements.ts'
import type { Layout } from './layout.ts'
import {
  CLUSTER_IPS_CHECK,
  FIREWALL_CHECK,
  MASQUERADING,
  NODE_PORT_ENDPOINTS_CHECK,
  SERVICE_ENDPOINTS_CHECK,
  SERVICES,
} from './names.ts'

/** @see enum nf_ip_hook_priorities in include/uapi/linux/netfilter_ipv4.h of Linux */
const DNAT = -100
const SRCNAT = 100
const BEFORE_DNAT = DNAT - 10
const AFTER_DNAT = DNAT + 10

type Hook = readonly [name: string, hook: NftBase['hook'], priority: number, ...checks: readonly string[]]

/** Checks ask what packets have become: only source ranges are asked before. */
const FILTERS: readonly Hook[] = [
  ['filter-prerouting-pre-dnat', 'prerouting', BEFORE_DNAT, FIREWALL_CHECK],
  ['filter-output-pre-dnat', 'output', BEFORE_DNAT, FIREWALL_CHECK],
  ['filter-input', 'input', 0, NODE_PORT_ENDPOINTS_CHECK, SERVICE_ENDPOINTS_CHECK],
  ['filter-forward', 'forward', 0, SERVICE_ENDPOINTS_CHECK, CLUSTER_IPS_CHECK],
  ['filter-output', 'output', 0, SERVICE_ENDPOINTS_CHECK, CLUSTER_IPS_CHECK],
]

/** Until 1.33 all but one came before any rewriting of the node's own. */
const FILTERS_BEFORE: readonly Hook[] = [
  ['filter-prerouting', 'prerouting', BEFORE_DNAT, FIREWALL_CHECK],
  ['filter-input', 'input', BEFORE_DNAT, NODE_PORT_ENDPOINTS_CHECK, SERVICE_ENDPOINTS_CHECK],
  ['filter-forward', 'forward', BEFORE_DNAT, SERVICE_ENDPOINTS_CHECK, CLUSTER_IPS_CHECK],
  ['filter-output', 'output', BEFORE_DNAT, SERVICE_ENDPOINTS_CHECK, FIREWALL_CHECK],
  ['filter-output-post-dnat', 'output', AFTER_DNAT, CLUSTER_IPS_CHECK],
]

const NATS: readonly Hook[] = [
  ['nat-prerouting', 'prerouting', DNAT, SERVICES],
  ['nat-output', 'output', DNAT, SERVICES],
  ['nat-postrouting', 'postrouting', SRCNAT, MASQUERADING],
]

export function baseChains({ checksBeforeDnat }: Layout): readonly NftChain[] {
  const filters = checksBeforeDnat ? FILTERS_BEFORE : FILTERS
  return [
    ...filters.map(([name, hook, priority, ...checks]): NftChain => {
      const rules = checks.map(check => ({ statements: [IS_NEW, verdict('jump', check)] }))
      return { name, base: { type: 'filter', hook, priority, policy: 'accept' }, rules }
    }),
    ...NATS.map(([name, hook, priority, ...chains]): NftChain => {
      const rules = chains.map(chain => ({ statements: [verdict('jump', chain)] }))
      return { name, base: { type: 'nat', hook, priority, policy: 'accept' }, rules }
    }),
  ]
}
