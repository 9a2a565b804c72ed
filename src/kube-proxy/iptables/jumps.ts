/**
 * How packets get from the kernel's chains into kube-proxy's.
 *
 * Not part of what kube-proxy restores: it adds each jump by itself, in front of all others.
 *
 * @see pkg/proxy/iptables/proxier.go of Kubernetes: iptablesJumpChains, iptablesKubeletJumpChains
 * @module
 */
import type { Rule, TableName } from '../../netfilter/rule.ts'
import { EXTERNAL_SERVICES, FORWARD, NODE_PORTS, POSTROUTING, PROXY_FIREWALL, SERVICES } from './chain-names.ts'
import { FIREWALL_JUMP } from './kubelet-rules.ts'
import { comment, jump, NEW_CONNECTION } from './rule-parts.ts'

interface Jump {
  readonly table: TableName
  /** The built-in chains, in the order in which they get their jump. */
  readonly from: readonly string[]
  readonly rule: Rule
}

function jumpRule(chain: string, text: string, onlyNew = false): Rule {
  const matches = onlyNew ? [NEW_CONNECTION, comment(text)] : [comment(text)]
  return { matches, target: jump(chain) }
}

/** In the order in which they are put in front. */
const JUMPS: readonly Jump[] = [
  {
    table: 'filter',
    from: ['INPUT', 'FORWARD'],
    rule: jumpRule(EXTERNAL_SERVICES, 'kubernetes externally-visible service portals', true),
  },
  { table: 'filter', from: ['INPUT'], rule: jumpRule(NODE_PORTS, 'kubernetes health check service ports') },
  { table: 'filter', from: ['FORWARD', 'OUTPUT'], rule: jumpRule(SERVICES, 'kubernetes service portals', true) },
  { table: 'filter', from: ['FORWARD'], rule: jumpRule(FORWARD, 'kubernetes forwarding rules') },
  {
    table: 'filter',
    from: ['INPUT', 'OUTPUT', 'FORWARD'],
    rule: jumpRule(PROXY_FIREWALL, 'kubernetes load balancer firewall', true),
  },
  { table: 'nat', from: ['OUTPUT', 'PREROUTING'], rule: jumpRule(SERVICES, 'kubernetes service portals') },
  { table: 'nat', from: ['POSTROUTING'], rule: jumpRule(POSTROUTING, 'kubernetes postrouting rules') },
]

const TO_FIREWALL: Jump = { table: 'filter', ...FIREWALL_JUMP }

/**
 * The rules of one built-in chain.
 *
 * @param afterKubelet whether kubelet's jump was there before
 */
export function jumpsFrom(table: TableName, chain: string, afterKubelet: boolean): Rule[] {
  const inOrder = afterKubelet ? [TO_FIREWALL, ...JUMPS] : [...JUMPS, TO_FIREWALL]
  return inOrder
    .filter(jump => jump.table === table && jump.from.includes(chain))
    .map(jump => jump.rule)
    .reverse()
}
