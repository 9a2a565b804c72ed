import type { Prefix } from '../base/ip.ts'
import type { Rule, Ruleset } from '../netfilter/rule.ts'

/**
 * What lets pods speak to the world where no overlay sees to it: one rule, *appended* to POSTROUTING,
 * by which all that leaves `cluster` bears the node's address.
 *
 * @see pkg/kubelet/dockershim/network/kubenet/kubenet_linux.go of Kubernetes 1.23, its
 * `--non-masquerade-cidr`
 */
export function masqueradeRules(cluster: Prefix): Ruleset {
  const rule: Rule = {
    matches: [
      { on: 'dst', in: cluster, not: true },
      { on: 'comment', text: 'kubenet: SNAT for outbound traffic from cluster' },
      { on: 'addrtype', dst: { in: ['LOCAL'], not: true } },
    ],
    target: { do: 'masquerade' },
  }
  const postrouting = { name: 'POSTROUTING', policy: 'accept', rules: [rule] } as const
  return {
    family: cluster.family,
    tables: new Map([['nat', { name: 'nat', chains: new Map([[postrouting.name, postrouting]]) }]]),
  }
}
