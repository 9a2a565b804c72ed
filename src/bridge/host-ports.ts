/**
 * Host ports: what the CNI plugin portmap has iptables do for pods that ask for ports of their node.
 *
 * @see plugins/meta/portmap/portmap_iptables.go of containernetworking/plugins
 * @module
 */
import {
  type Family,
  familyOf,
  type InterfaceAddress,
  type Ip,
  isUnspecified,
  type Prefix,
  parsePrefix,
  prefixOf,
} from '../base/ip.ts'
import { protocolOf, SCTP, type ServiceProtocol, TCP, UDP } from '../base/protocol.ts'
import type { Chain, Match, Origin, Rule, Ruleset, Target } from '../netfilter/rule.ts'
import { cniChainName, sandboxId } from './chain-name.ts'
import { NETWORK } from './conflist.ts'

/** One entry of a container's `ports` that has a `hostPort`. */
export interface HostPort {
  readonly protocol: ServiceProtocol
  readonly hostPort: number
  readonly containerPort: number
  /** The node's address that it is for; absent or unspecified: all of them. */
  readonly hostIp?: Ip
}

/** A pod with host ports and the addresses of its `eth0`. */
export interface HostPortPod {
  /** `namespace/name` */
  readonly key: string
  readonly addresses: readonly InterfaceAddress[]
  readonly ports: readonly HostPort[]
  /** The runtime's identifier of the pod; absent: {@link sandboxId} of its key. */
  readonly container?: string
}

export interface HostPortOptions {
  /** The CNI network's name. */
  readonly network?: string
  /** Which bit of the mark asks for masquerading, 0 to 31. */
  readonly markBit?: number
}

/** Rules for the head of chains that are there already, and rules for their end. */
export interface HostPortRules {
  /** Goes *in front of* what POSTROUTING holds. */
  readonly first: Ruleset
  /** The plugin's chains, and what goes *behind* what PREROUTING and OUTPUT hold. */
  readonly last: Ruleset
}

const ENTRY = 'CNI-HOSTPORT-DNAT'
const SETMARK = 'CNI-HOSTPORT-SETMARK'
const MASQ = 'CNI-HOSTPORT-MASQ'
const DEFAULT_MARK_BIT = 13
/** @see XT_MULTI_PORTS of Linux */
const MULTIPORT_MOST = 15
const COMMENT_MOST = 255
const LOCALHOST = parsePrefix('127.0.0.1/32')

/**
 * The nat rules of one family for the pods of one node, in the order of `pods`; nothing at all while
 * no pod asks for a port.
 *
 * The first pod that wants a port of the node gets it: the kernel stops at its rule. (The plugin
 * keeps no account of who has which.)
 */
export function hostPortRules(
  pods: readonly HostPortPod[],
  family: Family,
  options: HostPortOptions = {},
): HostPortRules {
  const asking = pods.filter(pod => pod.ports.length > 0 && pod.addresses.some(own => familyOf(own.address) === family))
  if (asking.length === 0) return { first: nat(family, []), last: nat(family, []) }
  const network = options.network ?? NETWORK
  const bit = 1 << (options.markBit ?? DEFAULT_MARK_BIT)
  const own = asking.map(pod => chainOf(pod, family, network))
  const toEntry: Rule = {
    matches: [{ on: 'addrtype', dst: { in: ['LOCAL'] } }],
    target: { do: 'jump', chain: ENTRY },
  }
  const setMark: Rule = {
    matches: [{ on: 'comment', text: 'CNI portfwd masquerade mark' }],
    target: { do: 'mark', set: bit, mask: bit },
  }
  const masquerade: Rule = { matches: [{ on: 'mark', is: bit, mask: bit }], target: { do: 'masquerade' } }
  const toMasq: Rule = {
    matches: [{ on: 'comment', text: 'CNI portfwd requiring masquerade' }],
    target: { do: 'jump', chain: MASQ },
  }
  return {
    first: nat(family, [{ name: 'POSTROUTING', policy: 'accept', rules: [toMasq] }]),
    last: nat(family, [
      { name: 'PREROUTING', policy: 'accept', rules: [toEntry] },
      { name: 'OUTPUT', policy: 'accept', rules: [toEntry] },
      { name: ENTRY, rules: own.flatMap(({ entries }) => entries) },
      { name: SETMARK, rules: [setMark] },
      { name: MASQ, rules: [masquerade] },
      ...own.map(({ chain }) => chain),
    ]),
  }
}

