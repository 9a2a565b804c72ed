/**
 * The iptables rules around IPVS: as many as there are sets, however many services there are.
 *
 * @see pkg/proxy/ipvs/proxier.go of Kubernetes: writeIptablesRules
 * @module
 */
import { formatIp, type Ip } from '../../base/ip.ts'
import { protocolOf, type ServiceProtocol } from '../../base/protocol.ts'
import type { Match, Rule, Target } from '../../netfilter/rule.ts'
import { forwardRules, markRules, postroutingRules } from '../iptables/fixed-rules.ts'
import {
  ACCEPT,
  comment,
  DROP,
  from,
  fromIp,
  jump,
  MASQUERADE_LATER,
  NEW_CONNECTION,
  REJECT,
  RETURN,
  TO_LOCAL,
} from '../iptables/rule-parts.ts'
import { LOOPBACK } from '../node-port-addresses.ts'
import type { ServicePort } from '../service-port.ts'
import { kernelName, SETS, type SetName } from './sets.ts'
import type { IpvsSettings } from './settings.ts'

export const SERVICES = 'KUBE-SERVICES'
export const POSTROUTING = 'KUBE-POSTROUTING'
export const NODE_PORT = 'KUBE-NODE-PORT'
const LOAD_BALANCER = 'KUBE-LOAD-BALANCER'
const MARK_MASQ = 'KUBE-MARK-MASQ'
export const FORWARD = 'KUBE-FORWARD'
export const PROXY_FIREWALL = 'KUBE-PROXY-FIREWALL'
const SOURCE_RANGES = 'KUBE-SOURCE-RANGES-FIREWALL'
export const IPVS_FILTER = 'KUBE-IPVS-FILTER'
/** The chain whose rules are those of services. */
export const OUT_FILTER = 'KUBE-IPVS-OUT-FILTER'

/** Whether a set has entries: rules about most sets are there only then. */
export type Holds = (set: SetName) => boolean

type ByPacket = readonly ('src' | 'dst')[]

const TO_SOCKET: ByPacket = ['dst', 'dst']

function inSet(set: SetName, by: ByPacket, { family }: IpvsSettings): Match {
  return { on: 'set', set: kernelName(set, family), by }
}

/** One rule about a set, with the set's comment; none if the set is empty. */
function ruleAbout(
  set: SetName,
  by: ByPacket,
  target: Target,
  making: { readonly settings: IpvsSettings; readonly holds: Holds },
  more: { readonly before?: readonly Match[]; readonly after?: readonly Match[] } = {},
): readonly Rule[] {
  if (!making.holds(set)) return []
  const { before = [], after = [] } = more
  return [{ matches: [...before, comment(SETS[set].comment), inSet(set, by, making.settings), ...after], target }]
}

/** Those of table nat, by name. */
export function natChains(settings: IpvsSettings, holds: Holds): Readonly<Record<string, readonly Rule[]>> {
  const making = { settings, holds }
  return {
    [SERVICES]: serviceRules(settings, holds),
    [POSTROUTING]: [
      ...ruleAbout('KUBE-LOOP-BACK', ['dst', 'dst', 'src'], { do: 'masquerade' }, making),
      ...postroutingRules(settings),
    ],
    [NODE_PORT]: [
      ...nodePortRules('TCP', 'KUBE-NODE-PORT-LOCAL-TCP', 'KUBE-NODE-PORT-TCP', ['dst'], making),
      ...nodePortRules('UDP', 'KUBE-NODE-PORT-LOCAL-UDP', 'KUBE-NODE-PORT-UDP', ['dst'], making),
      ...nodePortRules('SCTP', 'KUBE-NODE-PORT-LOCAL-SCTP-HASH', 'KUBE-NODE-PORT-SCTP-HASH', TO_SOCKET, making),
    ],
    [LOAD_BALANCER]: [
      ...ruleAbout('KUBE-LOAD-BALANCER-LOCAL', TO_SOCKET, RETURN, making),
      { matches: [], target: MASQUERADE_LATER },
    ],
    [MARK_MASQ]: markRules(settings),
  }
}

function nodePortRules(
  protocol: ServiceProtocol,
  local: SetName,
  all: SetName,
  by: ByPacket,
  making: { readonly settings: IpvsSettings; readonly holds: Holds },
): readonly Rule[] {
  const before: readonly Match[] = [{ on: 'proto', is: protocolOf(protocol) }]
  return [
    ...ruleAbout(local, by, RETURN, making, { before }),
    ...ruleAbout(all, by, MASQUERADE_LATER, making, { before }),
  ]
}

