/**
 * How the modes differ in what they make of a node, whatever its Services are.
 *
 * @module
 */
import { ipvsSysctls } from '../ipvs/sysctls.ts'
import type { Settings } from '../settings.ts'
import { iptablesSysctls } from '../sysctls.ts'
import { type Deeds, deeds, type NodeDifference, PROXIER } from './difference.ts'
import type { NodeView } from './view.ts'

/** What is masqueraded of the traffic to ClusterIPs. */
function masquerading({ modes: { iptables, ipvs, nftables } }: NodeView): Deeds {
  const of = ({ masqueradeAll, detector }: Settings, otherwise: string) => {
    if (masqueradeAll) return 'all of it'
    return detector ? "what is not of the pods' networks or devices" : otherwise
  }
  return {
    iptables: of(iptables, 'nothing'),
    ipvs: of(ipvs, "what comes from a Service's own address, as the node's packets may"),
    nftables: of(nftables, 'nothing'),
  }
}

function marking({ modes: { iptables, ipvs, nftables } }: NodeView): Deeds {
  const of = ({ mark }: Settings) => `0x${(mark >>> 0).toString(16)}`
  return { iptables: of(iptables), ipvs: of(ipvs), nftables: of(nftables) }
}

/** Those of IPv4 stand for both families. */
function settingOf({ family, modes: { iptables, ipvs } }: NodeView): Deeds {
  if (family === 6) return deeds('nothing')
  const of = (sysctls: readonly { readonly key: string; readonly value: string }[]) =>
    sysctls.map(({ key, value }) => `${key}=${value}`).join(', ') || 'nothing'
  return { iptables: of(iptablesSysctls(iptables)), ipvs: of(ipvsSysctls(ipvs)), nftables: 'nothing' }
}

export const NODE_DIFFERENCES: readonly NodeDifference[] = [
  {
    code: 'invalid-packets',
    title: 'Forwarded packets that connection tracking takes for invalid',
    when: 'net.netfilter.nf_conntrack_tcp_be_liberal is 0',
    about: 'node',
    does: ({ modes: { iptables } }) =>
      iptables.dropsInvalid
        ? deeds('forwarded', { iptables: 'dropped, unless nf_conntrack_tcp_be_liberal is set' })
        : deeds('forwarded'),
    sources: ['k/k#122663', 'k/k#74839', `${PROXIER.iptables}: KUBE-FORWARD`],
  },
  {
    code: 'forwarding',
    title: 'Forwarded packets of Services and of known connections, where other rules would stop them',
    when: "rules or a policy of FORWARD that are not kube-proxy's",
    about: 'node',
    does: () =>
      deeds('accepted in FORWARD ahead of other rules', {
        nftables: 'left to the other rules and the policy of FORWARD',
      }),
    sources: [
      `${PROXIER.iptables}: KUBE-FORWARD`,
      `${PROXIER.ipvs}: KUBE-FORWARD`,
      `${PROXIER.nftables}: nftablesBaseChains, no rule accepts`,
    ],
  },
  {
    code: 'masquerade-cluster-ip',
    title: 'Which traffic to ClusterIPs is masqueraded',
    when: 'masqueradeAll that is not the same in each mode, or no way to tell pods from others (clusterCIDR)',
    about: 'node',
    does: masquerading,
    sources: [
      'KubeProxyConfiguration: iptables.masqueradeAll (ipvs too), nftables.masqueradeAll',
      `${PROXIER.ipvs}: writeIptablesRules`,
    ],
  },
  {
    code: 'masquerade-mark',
    title: 'The bit of the packet mark that asks for masquerading',
    when: 'masqueradeBit that is not the same in each mode',
    about: 'node',
    does: marking,
    sources: ['KubeProxyConfiguration: iptables.masqueradeBit (ipvs too), nftables.masqueradeBit'],
  },
  {
    code: 'sysctls',
    title: 'Kernel settings that kube-proxy makes',
    when: 'iptables.localhostNodePorts on, or IPVS',
    about: 'node',
    does: settingOf,
    sources: ['k/k#90259', `${PROXIER.iptables}: NewProxier`, `${PROXIER.ipvs}: NewProxier`],
  },
]
