/**
 * A node as flannel and kube-proxy leave it, with two pods, and what happens on it in a few words.
 *
 *     pod a 10.244.1.2 ═ va ─┐
 *                            ├─ cbr0 10.244.1.1 ── flannel.1 10.244.1.0 ── eth0 192.168.64.11
 *     pod b 10.244.1.3 ═ vb ─┘
 */
import { formatIp } from '../../src/base/ip.ts'
import { formatMac, type Mac } from '../../src/base/mac.ts'
import type { HostNetwork, Link } from '../../src/host/host.ts'
import { readRuleset } from '../../src/netfilter/ruleset.ts'
import type { Machine, MachineConfig } from '../../src/node/machine.ts'
import type { Passage, Step } from '../../src/node/step.ts'
import { lengthOf } from '../../src/packet/length.ts'
import { isIcmp, type Packet, portsOf } from '../../src/packet/packet.ts'
import { address, around, ip, mac, machine, route, sysctls } from './world.ts'

export const MACS = {
  eth0: mac(1),
  cbr0: mac(2),
  va: mac(3),
  vb: mac(4),
  flannel: mac(5),
  a: mac(0x1a),
  b: mac(0x1b),
  remote: mac(0x25),
  lan: mac(0x30),
  router: mac(0x31),
}

export interface NodeOptions {
  readonly nfCall?: 0 | 1
  readonly hairpin?: boolean
  readonly rules?: string
  readonly sysctls?: Readonly<Record<string, number>>
  /** To change what is there. */
  readonly network?: (network: HostNetwork) => HostNetwork
  readonly listens?: MachineConfig['listenerAt']
}

function port(name: 'va' | 'vb', hairpin: boolean): Link {
  return { kind: 'port', name, mtu: 1450, mac: MACS[name], master: 'cbr0', hairpin }
}

export function node(options: NodeOptions = {}): Machine {
  const { nfCall = 1, hairpin = true, rules, network = one => one, listens } = options
  const base: HostNetwork = {
    links: [
      { kind: 'loopback', name: 'lo', mtu: 65536 },
      { kind: 'uplink', name: 'eth0', mtu: 1500, mac: MACS.eth0 },
      { kind: 'bridge', name: 'cbr0', mtu: 1450, mac: MACS.cbr0 },
      port('va', hairpin),
      port('vb', hairpin),
      {
        kind: 'vxlan',
        name: 'flannel.1',
        mtu: 1450,
        mac: MACS.flannel,
        vni: 1,
        local: ip('192.168.64.11'),
        uplink: 'eth0',
        port: 8472,
        learning: false,
      },
    ],
    addresses: [
      address('eth0', '192.168.64.11/24'),
      address('eth0', 'fd00:64::11/64'),
      address('cbr0', '10.244.1.1/24'),
      address('cbr0', 'fd00:1::1/64'),
      address('flannel.1', '10.244.1.0/32'),
    ],
    routes: [
      route('0.0.0.0/0', { link: 'eth0', by: '192.168.64.1' }),
      route('::/0', { link: 'eth0', by: 'fd00:64::1' }),
      route('10.244.2.0/24', { link: 'flannel.1', by: '10.244.2.0', onlink: true }),
    ],
    neighbours: [{ ip: ip('10.244.2.0'), link: 'flannel.1', mac: MACS.remote }],
    fdb: [{ mac: MACS.remote, link: 'flannel.1', dst: ip('192.168.64.12') }],
    sysctls: sysctls({
      'net.ipv4.ip_forward': 1,
      'net.ipv6.conf.all.forwarding': 1,
      'net.bridge.bridge-nf-call-iptables': nfCall,
      'net.bridge.bridge-nf-call-ip6tables': nfCall,
      ...options.sysctls,
    }),
  }
  return machine(network(base), {
    ...(rules === undefined ? {} : { rules: { 4: readRuleset(rules, 4) } }),
    ...(listens ? { listenerAt: listens } : {}),
  })
}

/** Who lives around the node. */
export const AROUND = around(
  {
    '10.244.1.2': MACS.a,
    '10.244.1.3': MACS.b,
    'fd00:1::2': MACS.a,
    'fd00:1::3': MACS.b,
    '192.168.64.1': MACS.router,
    'fd00:64::1': MACS.router,
    '192.168.64.12': MACS.lan,
  },
  (_, station) => ({ [formatMac(MACS.a)]: 'va', [formatMac(MACS.b)]: 'vb' })[formatMac(station)],
)

const NAMES = new Map(Object.entries(MACS).map(([name, one]) => [formatMac(one), name]))
export const nameOf = (one: Mac) => NAMES.get(formatMac(one)) ?? formatMac(one)

/** `10.244.1.2 > 10.244.1.3 udp ttl 64` */
export function brief({ src, dst, payload, ttl, fragment }: Packet): string {
  const ports = portsOf(payload)
  const what = isIcmp(payload) ? ` icmp ${payload.type}/${payload.code}` : ''
  const at = (n: number | undefined) => (n === undefined ? '' : `:${n}`)
  const piece = fragment ? ` piece at ${fragment.offset}` : ''
  // The outer source port of VXLAN is a hash.
  const from = ports?.dport === 8472 ? ':*' : at(ports?.sport)
  return `${formatIp(src)}${from} > ${formatIp(dst)}${at(ports?.dport)}${what} ttl ${ttl}${piece}`
}

/** What became of it: what left, what was answered, how it ended. */
export function outcome({ departures, answers, delivered, ended }: Passage): readonly string[] {
  return [
    ...departures.map(({ link, frame }) => {
      const inside =
        frame.body.kind === 'ip' ? `${brief(frame.body.packet)}, ${lengthOf(frame.body.packet)} bytes` : frame.body.kind
      return `out ${link}, ${nameOf(frame.src)} to ${nameOf(frame.dst)}: ${inside}`
    }),
    ...answers.map(({ packet }) => `answer ${brief(packet)}`),
    ...(delivered ? [`delivered: ${brief(delivered.skb.packet)}`] : []),
    ...(ended ? [`${ended.kind}: ${ended.why}`] : []),
  ]
}

/** The stations of the way: devices, hooks that were passed, decisions. */
export function way({ steps }: Passage): string {
  const words = steps.map(wordOf)
  return words.filter((word, i) => word !== words[i - 1]).join(' ')
}

function wordOf(step: Step): string {
  switch (step.component) {
    case 'link':
      return `${step.action === 'receive' ? '<' : '>'}${step.link}`
    case 'netfilter':
      return step.hook.toUpperCase()
    case 'skipped':
      return `(no ${step.what})`
    case 'route':
    case 'bridge':
    case 'ttl':
    case 'vxlan':
    case 'neighbour':
    case 'rp_filter':
    case 'fragment':
    case 'mtu':
    case 'socket':
    case 'source':
      return `${step.component}:${step.action}`
  }
}
