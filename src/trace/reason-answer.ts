/**
 * Why an answer that arrived is none: it comes from somebody who was not asked.
 *
 * @module
 */
import { equalIp } from '../base/ip.ts'
import { isIcmp, isTcp, portsOf } from '../packet/packet.ts'
import { formatEnd, summaryOf } from '../packet/summary.ts'
import { onMachine, quoteWord } from './command-text.ts'
import type { TraceContext } from './context.ts'
import type { Failure } from './failure.ts'
import type { Hop } from './journey.ts'
import type { Reason } from './reason.ts'
import { EXPERIENCES } from './result-text.ts'

export function strangeAnswer(failure: Failure, context: TraceContext): Reason {
  const { exchange, journey, sent, isReply, flow, last: packet } = failure
  if (!isReply) return { why: `the packet reached ${failure.machine}, and nothing came back for it`, try: [] }
  if (isIcmp(packet.payload) || equalIp(packet.src, sent.dst)) {
    return { why: `${flow.sender} got ${summaryOf(packet)}: ${EXPERIENCES[exchange.experience]}`, try: [] }
  }
  const asked = formatEnd(sent.dst, portsOf(sent.payload)?.dport)
  const from = formatEnd(packet.src, portsOf(packet.payload)?.sport)
  const reset = isTcp(packet.payload) ? ' and resets it' : ''
  const strange = `it arrives from ${from}, but ${flow.sender} asked ${asked}, so it takes the answer for somebody else's${reset}`
  const node = exchange.request.hops.find(rewritesDestination)?.machine
  if (node === undefined) return { why: strange, try: [] }
  const crossed = journey.hops.find(({ machine }) => machine === node)
  const rewrote = `${node} rewrote the destination ${asked} to ${from}`
  if (!crossed) {
    return {
      why: `${rewrote}, and the answer does not come back through ${node}, which alone could undo that: ${strange}`,
      try: [onMachine(node, 'conntrack -L')],
    }
  }
  return bridgedPast(rewrote, strange, node, crossed, packet.family, context)
}

function bridgedPast(
  rewrote: string,
  strange: string,
  node: string,
  crossed: Hop,
  family: 4 | 6,
  { world }: TraceContext,
): Reason {
  const bridge = crossed.steps.find(step => step.component === 'bridge')
  const key = `net.bridge.bridge-nf-call-${family === 4 ? 'iptables' : 'ip6tables'}`
  if (bridge?.component !== 'bridge' || world.machine(node).settings.bridgeCalls[family]) {
    return {
      why: `${rewrote}, and did not undo that in the answer: ${strange}`,
      try: [onMachine(node, 'conntrack -L')],
    }
  }
  return {
    why: `${rewrote}, but ${key} is 0 there, so the answer crosses bridge ${bridge.bridge} without coming back through the rules that would undo that: ${strange}. Pods of one node reach each other through a Service only with ${key} = 1`,
    try: [
      onMachine(node, `sysctl ${quoteWord(key)}`),
      onMachine(node, `modprobe br_netfilter && sysctl -w ${quoteWord(`${key}=1`)}`),
    ],
  }
}

function rewritesDestination({ steps }: Hop): boolean {
  return steps.some(({ component, before, after }) => component === 'netfilter' && !equalIp(before.dst, after.dst))
}
