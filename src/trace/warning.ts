/**
 * What to know of flows that came through: each a line, only where it is true.
 *
 * @module
 */
import { equalIp } from '../base/ip.ts'
import type { Rule } from '../netfilter/rule.ts'
import { keyOf } from '../objects/meta.ts'
import { portsOf } from '../packet/packet.ts'
import { formatEnd, protocolName } from '../packet/summary.ts'
import { ANY_PACKET, formatConditions } from './condition-text.ts'
import { podsOf, type TraceContext } from './context.ts'
import { endingOf, lastPacket, sentPacket } from './endings.ts'
import type { Exchange, Hop, Trace } from './journey.ts'
import { listed } from './name-list.ts'
import { toldBy } from './path-size.ts'
import { TAKEN_FOR_CLOSED } from './reason-socket.ts'
import { commentOf } from './rule-object.ts'
import { formatPlace, type MatchedRule, shortPlace, wayTo } from './rule-text.ts'
import { type Aimed, aimedAt, declaredPorts, endpointsOf, type FoundEndpoint } from './service-facts.ts'
import { wrappedSize } from './step-line.ts'
import { wayOf } from './story.ts'

export function warningsOf(trace: Trace, context: TraceContext): readonly string[] {
  const shown = context.shown ?? trace.paths[0]
  const warnings = (shown?.exchanges ?? []).flatMap((exchange, index) => [
    ...masqueradeWarning(exchange, trace.flows[index]?.sender ?? ''),
    ...sizeWarnings(exchange, context),
    ...triesWarnings(exchange),
    ...assumptions(exchange),
    ...unfollowed(exchange),
    ...portWarning(exchange, context),
    ...closedWarning(exchange),
    ...serviceWarnings(exchange, index, trace, context),
  ])
  return [...new Set(warnings)]
}

/** The endpoint does not see who asked. */
function masqueradeWarning({ request }: Exchange, sender: string): readonly string[] {
  const hops = wayOf(request).flatMap(index => request.hops[index] ?? [])
  const [sent, last] = [sentPacket(request), lastPacket(request, hops)]
  if (equalIp(sent.src, last.src) || request.outcome.kind !== 'delivered') return []
  const reason = hops.flatMap(hop => masqueradedBy(hop) ?? [])[0]
  const at = reason ? `: ${reason}` : ''
  const client = sender === formatEnd(sent.src) ? sender : `${formatEnd(sent.src)} of ${sender}`
  const { machine } = request.outcome
  if (machine === sender) return [`${machine} sees its own request come from ${formatEnd(last.src)}${at}`]
  return [`${machine} sees ${formatEnd(last.src)} and not ${client}${at}`]
}

/** `node-1 masquerades (KUBE-SVC-67NZ…:1 not from 10.244.0.0/16)`: by the rule that asked for it. */
function masqueradedBy({ machine, steps }: Hop): string | undefined {
  const all = steps.flatMap(step => (step.component === 'netfilter' ? [step.step] : []))
  const at = all.findIndex(({ before, after }) => !equalIp(before.packet.src, after.packet.src))
  if (at < 0) return undefined
  const before = all.slice(0, at + 1)
  const rule = before.findLast(step => step.kind === 'rule' && (step.effect === 'masquerade' || step.effect === 'snat'))
  if (rule?.kind !== 'rule') return undefined
  const marking = before.find(step => step.kind === 'rule' && (step.after.mark & ~step.before.mark) !== 0)
  const asking = marking?.kind === 'rule' ? askingRule(wayTo(before, marking)) : rule
  const conditions = formatConditions(asking.rule)
  const said = conditions === ANY_PACKET ? commentOf(asking.rule) || conditions : conditions
  return `${machine} masquerades (${shortPlace(asking)} ${said})`
}

/** The rule that sent the packet to where it is marked: the marking chain itself asks nothing. */
function askingRule(way: readonly MatchedRule[]): MatchedRule {
  const [last, before] = way.toReversed()
  if (!last) throw new RangeError('a way without rules')
  return last.rule.matches.some(({ on }) => on !== 'comment') ? last : (before ?? last)
}

/** Something is taken to listen where the pod's containers do not say so. */
function portWarning({ request: { outcome } }: Exchange, context: TraceContext): readonly string[] {
  if (outcome.kind !== 'delivered') return []
  const port = portsOf(outcome.packet.payload)?.dport
  const pod = podsOf(context).find(({ metadata }) => keyOf(metadata) === outcome.machine)
  const declared = pod ? declaredPorts([pod]) : []
  if (port === undefined || declared.length === 0 || declared.some(one => one.containerPort === port)) return []
  const known = declared.map(({ name, containerPort }) => `${name ? `${name} ` : ''}${containerPort}`)
  return [
    `pod ${outcome.machine} declares ${listed(known)}, not ${port}: podwire takes it that something listens there all the same`,
  ]
}

/** Nothing is taken to listen, for nobody says so. */
function closedWarning({ request }: Exchange): readonly string[] {
  return request.hops.flatMap(({ machine, steps }) =>
    steps.flatMap(step => {
      if (step.component !== 'socket' || step.action !== 'refuse' || !step.listener.assumed) return []
      const { dst, payload } = step.before
      const at = `${protocolName(payload.protocol)} ${formatEnd(dst, portsOf(payload)?.dport)}`
      return [`nothing is known to listen at ${at} on ${machine}: ${TAKEN_FOR_CLOSED}`]
    }),
  )
}