/** Not from a bridge port, nor from the machine itself: from outside. */
const FROM_OUTSIDE: readonly Match[] = [
  { on: 'physdev', isIn: { not: true } },
  { on: 'addrtype', src: { in: ['LOCAL'], not: true } },
]

function serviceRules(settings: IpvsSettings, holds: Holds): readonly Rule[] {
  const making = { settings, holds }
  const toExternal = (set: SetName) => [
    ...ruleAbout(set, TO_SOCKET, ACCEPT, making, { after: FROM_OUTSIDE }),
    ...ruleAbout(set, TO_SOCKET, ACCEPT, making, { after: [TO_LOCAL] }),
  ]
  const accepted = (set: SetName): readonly Rule[] =>
    holds(set) ? [{ matches: [inSet(set, TO_SOCKET, settings)], target: ACCEPT }] : []
  return [
    { matches: [from(LOOPBACK[settings.family])], target: RETURN },
    ...ruleAbout('KUBE-LOAD-BALANCER', TO_SOCKET, jump(LOAD_BALANCER), making),
    ...clusterIpRules(settings, holds),
    ...ruleAbout('KUBE-EXTERNAL-IP', TO_SOCKET, MASQUERADE_LATER, making),
    ...toExternal('KUBE-EXTERNAL-IP'),
    ...toExternal('KUBE-EXTERNAL-IP-LOCAL'),
    { matches: [TO_LOCAL], target: jump(NODE_PORT) },
    ...accepted('KUBE-CLUSTER-IP'),
    ...accepted('KUBE-LOAD-BALANCER'),
  ]
}

/** Without a way to tell pods from others, what a service address sends to itself is masqueraded: local processes do so. */
function clusterIpRules(settings: IpvsSettings, holds: Holds): readonly Rule[] {
  const { masqueradeAll, detector } = settings
  const by: ByPacket = masqueradeAll || detector ? TO_SOCKET : ['src', 'dst']
  const after = !masqueradeAll && detector ? [detector.isNotLocal] : []
  return ruleAbout('KUBE-CLUSTER-IP', by, MASQUERADE_LATER, { settings, holds }, { after })
}

/** Those of table filter, by name, but for {@link OUT_FILTER}. */
export function filterChains(settings: IpvsSettings, holds: Holds): Readonly<Record<string, readonly Rule[]>> {
  const making = { settings, holds }
  const bySource: ByPacket = ['dst', 'dst', 'src']
  const passed = (set: SetName, by: ByPacket): Rule => ({ matches: [inSet(set, by, settings)], target: RETURN })
  return {
    [FORWARD]: forwardRules({ ...settings, dropsInvalid: false }),
    [NODE_PORT]: ruleAbout('KUBE-HEALTH-CHECK-NODE-PORT', ['dst'], ACCEPT, { settings, holds: () => true }),
    [PROXY_FIREWALL]: ruleAbout('KUBE-LOAD-BALANCER-FW', TO_SOCKET, jump(SOURCE_RANGES), making),
    [SOURCE_RANGES]: [
      ...ruleAbout('KUBE-LOAD-BALANCER-SOURCE-CIDR', bySource, RETURN, making),
      ...ruleAbout('KUBE-LOAD-BALANCER-SOURCE-IP', bySource, RETURN, making),
      { matches: [], target: DROP },
    ],
    // What listens on every address of the machine must not answer at those of services.
    [IPVS_FILTER]: [
      passed('KUBE-LOAD-BALANCER', TO_SOCKET),
      passed('KUBE-CLUSTER-IP', TO_SOCKET),
      passed('KUBE-EXTERNAL-IP', TO_SOCKET),
      passed('KUBE-EXTERNAL-IP-LOCAL', TO_SOCKET),
      passed('KUBE-HEALTH-CHECK-NODE-PORT', ['dst']),
      { matches: [NEW_CONNECTION, inSet('KUBE-IPVS-IPS', ['dst'], settings)], target: REJECT[settings.family] },
    ],
  }
}

/** What the node sends to an address that it has itself, it sends from that address. */
export function refusalFor({ protocol, port, namespace, service }: ServicePort, vip: Ip): Rule {
  const options = [
    { name: 'vproto', words: [`${protocolOf(protocol)}`] },
    { name: 'vaddr', words: [formatIp(vip)] },
    { name: 'vport', words: [`${port}`] },
  ]
  return {
    matches: [fromIp(vip), { on: 'extension', module: 'ipvs', options }],
    target: DROP,
    origin: { kind: 'Service', namespace, name: service },
  }
}
