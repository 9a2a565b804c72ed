/**
 * One number for all frames of a flow, in both directions.
 *
 * The kernel's own hash has a key that it draws at boot; this one has a seed. What goes into it is
 * the same: addresses, and ports where the packet has them. So all pings between two machines are
 * one flow, and so are all pieces of fragmented packets. Of ICMPv6 the messages of each type are one:
 * the kernel labels them so when it makes them.
 *
 * @see skb_get_hash and __skb_flow_dissect in net/core/flow_dissector.c of Linux; ip6_make_flowlabel in
 * include/net/ipv6.h
 * @module
 */
import { compareIp, type Ip, isIpv4 } from '../base/ip.ts'
import { etherTypeOf } from '../packet/ethernet.ts'
import { type Frame, isIcmp, type Packet, portsOf } from '../packet/packet.ts'

/** 32 bits, unsigned. */
export function flowHash({ body }: Frame, seed: number): number {
  const start = mix(seed, etherTypeOf(body))
  return finish(body.kind === 'ip' ? mixPacket(start, body.packet) : start)
}

function mixPacket(start: number, { src, dst, id, family, payload }: Packet): number {
  const ports = portsOf(payload)
  const [sport, dport] = [ports?.sport ?? 0, ports?.dport ?? 0]
  const forward = (compareIp(src, dst) || sport - dport) <= 0
  let hash = mix(start, payload.protocol)
  hash = mixIp(hash, forward ? src : dst)
  hash = mixIp(hash, forward ? dst : src)
  // A flow label stands for the ports: the kernel looks no further.
  if (family === 6 && id !== 0) return mix(hash, id)
  if (family === 6 && isIcmp(payload)) return mix(hash, (payload.type << 8) | payload.code)
  return mix(hash, forward ? (sport << 16) | dport : (dport << 16) | sport)
}

function mixIp(hash: number, ip: Ip): number {
  return isIpv4(ip) ? mix(hash, ip) : mix(mix(mix(mix(hash, ip.w0), ip.w1), ip.w2), ip.w3)
}

/** @see Austin Appleby, MurmurHash3 */
function mix(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51)
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593)
  const mixed = hash ^ k
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0
}

function finish(hash: number): number {
  let h = hash
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
