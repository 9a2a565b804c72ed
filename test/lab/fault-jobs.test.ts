/**
 * That the stock tools break in a namespace what a fault breaks in the model: a node's files are loaded, the jobs
 * are run, and what `collect-node-state` then sees is the model's broken network.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { familyOf, formatInterfaceAddress, formatIp, formatPrefix } from '../../src/base/ip.ts'
import { formatMac } from '../../src/base/mac.ts'
import { readStateFolder } from '../../src/cli/state-folder.ts'
import { hostFiles } from '../../src/cluster/files.ts'
import { commonGround, DEFAULT_FEATURES, type HostState, hostState } from '../../src/cluster/host-state.ts'
import type { HostNetwork, Link, VethLink } from '../../src/host/host.ts'
import { peerName } from '../../src/host/links-batch.ts'
import { faultJobs } from '../../src/lab/fault-jobs.ts'
import { possibleFaults } from '../../src/lab/possible-faults.ts'
import { randomCluster, settleRandom } from '../../src/lab/random-cluster.ts'
import { createMachine } from '../../src/node/machine.ts'
import { breakNetwork } from '../../src/trace/broken-network.ts'
import { formatFault, parseFault } from '../../src/trace/fault.ts'
import { inNamespaces, type Namespace, type Need } from '../kernel/netns.ts'

t.setTimeout(900_000)

const NEEDS: readonly Need[] = ['bridge', 'bridge device', 'br_netfilter', 'sysctl', 'veth', 'vxlan']

/** The far end of the uplink's wire. */
const WIRE = 'wire0'

/** What a fault may change, as lines; nothing that the kernel draws at random or learns from packets. */
function account(network: HostNetwork): readonly string[] {
  const drawn = (link: string) => link === 'eth0' || link === WIRE
  const isOwn = (text: string) => text.startsWith('fe80:')
  return [
    ...network.links
      .filter(({ name }) => name !== WIRE)
      .map(({ name, kind, mtu, down = false, ...more }) => {
        const hairpin = 'hairpin' in more ? ` hairpin ${more.hairpin}` : ''
        return `link ${name} ${kind === 'veth' ? 'port' : kind} mtu ${mtu}${down ? ' down' : ''}${hairpin}`
      }),
    ...network.addresses
      .filter(({ link, own }) => !drawn(link) || !isOwn(formatIp(own.address)))
      .map(({ link, own }) => `address ${formatInterfaceAddress(own)} ${link}`),
    ...network.routes
      .filter(({ link, to }) => link !== WIRE && !(drawn(link) && isOwn(formatIp(to.base))))
      .filter(({ type, to }) => !(type === 'local' && isOwn(formatIp(to.base))))
      .map(({ to, via, link, table = 'main', type = 'unicast' }) => {
        return `route ${type} ${formatPrefix(to)} ${via === undefined ? '' : `via ${formatIp(via)} `}${link} ${table}`
      }),
    ...network.neighbours
      .filter(({ learned }) => !learned)
      .map(({ ip, link, mac }) => `neighbour ${formatIp(ip)} ${link} ${formatMac(mac)}`),
    ...network.fdb.map(({ mac, link, dst }) => `entry ${formatMac(mac)} ${link} ${formatIp(dst)}`),
  ].sort()
}

/** What the settings mean to each device and to the machine. */
function settingsOf(network: HostNetwork) {
  const listenerAt = () => ({ listens: 'no', what: 'nobody' }) as const
  const { devices, settings } = createMachine({ name: 'n', kind: 'node', network, listenerAt })
  const known = [...devices.values()].filter(({ name }) => name !== WIRE)
  return { ...settings, devices: Object.fromEntries(known.map(device => [device.name, device.settings])) }
}

