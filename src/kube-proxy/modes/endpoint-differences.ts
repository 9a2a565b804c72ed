/**
 * How the modes differ in which endpoint a client gets, and in what happens where there is none.
 *
 * @module
 */
import { isSince } from '../release.ts'
import { type Deeds, deeds, PROXIER, type ServiceDifference } from './difference.ts'
import {
  addressPlaces,
  allPlaces,
  clusterIpPlace,
  externalPlaces,
  foreignPlaces,
  type NodeView,
  type Place,
  type PortView,
} from './view.ts'

const NOWHERE: readonly Place[] = []

const REFUSED = 'refused with ICMP port unreachable'
/** What IPVS answers at a virtual server without real servers. */
const EMPTY_SERVER = 'net/netfilter/ipvs/ip_vs_core.c: ip_vs_leave'
const FALLBACK = `${PROXIER.ipvs}: syncEndpoint`

/** Where there are endpoints, but none on this node. */
function isElsewhere({ verdict, categories }: PortView): boolean {
  return verdict.anywhere && categories.local.length === 0
}

/** What IPVS' schedulers do. @see ipvsadm(8), --scheduler */
const SCHEDULERS: Readonly<Record<string, string>> = {
  rr: 'in turn',
  wrr: 'in turn',
  lc: 'the one with the fewest connections',
  wlc: 'the one with the fewest connections',
  sh: 'always the same one for a source address',
  dh: 'always the same one for a destination address',
  sed: 'the one with the shortest expected delay',
  mh: 'always the same one for a source address and port',
  nq: 'an idle one, else the one with the shortest expected delay',
}

function drawing({ modes: { ipvs } }: NodeView): Deeds {
  const how = SCHEDULERS[ipvs.scheduler] ?? "as the kernel's scheduler of that name does"
  return deeds('by chance, each with the same', { ipvs: `${how} (scheduler ${ipvs.scheduler}), by virtual server` })
}

/** The places whose traffic is spread over at least two endpoints. */
function drawnPlaces(view: PortView): readonly Place[] {
  const { port, categories } = view
  const into = (stays: boolean) => (stays ? categories.local : categories.cluster)
  return [
    ...(into(port.internalLocal).length > 1 ? [clusterIpPlace(view)] : NOWHERE),
    ...(into(port.externalLocal).length > 1 ? externalPlaces(view) : NOWHERE),
  ]
}

