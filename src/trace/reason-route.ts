/**
 * Why a packet found no way on: no route, or nobody who has the address.
 *
 * @module
 */
import { contains, equalIp, formatPrefix, type Ip } from '../base/ip.ts'
import type { SettledCluster } from '../cluster/host-state.ts'
import type { Route } from '../host/host.ts'
import { keyOf } from '../objects/meta.ts'
import { podPrefixesOf } from '../objects/node.ts'
import { portsOf } from '../packet/packet.ts'
import { formatEnd, protocolName } from '../packet/summary.ts'
import { describeCommand, getCommand, onMachine, quoteWord } from './command-text.ts'
import type { TraceContext } from './context.ts'
import { type Failure, lastStep } from './failure.ts'
import { listed } from './name-list.ts'
import type { EndOf, Reason } from './reason.ts'
import { formatRoute } from './route-text.ts'
import { aimedAt, isServiceAddress, portText } from './service-facts.ts'

export function routeReason({ why, type }: EndOf<'no route'>, failure: Failure, context: TraceContext): Reason {
  const { machine, last } = failure
  const { cluster } = context
  const ofService = cluster && (beforeRules(failure, cluster, context) ?? untakenReason(failure, cluster, context))
  if (ofService) return ofService
  const whose = cluster ? podNetworkText(last.dst, cluster) : ''
  const dst = `${formatEnd(last.dst)}${whose}`
  const carrier = lastStep(failure, 'vxlan')
  if (carrier?.action === 'encapsulate' && carrier.outer) {
    const to = formatEnd(carrier.outer.dst)
    return {
      why: `${machine} has no route to ${to}${downText(machine, context)}, where ${carrier.link} sends what is for ${dst}: ${why}, and nobody is told`,
      try: [onMachine(machine, `ip route get ${to}`), onMachine(machine, 'ip route; ip -br link')],
    }
  }
  const astray = whose === '' ? undefined : strayingHop(failure)
  if (astray) {
    const { machine: node, route } = astray
    return {
      why: `${node} has no route of its own to ${dst}${downText(node, context)}: by "${formatRoute(route)}" the packet went to ${machine}, which knows no pods`,
      try: [onMachine(node, `ip route get ${formatEnd(last.dst)}`), onMachine(node, 'ip route; ip -br link')],
    }
  }
  const found = type === 'none' ? 'has no route' : `has a route of type ${type}`
  return {
    why: `${machine} ${found} to ${dst}: ${why}`,
    try: [onMachine(machine, `ip route get ${formatEnd(last.dst)}`), onMachine(machine, 'ip route')],
  }
}

/** A node's own packet to a Service is routed before any rule sees it: it needs a route, be it only the default one. */
function beforeRules({ hops, sent, machine }: Failure, cluster: SettledCluster, context: TraceContext) {
  if (!isServiceAddress(sent.dst, cluster) || !isUnruled(hops)) return undefined
  return {
    why: `${machine} has no route to ${formatEnd(sent.dst)}${downText(machine, context)}: what a node sends itself needs a route, be it only the default one, before the Service's rules see it`,
    try: [onMachine(machine, 'ip route; ip -br link')],
  }
}

function isUnruled([first, ...others]: Failure['hops']): boolean {
  return first?.kind === 'node' && others.length === 0 && (first.passings ?? []).length === 0
}

/** ` (eth0 is down there)` */
function downText(machine: string, { world }: TraceContext): string {
  const down = [...world.machine(machine).devices.values()].filter(({ up }) => !up).map(({ name }) => name)
  return down.length > 0 ? ` (${listed(down)} ${down.length === 1 ? 'is' : 'are'} down there)` : ''
}

/** The last node before the end, if it sent the packet out of the cluster by its default route. */
function strayingHop({ hops }: Failure): { readonly machine: string; readonly route: Route } | undefined {
  const before = hops.slice(0, -1).findLast(({ kind }) => kind === 'node')
  const step = before?.steps.findLast(one => one.component === 'route' && one.route)
  const route = step?.component === 'route' ? step.route : undefined
  return before && route?.to.bits === 0 ? { machine: before.machine, route } : undefined
}

