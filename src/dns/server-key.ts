/**
 * The zones that a word of a Corefile names: `.:53`, `dns://example.org`, `10.244.0.0/16`.
 *
 * @see CoreDNS plugin/normalize.go: NormalizeExact, SplitHostPort
 * @module
 */
import { addIp, contains, familyOf, type Ip, isIpv4, type Prefix, parseNetwork, prefixOf, widthOf } from '../base/ip.ts'
import { type Name, parseName } from './name.ts'

/** @throws {ParseError} when the word is no name */
export function zonesOfKey(key: string): readonly Name[] {
  const bare = key.replace(/^[a-z0-9]+:\/\//, '').replace(/:\d+$/, '')
  const network = findNetwork(bare)
  return network ? reverseZones(network) : [parseName((bare === '' ? '.' : bare).toLowerCase())]
}

function findNetwork(text: string): Prefix | undefined {
  try {
    return parseNetwork(text)
  } catch {
    return undefined
  }
}

/** The reverse zones that make up a network: one where a label ends with it, else several. */
function reverseZones({ base, bits }: Prefix): readonly Name[] {
  const family = familyOf(base)
  const step = family === 4 ? 8 : 4
  const whole = Math.ceil(bits / step) * step
  const network = prefixOf(base, bits)
  const zones: Name[] = []
  for (let i = 0; i < 2 ** (whole - bits); i++) {
    // The offset is a power of two of at most 124 bits: whole labels are added from the left, so it is exact.
    const at = prefixOf(stepped(base, i, widthOf(family) - whole), whole).base
    if (contains(network, at)) zones.push(reverseName(at).slice((widthOf(family) - whole) / step))
  }
  return zones
}

/** `base` with `count` added above its last `shift` bits. */
function stepped(base: Ip, count: number, shift: number): Ip {
  if (isIpv4(base)) return addIp(base, count * 2 ** shift)
  const word = 3 - Math.floor(shift / 32)
  const add = count * 2 ** (shift % 32)
  const { w0, w1, w2, w3 } = base
  const words = [w0, w1, w2, w3].map((value, i) => (i === word ? value + add : value) | 0)
  return { w0: words[0] ?? 0, w1: words[1] ?? 0, w2: words[2] ?? 0, w3: words[3] ?? 0 }
}

/** `10.0.96.10.in-addr.arpa` for 10.96.0.10. @see RFC 1035 section 3.5, RFC 3596 section 2.5 */
export function reverseName(address: Ip): Name {
  if (isIpv4(address)) {
    const octets = [24, 16, 8, 0].map(shift => String((address >>> shift) & 255))
    return [...octets.reverse(), 'in-addr', 'arpa']
  }
  const { w0, w1, w2, w3 } = address
  const nibbles = [w0, w1, w2, w3].flatMap(word => [...(word >>> 0).toString(16).padStart(8, '0')])
  return [...nibbles.reverse(), 'ip6', 'arpa']
}
