/**
 * Two machines and a router between them, for what speaks on a network.
 *
 *     client 10.1.0.2, fd01::2 ── router ── server 10.2.0.2, 10.2.0.3, fd02::2
 *
 * Nobody listens. What is sent to 10.8.0.0/24 and fd08::/64 the router says is prohibited; to
 * 10.9.0.0/24 and fd09::/64, unreachable. It has all addresses of 203.0.113.0/24 and 2001:db8::/64.
 */
import type { Test } from 'tap'
import { parseIp } from '../../src/base/ip.ts'
import type { LabListener, LabMachine, LabPlan } from '../../src/lab/lab.ts'
import { type LabProcess, processesOf } from '../../src/lab/processes.ts'
import type { Need } from '../kernel/needs.ts'
import { inNamespaces, type Namespace } from '../kernel/netns.ts'

export interface ScratchNet {
  readonly client: LabMachine
  readonly router: LabMachine
  readonly server: LabMachine
  readonly namespaces: Readonly<Record<'client' | 'router' | 'server', Namespace>>
  readonly plan: (listeners: readonly LabListener[]) => LabPlan
}

export function inScratchNet(t: Test, needs: readonly Need[], body: (net: ScratchNet) => Promise<void>): Promise<void> {
  return inNamespaces(t, ['veth', 'sysctl', ...needs], 3, async ([client, router, server]) => {
    if (!client || !router || !server) return
    for (const one of [client, router, server]) await one.run('sysctl', ['-q', '-w', ...SYSCTLS])
    await router.run('ip', ['link', 'add', 'left', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', client.name])
    await router.run('ip', ['link', 'add', 'right', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', server.name])
    await client.run('ip', ['-batch', '-'], batch('eth0', ['10.1.0.2/24', 'fd01::2/64'], ['10.1.0.1', 'fd01::1']))
    await server.run(
      'ip',
      ['-batch', '-'],
      batch('eth0', ['10.2.0.2/24', '10.2.0.3/24', 'fd02::2/64'], ['10.2.0.1', 'fd02::1']),
    )
    await router.run('ip', ['-batch', '-'], batch('left', ['10.1.0.1/24', 'fd01::1/64'], []))
    await router.run('ip', ['-batch', '-'], batch('right', ['10.2.0.1/24', 'fd02::1/64'], []))
    await router.run('ip', ['-batch', '-'], ROUTES)
    // Its addresses of IPv6 are a route's: only so may a socket have them.
    await router.run('sysctl', ['-q', '-w', 'net.ipv6.ip_nonlocal_bind=1'])
    const machine = (
      name: string,
      { name: namespace }: Namespace,
      kind: LabMachine['kind'],
      ips: readonly string[],
    ) => {
      return { machine: name, kind, namespace, addresses: ips.map(parseIp) }
    }
    const machines = {
      client: machine('test/client', client, 'pod', ['10.1.0.2', 'fd01::2']),
      router: machine('(outside)', router, 'outside', ['10.1.0.1', 'fd01::1', '10.2.0.1', 'fd02::1']),
      server: machine('test/server', server, 'pod', ['10.2.0.2', '10.2.0.3', 'fd02::2']),
    }
    await body({
      ...machines,
      namespaces: { client, router, server },
      plan: listeners => {
        return {
          id: ownId(t),
          variant: 'nft',
          machines: Object.values(machines),
          listeners,
          tunnels: [],
          files: new Map(),
          stages: [],
        }
      },
    })
  })
}

const SYSCTLS = [
  'net.ipv4.ip_forward=1',
  'net.ipv6.conf.all.forwarding=1',
  'net.ipv4.icmp_ratelimit=0',
  'net.ipv4.icmp_ratemask=0',
  'net.ipv6.icmp.ratelimit=0',
]

function batch(link: string, addresses: readonly string[], gateways: readonly string[]): string {
  const own = addresses.map(address => `address add ${address} dev ${link}${address.includes(':') ? ' nodad' : ''}`)
  const ways = gateways.map(gateway => `route add default via ${gateway}`)
  return ['link set lo up', `link set ${link} up`, ...own, ...ways, ''].join('\n')
}

const ROUTES = [
  'route add prohibit 10.8.0.0/24',
  'route add unreachable 10.9.0.0/24',
  'route add prohibit fd08::/64',
  'route add unreachable fd09::/64',
  'route add local 203.0.113.0/24 dev lo',
  'route add local 2001:db8::/64 dev lo',
  '',
].join('\n')

/** Test files run side by side. */
function ownId(t: Test): string {
  return `t-${process.pid}-${t.fullname.length}`
}

/** What the kernel counted. @see proc_net_snmp in the kernel's documentation: `Tcp`, `OutRsts` */
export async function counterOf(ns: Namespace, group: string, name: string): Promise<number> {
  const lines = (await ns.run('cat', ['/proc/net/snmp'])).split('\n').filter(line => line.startsWith(`${group}: `))
  const [names = [], values = []] = lines.map(line => line.split(' '))
  return Number(values[names.indexOf(name)])
}

/** The lab's processes, once they are as many as wanted: they come and go in their own time. */
export async function processesWhen(
  id: string,
  isSo: (processes: readonly LabProcess[]) => boolean,
): Promise<readonly LabProcess[]> {
  for (;;) {
    const processes = processesOf(id)
    if (isSo(processes)) return processes
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

/** Ends all that the lab started, and returns when it is gone. */
export async function endProcesses(id: string): Promise<void> {
  for (const { pid } of processesOf(id)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It ended by itself meanwhile.
    }
  }
  await processesWhen(id, all => all.length === 0)
}
