/**
 * Steps other than those of rules, a line each; those that nobody would miss, none.
 *
 * @module
 */
import { formatIp } from '../base/ip.ts'
import type { BridgeStep, Step, VxlanStep } from '../node/step.ts'
import { lengthOf } from '../packet/length.ts'
import { type Packet, portsOf } from '../packet/packet.ts'
import { protocolName } from '../packet/summary.ts'
import type { TraceContext } from './context.ts'
import type { Tone } from './line.ts'
import { formatBrief } from './packet-column.ts'
import { formatRoute } from './route-text.ts'

/** A line without its place. */
export interface Said {
  /** Device or hook. */
  readonly at: string
  readonly text: string
  readonly packet?: string
  readonly tone: Tone
}

/** What to tell of a step at the machine; absent for what goes without saying. */
export function sayStep(step: Step, machine: string, context: TraceContext): Said | undefined {
  switch (step.component) {
    case 'link':
    case 'netfilter':
    case 'source':
      return undefined
    case 'bridge':
      return sayBridge(step)
    case 'route':
      if (step.action === 'none') {
        return { at: 'route', text: step.route ? formatRoute(step.route) : 'no route', tone: 'bad' }
      }
      if (step.action === 'local') return undefined
      return {
        at: 'route',
        text: `${step.again ? 'again: ' : ''}${step.route ? formatRoute(step.route) : 'found'}${step.rule ? ` (by the rule ${step.rule})` : ''}`,
        tone: 'plain',
      }
    case 'rp_filter':
      return step.action === 'pass'
        ? undefined
        : { at: step.link, text: `rp_filter (${step.mode}) drops the packet`, tone: 'bad' }
    case 'ttl':
      return step.action === 'decrement' ? undefined : { at: 'ttl', text: 'expired', tone: 'bad' }
    case 'neighbour':
      return step.action === 'unanswered'
        ? { at: step.link, text: `nobody answers for ${formatIp(step.ip)}`, tone: 'bad' }
        : undefined
    case 'vxlan':
      return sayVxlan(step, machine, context)
    case 'mtu':
      return { at: step.link, text: `too big: ${step.length} bytes, mtu ${step.mtu}`, tone: 'bad' }
    case 'fragment':
      return sayFragment(step)
    case 'socket':
      return saySocket(step)
    case 'skipped':
      return { at: '', text: `skipped: ${step.what}  (${step.why})`, tone: 'dim' }
  }
}

function sayBridge({ action, bridge, inPort, outPorts, why }: BridgeStep): Said | undefined {
  switch (action) {
    case 'local':
      return undefined
    case 'forward':
      // From the machine itself, the route has said as much.
      if (inPort === bridge) return undefined
      return outPorts.includes(inPort)
        ? { at: bridge, text: `sent back by the port that it came by, ${inPort} (hairpin)`, tone: 'plain' }
        : { at: bridge, text: `bridged from ${inPort} to ${outPorts.join(', ')}`, tone: 'plain' }
    case 'flood':
      return { at: bridge, text: `flooded to ${outPorts.length} ports: the station is unknown`, tone: 'plain' }
    case 'drop':
      return { at: bridge, text: `dropped: ${why ?? 'the bridge does not take the frame'}`, tone: 'bad' }
  }
}

function sayFragment({ action, pieces, mtu }: Extract<Step, { component: 'fragment' }>): Said {
  const at = 'fragments'
  if (action === 'split') return { at, text: `cut into ${pieces} pieces for mtu ${mtu ?? '?'}`, tone: 'change' }
  return action === 'reassemble'
    ? { at, text: `${pieces} pieces put together`, tone: 'plain' }
    : { at, text: 'waits for the rest of the packet', tone: 'plain' }
}

function saySocket({ action, listener, after }: Extract<Step, { component: 'socket' }>): Said {
  const what = listener.what === undefined ? '' : `  ${listener.what}`
  const port = portsOf(after.payload)?.dport
  return action === 'deliver'
    ? { at: '', text: `DELIVERED${what}`, packet: formatBrief(after), tone: 'good' }
    : {
        at: '',
        text: `REFUSED  nothing listens${port === undefined ? '' : ` on ${protocolName(after.payload.protocol)} ${port}`}${what === '' ? '' : ` (${what.trim()})`}`,
        tone: 'bad',
      }
}

function sayVxlan(step: VxlanStep, machine: string, context: TraceContext): Said {
  const { action, link, vni, outer, why } = step
  if (action === 'drop')
    return { at: link, text: `vxlan vni ${vni}: dropped, ${why ?? 'not for this device'}`, tone: 'bad' }
  const ends = outer
    ? `outer ${formatIp(outer.src)} > ${formatIp(outer.dst)} udp/${portsOf(outer.payload)?.dport ?? '?'}`
    : ''
  if (action === 'decapsulate') return { at: link, text: `vxlan vni ${vni} unwrapped`, tone: 'plain' }
  const to = outer ? context.world.holderOf(outer.dst) : undefined
  const size = outer ? `, ${sizesOf(link, outer, machine, context)}` : ''
  return { at: link, text: `vxlan vni ${vni}${to === undefined ? '' : ` → ${to}`}  ${ends}${size}`, tone: 'change' }
}

/** Ethernet, UDP and VXLAN headers around a frame's packet; the outer IP header comes on top. */
const WRAPPED = 14 + 8 + 8
const OUTER_HEADER = { 4: 20, 6: 40 } as const

/** What the largest packet of a tunnel's device becomes, against the device below it. */
export interface WrappedSize {
  readonly fits: boolean
  /** `1450+50=1500 fits mtu 1500` */
  readonly text: string
}

/** Absent where the device below is not known. */
export function wrappedSize(
  link: string,
  outer: Packet['family'],
  machine: string,
  { world }: TraceContext,
): WrappedSize | undefined {
  const { devices } = world.machine(machine)
  const device = devices.get(link)
  const uplink = device?.link.kind === 'vxlan' ? devices.get(device.link.uplink) : undefined
  if (!device || !uplink) return undefined
  const more = WRAPPED + OUTER_HEADER[outer]
  const whole = device.mtu + more
  const fits = whole <= uplink.mtu
  return { fits, text: `${device.mtu}+${more}=${whole} ${fits ? 'fits mtu' : 'is more than mtu'} ${uplink.mtu}` }
}

export function sizesOf(link: string, outer: Packet, machine: string, context: TraceContext): string {
  return wrappedSize(link, outer.family, machine, context)?.text ?? `${lengthOf(outer)} bytes`
}