export const ENDPOINT_DIFFERENCES: readonly ServiceDifference[] = [
  {
    code: 'external-local-none-here',
    title: 'Traffic from outside with externalTrafficPolicy Local, to a node without an endpoint',
    when: 'a Service with externalTrafficPolicy Local that has endpoints, but none on some node',
    about: 'service',
    does: () => deeds('dropped', { ipvs: "sent to endpoints on other nodes, with the client's address as source" }),
    places: view => (view.port.externalLocal && isElsewhere(view) ? externalPlaces(view) : NOWHERE),
    sources: ['k/k#97081', 'k/k#93456', FALLBACK],
  },
  {
    code: 'external-local-own-traffic',
    title: "The node's own traffic and its pods', with externalTrafficPolicy Local and endpoints on other nodes too",
    when: 'a Service with externalTrafficPolicy Local and endpoints both on a node and elsewhere',
    about: 'service',
    does: ({ modes }) =>
      modes.iptables.detector
        ? deeds('goes to endpoints on all nodes', { ipvs: 'goes to endpoints on this node only' })
        : deeds("the node's goes to endpoints on all nodes, its pods' to those on this node only", {
            ipvs: 'goes to endpoints on this node only',
          }),
    places: view => {
      const { cluster, local } = view.categories
      const isWider = local.length > 0 && cluster.some(endpoint => !local.includes(endpoint))
      return view.port.externalLocal && isWider ? externalPlaces(view) : NOWHERE
    },
    sources: ['k/k#93456', 'k/k#97081', `${PROXIER.iptables}: syncProxyRules, KUBE-EXT chains`, FALLBACK],
  },
  {
    code: 'external-local-own-packets-checked-early',
    title:
      "The node's own packets to external addresses with externalTrafficPolicy Local, on a node without an endpoint",
    when: 'kube-proxy 1.33 or older, and a Service with externalTrafficPolicy Local and no endpoint on some node',
    about: 'service',
    does: ({ modes: { nftables } }) =>
      isSince(nftables.release, '1.34')
        ? deeds('sent to endpoints on other nodes')
        : deeds('sent to endpoints on other nodes', { nftables: 'dropped' }),
    places: view => (view.port.externalLocal && isElsewhere(view) ? addressPlaces(view) : NOWHERE),
    sources: ['k/k#132456', `${PROXIER.nftables}: nftablesBaseChains`],
  },
  {
    code: 'internal-local-none-here',
    title: 'Traffic to a ClusterIP with internalTrafficPolicy Local, on a node without an endpoint',
    when: 'a Service with internalTrafficPolicy Local and external entries that has endpoints, but none on some node',
    about: 'service',
    does: () => deeds('dropped', { ipvs: 'sent to endpoints on other nodes' }),
    places: view =>
      view.port.internalLocal && isElsewhere(view) && view.categories.cluster.length > 0
        ? [clusterIpPlace(view)]
        : NOWHERE,
    sources: ['k/k#97081', FALLBACK],
  },
  {
    code: 'internal-local-only-none-here',
    title: 'Traffic to a ClusterIP with internalTrafficPolicy Local and no other entry, on a node without an endpoint',
    when: 'a Service with internalTrafficPolicy Local and a ClusterIP alone that has endpoints, but none on some node',
    about: 'service',
    does: () => deeds('dropped', { ipvs: REFUSED }),
    places: view =>
      view.port.internalLocal && isElsewhere(view) && view.categories.cluster.length === 0
        ? [clusterIpPlace(view)]
        : NOWHERE,
    sources: ['pkg/proxy/topology.go: CategorizeEndpoints', FALLBACK, EMPTY_SERVER],
  },
  {
    code: 'no-endpoints-own-packets',
    title: "The node's own packets to external and load balancer addresses of a Service without endpoints",
    when: 'a Service without endpoints that has external or load balancer addresses',
    about: 'service',
    does: () => deeds(REFUSED, { iptables: 'not refused: they go where the routes lead' }),
    places: view => (view.verdict.anywhere ? NOWHERE : foreignPlaces(view)),
    sources: [
      `${PROXIER.iptables}: iptablesJumpChains, KUBE-EXTERNAL-SERVICES is not called by OUTPUT`,
      `${PROXIER.nftables}: nftablesJumpChains`,
      EMPTY_SERVER,
    ],
  },
  {
    code: 'no-endpoints-source-ranges',
    title: 'Who is not in the loadBalancerSourceRanges of a Service without endpoints',
    when: 'a Service with loadBalancerSourceRanges and no endpoints',
    about: 'service',
    does: () => deeds('refused with ICMP port unreachable, as everybody is', { ipvs: 'dropped' }),
    places: view =>
      !view.verdict.anywhere && view.port.sourceRanges.length > 0
        ? addressPlaces(view).filter(({ entry }) => entry === 'LoadBalancer')
        : NOWHERE,
    sources: [
      `${PROXIER.iptables}: syncProxyRules, usesFWChain`,
      `${PROXIER.ipvs}: syncProxyRules, KUBE-LOAD-BALANCER-FW`,
    ],
  },
  {
    code: 'endpoint-choice',
    title: 'How an endpoint is chosen for a new connection',
    when: 'a Service with more than one endpoint',
    about: 'service',
    does: drawing,
    places: drawnPlaces,
    sources: [
      `${PROXIER.iptables}: writeServiceToEndpointRules`,
      `${PROXIER.nftables}: writeServiceToEndpointRules`,
      'ipvsadm(8), --scheduler',
    ],
  },
  {
    code: 'affinity-clients',
    title: 'For how many clients session affinity is remembered',
    when: 'a Service with sessionAffinity ClientIP',
    about: 'service',
    does: () => ({
      iptables: 'the last 100 of each endpoint, unless the module xt_recent was told another ip_list_tot',
      nftables: '65535 of each endpoint; any more are not remembered',
      ipvs: 'all',
    }),
    places: view => (view.port.affinity !== undefined && view.verdict.anywhere ? allPlaces(view) : NOWHERE),
    sources: [
      'net/netfilter/xt_recent.c: ip_list_tot, recent_entry_init',
      `${PROXIER.nftables}: syncProxyRules, affinity sets, which the kernel gives a size of 65535`,
      'net/netfilter/ipvs/ip_vs_core.c: ip_vs_sched_persist',
    ],
  },
  {
    code: 'affinity-per-entry',
    title: 'Session affinity of a client that comes by another address of the same service port',
    when: 'a Service with sessionAffinity ClientIP and more than one way in',
    about: 'service',
    does: () => deeds('the endpoint that it had', { ipvs: 'any: each virtual server remembers for itself' }),
    places: view => {
      const places = allPlaces(view)
      return view.port.affinity !== undefined && view.verdict.anywhere && places.length > 1 ? places : NOWHERE
    },
    sources: [
      `${PROXIER.iptables}: writeServiceToEndpointRules, one list for each endpoint of the port`,
      'net/netfilter/ipvs/ip_vs_core.c: ip_vs_sched_persist',
    ],
  },
  {
    code: 'sctp-endpoint-removed',
    title: 'Open SCTP associations with an endpoint that goes away',
    when: 'a Service with a port of protocol SCTP',
    about: 'service',
    does: () => deeds('go on, as connection tracking remembers them', { ipvs: 'end at once' }),
    places: view => (view.port.protocol === 'SCTP' && view.verdict.anywhere ? allPlaces(view) : NOWHERE),
    sources: [
      'pkg/proxy/conntrack/cleanup.go: CleanStaleEntries, UDP alone',
      'pkg/proxy/ipvs/graceful_termination.go: deleteRsFunc',
      'Documentation/networking/ipvs-sysctl.rst: expire_nodest_conn',
    ],
  },
]
