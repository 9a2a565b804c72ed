/**
 * The iptables rules that flannel installs on a node.
 *
 * @module
 */
import { type Family, type Prefix, parsePrefix } from '../base/ip.ts'
import type { Chain, Match, Rule, Ruleset, Table, TableName, Target } from '../netfilter/rule.ts'
import type { Lease } from './leases.ts'
import type { FlannelNetwork } from './network.ts'

/** flanneld's switches. */
export interface FlannelRuleOptions {
  /** `--ip-masq`: whether what pods send out of the cluster bears the node's address. */
  readonly ipMasq: boolean
  /** `--iptables-forward-rules`: whether forwarding to and from pods is accepted. */
  readonly forward: boolean
  /** Whether the node's iptables knows `--random-fully`. */
  readonly randomFully: boolean
}

export const FLANNEL_DEFAULTS: FlannelRuleOptions = { ipMasq: true, forward: true, randomFully: true }

/** The bit by which kube-proxy marks what it will masquerade itself. */
export const KUBE_MARK = 0x4000
export const MULTICAST: Readonly<Record<Family, Prefix>> = { 4: parsePrefix('224.0.0.0/4'), 6: parsePrefix('ff00::/8') }

/**
 * flannel's chains, and in the built-in chains the rules that it *appends* to what is there.
 *
 * A family that the overlay does not have gives no tables. The rules decide alike in nftables mode,
 * but for packets of the node itself to remote pods.
 */
export function flannelRules(
  network: FlannelNetwork,
  lease: Lease,
  family: Family,
  options: FlannelRuleOptions = FLANNEL_DEFAULTS,
): Ruleset {
  const pods = network.pods[family]
  const own = lease.families[family]?.subnet
  const tables = new Map<TableName, Table>()
  if (pods !== undefined && own !== undefined) {
    if (options.forward) tables.set('filter', filterTable(pods))
    if (options.ipMasq) tables.set('nat', natTable(pods, own, options))
  }
  return { family, tables }
}

function filterTable(pods: Prefix): Table {
  const comment: Match = { on: 'comment', text: 'flanneld forward' }
  return table('filter', [
    { name: 'FORWARD', policy: 'accept', rules: [rule([comment], { do: 'jump', chain: 'FLANNEL-FWD' })] },
    {
      name: 'FLANNEL-FWD',
      rules: [
        rule([{ on: 'src', in: pods }, comment], { do: 'accept' }),
        rule([{ on: 'dst', in: pods }, comment], { do: 'accept' }),
      ],
    },
  ])
}

function natTable(pods: Prefix, own: Prefix, options: FlannelRuleOptions): Table {
  const comment: Match = { on: 'comment', text: 'flanneld masq' }
  const from = (prefix: Prefix): Match => ({ on: 'src', in: prefix })
  const to = (prefix: Prefix): Match => ({ on: 'dst', in: prefix })
  const notFrom = (prefix: Prefix): Match => ({ on: 'src', in: prefix, not: true })
  const notTo = (prefix: Prefix): Match => ({ on: 'dst', in: prefix, not: true })
  const masquerade: Target = { do: 'masquerade', ...(options.randomFully ? { randomFully: true } : {}) }
  return table('nat', [
    { name: 'POSTROUTING', policy: 'accept', rules: [rule([comment], { do: 'jump', chain: 'FLANNEL-POSTRTG' })] },
    {
      name: 'FLANNEL-POSTRTG',
      rules: [
        rule([{ on: 'mark', is: KUBE_MARK, mask: KUBE_MARK }, comment], { do: 'return' }),
        rule([from(own), to(pods), comment], { do: 'return' }),
        rule([from(pods), to(own), comment], { do: 'return' }),
        rule([notFrom(pods), to(own), comment], { do: 'return' }),
        rule([from(pods), notTo(MULTICAST[pods.family]), comment], masquerade),
        rule([notFrom(pods), to(pods), comment], masquerade),
      ],
    },
  ])
}

function rule(matches: readonly Match[], target: Target): Rule {
  return { matches, target }
}

function table(name: TableName, chains: readonly Chain[]): Table {
  return { name, chains: new Map(chains.map(chain => [chain.name, chain])) }
}
