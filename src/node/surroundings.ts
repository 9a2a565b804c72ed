/**
 * What rules may ask of the machine around them.
 *
 * @module
 */
import { type Ip, isIpv4, isUnspecified } from '../base/ip.ts'
import type { AddressType } from '../netfilter/rule.ts'
import type { ReversePath, Surroundings } from '../netfilter/run/hook.ts'
import { isMulticast } from '../packet/address-kind.ts'
import type { Packet } from '../packet/packet.ts'
import type { Machine } from './machine.ts'
import { ALL, blankQuery, queryOf, UNSPECIFIED } from './route.ts'
import { consult, type Query } from './routing-rules.ts'
import { findRoute, type TableRoute } from './routing-table.ts'
import { sourceAddress } from './source-address.ts'

const made = new WeakMap<Machine, Surroundings>()

/** Always the same for the same machine. */
export function surroundingsOf(machine: Machine): Surroundings {
  const known = made.get(machine)
  if (known) return known
  const surroundings: Surroundings = {
    addressType: (ip, device) => (isIpv4(ip) ? addressType4(machine, ip, device) : addressType6(machine, ip, device)),
    sourceOf: (name, via) => {
      const device = machine.devices.get(name)
      return device && sourceAddress(machine.devices, device, via, undefined)
    },
    reachesBack: (packet, device, options) => reachesBack(machine, packet, device, options),
    addressesOf: name => {
      const device = machine.devices.get(name)
      return device ? [...device.addresses[4], ...device.addresses[6]].map(({ address }) => address) : []
    },
    sysctl: key => machine.sysctls.get(key),
  }
  made.set(machine, surroundings)
  return surroundings
}

const TYPES: Readonly<Record<TableRoute['type'], AddressType>> = {
  unicast: 'UNICAST',
  local: 'LOCAL',
  broadcast: 'BROADCAST',
  anycast: 'ANYCAST',
  multicast: 'MULTICAST',
  blackhole: 'BLACKHOLE',
  unreachable: 'UNREACHABLE',
  prohibit: 'PROHIBIT',
  throw: 'THROW',
  nat: 'NAT',
}

/**
 * What the local table says; whatever it does not know is unicast.
 *
 * @see net/ipv4/fib_frontend.c of Linux: inet_dev_addr_type
 */
function addressType4(machine: Machine, ip: Ip & number, device: string | undefined): AddressType {
  if (ip === ALL || ip === 0) return 'BROADCAST'
  if (isMulticast(ip)) return 'MULTICAST'
  const match = findRoute(machine.routing[4].local, ip)
  if (!match) return 'UNICAST'
  // Of an address that may be found by any device, the route is not asked for its device.
  const by = match.ways[0]?.device.name
  return device === undefined || device === by ? TYPES[match.found.type] : 'UNICAST'
}

/** @see net/netfilter/xt_addrtype.c of Linux: match_lookup_rt6 */
function addressType6(machine: Machine, ip: Ip, device: string | undefined): AddressType {
  if (isUnspecified(ip)) return 'UNSPEC'
  if (isMulticast(ip)) return 'MULTICAST'
  const local = findRoute(machine.routing[6].local, ip)?.found.type
  if (local === 'anycast') return 'ANYCAST'
  if (device !== undefined) return machine.devices.get(device)?.addresses[6].some(isAt(ip)) ? 'LOCAL' : 'UNICAST'
  if (local === 'local') return 'LOCAL'
  const finding = consult(machine.routing[6], blankQuery(ip, machine.loopback.name))
  return finding.kind === 'none' ? 'UNREACHABLE' : 'UNICAST'
}

function isAt(ip: Ip) {
  return ({ address }: { readonly address: Ip }) =>
    !isIpv4(ip) &&
    !isIpv4(address) &&
    address.w3 === ip.w3 &&
    address.w2 === ip.w2 &&
    address.w1 === ip.w1 &&
    address.w0 === ip.w0
}

/** @see net/ipv4/netfilter/ipt_rpfilter.c of Linux: rpfilter_mt; net/ipv6/netfilter/ip6t_rpfilter.c */
function reachesBack(machine: Machine, packet: Packet, device: string, options: ReversePath): boolean {
  if (device === machine.loopback.name) return true
  const forth = queryOf({ packet, mark: options.mark }, machine.loopback.name)
  const back: Query = {
    ...blankQuery(packet.src, forth.in),
    mark: options.mark,
    tos: packet.tos,
    src: speakable(packet.dst),
  }
  const finding = consult(machine.routing[packet.family], back)
  if (finding.kind === 'none') return false
  const { type } = finding.found
  if (type === 'local' ? !options.acceptLocal : type !== 'unicast') return false
  return options.loose || finding.found.ways.some(way => way.device.name === device)
}

/** A destination that can speak: not a group, not all. */
function speakable(dst: Ip): Ip {
  return isMulticast(dst) || dst === ALL ? UNSPECIFIED[isIpv4(dst) ? 4 : 6] : dst
}