/** `, in 10.244.2.0/24, the pods of node-2` */
function podNetworkText(ip: Ip, { nodes, settings }: SettledCluster): string {
  for (const node of nodes) {
    const prefix = podPrefixesOf(node).find(one => contains(one, ip))
    if (prefix) return `, in ${formatPrefix(prefix)}, the pods of ${node.metadata.name}`
  }
  if (!settings.podCidrs.some(prefix => contains(prefix, ip))) return ''
  const without = nodes.filter(node => podPrefixesOf(node).length === 0).map(({ metadata }) => metadata.name)
  return without.length > 0
    ? `, an address for pods of no node; ${listed(without.slice(0, 4), without.length)} ${without.length === 1 ? 'has' : 'have'} no pod CIDR`
    : ', an address for pods, but of no node'
}

/** A packet to a Service that no rule took: it went on as to any other address. */
function untakenReason(failure: Failure, cluster: SettledCluster, context: TraceContext): Reason | undefined {
  const { sent, last, machine, isReply, flow } = failure
  if (isReply || !equalIp(sent.dst, last.dst) || !isServiceAddress(sent.dst, cluster)) return undefined
  const address = formatEnd(sent.dst)
  const aimed = aimedAt(sent, cluster)
  if (!aimed) {
    return {
      why: `${address} is in the range of Services, but no Service has it: no rule took the packet, and it went on as to any other address, up to ${machine}`,
      try: [getCommand('services -A', {}, context)],
    }
  }
  const { metadata, spec } = aimed.service
  const ports = (spec.ports ?? []).map(portText)
  if (!portsOf(sent.payload)) {
    return {
      why: `${address} is the address of Service ${keyOf(metadata)}, which has only ports: nobody answers a ping there, and it went on as to any other address, up to ${machine}`,
      try: [describeCommand('svc', metadata)],
    }
  }
  const isOutside = context.world.machine(flow.sender).config.kind === 'outside'
  if (aimed.port && isOutside) {
    return {
      why: `${address} is a ClusterIP, which only the cluster's own nodes know: the packet came to none of them, and ${machine} has no way there; from outside a Service is reached by a node port, a load balancer or an external IP`,
      try: [describeCommand('svc', metadata)],
    }
  }
  const wanted = `${portsOf(sent.payload)?.dport ?? 'no port'}/${protocolName(sent.payload.protocol).toUpperCase()}`
  return {
    why: aimed.port
      ? `no rule took the packet to port ${portText(aimed.port)} of Service ${keyOf(metadata)}, and it went on as to any other address, up to ${machine}: is kube-proxy running?`
      : `Service ${keyOf(metadata)} has no port ${wanted}, only ${ports.join(', ')}: no rule took the packet, and it went on as to any other address, up to ${machine}`,
    try: [describeCommand('svc', metadata)],
  }
}

export function neighbourReason({ why }: EndOf<'no neighbour'>, failure: Failure, context: TraceContext): Reason {
  const { machine, last } = failure
  const step = lastStep(failure, 'neighbour')
  const device = step && context.world.machine(machine).devices.get(step.link)
  const ip = step ? formatEnd(step.ip) : formatEnd(last.dst)
  const show = step ? onMachine(machine, `ip neigh show dev ${quoteWord(step.link)}`) : onMachine(machine, 'ip neigh')
  if (device?.link.kind === 'vxlan') {
    return {
      why: `${machine} has no neighbour entry for ${ip} on ${device.name}: nobody answers there, flannel writes an entry for every other node`,
      try: [show, onMachine(machine, `bridge fdb show dev ${quoteWord(device.name)}`)],
    }
  }
  const { cluster } = context
  const whose = cluster ? podNetworkText(last.dst, cluster) : ''
  if (cluster && whose !== '' && context.world.holderOf(last.dst) === undefined) {
    return {
      why: `nobody has ${formatEnd(last.dst)}${whose}: ${why}`,
      try: [getCommand('pods -A -o wide', {}, context), show],
    }
  }
  return { why: `${machine} found nobody who has ${ip}: ${why}`, try: [show] }
}
