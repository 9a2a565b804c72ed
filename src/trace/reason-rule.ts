/**
 * Why a rule ended a packet: whose rule, and what it is there for.
 *
 * @module
 */
import { contains, equalIp, parseNetwork } from '../base/ip.ts'
import { EXTERNAL_SERVICES, FIREWALL, PROXY_FIREWALL } from '../kube-proxy/iptables/chain-names.ts'
import { keyOf } from '../objects/meta.ts'
import type { Service } from '../objects/service.ts'
import { formatEnd, formatEnds } from '../packet/summary.ts'
import { describeCommand, getCommand, onMachine, quoteWord } from './command-text.ts'
import type { TraceContext } from './context.ts'
import { deciderOf, type Failure } from './failure.ts'
import { listed } from './name-list.ts'
import type { EndOf, Reason } from './reason.ts'
import { commentOf, formatObject, objectOf, writerOf } from './rule-object.ts'
import { formatPlace, type MatchedRule, savedRule } from './rule-text.ts'
import { type Aimed, aimedAt, endpointsOf, nodesWithEndpoints, serviceOf, whyNoEndpoints } from './service-facts.ts'

export function ruleReason(
  { kind, why }: EndOf<'dropped by rule' | 'rejected by rule'>,
  failure: Failure,
  context: TraceContext,
): Reason {
  const decider = deciderOf(failure)
  const { machine, last } = failure
  if (decider?.kind === 'policy') {
    const place = `${decider.table}:${decider.chain}`
    return {
      why: `the policy of ${place} on ${machine} is DROP, and no rule before the end of the chain accepts ${formatEnds(last)}`,
      try: [onMachine(machine, `iptables -t ${decider.table} -S ${quoteWord(decider.chain)}`)],
    }
  }
  if (!decider) return { why: `${kind} on ${machine}: ${why}`, try: [] }
  return serviceReason(decider, failure, context) ?? plainReason(decider, failure, context)
}

function plainReason(step: MatchedRule, { machine, last }: Failure, context: TraceContext): Reason {
  const object = objectOf(step, context)
  const writer = writerOf(step)
  const whose = [
    ...(writer === undefined ? [] : [`written by ${writer}`]),
    ...(object ? [`for ${formatObject(object)}`] : []),
  ]
  const rule = savedRule(step, last.family)
  const about = whose.length > 0 ? ` (${whose.join(' ')})` : ''
  const does = step.effect === 'reject' ? 'rejects' : step.effect === 'queue' ? 'hands to user space' : 'drops'
  const tool = last.family === 4 ? 'iptables' : 'ip6tables'
  return {
    why: `rule ${formatPlace(step)} on ${machine}${about} ${does} ${formatEnds(last)}: ${rule}`,
    try: [onMachine(machine, `${tool} -t ${step.table} -vnL ${quoteWord(step.chain)} --line-numbers`)],
  }
}

const NO_LOCAL = / has no local endpoints$/
const NONE = / has no endpoints$/

/** What kube-proxy's own refusals mean; absent for other rules, or without objects. */
function serviceReason(step: MatchedRule, failure: Failure, context: TraceContext): Reason | undefined {
  const { cluster } = context
  const comment = commentOf(step.rule)
  if (step.chain === FIREWALL && comment.startsWith('block incoming localnet')) return localnetReason(failure)
  const object = objectOf(step, context)
  if (object?.kind !== 'Service') return undefined
  const service = cluster && serviceOf(object, cluster)
  if (!service || !cluster) return unknownReason(comment, step, failure)
  const named = service.spec.ports?.find(({ name }) => (name ?? '') === (object.port ?? ''))
  const aimed: Aimed = {
    service,
    entry: 'ClusterIP',
    ...aimedAt(failure.last, cluster),
    ...(named ? { port: named } : {}),
  }
  const { metadata } = service
  if (step.chain === PROXY_FIREWALL) return rangesReason(service, failure)
  if (NO_LOCAL.test(comment)) return localReason(aimed, step, failure, context)
  if (!NONE.test(comment)) return undefined
  return {
    why: whyNoEndpoints(service, aimed.port, failure.last.family, context),
    try: [
      getCommand(`endpoints ${quoteWord(metadata.name)}`, metadata, context),
      getCommand(`pods --show-labels`, metadata, context),
      describeCommand('svc', metadata),
    ],
  }
}

