/**
 * What is wrong with a node: changes to its network that nobody's objects ask for, to see what
 * becomes of packets then.
 *
 * Written as the tools say it: `node-1 fdb del 192.168.64.12`.
 *
 * @module
 */
import { ParseError } from '../base/error.ts'
import { equalIp, formatPrefix, type Ip, type Prefix, parseIp, parsePrefix } from '../base/ip.ts'
import type { HostNetwork, Link } from '../host/host.ts'

export type Fault = { readonly node: string } & (
  | { readonly do: 'set sysctl'; readonly key: string; readonly value: string }
  | { readonly do: 'delete fdb' | 'delete neighbour'; readonly ip: Ip }
  | { readonly do: 'delete route'; readonly to: Prefix }
  | {
      readonly do: 'set link'
      readonly link: string
      readonly mtu?: number
      readonly down?: true
      readonly hairpin?: boolean
    }
)

const FORMS =
  'NODE sysctl KEY=VALUE, NODE fdb del IP, NODE neigh del IP, NODE route del CIDR, NODE link set DEV mtu N|down|hairpin off'

/**
 * Reads one fault. `DEV` may be `pod/NAME` or `pod/NAMESPACE/NAME`: the node's end of that pod's pair.
 *
 * @throws {ParseError}
 */
export function parseFault(text: string): Fault {
  const [node = '', what, ...words] = text.trim().split(/\s+/)
  const [first = '', second = ''] = words
  const fault =
    what === 'sysctl' && words.length === 1
      ? sysctlFault(first)
      : first === 'del' && words.length === 2
        ? deletion(what, second)
        : what === 'link' && first === 'set'
          ? linkFault(words.slice(1))
          : undefined
  if (!fault) throw new ParseError('fault', text, `not of the form ${FORMS}`)
  return { node, ...fault }
}

type Doing = Fault extends infer F ? (F extends Fault ? Omit<F, 'node'> : never) : never

function sysctlFault(setting: string): Doing | undefined {
  const at = setting.indexOf('=')
  return at <= 0 ? undefined : { do: 'set sysctl', key: setting.slice(0, at), value: setting.slice(at + 1) }
}

function deletion(what: string | undefined, which: string): Doing | undefined {
  if (what === 'fdb') return { do: 'delete fdb', ip: parseIp(which) }
  if (what === 'neigh') return { do: 'delete neighbour', ip: parseIp(which) }
  return what === 'route' ? { do: 'delete route', to: parsePrefix(which) } : undefined
}

function linkFault([link, what, value, ...more]: readonly string[]): Doing | undefined {
  if (link === undefined || more.length > 0) return undefined
  const set = { do: 'set link', link } as const
  if (what === 'down' && value === undefined) return { ...set, down: true }
  if (what === 'mtu' && value !== undefined && /^\d{2,5}$/.test(value)) return { ...set, mtu: Number(value) }
  return what === 'hairpin' && (value === 'on' || value === 'off') ? { ...set, hairpin: value === 'on' } : undefined
}

/**
 * The network with the fault in it.
 *
 * @throws {ParseError} when there is nothing to break
 */
export function breakNetwork(network: HostNetwork, fault: Fault): HostNetwork {
  switch (fault.do) {
    case 'set sysctl': {
      const others = network.sysctls.filter(({ key }) => key !== fault.key)
      return { ...network, sysctls: [...others, { key: fault.key, value: fault.value }] }
    }
    case 'delete fdb':
      return { ...network, fdb: without(network.fdb, ({ dst }) => equalIp(dst, fault.ip), fault) }
    case 'delete neighbour':
      return { ...network, neighbours: without(network.neighbours, ({ ip }) => equalIp(ip, fault.ip), fault) }
    case 'delete route': {
      const text = formatPrefix(fault.to)
      return { ...network, routes: without(network.routes, ({ to }) => formatPrefix(to) === text, fault) }
    }
    case 'set link': {
      if (!network.links.some(link => isNamed(link, fault.link))) throw nothing(fault)
      const links = network.links.map(link => (isNamed(link, fault.link) ? changed(link, fault) : link))
      return { ...network, links }
    }
  }
}

function isNamed(link: Link, name: string): boolean {
  if (link.name === name) return true
  if (link.kind !== 'veth' || !name.startsWith('pod/')) return false
  return link.peer.pod === name.slice(4) || link.peer.pod === `default/${name.slice(4)}`
}

function changed(link: Link, { mtu, down, hairpin }: Extract<Fault, { do: 'set link' }>): Link {
  // Only the node's end: what is in the pod stays as it is.
  const whole = link.kind === 'veth' ? { ...link, peer: { mtu: link.mtu, ...link.peer } } : link
  const base = { ...whole, ...(mtu === undefined ? {} : { mtu }), ...(down ? { down } : {}) }
  return hairpin !== undefined && 'hairpin' in base ? { ...base, hairpin } : base
}

function without<T>(all: readonly T[], is: (one: T) => boolean, fault: Fault): readonly T[] {
  const left = all.filter(one => !is(one))
  if (left.length === all.length) throw nothing(fault)
  return left
}

function nothing(fault: Fault): ParseError {
  return new ParseError('fault', fault.do, `${fault.node} has nothing of the kind`)
}
