/**
 * What real flannel made of the same configuration on three nodes.
 *
 * Left out, because the kernel makes them: routes with `proto kernel`, link-local addresses, and the machine's own
 * default routes.
 */
import { existsSync } from 'node:fs'
import t, { type Test } from 'tap'
import { type Family, familyOf, formatInterfaceAddress, formatIp, formatPrefix } from '../../src/base/ip.ts'
import { formatMac } from '../../src/base/mac.ts'
import type { HostPart, Link } from '../../src/host/host.ts'
import { formatSave } from '../../src/netfilter/format.ts'
import { formatNftRuleset } from '../../src/netfilter/nftables/format.ts'
import { overlayPart, podMtu } from '../../src/overlay/devices.ts'
import { annotationsOf, type Lease, leaseNodes, NETWORK_AVAILABLE } from '../../src/overlay/leases.ts'
import { type FlannelNetwork, readFlannelNetwork } from '../../src/overlay/network.ts'
import { flannelTable } from '../../src/overlay/nft-rules.ts'
import { flannelRules } from '../../src/overlay/rules.ts'
import { formatSubnetEnv } from '../../src/overlay/subnet-env.ts'
import { canonIptables, canonNft } from '../canon.ts'
import { type FlannelCase, readCases } from './flannel-case.ts'

const SHARED = '../shared/oracle/flannel'

for (const one of readCases('test/fixtures/flannel')) t.test(one.name, t => compare(t, one))

if (existsSync(SHARED)) {
  for (const one of readCases(SHARED)) t.test(`${SHARED} ${one.name}`, t => compare(t, one))
} else {
  t.test(SHARED, { skip: 'the larger collection is not on this machine' }, async () => undefined)
}

async function compare(t: Test, one: FlannelCase): Promise<void> {
  const network = readFlannelNetwork(one.netConf)
  const { leases, refusals } = leaseNodes(network, one.nodes, 1)
  t.same(refusals, [], 'every node is leased')
  for (const lease of leases) {
    await t.test(lease.node, async t => {
      compareObjects(t, one, network, lease, leases)
      compareWritten(t, one, network, lease)
      compareRules(t, one, network, lease)
    })
  }
}

function compareObjects(t: Test, one: FlannelCase, network: FlannelNetwork, own: Lease, leases: readonly Lease[]) {
  const uplink = one.uplinkOf(own.node)
  const part = overlayPart(network, own, uplink, leases)
  t.same(printLinks(part), dumpedLinks(one.file(own.node, 'links.txt')), 'devices')
  t.same(printAddresses(part), dumpedAddresses(one.file(own.node, 'addr.txt')), 'addresses')
  t.same(printRoutes(part), dumpedRoutes(one, own.node), 'routes')
  t.same(printNeighbours(part), linesOf(one.file(own.node, 'neigh.txt')), 'neighbours')
  t.same(printFdb(part, 4), linesOf(one.file(own.node, 'fdb.txt')), 'forwarding entries')
  t.same(printFdb(part, 6), linesOf(one.file(own.node, 'fdb-v6.txt')), 'forwarding entries of IPv6')
  const mtu = podMtu(network.backend, uplink.link.mtu)
  t.equal(formatSubnetEnv(network, own, mtu, true), one.file(own.node, 'subnet.env'), 'subnet.env')
}

function compareWritten(t: Test, one: FlannelCase, network: FlannelNetwork, own: Lease) {
  const written = one.written.get(own.node)
  const flannels = Object.entries(written?.annotations ?? {}).filter(
    ([key]) => key.startsWith('flannel.') && !key.endsWith('-overwrite'),
  )
  t.same(annotationsOf(network, own), Object.fromEntries(flannels), 'annotations')
  t.same(written?.conditions, [NETWORK_AVAILABLE], 'the condition')
}