/** Without objects, the comment says what there is to say. */
function unknownReason(comment: string, step: MatchedRule, { machine }: Failure): Reason | undefined {
  if (!NONE.test(comment) && !NO_LOCAL.test(comment)) return undefined
  const does = step.effect === 'reject' ? 'rejects' : 'drops'
  const [key = ''] = comment.split(' ')
  const [namespace = '', rest = ''] = key.split('/')
  const name = rest.split(':')[0] ?? ''
  return {
    why: `kube-proxy on ${machine} found that ${comment}, and ${does} packets to it (${formatPlace(step)}); with -f the objects would tell why`,
    try: [
      describeCommand('svc', { namespace, name }),
      `kubectl get endpointslices -n ${quoteWord(namespace)} -l ${quoteWord(`kubernetes.io/service-name=${name}`)}`,
    ],
  }
}

function localnetReason({ machine, last }: Failure): Reason {
  return {
    why: `${formatEnds(last)} is for a loopback address and does not come from the node itself: kubelet's rule on ${machine} keeps neighbours from the node's own services`,
    try: [],
  }
}

function rangesReason({ metadata, spec }: Service, { sent, last, machine }: Failure): Reason {
  const ranges = spec.loadBalancerSourceRanges ?? []
  const inside = ranges.some(text => contains(parseNetwork(text.trim()), sent.src))
  const source = formatEnd(sent.src)
  // The rule is for what still bears the balancer's address, for want of an endpoint.
  if (inside && equalIp(sent.dst, last.dst) && spec.externalTrafficPolicy === 'Local') {
    return {
      why: `Service ${keyOf(metadata)} has externalTrafficPolicy Local and no ready endpoint on ${machine}: the packet still bears the balancer's address, and the rules for its source ranges drop it; the balancer's health check would keep it from coming here`,
      try: [describeCommand('svc', metadata)],
    }
  }
  return {
    why: inside
      ? `Service ${keyOf(metadata)} lets in ${ranges.join(', ')}, and ${source} is among them, but the packet came there with another source`
      : `Service ${keyOf(metadata)} lets only ${ranges.join(', ')} use its load balancer (spec.loadBalancerSourceRanges), and ${source} is not among them`,
    try: [describeCommand('svc', metadata)],
  }
}

function localReason({ service, port }: Aimed, step: MatchedRule, failure: Failure, context: TraceContext): Reason {
  const { machine, last } = failure
  const { metadata } = service
  const policy = step.chain === EXTERNAL_SERVICES ? 'externalTrafficPolicy' : 'internalTrafficPolicy'
  const endpoints = context.cluster ? endpointsOf(service, port, last.family, context.cluster) : []
  const nodes = nodesWithEndpoints(endpoints)
  const elsewhere = nodes.length > 0 ? `; there are some on ${listed(nodes.slice(0, 6), nodes.length)}` : ''
  return {
    why: `Service ${keyOf(metadata)} has ${policy} Local, and no ready endpoint of it is on ${machine}${elsewhere}`,
    try: [getCommand(`pods -o wide`, metadata, context), describeCommand('svc', metadata)],
  }
}

export function undecidedReason(
  { why, undecided }: EndOf<'undecided'>,
  { machine, last }: Failure,
  { input, options }: TraceContext,
): Reason {
  const rule = savedRule(undecided, last.family)
  const command = (assumed: string) =>
    ['podwire trace', input, options, `… --assume ${assumed}`].filter(word => word !== undefined).join(' ')
  return {
    why: `podwire cannot know what rule ${formatPlace(undecided)} on ${machine} makes of ${formatEnds(last)}: ${why}: ${rule}`,
    try: [command('match'), command('miss')],
  }
}
