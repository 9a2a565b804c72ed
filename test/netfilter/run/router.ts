/**
 * The router of `wire.ts`, as podwire runs it: just enough of a machine around the hooks.
 *
 * @module
 */
import type { Millis } from '../../../src/base/clock.ts'
import { equalIp, type Family, type Ip, isIpv4, isUnspecified, parseIp } from '../../../src/base/ip.ts'
import type { Random } from '../../../src/base/random.ts'
import type { AddressType } from '../../../src/netfilter/rule.ts'
import { readRuleset } from '../../../src/netfilter/ruleset.ts'
import type { Devices, Hook, HookResult, HookStep, Surroundings } from '../../../src/netfilter/run/hook.ts'
import {
  atHook,
  createNetfilter,
  createNetfilterMemory,
  type Netfilter,
  type NetfilterMemory,
} from '../../../src/netfilter/run/netfilter.ts'
import type { Skb } from '../../../src/netfilter/run/skb.ts'
import { trackedAnswer } from '../../../src/netfilter/run/track.ts'
import { icmpError } from '../../../src/packet/icmp-error.ts'
import { isTcp, type Packet } from '../../../src/packet/packet.ts'
import { tcpReset } from '../../../src/packet/tcp-reset.ts'
import type { OnWire, Side } from './wire.ts'

const OWN: Readonly<Record<Side, readonly Ip[]>> = {
  left: [parseIp('10.1.0.1'), parseIp('fd01::1')],
  right: [parseIp('10.2.0.1'), parseIp('fd02::1')],
}

export interface Router {
  readonly netfilter: Netfilter
  memory: NetfilterMemory
  readonly settings: ReadonlyMap<string, string>
  readonly random: Random
  now: Millis
  /** All that happened at hooks since the last packet came in. */
  steps: (HookStep & { readonly hook: Hook })[]
}

export interface RouterConfig {
  readonly rules: Readonly<Partial<Record<Family, string>>>
  readonly settings?: readonly string[]
  readonly random?: Random
}

export function createRouter({ rules, settings = [], random = () => 0 }: RouterConfig): Router {
  const [v4, v6] = [rules[4], rules[6]]
  return {
    netfilter: createNetfilter({
      rules: { ...(v4 && { 4: readRuleset(v4, 4) }), ...(v6 && { 6: readRuleset(v6, 6) }) },
    }),
    memory: createNetfilterMemory(),
    settings: new Map(settings.map(setting => [setting.split('=')[0] ?? '', setting.split('=')[1] ?? ''])),
    random,
    now: 1_000_000,
    steps: [],
  }
}

/** Brings a packet to the router. @returns what the router sends in consequence */
export function receive(router: Router, { by, packet }: OnWire): readonly OnWire[] {
  router.steps = []
  const entered = pass(router, 'prerouting', { packet, mark: 0 }, { in: by })
  if (entered.verdict !== 'accept') return answer(router, entered)
  const { dst } = entered.skb.packet
  if (['LOCAL', 'BROADCAST'].includes(addressType(dst))) {
    const taken = pass(router, 'input', entered.skb, { in: by })
    return taken.verdict === 'accept' ? respond(router, taken.skb) : answer(router, taken)
  }
  const out = sideOf(dst)
  if (!out) return []
  const aged = { ...entered.skb, packet: { ...entered.skb.packet, ttl: packet.ttl - 1 } }
  const forwarded = pass(router, 'forward', aged, { in: by, out })
  return forwarded.verdict === 'accept' ? leave(router, forwarded.skb, out) : answer(router, forwarded)
}

/** Sends a packet of the router's own. */
export function send(router: Router, skb: Skb): readonly OnWire[] {
  const out = sideOf(skb.packet.dst)
  if (!out) return []
  const src = isUnspecified(skb.packet.src) ? sourceOf(out, skb.packet.dst) : skb.packet.src
  const sent = pass(router, 'output', { ...skb, packet: { ...skb.packet, src } }, { out })
  if (sent.verdict !== 'accept') return []
  const again = sideOf(sent.skb.packet.dst)
  return again ? leave(router, sent.skb, again) : []
}

function leave(router: Router, skb: Skb, out: Side): readonly OnWire[] {
  const left = pass(router, 'postrouting', skb, { out })
  return left.verdict === 'accept' ? [{ by: out, packet: left.skb.packet }] : []
}

function answer(router: Router, result: HookResult): readonly OnWire[] {
  return result.verdict === 'drop' && result.answer ? send(router, result.answer) : []
}

/** Nothing listens on the router, but it answers pings. */
function respond(router: Router, skb: Skb): readonly OnWire[] {
  const { packet } = skb
  const { payload } = packet
  if (isTcp(payload)) {
    const reset = tcpReset(packet)
    return reset ? send(router, { packet: reset, mark: 0 }) : []
  }
  if ('type' in payload) {
    const [request, reply] = packet.family === 4 ? [8, 0] : [128, 129]
    if (payload.type !== request) return []
    const echo: Packet = {
      ...packet,
      src: packet.dst,
      dst: packet.src,
      ttl: 64,
      df: packet.family === 6,
      payload: { ...payload, type: reply },
    }
    return send(router, { packet: echo, mark: 0 })
  }
  if (payload.protocol !== 17 || !isOwn(packet.dst)) return []
  const error = icmpError({ about: packet, kind: 'port-unreachable', src: packet.dst })
  const tracked = trackedAnswer(skb)
  return error ? send(router, { packet: error, mark: 0, ...(tracked && { tracked }) }) : []
}

function pass(router: Router, hook: Hook, skb: Skb, devices: Devices): HookResult {
  const { netfilter, memory, now, random } = router
  const circumstances = { now, random, choose: () => 0, verbose: false }
  const surroundings = surroundingsOf(router)
  const result = atHook({ netfilter, memory, surroundings, circumstances }, hook, skb, devices)
  for (const step of result.steps) router.steps.push({ ...step, hook })
  return result
}

/** What rules may ask of the router. */
export function surroundingsOf({ settings }: Router): Surroundings {
  return {
    addressType,
    sourceOf: (device, near) => (isSide(device) ? sourceOf(device, near) : undefined),
    reachesBack: () => true,
    addressesOf: device => (isSide(device) ? OWN[device] : []),
    sysctl: key => settings.get(key),
  }
}

function isSide(device: string): device is Side {
  return device === 'left' || device === 'right'
}

function sourceOf(side: Side, near: Ip): Ip {
  const own = OWN[side].find(ip => isIpv4(ip) === isIpv4(near))
  if (!own) throw new RangeError(`no address on ${side}`)
  return own
}

function isOwn(ip: Ip): boolean {
  return [...OWN.left, ...OWN.right].some(own => equalIp(own, ip))
}

/** 10.1.0.0/16 and fd01::/64 are left, 10.2.0.0/16 and fd02::/64 right. */
function sideOf(ip: Ip): Side | undefined {
  const network = isIpv4(ip) ? ip >>> 16 : ip.w0 >>> 16
  if (network === 0x0a01 || network === 0xfd01) return 'left'
  return network === 0x0a02 || network === 0xfd02 ? 'right' : undefined
}

function addressType(ip: Ip): AddressType {
  if (isOwn(ip)) return 'LOCAL'
  if (!isIpv4(ip)) return ip.w0 >>> 24 === 0xff ? 'MULTICAST' : 'UNICAST'
  if (ip >>> 28 === 0xe) return 'MULTICAST'
  return ip === -1 || (sideOf(ip) && (ip & 0xffff) === 0xffff) ? 'BROADCAST' : 'UNICAST'
}
