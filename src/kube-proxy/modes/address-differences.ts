/**
 * How the modes differ in the addresses that they answer at, and in what becomes of packets to what is no Service's port.
 *
 * @module
 */

import { formatIp } from '../../base/ip.ts'
import type { ProxyMode, Settings } from '../settings.ts'
import { type Deeds, type Difference, deeds, PROXIER } from './difference.ts'
import {
  addressPlaces,
  clusterIpPlace,
  foreignPlaces,
  loopbackPlaces,
  type NodeView,
  nodePortIpsOf,
  nodePortPlaces,
  type Place,
} from './view.ts'

const ROUTED = 'sent on where the routes lead, as to any address'
const REJECTED = 'rejected with ICMP port unreachable'

const NOWHERE: readonly Place[] = []

/** In equal words wherever the node's own addresses make no difference: those of the first mode that answers there. */
function nodePortAddresses(view: NodeView): Deeds {
  const words = nodePortWords(view)
  const answering = (mode: ProxyMode) => {
    // Every link has an IPv6 address of which manifests do not tell.
    const linkLocal = view.family === 6 && mode !== 'ipvs' && view.modes[mode].nodePortAddresses.at === 'any'
    return [...nodePortIpsOf(view, mode).map(formatIp).sort(), linkLocal].join()
  }
  const wordsFor = (mode: ProxyMode) =>
    words[(['iptables', 'nftables'] as const).find(other => answering(other) === answering(mode)) ?? mode]
  return { iptables: words.iptables, ipvs: wordsFor('ipvs'), nftables: wordsFor('nftables') }
}

function nodePortWords({ family, modes, nodePortWishes }: NodeView): Deeds {
  const wishes = nodePortWishes.length > 0 ? `at the node's addresses within ${nodePortWishes.join(', ')}` : undefined
  const wordsFor = ({ nodePortAddresses: { at } }: Settings, linkLocal: string) => {
    if (at !== 'any') return wishes ?? "at the node's own address alone (primary)"
    return family === 4 ? 'at every address of the node' : `at every address of the node, ${linkLocal}`
  }
  return {
    iptables: wordsFor(modes.iptables, 'link-local ones too'),
    ipvs: wordsFor(modes.ipvs, 'but for link-local ones'),
    nftables: wordsFor(modes.nftables, 'link-local ones too'),
  }
}

