/**
 * What `render --form save` says that a look at a node would show, against a look at one: its files are loaded
 * into a namespace, its pods get namespaces of their own and speak, and `collect-node-state` looks.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { formatInterfaceAddress, formatIp, formatPrefix } from '../../src/base/ip.ts'
import { formatMac } from '../../src/base/mac.ts'
import { readStateFolder } from '../../src/cli/state-folder.ts'
import type { HostNetwork } from '../../src/host/host.ts'
import { podwire } from '../cli/capture.ts'
import { inNamespaces, type Namespace, type Need } from '../kernel/netns.ts'

const NEEDS: readonly Need[] = [
  'bridge',
  'bridge device',
  'br_netfilter',
  'iptables-nft-restore',
  'ip6tables-nft-restore',
  'sysctl',
  'veth',
  'vxlan',
]

/** The far end of the uplink's wire, and the addresses that come of MACs that the machine drew. */
const WIRE = 'wire0'

/** A network as lines, so that what differs can be read; of what a kernel draws at random nothing is left. */
function account(network: HostNetwork): readonly string[] {
  const drawn = new Set(['eth0', WIRE])
  const own = new Set(network.addresses.filter(({ link }) => drawn.has(link)).map(({ own }) => formatIp(own.address)))
  const isDrawn = (text: string) => text.startsWith('fe80:') && own.has(text)
  const lines = [
    ...network.links
      .filter(({ name }) => name !== WIRE)
      .map(({ mac, ...link }) => {
        const seen = mac && !drawn.has(link.name) ? ` ${formatMac(mac)}` : ''
        const local = 'local' in link ? formatIp(link.local) : ''
        return `link ${JSON.stringify({ ...link, local })}${seen}`
      }),
    ...network.addresses
      .filter(({ own: { address } }) => !isDrawn(formatIp(address)))
      .map(
        ({ link, own: address, ...more }) =>
          `address ${formatInterfaceAddress(address)} ${link} ${JSON.stringify(more)}`,
      ),
    ...network.routes
      .filter(
        ({ to, link }) =>
          link !== WIRE && !isDrawn(formatIp(to.base)) && !(drawn.has(link) && formatIp(to.base) === 'fe80::'),
      )
      .map(({ to, via, src, ...more }) =>
        [
          `route ${formatPrefix(to)}`,
          via ? formatIp(via) : '-',
          src ? formatIp(src) : '-',
          JSON.stringify(Object.entries(more).sort()),
        ].join(' '),
      ),
    ...network.neighbours
      .filter(({ ip }) => !formatIp(ip).startsWith('fe80:'))
      .map(
        ({ ip, link, mac, learned }) =>
          `neighbour ${formatIp(ip)} ${link} ${formatMac(mac)}${learned ? ' learned' : ''}`,
      ),
    ...network.fdb.map(({ mac, link, dst }) => `entry ${formatMac(mac)} ${link} ${formatIp(dst)}`),
    ...(network.bridgeEntries ?? []).map(({ mac, bridge, port }) => `station ${formatMac(mac)} ${bridge} ${port}`),
    ...(network.routingRules ?? []).map(rule => `rule ${JSON.stringify(rule)}`),
  ]
  return [...new Set(lines)].sort()
}

interface Peer {
  readonly veth: string
  readonly peer: string
  readonly addresses: readonly string[]
}

/** The pods of a node, as its README lists them. */
function peersOf(folder: string): readonly Peer[] {
  const rows = readFileSync(join(folder, 'README.md'), 'utf8').matchAll(
    /^\| \S+ \| `(veth\w+)` \| `(\w+)` \| (.+) \|$/gm,
  )
  return [...rows].map(([, veth = '', peer = '', addresses = '']) => ({ veth, peer, addresses: addresses.split(', ') }))
}