interface OwnChain {
  readonly entries: readonly Rule[]
  readonly chain: Chain
}

function chainOf(pod: HostPortPod, family: Family, network: string): OwnChain {
  const container = pod.container ?? sandboxId(pod.key)
  const name = cniChainName(network, container, 'DN-')
  const origin = originOf(pod)
  const entries = entryMatches(pod, commentOf(network, container)).map(
    (matches): Rule => ({ matches, target: { do: 'jump', chain: name }, origin }),
  )
  const address = pod.addresses.find(own => familyOf(own.address) === family)
  const rules = address === undefined ? [] : pod.ports.flatMap(port => portRules(port, address, origin))
  return { entries, chain: { name, rules } }
}

/** One rule for each protocol and at most 15 ports; which family a port is for makes no difference here. */
function entryMatches(pod: HostPortPod, comment: string): readonly (readonly Match[])[] {
  const out: Match[][] = []
  for (const protocol of [SCTP, TCP, UDP]) {
    const ports = pod.ports.filter(port => protocolOf(port.protocol) === protocol).map(port => port.hostPort)
    for (let at = 0; at < ports.length; at += MULTIPORT_MOST) {
      const group = ports.slice(at, at + MULTIPORT_MOST)
      out.push([
        { on: 'proto', is: protocol },
        { on: 'comment', text: comment },
        { on: 'multiport', of: 'dports', ports: group.map(port => ({ from: port, to: port })) },
      ])
    }
  }
  return out
}

/** The plugin cuts what is too long to 256 characters, one more than it means to. */
function commentOf(network: string, container: string): string {
  const text = `dnat name: "${network}" id: "${container}"`
  return text.length > COMMENT_MOST ? `${text.slice(0, COMMENT_MOST - 2)}...` : text
}

function portRules(port: HostPort, own: InterfaceAddress, origin: Origin): readonly Rule[] {
  const family = familyOf(own.address)
  const hostIp = port.hostIp === undefined || isUnspecified(port.hostIp) ? undefined : port.hostIp
  if (port.hostIp !== undefined && familyOf(port.hostIp) !== family) return []
  const matching = (from?: Prefix): Match[] => [
    ...(from === undefined ? [] : [{ on: 'src', in: from } as const]),
    ...(hostIp === undefined ? [] : [{ on: 'dst', in: prefixOf(hostIp, family === 4 ? 32 : 128) } as const]),
    { on: 'proto', is: protocolOf(port.protocol) },
    destinationPort(port),
  ]
  const mark: Target = { do: 'jump', chain: SETMARK }
  const dnat: Target = {
    do: 'dnat',
    to: { from: own.address, to: own.address },
    ports: { from: port.containerPort, to: port.containerPort },
  }
  // Pods of this node, and the node itself on its loopback, would get the answer past the NAT.
  const rules: Rule[] = [{ matches: matching(prefixOf(own.address, own.bits)), target: mark, origin }]
  if (family === 4) rules.push({ matches: matching(LOCALHOST), target: mark, origin })
  rules.push({ matches: matching(), target: dnat, origin })
  return rules
}

function destinationPort({ protocol, hostPort }: HostPort): Match {
  const dport = { from: hostPort, to: hostPort }
  switch (protocol) {
    case 'TCP':
      return { on: 'tcp', dport }
    case 'UDP':
      return { on: 'udp', dport }
    case 'SCTP':
      return { on: 'sctp', dport }
  }
}

function originOf(pod: HostPortPod): Origin {
  const [namespace = '', name = ''] = pod.key.split('/')
  return { kind: 'Pod', namespace, name }
}

function nat(family: Family, chains: readonly Chain[]): Ruleset {
  if (chains.length === 0) return { family, tables: new Map() }
  return {
    family,
    tables: new Map([['nat', { name: 'nat', chains: new Map(chains.map(chain => [chain.name, chain])) }]]),
  }
}
