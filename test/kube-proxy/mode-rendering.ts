/** The same objects in all three modes on node-1, in IPv4, as text that rows of tests can ask. */
import { parseIp, parsePrefix } from '../../src/base/ip.ts'
import { TCP } from '../../src/base/protocol.ts'
import { createProxy, syncFull as syncIptables } from '../../src/kube-proxy/iptables/proxy.ts'
import { createIpvsProxy, syncFull as syncIpvs } from '../../src/kube-proxy/ipvs/proxy.ts'
import { type Contrast, contrastsOf, DIFFERENCES, instancesOf } from '../../src/kube-proxy/modes/comparison.ts'
import { type NodeView, nodeViewOf } from '../../src/kube-proxy/modes/view.ts'
import { createNftProxy, syncFull as syncNftables } from '../../src/kube-proxy/nftables/proxy.ts'
import { createServiceMap, type ServiceMap, setService, setSlice } from '../../src/kube-proxy/service-map.ts'
import type { ProxyMode, ProxyOptions } from '../../src/kube-proxy/settings.ts'
import { formatSave } from '../../src/netfilter/format.ts'
import { formatSetsSave } from '../../src/netfilter/ipset-text.ts'
import { formatIpvsSave } from '../../src/netfilter/ipvs/ipvsadm-text.ts'
import { formatNftTable } from '../../src/netfilter/nftables/format.ts'
import type { EndpointSlice } from '../../src/objects/endpoint-slice.ts'
import type { Service } from '../../src/objects/service.ts'
import type { Answer, Arrival, Sender } from './contract-arrival.ts'
import { iptablesAnswer } from './contract-iptables.ts'
import { ipvsAnswer } from './contract-ipvs.ts'
import { nftablesAnswer } from './contract-nftables.ts'
import { configuration, host } from './objects.ts'

export const SENDERS = {
  pod: { name: 'pod', ip: parseIp('10.244.1.250'), device: 'cbr0' },
  node: { name: 'node', ip: parseIp('192.168.64.11') },
  outside: { name: 'outside', ip: parseIp('198.51.100.252'), device: 'eth0' },
} as const satisfies Readonly<Record<string, Sender>>

export interface Rendered {
  /** As `iptables-save` prints them. */
  readonly iptables: readonly string[]
  /** As `nft list` prints them, without tabs. */
  readonly nftables: readonly string[]
  readonly ipvs: {
    readonly rules: readonly string[]
    readonly servers: readonly string[]
    readonly sets: readonly string[]
    readonly sysctls: readonly string[]
  }
  /** The lines of one of nftables' chains, sets or maps. */
  readonly nft: (name: string) => readonly string[]
  /** The endpoints that a mode gives to a new TCP connection. */
  readonly gives: (mode: ProxyMode, from: Sender, to: string, port: number) => readonly string[]
  readonly view: NodeView
  /** Whether the table says that it applies, between any of the modes. */
  readonly applies: (code: string) => boolean
  /** What the table says that the mode does. */
  readonly does: (code: string, mode: ProxyMode) => string
}

export function rendered(objects: readonly (Service | EndpointSlice)[], more: Partial<ProxyOptions> = {}): Rendered {
  const options: ProxyOptions = { config: configuration(), host: host(), ...more }
  const told = <P extends ServiceMap>(map: P): P => {
    for (const object of objects) object.kind === 'Service' ? setService(map, object) : setSlice(map, object)
    return map
  }
  const ruleset = syncIptables(told(createProxy(options)), 4)
  const table = syncNftables(told(createNftProxy(options)), 4)
  const state = syncIpvs(told(createIpvsProxy(options)), 4)
  const nftables = formatNftTable(table)
    .split('\n')
    .map(line => line.trim())
  const answers: Readonly<Record<ProxyMode, Answer>> = {
    iptables: iptablesAnswer(ruleset),
    nftables: nftablesAnswer(table),
    ipvs: ipvsAnswer(state),
  }
  const view = nodeViewOf(options, 4)
  const applied = new Set<string>()
  for (const pair of [
    ['iptables', 'ipvs'],
    ['iptables', 'nftables'],
    ['ipvs', 'nftables'],
  ] as const) {
    const contrasts: readonly Contrast[] = contrastsOf(view, pair)
    for (const { difference } of contrasts) if (difference.about === 'node') applied.add(difference.code)
    for (const { contrast } of instancesOf(view, told(createServiceMap()), contrasts))
      applied.add(contrast.difference.code)
  }
  return {
    iptables: formatSave(ruleset).split('\n'),
    nftables,
    ipvs: {
      rules: formatSave(state.rules).split('\n'),
      servers: formatIpvsSave(state.servers).split('\n'),
      sets: formatSetsSave(state.sets).split('\n'),
      sysctls: state.sysctls.map(({ key, value }) => `${key}=${value}`),
    },
    nft: name => {
      const start = nftables.findIndex(line => new RegExp(`^(?:chain|set|map) ${name} \\{$`).test(line))
      return start < 0 ? [] : nftables.slice(start + 1, nftables.indexOf('}', start))
    },
    gives: (mode, from, to, port) => {
      const arrival: Arrival = { from, protocol: TCP, to: parseIp(to), port, own: view.ownIps }
      return answers[mode](arrival)
    },
    view,
    applies: code => applied.has(code),
    does: (code, mode) => DIFFERENCES.find(one => one.code === code)?.does(view)[mode] ?? '',
  }
}

export const SERVICE_CIDRS = [parsePrefix('10.96.0.0/16')]
