/**
 * What is wrong with a node: changes to its network that nobody's objects ask for, to see what
 * becomes of packets then.
 *
 * Written as the tools say it: `node-1 fdb del 192.168.64.12`.
 *
 * @module
 */
import { ParseError } from '../base/error.ts'
import { formatIp, formatPrefix, type Ip, type Prefix, parseIp, parsePrefix } from '../base/ip.ts'

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

/** The words that {@link parseFault} reads. */
export function formatFault(fault: Fault): string {
  switch (fault.do) {
    case 'set sysctl':
      return `${fault.node} sysctl ${fault.key}=${fault.value}`
    case 'delete fdb':
      return `${fault.node} fdb del ${formatIp(fault.ip)}`
    case 'delete neighbour':
      return `${fault.node} neigh del ${formatIp(fault.ip)}`
    case 'delete route':
      return `${fault.node} route del ${formatPrefix(fault.to)}`
    case 'set link': {
      const { mtu, hairpin } = fault
      const change =
        mtu !== undefined ? `mtu ${mtu}` : hairpin === undefined ? 'down' : `hairpin ${hairpin ? 'on' : 'off'}`
      return `${fault.node} link set ${fault.link} ${change}`
    }
  }
}
