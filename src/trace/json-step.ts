/**
 * Steps as JSON.
 *
 * @module
 */
import { formatIp, formatPrefix } from '../base/ip.ts'
import { formatMac } from '../base/mac.ts'
import type { HookStep } from '../netfilter/run/hook.ts'
import type { Skb } from '../netfilter/run/skb.ts'
import type { Listener, Step } from '../node/step.ts'
import { changesOf } from '../packet/changes.ts'
import type { Packet } from '../packet/packet.ts'
import { hex } from './condition-text.ts'
import type { TraceContext } from './context.ts'
import { frameToJson, packetToJson } from './json-packet.ts'
import type { Json } from './json-value.ts'
import { formatRoute } from './route-text.ts'
import { objectOf } from './rule-object.ts'
import { savedRule } from './rule-text.ts'
import { formatTuple } from './tuple-text.ts'

/** Every step says its component and action; what changed, and the packet after it, only where it changed. */
export function stepToJson(step: Step, context: TraceContext): Json {
  if (step.component === 'netfilter') {
    return { component: 'netfilter', hook: step.hook, ...hookStepToJson(step.step, context) }
  }
  return { ...detailOf(step), ...changed(step) }
}

type Members = { readonly [name: string]: Json }

function detailOf(step: Exclude<Step, { component: 'netfilter' }>): Members {
  const { component } = step
  switch (step.component) {
    case 'link':
      return { component, action: step.action, link: step.link, frame: frameToJson(step.frame) }
    case 'bridge': {
      const { action, bridge, inPort, outPorts, why } = step
      return { component, action, bridge, inPort, outPorts, ...whyOf(why) }
    }
    case 'route': {
      const { action, route, table, rule, again, to } = step
      return {
        component,
        action,
        ...(route ? { route: formatRoute(route) } : {}),
        ...(table === undefined ? {} : { table }),
        ...(rule === undefined ? {} : { rule }),
        ...(again ? { again } : {}),
        ...(to === undefined ? {} : { to: formatPrefix(to) }),
      }
    }
    case 'source':
      return { component, action: step.action, ip: formatIp(step.ip), from: step.from }
    case 'rp_filter':
      return { component, action: step.action, link: step.link, mode: step.mode }
    case 'ttl':
      return { component, action: step.action }
    case 'neighbour': {
      const { action, link, ip, mac } = step
      return { component, action, link, ip: formatIp(ip), ...(mac ? { mac: formatMac(mac) } : {}) }
    }
    case 'vxlan': {
      const { action, link, vni, outer, why } = step
      return { component, action, link, vni, ...(outer ? { outer: packetToJson(outer) } : {}), ...whyOf(why) }
    }
    case 'mtu':
      return { component, action: step.action, link: step.link, mtu: step.mtu, length: step.length }
    case 'fragment': {
      const { action, pieces, mtu } = step
      return { component, action, pieces, ...(mtu === undefined ? {} : { mtu }) }
    }
    case 'socket':
      return { component, action: step.action, listener: listenerToJson(step.listener) }
    case 'skipped':
      return { component, action: 'skip', what: step.what, why: step.why }
  }
}

function whyOf(why: string | undefined): Members {
  return why === undefined ? {} : { why }
}

/** A tunnel puts one packet into another: then there are no changes, only the other packet. */
function changed({ component, before, after }: Step): Members {
  if (before === after) return {}
  const packet = packetToJson(after)
  return component === 'vxlan' ? { packet } : { changes: changesToJson(before, after), packet }
}

function changesToJson(before: Packet, after: Packet): readonly Json[] {
  return changesOf(before, after).map(({ field, from, to }) => ({ field, from, to }))
}

/** What a hook's step did to the packet and to its mark. */
function skbChanged(before: Skb, after: Skb): Members {
  const mark = before.mark === after.mark ? [] : [{ field: 'mark', from: hex(before.mark), to: hex(after.mark) }]
  if (before.packet === after.packet) return mark.length > 0 ? { changes: mark } : {}
  return { changes: [...mark, ...changesToJson(before.packet, after.packet)], packet: packetToJson(after.packet) }
}

function hookStepToJson(step: HookStep, context: TraceContext): Members {
  const changes = skbChanged(step.before, step.after)
  const { family } = step.before.packet
  switch (step.kind) {
    case 'rule': {
      const { table, chain, number, effect, chance, note, assumed } = step
      return {
        action: 'rule',
        table,
        chain,
        rule: number,
        text: savedRule(step, family),
        matched: !isTakenForMiss(step),
        verdict: effect,
        ...objectMember(step, context),
        ...chanceMember(chance),
        ...(note === undefined ? {} : { note }),
        ...(assumed ? { assumed: assumed.why } : {}),
        ...changes,
      }
    }
    case 'miss': {
      const { table, chain, number, to, why, chance } = step
      return {
        action: 'rule',
        table,
        chain,
        rule: number,
        ...(to === number ? {} : { to }),
        text: savedRule(step, family),
        matched: false,
        why,
        ...objectMember(step, context),
        ...chanceMember(chance),
      }
    }
    case 'policy':
      return { action: 'policy', table: step.table, chain: step.chain, verdict: step.policy }
    case 'track': {
      const { tracked, tuples } = step
      return {
        action: 'track',
        state: tracked.state,
        direction: tracked.direction,
        ...(tuples ? { tuples: { original: formatTuple(tuples.original), reply: formatTuple(tuples.reply) } } : {}),
      }
    }
    case 'rewrite':
      return { action: 'rewrite', of: step.of, by: step.by, ...changes }
    case 'confirm': {
      const { original, reply } = step.tuples
      return { action: 'confirm', tuples: { original: formatTuple(original), reply: formatTuple(reply) } }
    }
  }
}

/** The journal of rules notes those that could not be decided and were passed over among the matches, and says so. */
function isTakenForMiss({ assumed, note, effect }: Extract<HookStep, { kind: 'rule' }>): boolean {
  return assumed !== undefined && effect === 'continue' && note === 'taken for one that does not match'
}

function objectMember(placed: Parameters<typeof objectOf>[0], context: TraceContext): Members {
  const object = objectOf(placed, context)
  if (!object) return {}
  const { kind, namespace, name, port } = object
  return {
    object: {
      kind,
      ...(namespace === undefined ? {} : { namespace }),
      name,
      ...(port === undefined ? {} : { port }),
    },
  }
}

function chanceMember(chance: { readonly taken: number; readonly of: number } | undefined): Members {
  return chance ? { chance: { taken: chance.taken, of: chance.of } } : {}
}

export function listenerToJson({ listens, assumed, what }: Listener): Json {
  return { listens, ...(assumed ? { assumed } : {}), ...(what === undefined ? {} : { what }) }
}
