/**
 * What a rule was made for: the object, and the program that wrote it.
 *
 * Rules that podwire compiled say their object themselves. Rules of a dump are asked for what their
 * writers left in them: kube-proxy's comments, and chain names that are digests of a Service's port.
 *
 * @module
 */
import { digestName } from '../base/digest.ts'
import { formatIp } from '../base/ip.ts'
import { sandboxId } from '../bridge/chain-name.ts'
import type { SettledCluster } from '../cluster/host-state.ts'
import type { Rule } from '../netfilter/rule.ts'
import { keyOf } from '../objects/meta.ts'
import { formatEnd } from '../packet/summary.ts'
import { podsOf, type TraceContext } from './context.ts'

export interface RuleObject {
  readonly kind: string
  readonly namespace?: string
  readonly name: string
  /** Of a Service: the port's name. */
  readonly port?: string
}

/** A rule, and the chain in which it stands. */
interface Placed {
  readonly chain: string
  readonly rule: Rule
}

/** Absent for rules that are for no object, such as those that lead to others. */
export function objectOf(placed: Placed, context: TraceContext): RuleObject | undefined {
  const { rule } = placed
  const { origin } = rule
  if (origin && origin.kind !== 'Service') return origin
  const found = commented(placed) ?? hashed(placed, context.cluster) ?? sandboxed(rule, context)
  return origin ? { ...origin, ...(found?.port === undefined ? {} : { port: found.port }) } : found
}

/** `Service shop/web port http` */
export function formatObject({ kind, namespace, name, port }: RuleObject): string {
  const key = namespace === undefined ? name : `${namespace}/${name}`
  return `${kind} ${key}${port === undefined ? '' : ` port ${port}`}`
}

/** `shop/web:http cluster IP`, `masquerade traffic for shop/web:http external destinations` */
const SERVICE_PORT = /(?:^| )([a-z0-9][a-z0-9-]*)\/([a-z0-9][a-z0-9-]*)(?::([a-z0-9-]+))?(?: |$)/

function commented({ chain, rule }: Placed): RuleObject | undefined {
  if (!isOfKube(chain) && !isOfKube(jumpedTo(rule) ?? '')) return undefined
  const [, namespace, name, port] = SERVICE_PORT.exec(commentOf(rule)) ?? []
  if (namespace === undefined || name === undefined) return undefined
  return { kind: 'Service', namespace, name, ...(port === undefined ? {} : { port }) }
}

function isOfKube(chain: string): boolean {
  return chain.startsWith('KUBE-')
}

function jumpedTo({ target }: Rule): string | undefined {
  return target?.do === 'jump' || target?.do === 'goto' ? target.chain : undefined
}

/** The rule's comments, joined; empty where there are none. */
export function commentOf({ matches }: Rule): string {
  return matches.flatMap(match => (match.on === 'comment' ? match.text : [])).join(' ')
}

const OF_PORT = /^KUBE-(?:SVC|SVL|EXT|FW|XLB)-([A-Z2-7]{16})$/

/** By the digest in the chain's name, or in that of the chain that is jumped to. */
function hashed({ chain, rule }: Placed, cluster: SettledCluster | undefined): RuleObject | undefined {
  if (!cluster) return undefined
  const own = OF_PORT.exec(chain)?.[1] ?? OF_PORT.exec(jumpedTo(rule) ?? '')?.[1]
  if (own !== undefined) return digestsOf(cluster).get(own)?.object
  return chain.startsWith('KUBE-SEP-') ? ofEndpoint(chain, rule, cluster) : undefined
}

/** The chain of an endpoint is named by the port's digest text and the endpoint. */
function ofEndpoint(chain: string, { target, matches }: Rule, cluster: SettledCluster): RuleObject | undefined {
  const end = target?.do === 'dnat' && target.to ? formatEnd(target.to.from, target.ports?.from) : undefined
  const source = matches.flatMap(match => (match.on === 'src' ? formatIp(match.in.base) : []))[0]
  for (const { text, object } of digestsOf(cluster).values()) {
    if (end !== undefined && digestName('KUBE-SEP-', text + end, 16) === chain) return object
    if (source !== undefined && endsAt(source, cluster).some(one => digestName('KUBE-SEP-', text + one, 16) === chain))
      return object
  }
  return undefined
}

