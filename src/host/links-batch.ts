/**
 * `links.batch`: the bridges, veth pairs, VXLAN and dummy devices of a host and their addresses, for
 * `ip -batch`.
 *
 * The file may be loaded again without harm to what hangs on the links, although `ip` can only
 * create a link that is not there and has no word for "unless": `link add` of an existing name ends the
 * batch, and so does `link replace`. What it does have is names that the kernel completes: of
 * `cbr%d` it makes the first free of cbr0, cbr1, …, and never fails.
 *
 *     link add name cbr%d group 28791 type bridge   cbr0; or cbr1, if cbr0 is there
 *     link set dev cbr0 group 0                     cbr0 stays in any case
 *     link delete group 28791                       cbr1 goes
 *
 * So a link whose name ends in 0 is kept by a second load, with its ports and whatever lives behind
 * them. VXLAN devices cannot be made twice under any name; they stay in the group, go with it, and are
 * made anew, and the routes, neighbours and forwarding entries that went with them come back with the
 * files that follow. An empty group cannot be deleted, hence one bridge that is always too many.
 *
 * @module
 */
import { formatInterfaceAddress, formatIp, isIpv4 } from '../base/ip.ts'
import { formatMac, type Mac } from '../base/mac.ts'
import type { BridgeLink, DummyLink, HostNetwork, Link, LinkAddress, VethLink, VxlanLink } from './host.ts'
import { deviceWord, formatBatch } from './word.ts'

/** The group of links that a load takes away: "pw", and in no list of well-known groups. */
const GROUP = 0x7077

const ABOUT = [
  'ip -batch links.batch',
  `Links whose names end in 0 are made once and kept; all others in group ${GROUP} are made anew each time.`,
]

type MadeLink = BridgeLink | VethLink | VxlanLink | DummyLink

/**
 * The text for one host. The uplink and the loopback device, and their addresses, are the machine's
 * own: the file leaves them as they are.
 *
 * The pod's end of each veth pair is left in the host's namespace, down, under the name
 * {@link peerName} gives it, ready for `ip link set NAME netns POD name eth0`.
 *
 * @throws {RangeError} if a device has a name that cannot stand in such a file
 */
export function formatLinksBatch(host: HostNetwork): string {
  const made = host.links.filter(isMade)
  if (made.length === 0) return formatBatch(ABOUT, [])
  // A bridge before its ports, a VXLAN device after both.
  const inOrder = [...made.filter(isBridge), ...made.filter(isVeth), ...made.filter(isDummy)]
  const kept = inOrder.filter(link => isKept(link.name))
  const anew = [...inOrder, ...made.filter(isVxlan)].filter(link => link.kind === 'vxlan' || !isKept(link.name))
  const names = new Set(made.map(link => link.name))
  return formatBatch(ABOUT, [
    ...kept.map(link => addCommand(link, `${deviceWord(link.name).slice(0, -1)}%d`)),
    `link add name spare%d group ${GROUP} type bridge`,
    ...kept.map(link => `link set dev ${link.name} group 0`),
    `link delete group ${GROUP}`,
    ...anew.map(link => addCommand(link, deviceWord(link.name))),
    ...[...kept, ...anew].flatMap(setCommands),
    // What an older load gave it and nobody wants any more goes.
    ...made.filter(isDummy).map(({ name }) => `addr flush dev ${deviceWord(name)}`),
    ...host.addresses.filter(address => names.has(address.link)).map(addressCommand),
  ])
}

/** The name that the pod's end of a pair has until it is moved: `veth1a2b3c40` gives `peer1a2b3c40`. */
export function peerName(veth: string): string {
  return veth.startsWith('veth') ? `peer${veth.slice(4)}` : `peer-${veth}`
}

function isKept(name: string): boolean {
  return name.endsWith('0') && name.length > 1
}

function addCommand(link: MadeLink, name: string): string {
  const start = `link add name ${name} group ${GROUP} mtu ${link.mtu}${macWords(link.mac)}`
  switch (link.kind) {
    case 'bridge':
      return `${start} type bridge`
    case 'dummy':
      return `${start} type dummy`
    case 'veth': {
      const peer = deviceWord(peerName(link.name))
      const pattern = isKept(peer) ? `${peer.slice(0, -1)}%d` : peer
      return `${start} type veth peer name ${pattern} mtu ${link.mtu}${macWords(link.peer.mac)}`
    }
    case 'vxlan':
      return [
        `${start} type vxlan id ${link.vni} local ${formatIp(link.local)} dev ${deviceWord(link.uplink)}`,
        `dstport ${link.port} ${link.learning ? 'learning' : 'nolearning'}${link.gbp ? ' gbp' : ''}`,
      ].join(' ')
  }
}

function setCommands(link: MadeLink): string[] {
  const start = `link set dev ${link.name} mtu ${link.mtu}${macWords(link.mac)}`
  const state = link.down ? 'down' : 'up'
  if (link.kind !== 'veth') return [`${start} ${state}`]
  return [
    `${start} master ${deviceWord(link.master)} ${state}`,
    `link set dev ${link.name} type bridge_slave hairpin ${link.hairpin ? 'on' : 'off'}`,
  ]
}

function macWords(mac: Mac | undefined): string {
  return mac === undefined ? '' : ` address ${formatMac(mac)}`
}

/** An IPv6 address is used at once: nobody else has it, and a wait would leave it unusable for a second. */
function addressCommand({ link, own }: LinkAddress): string {
  return `addr replace ${formatInterfaceAddress(own)} dev ${link}${isIpv4(own.address) ? '' : ' nodad'}`
}

function isMade(link: Link): link is MadeLink {
  return link.kind === 'bridge' || link.kind === 'veth' || link.kind === 'vxlan' || link.kind === 'dummy'
}

function isBridge(link: MadeLink): link is BridgeLink {
  return link.kind === 'bridge'
}

function isVeth(link: MadeLink): link is VethLink {
  return link.kind === 'veth'
}

function isDummy(link: MadeLink): link is DummyLink {
  return link.kind === 'dummy'
}

function isVxlan(link: MadeLink): link is VxlanLink {
  return link.kind === 'vxlan'
}