function compareRules(t: Test, one: FlannelCase, network: FlannelNetwork, own: Lease) {
  if (network.nftables) {
    const tables = [flannelTable(network, own, 4), flannelTable(network, own, 6)]
    t.same(canonNft(formatNftRuleset({ tables })), canonNft(one.file(own.node, 'nft.txt')), 'nft list ruleset')
    for (const file of ['iptables-save.txt', 'ip6tables-save.txt']) t.notMatch(one.file(own.node, file), /^-A/m, file)
    return
  }
  const rules = (family: Family) => canonIptables(formatSave(flannelRules(network, own, family)))
  t.same(rules(4), canonIptables(one.file(own.node, 'iptables-save.txt')), 'iptables-save')
  t.same(rules(6), canonIptables(one.file(own.node, 'ip6tables-save.txt')), 'ip6tables-save')
}

function linesOf(text: string): string[] {
  const lines = text.split('\n').map(line => line.trim())
  return lines.filter(Boolean).sort()
}

function printLinks({ links = [] }: HostPart): string[] {
  return links.map(printLink).sort()
}

function printLink(link: Link): string {
  if (link.kind !== 'vxlan' || link.mac === undefined) throw new Error(`flannel makes no ${link.kind} ${link.name}`)
  const { name, mtu, mac, vni, local, uplink, port, learning, gbp } = link
  const ends = `${learning ? 'learning' : 'nolearning'}${gbp ? ' gbp' : ''}`
  return `${name} mtu ${mtu} ${formatMac(mac)} id ${vni} local ${formatIp(local)} dev ${uplink} dstport ${port} ${ends}`
}

/** `ip -d -o link`, without what is not ours to choose. */
function dumpedLinks(text: string): string[] {
  return linesOf(text)
    .map(line => {
      const word = (before: string) => new RegExp(` ${before} (\\S+)`).exec(line)?.[1]
      const name = /^\d+: ([^:]+):/.exec(line)?.[1]
      const words = line.split(' ')
      const ends = `${words.includes('nolearning') ? 'nolearning' : 'learning'}${words.includes('gbp') ? ' gbp' : ''}`
      const inner = `id ${word('vxlan id')} local ${word('local')} dev ${word('dev')} dstport ${word('dstport')} ${ends}`
      return `${name} mtu ${word('mtu')} ${word('link/ether')} ${inner}`
    })
    .sort()
}

function printAddresses({ addresses = [] }: HostPart): string[] {
  return addresses.map(({ link, own }) => `${link} ${formatInterfaceAddress(own)}`).sort()
}

function dumpedAddresses(text: string): string[] {
  const lines = text.matchAll(/^\d+: (flannel\S+) +inet6? (\S+) scope global/gm)
  return [...lines].map(([, link, own]) => `${link} ${own}`).sort()
}

function printRoutes({ routes = [] }: HostPart): string[] {
  return routes
    .map(({ to, via, link, onlink }) => {
      const gateway = via === undefined ? '' : ` via ${formatIp(via)}`
      return `${formatPrefix(to)}${gateway} dev ${link}${onlink ? ' onlink' : ''}`
    })
    .sort()
}

/** The kernel gives IPv6 routes a metric and shows a preference. */
function dumpedRoutes(one: FlannelCase, node: string): string[] {
  const all = new Set([...linesOf(one.file(node, 'route.txt')), ...linesOf(one.file(node, 'route6.txt'))])
  return [...all]
    .filter(line => !line.startsWith('default ') && !line.includes(' proto kernel '))
    .map(line => line.replace(' metric 1024', '').replace(' pref medium', ''))
    .sort()
}

function printNeighbours({ neighbours = [] }: HostPart): string[] {
  return neighbours.map(({ ip, link, mac }) => `${formatIp(ip)} dev ${link} lladdr ${formatMac(mac)} PERMANENT`).sort()
}

function printFdb({ fdb = [] }: HostPart, family: Family): string[] {
  return fdb
    .filter(({ dst }) => familyOf(dst) === family)
    .map(({ mac, dst }) => `${formatMac(mac)} dst ${formatIp(dst)} self permanent`)
    .sort()
}