/** The endpoints with that address, as kube-proxy writes them. */
function endsAt(address: string, { slices }: SettledCluster): readonly string[] {
  return slices.flatMap(({ endpoints, ports }) =>
    (endpoints ?? []).some(({ addresses }) => addresses.includes(address))
      ? (ports ?? []).flatMap(({ port }) =>
          port ? (address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`) : [],
        )
      : [],
  )
}

interface Digested {
  /** What the digest is of: the beginning of the endpoints' own. */
  readonly text: string
  readonly object: RuleObject
}

const DIGESTS = new WeakMap<SettledCluster, ReadonlyMap<string, Digested>>()

/** Every Service's ports by their digests. @see pkg/proxy/iptables/proxier.go of Kubernetes: portProtoHash */
function digestsOf(cluster: SettledCluster): ReadonlyMap<string, Digested> {
  const there = DIGESTS.get(cluster)
  if (there) return there
  const made = new Map<string, Digested>()
  for (const { metadata, spec } of cluster.services) {
    for (const { name, protocol = 'TCP' } of spec.ports ?? []) {
      const text = `${keyOf(metadata)}${name ? `:${name}` : ''}${protocol.toLowerCase()}`
      const object: RuleObject = {
        kind: 'Service',
        namespace: metadata.namespace ?? 'default',
        name: metadata.name,
        ...(name ? { port: name } : {}),
      }
      made.set(digestName('', text, 16), { text, object })
    }
  }
  DIGESTS.set(cluster, made)
  return made
}

/** `dnat name: "cbr0" id: "…"`: the portmap plugin names a container, which podwire derives from the pod. */
function sandboxed(rule: Rule, context: TraceContext): RuleObject | undefined {
  const id = / id: "([0-9a-f]+)/.exec(commentOf(rule))?.[1]
  if (id === undefined) return undefined
  const pod = podsOf(context).find(({ metadata }) => sandboxId(keyOf(metadata)).startsWith(id))
  return pod && { kind: 'Pod', namespace: pod.metadata.namespace ?? 'default', name: pod.metadata.name }
}

/** Who writes chains of such names. */
const WRITERS: readonly (readonly [prefix: string, writer: string])[] = [
  ['KUBE-FIREWALL', 'kubelet'],
  ['KUBE-KUBELET-', 'kubelet'],
  ['KUBE-IPTABLES-HINT', 'kubelet'],
  ['KUBE-ROUTER-', 'kube-router'],
  ['KUBE-POD-FW-', 'kube-router'],
  ['KUBE-NWPLCY-', 'kube-router'],
  ['KUBE-', 'kube-proxy'],
  ['FLANNEL-', 'flannel'],
  ['CNI-', 'the CNI plugin portmap'],
  ['cali-', 'Calico'],
  ['CILIUM_', 'Cilium'],
  ['WEAVE', 'Weave Net'],
  ['ANTREA-', 'Antrea'],
  ['AWS-', 'the AWS VPC CNI'],
  ['IP-MASQ', 'ip-masq-agent'],
  ['DOCKER', 'Docker'],
  ['LIBVIRT_', 'libvirt'],
  ['ufw', 'ufw'],
  ['f2b-', 'fail2ban'],
]

/** The program that wrote a rule, by the names of chains; absent: nobody knows. */
export function writerOf({ chain, rule }: Placed): string | undefined {
  for (const name of [chain, jumpedTo(rule) ?? '']) {
    const writer = WRITERS.find(([prefix]) => name.startsWith(prefix))
    if (writer) return writer[1]
  }
  return undefined
}
