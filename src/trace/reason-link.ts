/**
 * Why a packet did not get through a device: bridge, tunnel, a link that is down, an MTU.
 *
 * @module
 */
import { isIcmp } from '../packet/packet.ts'
import { formatEnd, formatEnds } from '../packet/summary.ts'
import { onMachine, quoteWord } from './command-text.ts'
import type { TraceContext } from './context.ts'
import { type Failure, lastStep } from './failure.ts'
import type { EndOf, Reason } from './reason.ts'

export function linkReason({ kind, why }: EndOf<'bridge' | 'link down'>, failure: Failure): Reason {
  const { machine, last } = failure
  const bridge = lastStep(failure, 'bridge')
  if (kind === 'bridge' && bridge) {
    const hairpin = why.includes('hairpin')
    return {
      why: `bridge ${bridge.bridge} on ${machine} dropped ${formatEnds(last)}: ${why}`,
      try: [
        onMachine(machine, 'bridge -d link'),
        ...(hairpin ? [onMachine(machine, `bridge link set dev ${quoteWord(bridge.inPort)} hairpin on`)] : []),
      ],
    }
  }
  return {
    why: `${formatEnds(last)} got no further than ${machine}: ${why}`,
    try: [onMachine(machine, 'ip -d link')],
  }
}

export function tunnelReason({ kind, why }: EndOf<'no forwarding entry' | 'bad vxlan'>, failure: Failure): Reason {
  const { machine, last } = failure
  const step = lastStep(failure, 'vxlan')
  const device = step?.link ?? lastStep(failure, 'link')?.link ?? 'flannel.1'
  const link = onMachine(machine, `ip -d link show ${quoteWord(device)}`)
  if (kind === 'no forwarding entry') {
    return {
      why: `${device} on ${machine} does not know the node behind which ${formatEnd(last.dst)} is: ${why}; flannel writes an FDB entry for every other node`,
      try: [onMachine(machine, `bridge fdb show dev ${quoteWord(device)}`), link],
    }
  }
  return {
    why: `${machine} has no tunnel for the packet that came: ${why}; VNI and port must be the same on all nodes`,
    try: [onMachine(machine, 'ip -d link show type vxlan')],
  }
}

export function sizeReason({ why }: EndOf<'too big'>, failure: Failure, _context: TraceContext): Reason {
  const { machine, exchange, isReply, flow } = failure
  const step = lastStep(failure, 'mtu')
  const error = isReply ? undefined : exchange.reply?.packet.payload
  const told =
    failure.hops.length === 1
      ? ', so the call of the sending program fails'
      : error && isIcmp(error)
        ? `; ${machine} tells ${flow.sender} so by ICMP`
        : '; nobody is told, so the connection hangs as soon as it carries more than a little: an MTU black hole'
  const link = step?.link
  return {
    why: `the packet does not fit on ${machine}: ${why}${told}`,
    try: [onMachine(machine, `ip link show${link === undefined ? '' : ` ${quoteWord(link)}`}`)],
  }
}