async function load(node: Namespace, pods: Namespace, state: HostState): Promise<void> {
  const { links, addresses, routes } = state.network
  const eth0 = links.find(({ name }) => name === 'eth0')
  // As machines are set up in which nothing is to be waited for.
  const base = ['net.ipv6.conf.default.accept_dad=0', 'net.ipv6.conf.all.accept_dad=0', 'net.ipv4.conf.all.rp_filter=0']
  await node.run('sysctl', ['-q', '-w', ...base, 'net.ipv4.conf.default.rp_filter=0'])
  await node.run('ip', ['link', 'add', 'name', 'eth0', 'type', 'veth', 'peer', 'name', WIRE])
  for (const name of ['lo', 'eth0', WIRE]) {
    await node.run('ip', ['link', 'set', 'dev', name, ...(name === 'lo' ? [] : ['mtu', `${eth0?.mtu}`]), 'up'])
  }
  for (const { own } of addresses.filter(({ link }) => link === 'eth0'))
    await node.run('ip', ['addr', 'add', formatInterfaceAddress(own), 'dev', 'eth0', 'nodad'])
  for (const { to, via } of routes.filter(({ proto }) => proto === 'static')) {
    const way = ['default', 'via', via === undefined ? '' : formatIp(via), 'proto', 'static']
    await node.run('ip', [`-${to.family}`, 'route', 'add', ...way])
  }
  const files = hostFiles(state, 'restore')
  await node.run('sysctl', ['-q', '-p', '-'], files.get('sysctl.conf'))
  for (const tool of ['links', 'neigh', 'routes']) await node.run('ip', ['-batch', '-'], files.get(`${tool}.batch`))
  await node.run('bridge', ['-batch', '-'], files.get('fdb.batch'))
  for (const { name } of links.filter(isVeth)) {
    await node.run('ip', ['link', 'set', 'dev', peerName(name), 'netns', pods.name])
    await pods.run('ip', ['link', 'set', 'dev', peerName(name), 'up'])
  }
}

function isVeth(link: Link): link is VethLink {
  return link.kind === 'veth'
}

async function check(t: Test, state: HostState, text: string, home: string): Promise<void> {
  const fault = parseFault(text)
  const broken = breakNetwork(state.network, fault)
  await inNamespaces(t, NEEDS, 2, async ([node, pods]) => {
    if (!node || !pods) return
    await load(node, pods, state)
    for (const { tool, args } of faultJobs(fault, state.network, node.name)) await node.run(tool, args)
    await node.run('sh', ['scripts/collect-node-state', join(home, 'looked', state.node)])
    const [looked] = await readStateFolder(join(home, 'looked'))
    const said = await lookOf({ ...state, network: broken }, home)
    if (!looked) throw new Error('it is read')
    t.strictSame(account(looked.network), account(said), 'the network')
    t.strictSame(settingsOf(looked.network), settingsOf(broken), 'the settings')
  })
}

/** What a look at the node would show, read as such a look is. */
async function lookOf(state: HostState, home: string): Promise<HostNetwork> {
  const folder = join(home, 'said', state.node)
  mkdirSync(folder, { recursive: true })
  for (const [path, text] of hostFiles(state, 'save')) if (!path.includes('/')) writeFileSync(join(folder, path), text)
  const [said] = await readStateFolder(join(home, 'said'))
  if (!said) throw new Error('it is read')
  return said.network
}

/** The first node of the first cluster drawn of which that is true. */
function drawnNode(is: (network: HostNetwork) => boolean): HostState {
  for (let seed = 0; ; seed++) {
    const cluster = settleRandom(randomCluster(seed))
    const [node] = cluster.nodes
    if (!node) continue
    const state = hostState(commonGround(cluster), node, { features: DEFAULT_FEATURES })
    if (state.network.links.some(isVeth) && is(state.network)) return state
  }
}

const speaks = ({ addresses }: HostNetwork) => new Set(addresses.map(({ own }) => familyOf(own.address)))
const tunnels = ({ links }: HostNetwork) => links.filter(({ kind }) => kind === 'vxlan').length

const NODES: readonly (readonly [says: string, state: HostState])[] = [
  ['vxlan of two families', drawnNode(network => tunnels(network) === 2)],
  ['host-gw of IPv4', drawnNode(network => tunnels(network) === 0 && !speaks(network).has(6))],
  ['vxlan of IPv6', drawnNode(network => tunnels(network) === 1 && !speaks(network).has(4))],
]

for (const [says, state] of NODES) {
  for (const faults of Object.values(possibleFaults(state.node, state.network))) {
    // Of faults of a kind that differ by their object alone, a few.
    for (const fault of faults.filter((_, i) => i < 2 || i >= faults.length - 3)) {
      t.test(`${says}: ${formatFault(fault)}`, async t => {
        const home = mkdtempSync(join(tmpdir(), 'podwire-fault-'))
        t.teardown(() => rmSync(home, { recursive: true }))
        await check(t, state, formatFault(fault), home)
      })
    }
  }
}
