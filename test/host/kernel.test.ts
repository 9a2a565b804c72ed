/**
 * The kernel's own account of a host, once its files were loaded: once, twice, and with a pod moved away in
 * between.
 */
import t from 'tap'
import { formatIp, formatPrefix, parseIp, parsePrefix } from '../../src/base/ip.ts'
import { formatMac, parseMac } from '../../src/base/mac.ts'
import { formatFdbBatch, formatNeighBatch, formatRoutesBatch } from '../../src/host/forwarding-batches.ts'
import type { HostNetwork } from '../../src/host/host.ts'
import { formatLinksBatch, peerName } from '../../src/host/links-batch.ts'
import { formatSysctlConf, sysctlKey } from '../../src/host/sysctl-conf.ts'
import { inNamespace, inNamespaces, type Namespace, type Need } from '../kernel/netns.ts'
import { ownAddresses, SAMPLE } from './sample.ts'

const NEEDS: readonly Need[] = ['bridge', 'veth', 'bridge device', 'vxlan', 'sysctl', 'br_netfilter']

/** As a machine is found: lo and an uplink, the other end of which is somewhere. */
async function prepare(ns: Namespace): Promise<void> {
  await ns.run('ip', ['link', 'set', 'dev', 'lo', 'up'])
  await ns.run('ip', ['link', 'add', 'name', 'eth0', 'type', 'veth', 'peer', 'name', 'wire0'])
  for (const name of ['eth0', 'wire0']) await ns.run('ip', ['link', 'set', 'dev', name, 'up'])
  await ns.run('ip', ['addr', 'add', '192.168.64.11/24', 'dev', 'eth0'])
  await ns.run('ip', ['addr', 'add', 'fd00:64::11/64', 'dev', 'eth0', 'nodad'])
}

async function load(ns: Namespace, host: HostNetwork): Promise<void> {
  await ns.run('sysctl', ['-q', '-p', '-'], formatSysctlConf(host))
  await ns.run('ip', ['-batch', '-'], formatLinksBatch(host))
  await ns.run('ip', ['-batch', '-'], formatRoutesBatch(host))
  await ns.run('ip', ['-batch', '-'], formatNeighBatch(host))
  await ns.run('bridge', ['-batch', '-'], formatFdbBatch(host))
}

/** What `ip` and `bridge` tell of it, without what passes (indices, counters, states) and what the kernel adds. */
async function account(ns: Namespace): Promise<Record<string, unknown>> {
  const json = async (tool: string, ...args: string[]) => JSON.parse((await ns.run(tool, ['-j', ...args])) || '[]')
  const links = await json('ip', '-d', 'link')
  const addresses = await json('ip', 'addr')
  const routes = [...(await json('ip', '-4', 'route')), ...(await json('ip', '-6', 'route'))]
  const fdb = await json('bridge', 'fdb')
  const own = links.filter((link: { ifname: string }) => !['lo', 'eth0', 'wire0'].includes(link.ifname))
  return {
    links: own.map(linkLine).sort(),
    addresses: addresses.flatMap(addressLines).sort(),
    routes: routes
      .filter((one: { protocol: string }) => one.protocol !== 'kernel')
      .map(routeLine)
      .sort(),
    neighbours: (await json('ip', 'neigh')).filter(isPermanent).map(neighbourLine).sort(),
    fdb: fdb
      .filter((one: { dst?: string }) => one.dst !== undefined)
      .map(fdbLine)
      .sort(),
  }
}

// biome-ignore-start lint/suspicious/noExplicitAny: the tools' JSON has no types, and a wrong field shows as a difference
const addressLines = (link: any): string[] =>
  ['lo', 'eth0', 'wire0'].includes(link.ifname)
    ? []
    : link.addr_info
        .filter((one: any) => one.scope !== 'link')
        .map((one: any) => `${link.ifname} ${one.local}/${one.prefixlen}`)
const routeLine = (one: any): string =>
  [one.dst, one.gateway, one.dev, one.prefsrc, (one.flags ?? []).filter((flag: string) => flag === 'onlink')]
    .flat()
    .filter(Boolean)
    .join(' ')
const isPermanent = (one: any): boolean => one.state.includes('PERMANENT')
const neighbourLine = (one: any): string => `${one.dst} ${one.dev} ${one.lladdr}`
const fdbLine = (one: any): string => `${one.mac} ${one.ifname} ${one.dst}`
function linkLine(link: any): string {
  const data = link.linkinfo.info_data ?? {}
  const words = [
    link.ifname,
    link.mtu,
    link.address,
    link.linkinfo.info_kind,
    link.flags.includes('UP') ? 'up' : 'down',
  ]
  if (link.linkinfo.info_kind === 'vxlan') {
    words.push(data.id, data.local ?? data.local6, data.link, data.port, data.learning ? 'learning' : 'nolearning')
    if (data.gbp) words.push('gbp')
  }
  if (link.master) words.push(link.master, link.linkinfo.info_slave_data.hairpin ? 'hairpin' : 'plain')
  return words.join(' ')
}
// biome-ignore-end lint/suspicious/noExplicitAny: as above

