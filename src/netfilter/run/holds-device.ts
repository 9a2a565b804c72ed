/**
 * Conditions on devices, and on how the frame was addressed.
 *
 * @see ifname_compare in net/ipv4/netfilter/ip_tables.c, net/netfilter/xt_physdev.c, xt_mac.c,
 * xt_pkttype.c of Linux
 * @module
 */
import { equalMac } from '../../base/mac.ts'
import type { MatchOn, PhysdevMatch } from '../rule.ts'
import type { Holds } from './condition.ts'

/** A hook that knows no such device sees the empty name, which a negated condition takes for another. */
export function holdsDevice({ on, device, not }: MatchOn<'in' | 'out'>): Holds {
  if (device.endsWith('+')) {
    const start = device.slice(0, -1)
    return on === 'in' ? probe => probe.in.startsWith(start) === !not : probe => probe.out.startsWith(start) === !not
  }
  return on === 'in' ? probe => (probe.in === device) === !not : probe => (probe.out === device) === !not
}

/** Whether `name` is the device, or begins as a device that ends in `+` says. */
export function isDevice(name: string, device: string): boolean {
  return device.endsWith('+') ? name.startsWith(device.slice(0, -1)) : name === device
}

/**
 * Of a packet that did not come over a bridge, the kernel says that what is denied holds, and nothing
 * else. Of one that came by a port and leaves by none, no condition on the port out holds, not even a
 * denied one (so says Linux 6.18 too).
 */
export function holdsPhysdev(match: PhysdevMatch): Holds {
  const { in: input, out: output, isIn, isOut, isBridged } = match
  const denials = [input, output, isIn, isOut, isBridged].every(part => part === undefined || part.not)
  return ({ passing: { devices } }) => {
    const { physIn, physOut } = devices
    if (physIn === undefined && physOut === undefined) return denials
    return (
      (!isBridged || (physOut !== undefined) === !isBridged.not) &&
      (!isIn || (physIn !== undefined) === !isIn.not) &&
      (!isOut || (physOut !== undefined) === !isOut.not) &&
      (!input || physIn === undefined || isDevice(physIn, input.device) === !input.not) &&
      (!output || (physOut !== undefined && isDevice(physOut, output.device) === !output.not))
    )
  }
}

/** A packet without a frame around it has no such address, and neither condition holds. */
export function holdsMac({ source, not }: MatchOn<'mac'>): Holds {
  return ({ skb }) => skb.source !== undefined && equalMac(skb.source, source) === !not
}

export function holdsPacketType({ is, not }: MatchOn<'pkttype'>): Holds {
  return ({ skb }) => ((skb.addressed ?? 'unicast') === is) === !not
}
