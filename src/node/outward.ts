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
import type { Devices, HookStep } from '../netfilter/run/hook.ts'
import type { Skb } from '../netfilter/run/skb.ts'
import { lengthOf } from '../packet/length.ts'
import { runHook } from './hook-run.ts'
import { learnTunnelMtu, mustFit, ownMtu, tooBig } from './mtu.ts'
import { type Routed, routeAgain, routeOwn } from './route.ts'
import { transmit } from './transmit.ts'
import type { Leg, Walk } from './walk.ts'

export function walkOwn(walk: Walk, { skb, tunnel }: Leg & { readonly kind: 'own' }): void {
  const own = routeOwn(walk, skb)
  if (!own) return
  const mtu = ownMtu(walk, own.skb, own.routed)
  if (mustFit(own.skb.packet) && lengthOf(own.skb.packet) > mtu) {
    tooBig(walk, own.skb, own.routed, mtu)
    return
  }
  if (tunnel) learnTunnelMtu(walk, tunnel, own.skb.packet, mtu)

  const from = walk.steps.length
  const passed = runHook(walk, 'output', own.skb, devicesOut(own.routed))
  if (!passed) return
  const routed = needsRoute(walk, from, own.skb, passed) ? routeAgain(walk, passed) : own.routed
  if (!routed) return

  const leaving = runHook(walk, 'postrouting', passed, devicesOut(routed))
  if (leaving) transmit(walk, { skb: leaving, routed })
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

function isMangled(step: HookStep): boolean {
  if (step.kind !== 'rule' || step.table !== 'mangle') return false
  const { before, after } = step
  return before.mark !== after.mark || before.packet.tos !== after.packet.tos
}
