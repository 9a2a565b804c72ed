/**
 * The chains that all services share: they look up, in sets and maps, what is whose.
 *
 * @see pkg/proxy/nftables/proxier.go of Kubernetes: setupNFTables
 * @module
 */
import type { NftChain, NftRule, NftStatement } from '../../netfilter/nftables/rule.ts'
import {
  changeMark,
  DROP,
  IS_DNATED,
  inSet,
  isIn,
  isMarked,
  isOfNode,
  isUnmarked,
  MASQUERADE,
  REJECT,
  RETURN,
  vmap,
} from '../../netfilter/nftables/statements.ts'
import type { Settings } from '../settings.ts'
import { layoutOf } from './layout.ts'
import {
  CLUSTER_IPS,
  CLUSTER_IPS_CHECK,
  FIREWALL_CHECK,
  FIREWALL_IPS,
  HAIRPIN_CONNECTIONS,
  MARK_FOR_MASQUERADE,
  MASQUERADING,
  NO_ENDPOINT_NODE_PORTS,
  NO_ENDPOINT_SERVICES,
  NODE_PORT_ENDPOINTS_CHECK,
  NODE_PORT_IPS,
  REJECT_CHAIN,
  SERVICE_ENDPOINTS_CHECK,
  SERVICE_IPS,
  SERVICE_NODE_PORTS,
  SERVICES,
} from './names.ts'
import { addressIs, BY_PORT, byBothEnds, byDestination, detection, notToLoopback } from './statements.ts'

export function helperChains(settings: Settings): readonly NftChain[] {
  const { family, mark, release } = settings
  const { inPlace } = layoutOf(release)
  const marking: NftChain = { name: MARK_FOR_MASQUERADE, rules: [{ statements: [changeMark('|', mark)] }] }
  return [
    {
      name: NODE_PORT_ENDPOINTS_CHECK,
      rules: [{ statements: [...toNode(settings), vmap(BY_PORT, NO_ENDPOINT_NODE_PORTS)] }],
    },
    { name: SERVICE_ENDPOINTS_CHECK, rules: [{ statements: [vmap(byDestination(family), NO_ENDPOINT_SERVICES)] }] },
    { name: FIREWALL_CHECK, rules: [{ statements: [vmap(byDestination(family), FIREWALL_IPS)] }] },
    { name: SERVICES, rules: servicesRules(settings) },
    ...(inPlace ? [] : [marking]),
    { name: MASQUERADING, rules: inPlace ? masqueradingRules(settings) : masqueradingRulesBefore(settings) },
    { name: CLUSTER_IPS_CHECK, rules: clusterIpsRules(settings) },
    {
      name: REJECT_CHAIN,
      comment: `helper for @${NO_ENDPOINT_SERVICES} / @${NO_ENDPOINT_NODE_PORTS}`,
      rules: [{ statements: [REJECT] }],
    },
  ]
}

/** To one of the node's addresses that answer for NodePorts; of any address it is known that it is the node's. */
function toNode({ family, nodePortAddresses: { at } }: Settings): readonly NftStatement[] {
  return at === 'any' ? [notToLoopback(family)] : [isIn(family, 'daddr', NODE_PORT_IPS)]
}

function servicesRules(settings: Settings): readonly NftRule[] {
  const { family, release, nodePortAddresses } = settings
  const ofNode = nodePortAddresses.at === 'any' ? [isOfNode('daddr')] : []
  return [
    ...(layoutOf(release).inPlace ? clusterIpMasquerade(settings) : []),
    { statements: [vmap(byDestination(family), SERVICE_IPS)] },
    { statements: [...ofNode, ...toNode(settings), vmap(BY_PORT, SERVICE_NODE_PORTS)] },
  ]
}

/** What must come back through this node although an endpoint elsewhere gets it. */
function clusterIpMasquerade({ family, mark, masqueradeAll, detector }: Settings): readonly NftRule[] {
  const toService = isIn(family, 'daddr', CLUSTER_IPS)
  const later = changeMark('|', mark)
  if (masqueradeAll) return [{ statements: [toService, later], comment: 'masquerade all clusterIP traffic' }]
  if (detector === undefined) return []
  const comment = 'masquerade clusterIP traffic from outside cluster'
  return [{ statements: [toService, detection(detector.isNotLocal), later], comment }]
}

function masqueradingRules({ family, mark }: Settings): readonly NftRule[] {
  return [
    { statements: [isMarked(mark), changeMark('^', mark), MASQUERADE] },
    { statements: [IS_DNATED, inSet(byBothEnds(family), HAIRPIN_CONNECTIONS), MASQUERADE] },
  ]
}

/** Until 1.35. */
function masqueradingRulesBefore({ mark }: Settings): readonly NftRule[] {
  return [
    { statements: [isUnmarked(mark), RETURN] },
    { statements: [changeMark('^', mark)] },
    { statements: [MASQUERADE] },
  ]
}

function clusterIpsRules({ family, serviceCidrs }: Settings): readonly NftRule[] {
  const own = serviceCidrs.filter(prefix => prefix.family === family)
  const rejected: NftRule = {
    statements: [isIn(family, 'daddr', CLUSTER_IPS), REJECT],
    comment: 'Reject traffic to invalid ports of ClusterIPs',
  }
  if (own.length === 0) return [rejected]
  const dropped: NftRule = {
    statements: [addressIs(family, 'daddr', '==', own), DROP],
    comment: 'Drop traffic to unallocated ClusterIPs',
  }
  return [rejected, dropped]
}
