/**
 * Virtual servers as text: what `ipvsadm -Sn` prints and `ipvsadm -R` takes.
 *
 * @see ipvsadm.c of ipvsadm 1.31: print_service_entry, print_tunnel_rule, print_sched_flags
 * @module
 */
import type { Seconds } from '../../base/clock.ts'
import { formatIp, type Ip, isIpv4 } from '../../base/ip.ts'
import type { Form } from '../option.ts'
import {
  type Forwarding,
  formatRealAddress,
  formatVirtualAddress,
  listedReals,
  listedServers,
  type RealServer,
  type Tunnel,
  type TunnelChecksum,
  type VirtualServer,
} from './virtual-server.ts'

/** How long the kernel remembers connections that rest; 0 leaves it as it is. */
export interface IpvsTimeouts {
  readonly tcp: Seconds
  /** TCP connections of which one side has ended its part. */
  readonly tcpFin: Seconds
  readonly udp: Seconds
}

export interface RestoreOptions {
  /** There may be virtual servers of others, which must stay. */
  readonly shared?: boolean
  readonly timeouts?: IpvsTimeouts
}

/** What `ipvsadm -Sn` prints, in its order. */
export function formatIpvsSave(servers: readonly VirtualServer[]): string {
  let text = ''
  const realsOf = sharedTexts(reals => listedReals(reals).map(real => formatReal(real, 'save')))
  for (const server of listedServers(servers)) {
    const at = formatVirtualAddress(server.at, 'save')
    text += `-A ${at}${formatProperties(server)}\n`
    for (const own of realsOf(server)) text += `-a ${at}${own}\n`
  }
  return text
}

/**
 * Input for `ipvsadm -R`. Loaded twice, it gives the same table as loaded once.
 *
 * It empties the table first. In a table that is shared with others it does not: then every server is added and set, of
 * which a second load's additions are refused with a message and change nothing, and servers of an older table that are
 * in no file stay. No remark stands in the text: `ipvsadm` would take it for a command.
 */
export function formatIpvsRestore(servers: readonly VirtualServer[], options: RestoreOptions = {}): string {
  const { shared = false, timeouts } = options
  let text = shared ? '' : '-C\n'
  if (timeouts) text += `--set ${timeouts.tcp} ${timeouts.tcpFin} ${timeouts.udp}\n`
  const realsOf = sharedTexts(reals => reals.map(real => formatReal(real, 'restore')))
  for (const server of servers) {
    const at = formatVirtualAddress(server.at)
    const properties = formatProperties(server)
    text += `-A ${at}${properties}\n`
    if (shared) text += `-E ${at}${properties}\n`
    for (const own of realsOf(server)) {
      text += `-a ${at}${own}\n`
      if (shared) text += `-e ${at}${own}\n`
    }
  }
  return text
}

type Reals = VirtualServer['reals']

/** Virtual servers of one service port hold the very same list: its texts are made once. */
function sharedTexts(make: (reals: Reals) => readonly string[]): (server: VirtualServer) => readonly string[] {
  const made = new WeakMap<Reals, readonly string[]>()
  return ({ reals }) => {
    const texts = made.get(reals) ?? make(reals)
    made.set(reals, texts)
    return texts
  }
}

/** What stands behind the address of a virtual server: ` -s rr -p 10800`. */
export function formatProperties(server: VirtualServer): string {
  const { scheduler, persistence, engine, onePacket, flags, unknown } = server
  let text = ` -s ${scheduler}`
  if (persistence)
    text += ` -p ${persistence.timeout}${persistence.mask === undefined ? '' : formatMask(persistence.mask)}`
  if (engine !== undefined) text += ` --pe ${engine}`
  if (onePacket) text += ' -o'
  if (flags) text += ` -b ${flags.join(',')}`
  return unknown === undefined ? text : `${text} ${unknown}`
}

/** An IPv6 mask is given as its length. */
function formatMask(mask: Ip): string {
  if (isIpv4(mask)) return ` -M ${formatIp(mask)}`
  let bits = 0
  for (const word of [mask.w0, mask.w1, mask.w2, mask.w3]) bits += Math.clz32(~word)
  return ` -M ${bits}`
}

const FORWARDING: Readonly<Record<Forwarding, string>> = { masquerade: '-m', tunnel: '-i', route: '-g' }

/** What stands behind the address of its virtual server: ` -r 10.244.1.2:8080 -m -w 1`. */
export function formatReal(real: RealServer, form: Form): string {
  let text = ` -r ${formatRealAddress(real)} ${FORWARDING[real.forwarding]} -w ${real.weight}`
  if (real.tunnel) text += formatTunnel(real.tunnel)
  else if (form === 'save' && real.forwarding === 'tunnel') text += formatTunnel({ type: 'ipip' })
  if (form === 'restore' && real.upper !== undefined) text += ` -x ${real.upper}`
  if (form === 'restore' && real.lower !== undefined) text += ` -y ${real.lower}`
  return real.unknown === undefined ? text : `${text} ${real.unknown}`
}

const CHECKSUM: Readonly<Record<TunnelChecksum, string>> = {
  none: '--tun-nocsum',
  full: '--tun-csum',
  remote: '--tun-remcsum',
}

function formatTunnel(tunnel: Tunnel): string {
  if (tunnel.type === 'ipip') return ' --tun-type ipip'
  const port = tunnel.type === 'gue' ? ` --tun-port ${tunnel.port}` : ''
  return ` --tun-type ${tunnel.type}${port} ${CHECKSUM[tunnel.checksum]}`
}