/** The same account, of the model. */
function expected(host: HostNetwork): Record<string, unknown> {
  return {
    links: host.links.flatMap(expectedLinks).sort(),
    addresses: ownAddresses(host),
    routes: host.routes
      .filter(route => route.proto !== 'kernel')
      .map(({ to, via, link, src, onlink }) =>
        [
          to.bits === (to.family === 4 ? 32 : 128) ? formatIp(to.base) : formatPrefix(to),
          via && formatIp(via),
          link,
          src && formatIp(src),
          onlink && 'onlink',
        ]
          .filter(Boolean)
          .join(' '),
      )
      .sort(),
    neighbours: host.neighbours.map(({ ip, link, mac }) => `${formatIp(ip)} ${link} ${formatMac(mac)}`).sort(),
    fdb: host.fdb.map(({ mac, link, dst }) => `${formatMac(mac)} ${link} ${formatIp(dst)}`).sort(),
  }
}

function expectedLinks(link: HostNetwork['links'][number]): string[] {
  const mac = link.mac === undefined ? '' : formatMac(link.mac)
  const start = `${link.name} ${link.mtu} ${mac}`
  switch (link.kind) {
    case 'bridge':
      return [`${start} bridge up`]
    case 'veth':
      return [
        `${start} veth up ${link.master} ${link.hairpin ? 'hairpin' : 'plain'}`,
        `${peerName(link.name)} ${link.mtu} ${formatMac(link.peer.mac)} veth down`,
      ]
    case 'vxlan': {
      const ends = `${link.learning ? 'learning' : 'nolearning'}${link.gbp ? ' gbp' : ''}`
      return [`${start} vxlan up ${link.vni} ${formatIp(link.local)} ${link.uplink} ${link.port} ${ends}`]
    }
    default:
      return []
  }
}

t.test('the kernel has what the files say, loaded once or twice', t =>
  inNamespace(t, NEEDS, async ns => {
    await prepare(ns)
    await load(ns, SAMPLE)
    t.same(await account(ns), expected(SAMPLE), 'once')
    const index = async (name: string) => JSON.parse(await ns.run('ip', ['-j', 'link', 'show', 'dev', name]))[0].ifindex
    const before = [await index('cbr0'), await index('veth00000020')]
    await load(ns, SAMPLE)
    t.same(await account(ns), expected(SAMPLE), 'twice')
    t.same(
      [await index('cbr0'), await index('veth00000020')],
      before,
      'the bridge and its ports are the same as before',
    )
  }),
)

t.test('a second load leaves alone a pod that was moved to its own namespace', t =>
  inNamespaces(t, NEEDS, 2, async ([node, pod]) => {
    if (node === undefined || pod === undefined) return
    await prepare(node)
    await load(node, SAMPLE)
    await node.run('ip', ['link', 'set', 'dev', 'peer00000020', 'netns', pod.name, 'name', 'eth0'])
    await pod.run('ip', ['link', 'set', 'dev', 'eth0', 'up'])
    await load(node, SAMPLE)
    const links = (await account(node))['links'] as string[]
    t.notOk(
      links.some(line => line.startsWith('peer0000002')),
      'no second end is left behind',
    )
    t.ok(
      links.some(line => line.startsWith('veth00000020 ')),
      'the first end is there',
    )
    const [eth0] = JSON.parse(await pod.run('ip', ['-j', 'link', 'show', 'dev', 'eth0']))
    t.equal(eth0.operstate, 'UP', 'and the pod is still connected')
  }),
)

t.test('a setting of a device whose name holds a dot is made', t =>
  inNamespace(t, NEEDS, async ns => {
    await prepare(ns)
    await load(ns, SAMPLE)
    const key = sysctlKey('net', 'ipv4', 'conf', 'flannel.1', 'rp_filter')
    await ns.run('sysctl', ['-q', '-p', '-'], formatSysctlConf({ ...SAMPLE, sysctls: [{ key, value: '2' }] }))
    t.equal((await ns.run('cat', ['/proc/sys/net/ipv4/conf/flannel.1/rp_filter'])).trim(), '2')
    t.match(
      await ns.run('sysctl', [key]),
      /^net\.ipv4\.conf\.flannel\/1\.rp_filter = 2/,
      'sysctl prints the key as we write it',
    )
  }),
)

t.test('five thousand other nodes load', t =>
  inNamespace(t, NEEDS, async ns => {
    await prepare(ns)
    const numbers = Array.from({ length: 5000 }, (_, i) => i)
    const ip = (i: number) => parseIp(`11.${i >> 8}.${i & 255}.0`)
    const mac = (i: number) => parseMac(`02:00:00:00:${hex(i >> 8)}:${hex(i & 255)}`)
    const host: HostNetwork = {
      ...SAMPLE,
      routes: numbers.map(i => ({
        to: parsePrefix(`11.${i >> 8}.${i & 255}.0/24`),
        via: ip(i),
        link: 'flannel.1',
        onlink: true,
      })),
      neighbours: numbers.map(i => ({ ip: ip(i), link: 'flannel.1', mac: mac(i) })),
      fdb: numbers.map(i => ({ mac: mac(i), link: 'flannel.1', dst: parseIp(`172.16.${i >> 8}.${i & 255}`) })),
    }
    await load(ns, host)
    await load(ns, host)
    t.same(await account(ns), expected(host))
  }),
)

const hex = (octet: number) => octet.toString(16).padStart(2, '0')
