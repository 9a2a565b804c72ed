/**
 * Small machines for tests, written as short as they are read.
 */
import { parseInterfaceAddress, parseIp, parseNetwork } from '../../src/base/ip.ts'
import { type Mac, parseMac } from '../../src/base/mac.ts'
import type { HostNetwork, Link, Route } from '../../src/host/host.ts'
import type { Skb } from '../../src/netfilter/run/skb.ts'
import type { Around, Machine, MachineConfig } from '../../src/node/machine.ts'
import { createMachine } from '../../src/node/machine.ts'
import type { Frame, Packet, Payload } from '../../src/packet/packet.ts'

export const ip = parseIp
export const mac = (last: number): Mac => parseMac(`02:00:00:00:00:${last.toString(16).padStart(2, '0')}`)

export const NOTHING: HostNetwork = { links: [], addresses: [], routes: [], neighbours: [], fdb: [], sysctls: [] }
export const LO: Link = { kind: 'loopback', name: 'lo', mtu: 65536 }

export const address = (link: string, text: string) => ({ link, own: parseInterfaceAddress(text) })

/** `{ 'net.ipv4.ip_forward': 1 }` */
export const sysctls = (values: Readonly<Record<string, number>>) =>
  Object.entries(values).map(([key, value]) => ({ key, value: `${value}` }))

export function route(to: string, rest: Partial<Omit<Route, 'to'>> & { readonly by?: string } = {}): Route {
  const { by, ...given } = rest
  return { to: parseNetwork(to), link: '', ...given, ...(by === undefined ? {} : { via: ip(by) }) }
}

export function machine(network: Partial<HostNetwork>, rest: Partial<MachineConfig> = {}): Machine {
  return createMachine({
    name: 'm',
    kind: 'node',
    network: { ...NOTHING, ...network, links: [LO, ...(network.links ?? [])] },
    listenerAt: () => ({ listens: 'yes' }),
    ...rest,
  })
}

/** Everybody answers, with the MAC that `stations` gives; ports likewise. */
export function around(
  stations: Readonly<Record<string, Mac>> = {},
  ports: (bridge: string, mac: Mac) => string | undefined = () => undefined,
): Around {
  const known = new Map(Object.entries(stations).map(([text, one]) => [JSON.stringify(ip(text)), one]))
  return {
    now: 0,
    choose: ({ weights }) => weights.findIndex(weight => weight > 0),
    random: () => 0.5,
    verbose: false,
    neighbourhood: { whoHas: (_, asked) => known.get(JSON.stringify(asked)), portOf: ports },
  }
}

const NO_BYTES = new Uint8Array(0)

export const udp = (sport: number, dport: number, bytes = 0): Payload => ({
  protocol: 17,
  sport,
  dport,
  data: bytes === 0 ? NO_BYTES : new Uint8Array(bytes),
})

export const tcp = (sport: number, dport: number, flags = 2): Payload => ({
  protocol: 6,
  sport,
  dport,
  seq: 1,
  ack: 0,
  flags,
  window: 64240,
  urgent: 0,
  options: NO_BYTES,
  data: NO_BYTES,
})

export function packet(src: string, dst: string, rest: Partial<Packet> = {}): Packet {
  const family = dst.includes(':') ? 6 : 4
  return {
    family,
    src: ip(src),
    dst: ip(dst),
    ttl: 64,
    tos: 0,
    id: 1,
    df: family === 6,
    payload: udp(40000, 53),
    ...rest,
  }
}

export const skb = (src: string, dst: string, rest: Partial<Packet> = {}): Skb => ({
  packet: packet(src, dst, rest),
  mark: 0,
})

export const frame = (src: Mac, dst: Mac, carried: Packet): Frame => ({
  src,
  dst,
  body: { kind: 'ip', packet: carried },
})
