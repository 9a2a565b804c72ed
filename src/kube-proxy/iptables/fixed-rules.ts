/**
 * The rules that kube-proxy writes whatever the services are.
 *
 * @see pkg/proxy/iptables/proxier.go of Kubernetes: syncProxyRules
 * @module
 */
import type { Match, Rule } from '../../netfilter/rule.ts'
import { LOOPBACK } from '../node-port-addresses.ts'
import { answersAt, type Settings } from '../settings.ts'
import { NODE_PORTS } from './chain-names.ts'
import { ACCEPT, comment, DROP, jump, NOT_TO_LOOPBACK, RETURN, TO_LOCAL, TO_LOOPBACK, toIp } from './rule-parts.ts'

/** The named counter of packets that belong to no known connection. */
const INVALID_COUNTER = 'ct_state_invalid_dropped_pkts'

const INVALID: Match = { on: 'conntrack', state: { in: ['INVALID'] } }

function marked(mark: number): Match {
  return { on: 'mark', is: mark, mask: mark }
}

/** KUBE-POSTROUTING: masquerades what was marked, and takes the mark away. */
export function postroutingRules({ mark, randomFully }: Settings): Rule[] {
  return [
    { matches: [{ on: 'mark', is: mark, mask: mark, not: true }], target: RETURN },
    { matches: [], target: { do: 'mark', set: mark, mask: 0 } },
    {
      matches: [comment('kubernetes service traffic requiring SNAT')],
      target: randomFully ? { do: 'masquerade', randomFully: true } : { do: 'masquerade' },
    },
  ]
}

/** KUBE-MARK-MASQ: asks for masquerading. */
export function markRules({ mark }: Settings): Rule[] {
  return [{ matches: [], target: { do: 'mark', set: mark, mask: mark } }]
}

/**
 * KUBE-FIREWALL: NodePorts on 127.0.0.1 need route_localnet, which would let neighbours of the
 * node reach its loopback services.
 */
export const LOCALNET_RULES: readonly Rule[] = [
  {
    matches: [
      comment('block incoming localnet connections'),
      TO_LOOPBACK[4],
      { on: 'src', in: LOOPBACK[4], not: true },
      { on: 'conntrack', state: { in: ['RELATED', 'ESTABLISHED', 'DNAT'], not: true } },
    ],
    target: DROP,
  },
]

/** KUBE-FORWARD */
export function forwardRules({ mark, nfacct, dropsInvalid }: Settings): Rule[] {
  const established: Match = { on: 'conntrack', state: { in: ['RELATED', 'ESTABLISHED'] } }
  const rules: Rule[] = [
    { matches: [comment('kubernetes forwarding rules'), marked(mark)], target: ACCEPT },
    { matches: [comment('kubernetes forwarding conntrack rule'), established], target: ACCEPT },
  ]
  if (!dropsInvalid) return rules
  const matches: Match[] = nfacct ? [INVALID, { on: 'nfacct', counter: INVALID_COUNTER }] : [INVALID]
  return [{ matches, target: DROP }, ...rules]
}

const NODE_PORTS_COMMENT = comment('kubernetes service nodeports; NOTE: this must be the last rule in this chain')

/** The end of KUBE-SERVICES in nat: to NodePorts go packets to the node that no other rule took. */
export function nodePortDispatchRules(settings: Settings): Rule[] {
  const { family, nodePortAddresses, localhostNodePorts } = settings
  const target = jump(NODE_PORTS)
  if (nodePortAddresses.at === 'any') {
    const matches: Match[] = [NODE_PORTS_COMMENT, TO_LOCAL]
    if (!localhostNodePorts) matches.push(NOT_TO_LOOPBACK[family])
    return [{ matches, target }]
  }
  return nodePortAddresses.at
    .filter(ip => answersAt(ip, settings))
    .map(ip => ({ matches: [NODE_PORTS_COMMENT, toIp(ip)], target }))
}