/** What a rule would do to packets that podwire does not follow. */
function unfollowed({ request, reply }: Exchange): readonly string[] {
  return [...request.hops, ...(reply?.hops ?? [])].flatMap(({ machine, steps }) =>
    steps.flatMap(step => {
      if (step.component !== 'netfilter' || step.step.kind !== 'rule') return []
      const { rule, note, assumed } = step.step
      if (assumed || note === undefined || !isUnfollowed(rule)) return []
      return [`rule ${formatPlace(step.step)} on ${machine}: ${note}`]
    }),
  )
}

/** A copy for somebody else, or a segment size by the path, which podwire does not compute. */
function isUnfollowed({ target }: Rule): boolean {
  if (target?.do !== 'extension') return false
  const { name, options } = target
  return name === 'TEE' || (name === 'TCPMSS' && !options.some(option => option.name === 'set-mss'))
}

/** Rules that could not be decided: what was assumed, the result rests on. */
function assumptions({ request, reply }: Exchange): readonly string[] {
  return [...request.hops, ...(reply?.hops ?? [])].flatMap(({ machine, steps }) =>
    steps.flatMap(step => {
      if (step.component !== 'netfilter' || step.step.kind !== 'rule' || !step.step.assumed) return []
      const { assumed, note = 'taken to match' } = step.step
      return [
        `the result rests on an assumption: rule ${formatPlace(step.step)} on ${machine} was ${note} (${assumed.why})`,
      ]
    }),
  )
}

/** The path carries less than its sender believed: it came through only because it could be told. */
function triesWarnings({ tries = [] }: Exchange): readonly string[] {
  return tries.flatMap(one => {
    const told = toldBy(one)
    if (told?.by === undefined) return []
    return [
      `the path carries ${told.mtu} bytes at most (${told.link} on ${told.machine}): TCP sends shorter segments since ${told.by} tells it so by ICMP; if that message is lost, long packets are too`,
    ]
  })
}

/** A tunnel whose largest packets do not fit below it. */
function sizeWarnings({ request, reply }: Exchange, context: TraceContext): readonly string[] {
  const hops = [...request.hops, ...(reply?.hops ?? [])]
  return hops.flatMap(({ machine, steps }) =>
    steps.flatMap(step => {
      if (step.component !== 'vxlan' || step.action !== 'encapsulate' || !step.outer) return []
      const sizes = wrappedSize(step.link, step.outer.family, machine, context)
      if (!sizes || sizes.fits) return []
      return [
        `${step.link} on ${machine} takes larger packets than fit below it (${sizes.text}): they are cut, or lost`,
      ]
    }),
  )
}

function serviceWarnings(exchange: Exchange, index: number, trace: Trace, context: TraceContext): readonly string[] {
  const { cluster } = context
  const sent = sentPacket(exchange.request)
  const aimed = cluster && aimedAt(sent, cluster)
  if (!aimed) return []
  const { spec, metadata } = aimed.service
  const key = keyOf(metadata)
  const warnings: string[] = []
  if (spec.sessionAffinity === 'ClientIP') {
    const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? USUAL_AFFINITY
    warnings.push(`Service ${key} has session affinity: each node keeps a client on its endpoint for ${seconds} s`)
  }
  const missing = unreached(index, trace, endpointsOf(aimed.service, aimed.port, sent.family, cluster))
  if (missing !== undefined) warnings.push(`Service ${key}: ${missing}${policyText(aimed)}`)
  return warnings
}

/** @see pkg/apis/core/v1/defaults.go of Kubernetes: DefaultClientIPServiceAffinitySeconds */
const USUAL_AFFINITY = 10_800

/** Ready endpoints to which no path leads. */
function unreached(
  index: number,
  { paths, flows, complete }: Trace,
  endpoints: readonly FoundEndpoint[],
): string | undefined {
  if (!complete) return undefined
  const sender = flows[index]?.sender ?? ''
  const ends = new Set(paths.flatMap(({ exchanges }) => exchanges[index] ?? []).map(one => endingOf(one, sender).end))
  const ready = endpoints.filter(one => one.ready)
  const missing = ready.filter(({ address, port }) => !ends.has(formatEnd(address, port)))
  if (missing.length === 0 || missing.length === ready.length) return undefined
  const named = missing
    .slice(0, 3)
    .map(({ address, port, node }) => `${formatEnd(address, port)}${node ? ` on ${node}` : ''}`)
  return `${ready.length - missing.length} of ${ready.length} ready endpoints can be reached from here, not ${listed(named, missing.length)}`
}

function policyText({ service, entry }: Aimed): string {
  const { internalTrafficPolicy, externalTrafficPolicy, trafficDistribution } = service.spec
  if (entry === 'ClusterIP' && internalTrafficPolicy === 'Local') return ' (internalTrafficPolicy Local)'
  if (entry !== 'ClusterIP' && externalTrafficPolicy === 'Local') return ' (externalTrafficPolicy Local)'
  return trafficDistribution === undefined ? '' : ` (trafficDistribution ${trafficDistribution})`
}
