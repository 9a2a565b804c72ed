/**
 * The way of a packet that the machine makes:
 *
 *     program ── route, source ── OUTPUT ── (rewritten: route again) ── POSTROUTING ── out
 *
 * Reads top to bottom as the packet goes left to right.
 *
 * @module
 */
import { equalIp } from '../base/ip.ts'
import { TCP } from '../base/protocol.ts'
import type { Devices, HookStep } from '../netfilter/run/hook.ts'
import type { Skb } from '../netfilter/run/skb.ts'
import { lengthOf } from '../packet/length.ts'
import { runHook } from './hook-run.ts'
import { learnTunnelMtu, mustFit, ownMtu, staysWhole, tooBig } from './mtu.ts'
import { type Own, type Routed, routeAgain, routeOwn } from './route.ts'
import { transmit } from './transmit.ts'
import { end, type Leg, type Tunnel, type Walk } from './walk.ts'

export function walkOwn(walk: Walk, { skb, tunnel }: Leg & { readonly kind: 'own' }): void {
  const routedOwn = routeOwn(walk, skb)
  if (!routedOwn) return
  const own = { ...routedOwn, skb: loosened(walk, routedOwn.skb, routedOwn.routed) }
  if (!(tunnel ? leavesTunnel(walk, own, tunnel) : fitsPath(walk, own))) return

  const from = walk.steps.length
  const passed = runHook(walk, 'output', own.skb, devicesOut(own.routed))
  if (!passed) return
  const to = walk.steps.length
  const routed = needsRoute(walk, from, own.skb, passed) ? routeAgain(walk, passed) : own.routed
  if (!routed) {
    takeBackFilter(walk, from, to)
    return
  }

  const passedAll = runHook(walk, 'postrouting', passed, devicesOut(routed))
  if (!passedAll) return
  const leaving = loosened(walk, passedAll, routed)
  const whole = tunnel || leaving.raw ? staysWhole(leaving.packet) : mustFit(leaving.packet)
  transmit(walk, { skb: leaving, routed, whole })
}

/**
 * What a socket lets be cut says so as soon as it does not fit, at first or on the way that rules
 * led it to. TCP is not cut: it makes segments that fit.
 *
 * @see net/ipv4/ip_output.c of Linux: __ip_make_skb, ip_sk_ignore_df
 */
function loosened(walk: Walk, skb: Skb, routed: Routed): Skb {
  const { packet, cuttable } = skb
  if (!cuttable || !packet.df || packet.payload.protocol === TCP || packet.family === 6) return skb
  return lengthOf(packet) <= ownMtu(walk, skb, routed) ? skb : { ...skb, packet: { ...packet, df: false } }
}

/**
 * A packet that must not be cut is not even begun when it is too long: the program is told. Of what it made itself
 * only the device is asked, not what is known of the path.
 *
 * @see net/ipv4/raw.c of Linux: raw_send_hdrinc; net/ipv6/raw.c: rawv6_send_hdrinc
 */
function fitsPath(walk: Walk, { skb, routed }: Own): boolean {
  const mtu = skb.raw ? routed.out.mtu : ownMtu(walk, skb, routed)
  if (!(skb.raw || mustFit(skb.packet)) || lengthOf(skb.packet) <= mtu) return true
  tooBig(walk, skb, routed, mtu)
  return false
}

/**
 * An outer packet of a tunnel is begun whatever its length, but not sent into the tunnel that it comes
 * from. IPv4 will cut it if need be, IPv6 drop it, and nobody is told (measured on Linux 6.18).
 *
 * @see net/ipv4/udp_tunnel_core.c of Linux: udp_tunnel_dst_lookup, whose callers drop on ELOOP
 */
function leavesTunnel(walk: Walk, { skb, routed }: Own, { link, inner }: Tunnel): boolean {
  if (routed.out.name === link) {
    end(walk, { kind: 'bad vxlan', why: `the route to the other node leads into ${link} itself` })
    return false
  }
  learnTunnelMtu(walk, inner, skb.packet, ownMtu(walk, skb, routed))
  return true
}

function devicesOut({ out, via }: Routed): Devices {
  return { out: out.name, ...(via === undefined ? {} : { via }) }
}

/**
 * Whether the packet needs another route: its destination was changed, or table mangle changed what
 * routes are chosen by. A mark that another table sets comes too late for that.
 *
 * @param from the index of OUTPUT's first step
 * @see net/ipv4/netfilter/iptable_mangle.c of Linux: ipt_mangle_out; net/netfilter/nf_nat_proto.c:
 * nf_nat_ipv4_local_fn
 */
function needsRoute({ steps }: Walk, from: number, before: Skb, after: Skb): boolean {
  if (!equalIp(before.packet.dst, after.packet.dst)) return true
  return steps.slice(from).some(one => one.component === 'netfilter' && isMangled(one.step))
}

/** A packet for which there is no way after NAT never comes to the filter behind it. */
function takeBackFilter({ steps }: Walk, from: number, to: number): void {
  const at = steps.findIndex((one, i) => i >= from && i < to && one.component === 'netfilter' && isOfFilter(one.step))
  if (at >= 0) steps.splice(at, to - at)
}

function isOfFilter(step: HookStep): boolean {
  return 'table' in step && (step.table === 'filter' || step.table === 'security')
}

function isMangled(step: HookStep): boolean {
  if (step.kind !== 'rule' || step.table !== 'mangle') return false
  const { before, after } = step
  return before.mark !== after.mark || before.packet.tos !== after.packet.tos
}