export const ADDRESS_DIFFERENCES: readonly Difference[] = [
  {
    code: 'cluster-ip-unknown-port',
    title: 'Packets to a port that a ClusterIP does not have',
    when: 'a Service with a ClusterIP',
    about: 'service',
    does: () => deeds(REJECTED, { iptables: ROUTED }),
    places: view => [clusterIpPlace(view)],
    sources: ['k/k#72236', `${PROXIER.nftables}: cluster-ips-check`, `${PROXIER.ipvs}: KUBE-IPVS-FILTER`],
  },
  {
    code: 'cluster-ip-ping',
    title: 'Pings to a ClusterIP',
    when: 'a Service with a ClusterIP',
    about: 'service',
    does: () => deeds(REJECTED, { iptables: ROUTED }),
    places: view => [clusterIpPlace(view)],
    sources: [
      'k/k#72236',
      `${PROXIER.nftables}: cluster-ips-check, whatever the protocol`,
      `${PROXIER.ipvs}: KUBE-IPVS-FILTER; the address is kube-ipvs0's, but new connections to it are rejected`,
    ],
  },
  {
    code: 'cluster-ip-unallocated',
    title: "Packets to an address of the Services' range that no Service has",
    when: "the Services' range is known to kube-proxy, as by ServiceCIDRs since 1.33",
    about: 'node',
    does: ({ family, modes: { nftables } }) =>
      nftables.serviceCidrs.some(prefix => prefix.family === family)
        ? deeds(ROUTED, { nftables: 'dropped' })
        : deeds(ROUTED),
    sources: [`${PROXIER.nftables}: cluster-ips-check`],
  },
  {
    code: 'external-address-bound',
    title: 'Packets from pods and nodes to a port that an external or load balancer address does not have',
    when: 'a Service with external or load balancer addresses',
    about: 'service',
    does: () => deeds(ROUTED, { ipvs: `${REJECTED} by the node, which has the address on kube-ipvs0` }),
    places: foreignPlaces,
    sources: [`${PROXIER.ipvs}: syncService, KUBE-IPVS-FILTER`, 'k/k#72236'],
  },
  {
    code: 'external-address-arp',
    title: "ARP requests on the node's links for an external or load balancer address",
    when: 'a Service with IPv4 external or load balancer addresses, and ipvs.strictARP off',
    about: 'service',
    does: ({ family, modes: { ipvs } }) =>
      family === 4 && !ipvs.strictArp
        ? deeds('not answered', {
            ipvs: 'answered by every node, for it has the address on kube-ipvs0 (strictARP is off)',
          })
        : deeds('not answered'),
    places: foreignPlaces,
    sources: [
      `${PROXIER.ipvs}: NewProxier, strictARP`,
      'Documentation/networking/ip-sysctl.rst: arp_ignore, arp_announce',
    ],
  },
  {
    code: 'node-port-localhost',
    title: 'NodePorts at 127.0.0.1',
    when: 'a Service with NodePorts, and iptables.localhostNodePorts on',
    about: 'service',
    does: ({ modes: { iptables } }) =>
      iptables.localhostNodePorts ? deeds('not answered', { iptables: 'answered' }) : deeds('not answered'),
    places: view => (view.verdict.anywhere ? loopbackPlaces(view) : NOWHERE),
    sources: [
      'KEP-6032',
      `${PROXIER.nftables}: loopback addresses never answer; since 1.37 the gate KubeProxyNFTablesLocalhostNodePorts (alpha) adds a proxy`,
      `${PROXIER.ipvs}: syncProxyRules, node addresses without loopback`,
    ],
  },
  {
    code: 'node-port-addresses',
    title: 'Where NodePorts answer',
    when: 'a Service with NodePorts, and nodePortAddresses not set',
    about: 'service',
    does: nodePortAddresses,
    places: nodePortPlaces,
    sources: ['k/k#123105', 'cmd/kube-proxy/app/options.go', 'pkg/proxy/util/nodeport_addresses.go'],
  },
  {
    code: 'load-balancer-source-ranges',
    title: 'Where loadBalancerSourceRanges are asked',
    when: 'a Service with loadBalancerSourceRanges',
    about: 'service',
    does: () => ({
      iptables: 'of new connections, in INPUT, FORWARD and OUTPUT, after DNAT has left out those that are not in them',
      nftables: 'of new connections, in PREROUTING and OUTPUT, before any DNAT',
      ipvs: "of all packets, in INPUT and FORWARD; of the node's own packets in OUTPUT, which needs the module xt_ipvs",
    }),
    places: view =>
      view.verdict.anywhere && view.port.sourceRanges.length > 0
        ? addressPlaces(view).filter(({ entry }) => entry === 'LoadBalancer')
        : NOWHERE,
    sources: [
      'k/k#119656',
      `${PROXIER.iptables}: KUBE-PROXY-FIREWALL`,
      `${PROXIER.nftables}: firewall-check`,
      `${PROXIER.ipvs}: KUBE-SOURCE-RANGES-FIREWALL, KUBE-IPVS-OUT-FILTER`,
    ],
  },
  {
    code: 'health-check-node-port',
    title: 'Health checks of a load balancer at the healthCheckNodePort',
    when: 'a Service of type LoadBalancer with externalTrafficPolicy Local',
    about: 'service',
    does: () =>
      deeds('accepted in INPUT ahead of the rules of others there', {
        nftables: 'left to whatever else filters INPUT',
      }),
    places: ({ port: { healthCheckNodePort } }) =>
      healthCheckNodePort === undefined ? NOWHERE : [{ entry: 'HealthCheckNodePort', port: healthCheckNodePort }],
    sources: [
      `${PROXIER.iptables}: syncProxyRules, KUBE-NODEPORTS of table filter`,
      `${PROXIER.ipvs}: KUBE-NODE-PORT of table filter`,
    ],
  },
]
