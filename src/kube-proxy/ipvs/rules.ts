/**
 * The iptables rules around IPVS: as many as there are sets, however many services there are.
 *
 * @see pkg/proxy/ipvs/proxier.go of Kubernetes: writeIptablesRules, createAndLinkKubeChain
 * @module
 */
import { formatIp, type Ip } from '../../base/ip.ts'
import { protocolOf, type ServiceProtocol } from '../../base/protocol.ts'
import {
  BUILT_IN,
  type Chain,
  type Match,
  type Rule,
  type Ruleset,
  type TableName,
  type Target,
} from '../../netfilter/rule.ts'
import { forwardRules, markRules, postroutingRules } from '../iptables/fixed-rules.ts'
import { kubeletRuleset } from '../iptables/kubelet-rules.ts'
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

const SERVICES = 'KUBE-SERVICES'
const POSTROUTING = 'KUBE-POSTROUTING'
const NODE_PORT = 'KUBE-NODE-PORT'
const LOAD_BALANCER = 'KUBE-LOAD-BALANCER'
const MARK_MASQ = 'KUBE-MARK-MASQ'
const FORWARD = 'KUBE-FORWARD'
const PROXY_FIREWALL = 'KUBE-PROXY-FIREWALL'
const SOURCE_RANGES = 'KUBE-SOURCE-RANGES-FIREWALL'
const IPVS_FILTER = 'KUBE-IPVS-FILTER'
/** The chain whose rules are those of services. */
export const OUT_FILTER = 'KUBE-IPVS-OUT-FILTER'

interface Jump {
  readonly table: TableName
  readonly from: readonly string[]
  readonly text: string
  readonly to: string
}

/** In the order in which kube-proxy puts them in front. */
// biome-ignore format: a table
const JUMPS: readonly Jump[] = [
  { table: 'nat', from: ['OUTPUT', 'PREROUTING'], text: 'kubernetes service portals', to: SERVICES },
  { table: 'nat', from: ['POSTROUTING'], text: 'kubernetes postrouting rules', to: POSTROUTING },
  { table: 'filter', from: ['FORWARD'], text: 'kubernetes forwarding rules', to: FORWARD },
  { table: 'filter', from: ['INPUT'], text: 'kubernetes health check rules', to: NODE_PORT },
  { table: 'filter', from: ['INPUT', 'FORWARD'], text: 'kube-proxy firewall rules', to: PROXY_FIREWALL },
  { table: 'filter', from: ['INPUT'], text: 'kubernetes ipvs access filter', to: IPVS_FILTER },
  { table: 'filter', from: ['OUTPUT'], text: 'kubernetes ipvs access filter', to: OUT_FILTER },
]

/** Whether a set has entries: rules about most sets are there only then. */
export type Holds = (set: SetName) => boolean

/** A chain and its table. */
export interface PlacedChain {
  readonly table: TableName
  readonly chain: Chain
}

/** All tables, with what kubelet has put there before. */
export function rulesetOf(settings: IpvsSettings, holds: Holds, refusals: readonly Rule[]): Ruleset {
  const { family, kubeletChains } = settings
  const tables = new Map(kubeletChains ? kubeletRuleset(family).tables : [])
  const own = chainsOf(settings, holds, refusals)
  for (const name of ['filter', 'nat'] as const) {
    const before = tables.get(name)?.chains
    const chains = new Map(before)
    for (const chain of BUILT_IN[name]) {
      const rules = [...jumpsFrom(name, chain), ...(before?.get(chain)?.rules ?? [])]
      chains.set(chain, { name: chain, rules, policy: 'accept' })
    }
    for (const { table, chain } of own) if (table === name) chains.set(chain.name, chain)
    tables.set(name, { name, chains })
  }
  return { family, tables }
}

function jumpsFrom(table: TableName, chain: string): readonly Rule[] {
  return JUMPS.filter(one => one.table === table && one.from.includes(chain))
    .map(({ text, to }): Rule => ({ matches: [comment(text)], target: jump(to) }))
    .reverse()
}

/** kube-proxy's own chains. */
export function chainsOf(settings: IpvsSettings, holds: Holds, refusals: readonly Rule[]): readonly PlacedChain[] {
  const nat = Object.entries(natChains(settings, holds))
  const filter = Object.entries(filterChains(settings, holds, refusals))
  const isRefused = refusals.length > 0 && !settings.ipvsMatch
  return [
    ...nat.map(([name, rules]): PlacedChain => ({ table: 'nat', chain: { name, rules } })),
    // The kernel takes a table whole or not at all. The chains are there: jumps made them.
    ...filter.map(
      ([name, rules]): PlacedChain => ({ table: 'filter', chain: { name, rules: isRefused ? [] : rules } }),
    ),
  ]
}

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

function natChains(settings: IpvsSettings, holds: Holds): Readonly<Record<string, readonly Rule[]>> {
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

function filterChains(
  settings: IpvsSettings,
  holds: Holds,
  refusals: readonly Rule[],
): Readonly<Record<string, readonly Rule[]>> {
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
    [OUT_FILTER]: refusals,
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

/** The chains of one family that two states have different. */
export function changedChains(before: readonly PlacedChain[], after: readonly PlacedChain[]): readonly PlacedChain[] {
  // Rules are plain data, each made by the same code: equal text means equal rules.
  return after.filter(({ chain }, i) => JSON.stringify(chain) !== JSON.stringify(before[i]?.chain))
}
