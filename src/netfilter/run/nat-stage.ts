/**
 * NAT at one hook: sets up what the connection still lacks, and rewrites the packet.
 *
 * @see net/netfilter/nf_nat_core.c of Linux: nf_nat_inet_fn; nf_nat_proto.c: nf_nat_ipv4_fn
 * @module
 */
import { isUnspecified } from '../../base/ip.ts'
import { isErrorType } from '../../packet/icmp-types.ts'
import { type IcmpMessage, isIcmp, type Packet } from '../../packet/packet.ts'
import type { Connection } from './conntrack.ts'
import { remove } from './conntrack-table.ts'
import type { HookResult, RewriteStep } from './hook.ts'
import { dropped, type Ending, type HookRun, step } from './hook-run.ts'
import { masqueradeRange, redirectRange } from './masquerade.ts'
import { isSetUp, manipulationAt, rewrite, setUp, setUpNull } from './nat.ts'
import { rewriteError } from './nat-icmp.ts'
import type { Manipulation, NatContext, NatRange } from './nat-range.ts'
import type { RewriteTarget } from './passing.ts'
import type { Tracked } from './skb.ts'
import { endBy, walkTable } from './table-stage.ts'

/** What connection tracking made of a packet that has a connection. */
type Bound = Tracked & { readonly connection: Connection }

export function passNat(run: HookRun): Ending {
  const { tracked } = run.skb
  if (!tracked?.connection) return undefined
  const bound = { ...tracked, connection: tracked.connection }
  const manipulation = manipulationAt(run.hook)
  const error = tracked.state === 'RELATED' ? findError(run.skb.packet) : undefined
  if (error) return passError(run, bound, error, manipulation)
  if (tracked.state !== 'ESTABLISHED' && !isSetUp(bound.connection, manipulation)) return bind(run, bound, manipulation)
  if (leavesElsewhere(run, bound)) {
    remove(run.table, bound.connection)
    return dropped(run, `masqueraded for ${bound.connection.masqueradedBy}, it would leave by ${run.devices.out}`)
  }
  change(run, bound, manipulation, 'connection')
  return undefined
}

function findError(packet: Packet): (Packet & { readonly payload: IcmpMessage }) | undefined {
  const { payload, family } = packet
  return isIcmp(payload) && isErrorType(payload.type, family) ? { ...packet, payload } : undefined
}

function passError(
  run: HookRun,
  { connection, direction }: Bound,
  error: Packet & { readonly payload: IcmpMessage },
  manipulation: Manipulation,
): Ending {
  const packet = rewriteError(error, connection, direction, manipulation)
  if (!packet) return dropped(run, 'an ICMP redirect about a connection with NAT')
  if (packet !== error) step(run, { kind: 'rewrite', of: manipulation, by: 'related' }, { ...run.skb, packet })
  return undefined
}

/** A packet of a connection whose address was that of another device. @see nf_nat_oif_changed */
function leavesElsewhere({ hook, devices }: HookRun, { connection, direction }: Bound): boolean {
  const { masqueradedBy } = connection
  if (hook !== 'postrouting' || direction !== 'original' || masqueradedBy === undefined) return false
  return devices.out !== masqueradedBy
}

/** Asks the table, and rewrites the packet as it says. */
function bind(run: HookRun, bound: Bound, manipulation: Manipulation): Ending {
  const { connection, direction } = bound
  const decision = walkTable(run, 'nat')
  const context = { table: run.table, now: run.tracking.now, random: run.passing.circumstances.random }
  if (decision?.kind === 'nat') {
    const refused = setUpByRule(run, connection, manipulation, decision.target, context)
    if (refused) return refused
  } else if (decision) {
    const ending = endBy(run, decision)
    if (ending) return ending
  }
  const free = isSetUp(connection, manipulation)
  const clash = !free && setUpNull(connection, manipulation, context)
  const byRule = free && direction === 'original'
  change(run, bound, manipulation, clash ? 'clash' : byRule ? 'rule' : 'connection')
  return undefined
}

function setUpByRule(
  run: HookRun,
  connection: Connection,
  manipulation: Manipulation,
  target: RewriteTarget,
  context: NatContext,
): HookResult | undefined {
  const { devices, passing, hook, skb } = run
  let range: NatRange | undefined
  switch (target.do) {
    case 'dnat':
    case 'snat':
      range = target
      break
    case 'masquerade':
      // The machine asks for an address (DHCP) and has none yet.
      if (isUnspecified(connection.original.src)) return undefined
      range = masqueradeRange(target, skb.packet, devices, passing.surroundings)
      if (!range) return dropped(run, `${devices.out ?? 'no device'} has no address to masquerade with`)
      if (devices.out !== undefined) connection.masqueradedBy = devices.out
      break
    case 'redirect':
      range = redirectRange(target, skb.packet, hook, devices, passing.surroundings)
      if (!range) return dropped(run, `${devices.in ?? 'no device'} has no address to redirect to`)
  }
  setUp(connection, manipulation, range, context)
  return undefined
}

/** Rewrites the packet, if its connection asks for it. What a rule did just now is part of its step. */
function change(run: HookRun, bound: Bound, manipulation: Manipulation, by: RewriteStep['by']): void {
  const { skb, steps } = run
  const packet = rewrite(skb.packet, bound.connection, bound.direction, manipulation)
  if (packet === skb.packet) return
  const after = { ...skb, packet }
  const last = by === 'rule' ? steps.at(-1) : undefined
  if (last) {
    steps[steps.length - 1] = { ...last, after }
    run.skb = after
  } else step(run, { kind: 'rewrite', of: manipulation, by }, after)
}