async function plugIn(ns: Namespace, addresses: readonly string[]): Promise<void> {
  await ns.run('ip', ['link', 'add', 'name', 'eth0', 'type', 'veth', 'peer', 'name', WIRE])
  for (const name of ['lo', 'eth0', WIRE]) await ns.run('ip', ['link', 'set', 'dev', name, 'up'])
  for (const address of addresses) {
    await ns.run('ip', ['addr', 'add', address, 'dev', 'eth0', ...(address.includes(':') ? ['nodad'] : [])])
    const network = address.replace(/\d+\/\d+$/, '1')
    await ns.run('ip', ['route', 'add', 'default', 'via', network, 'proto', 'static'])
  }
}

/** As README.md says; here all pods share one namespace, each with a table of its own for what it sends. */
async function movePod(
  node: Namespace,
  pod: Namespace,
  { peer, addresses }: Peer,
  gateways: readonly string[],
): Promise<void> {
  await node.run('ip', ['link', 'set', 'dev', peer, 'netns', pod.name])
  await pod.run('ip', ['link', 'set', 'dev', peer, 'up'])
  for (const address of addresses) await pod.run('ip', ['addr', 'add', address, 'dev', peer, 'nodad'])
  for (const gateway of gateways) {
    await pod.run('bash', ['-c', `echo > /dev/udp/${gateway}/9`])
  }
  await pod.run('ip', ['addr', 'flush', 'dev', peer])
}

interface Node {
  readonly scenario: string
  readonly overlay: string
  readonly name: string
  readonly addresses: readonly string[]
  /** Of the pods. */
  readonly gateways: readonly string[]
}

async function check(t: Test, { scenario, overlay, name: node, addresses, gateways }: Node): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'podwire-look-'))
  t.teardown(() => rmSync(home, { recursive: true }))
  const manifests = join('scenarios', scenario, 'manifests')
  for (const form of ['restore', 'save']) {
    const args = ['-f', manifests, '--overlay', overlay, '--form', form, '--out', join(home, form)]
    const { code, err } = await podwire(['render', ...args])
    t.equal(code, 0, err)
  }
  await inNamespaces(t, NEEDS, 2, async ([machine, pods]) => {
    if (!machine || !pods) return
    const folder = join(home, 'restore', node)
    // A machine that has been up for some seconds has made sure that nobody else has its addresses.
    await machine.run('sysctl', ['-q', '-w', 'net.ipv6.conf.default.accept_dad=0', 'net.ipv6.conf.all.accept_dad=0'])
    await plugIn(machine, addresses)
    await machine.run('sysctl', ['-p', join(folder, 'sysctl.conf')])
    for (const batch of ['links', 'neigh', 'routes'])
      await machine.run('ip', ['-batch', join(folder, `${batch}.batch`)])
    await machine.run('bridge', ['-batch', join(folder, 'fdb.batch')])
    for (const peer of peersOf(folder)) await movePod(machine, pods, peer, gateways)
    for (const tool of ['iptables', 'ip6tables']) {
      const text = readFileSync(join(folder, `${tool}.restore`), 'utf8')
      await machine.run(`${tool}-nft-restore`, ['--noflush'], text)
    }
    await machine.run('sh', ['scripts/collect-node-state', join(home, 'looked', node)])
    const [looked] = await readStateFolder(join(home, 'looked'))
    const [said] = await readStateFolder(join(home, 'save', node))
    if (!looked || !said) throw new Error('both are read')
    t.strictSame(account(said.network), account(looked.network), 'the network')
    t.strictSame(said.rules, looked.rules, 'the rules')
    t.strictSame(said.notes, [], 'nothing is left open in what was said')
    t.strictSame(looked.notes, [], 'nor in what was seen')
  })
}

for (const overlay of ['vxlan', 'host-gw', 'none']) {
  const guestbook = { scenario: 'guestbook', name: 'node-2', addresses: ['192.168.64.12/24'], gateways: ['10.244.1.1'] }
  t.test(`a node with overlay ${overlay} is as said`, t => check(t, { ...guestbook, overlay }))
}

t.test('a node of two families is as said', t =>
  check(t, {
    scenario: 'dual-stack',
    overlay: 'vxlan',
    name: 'node-1',
    addresses: ['192.168.64.11/24', 'fd00:64::11/64'],
    gateways: ['10.244.0.1', 'fd00:10:244::1'],
  }),
)
