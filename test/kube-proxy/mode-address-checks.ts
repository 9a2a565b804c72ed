/** Where the modes answer, and what becomes of packets to what is no Service's port: what they write. */
import { parseIp } from '../../src/base/ip.ts'
import type { Service } from '../../src/objects/service.ts'
import { type Checks, HERE, HERE_TEXT, has, linesWith, PLAIN } from './mode-checks.ts'
import { rendered, SENDERS, SERVICE_CIDRS } from './mode-rendering.ts'
import { configuration, host, loadBalancerService, nodePortService, service, slice } from './objects.ts'

const { node, outside } = SENDERS

export const ADDRESS_CHECKS: Checks = {
  'cluster-ip-unknown-port': (t, code) => {
    const made = rendered(PLAIN)
    t.ok(made.applies(code))
    t.strictSame(
      linesWith(made.iptables, '10.96.0.10').filter(line => !line.includes('--dport 80')),
      [],
    )
    t.ok(has(made.nft('cluster-ips'), '10.96.0.10'))
    t.ok(has(made.nft('cluster-ips-check'), 'ip daddr @cluster-ips reject'))
    for (const chain of ['filter-forward', 'filter-output']) t.ok(has(made.nft(chain), 'jump cluster-ips-check'))
    t.ok(has(made.ipvs.sets, 'add KUBE-IPVS-IPS 10.96.0.10'))
    t.match(linesWith(made.ipvs.rules, '-A KUBE-IPVS-FILTER').at(-1), /NEW .*KUBE-IPVS-IPS dst -j REJECT/)
    t.ok(has(made.ipvs.rules, '-A INPUT', '-j KUBE-IPVS-FILTER'))
  },
  'cluster-ip-ping': (t, code) => {
    const made = rendered(PLAIN)
    t.ok(made.applies(code))
    t.notOk(has(made.iptables, '-p icmp'))
    t.strictSame(linesWith(made.nft('cluster-ips-check'), 'reject'), [
      'ip daddr @cluster-ips reject comment "Reject traffic to invalid ports of ClusterIPs"',
    ])
    t.notMatch(linesWith(made.ipvs.rules, '-A KUBE-IPVS-FILTER').at(-1), / -p /, 'of no one protocol')
    t.notOk(has(made.ipvs.rules, '-A KUBE-IPVS-FILTER', 'ACCEPT'))
  },
  'cluster-ip-unallocated': (t, code) => {
    const made = rendered(PLAIN, { serviceCidrs: SERVICE_CIDRS })
    t.ok(made.applies(code))
    t.ok(has(made.nft('cluster-ips-check'), 'ip daddr 10.96.0.0/16 drop'))
    t.notOk(has([...made.iptables, ...made.ipvs.rules, ...made.ipvs.sets], '10.96.0.0/16'))
    t.notOk(rendered(PLAIN).applies(code))
  },
  'external-address-bound': (t, code) => {
    const made = rendered([loadBalancerService(), slice([HERE])])
    t.ok(made.applies(code))
    t.ok(has(made.ipvs.sets, 'add KUBE-IPVS-IPS 203.0.113.10'))
    t.notOk(has(made.nft('cluster-ips'), '203.0.113.10'))
    t.strictSame(
      linesWith(made.iptables, '203.0.113.10').filter(line => !line.includes('--dport 80')),
      [],
    )
    const own = rendered([service({ externalIPs: ['192.168.64.11'] }), slice([HERE])])
    t.notOk(own.applies(code), 'an address of the node itself')
    t.notOk(has(own.ipvs.sets, 'add KUBE-IPVS-IPS 192.168.64.11'))
  },
  'external-address-arp': (t, code) => {
    const objects = [loadBalancerService(), slice([HERE])]
    t.ok(rendered(objects).applies(code))
    const strict = rendered(objects, { config: configuration({ ipvs: { strictARP: true } }) })
    t.notOk(strict.applies(code))
    t.ok(strict.ipvs.sysctls.includes('net.ipv4.conf.all.arp_ignore=1'))
  },
  'node-port-localhost': (t, code) => {
    const objects = [nodePortService(), slice([HERE])]
    const local = { ...node, ip: rendered([]).view.ownIps[0] ?? node.ip }
    const made = rendered(objects)
    t.ok(made.applies(code))
    t.strictSame(made.gives('iptables', local, '127.0.0.1', 30080), [HERE_TEXT])
    for (const mode of ['ipvs', 'nftables'] as const) t.strictSame(made.gives(mode, local, '127.0.0.1', 30080), [])
    const off = rendered(objects, { config: configuration({ iptables: { localhostNodePorts: false } }) })
    t.notOk(off.applies(code))
    t.strictSame(off.gives('iptables', local, '127.0.0.1', 30080), [])
  },
  'node-port-addresses': (t, code) => {
    const objects = [nodePortService(), slice([HERE])]
    const made = rendered(objects)
    t.ok(made.applies(code))
    for (const mode of ['iptables', 'ipvs'] as const)
      t.strictSame(made.gives(mode, outside, '10.244.1.1', 30080), [HERE_TEXT])
    t.strictSame(made.gives('nftables', outside, '10.244.1.1', 30080), [])
    t.strictSame(made.gives('nftables', outside, '192.168.64.11', 30080), [HERE_TEXT])
    const chosen = rendered(objects, { config: configuration({ nodePortAddresses: ['10.244.0.0/16'] }) })
    t.notOk(chosen.applies(code))
    t.strictSame(chosen.gives('nftables', outside, '10.244.1.1', 30080), [HERE_TEXT])
    t.notOk(rendered(objects, { release: '1.30' }).applies(code), 'all of them, before 1.31')
    const bare = host({ interfaceIps: ['127.0.0.1', '192.168.64.11'].map(parseIp) })
    t.notOk(rendered(objects, { host: bare }).applies(code), 'the node has no other address')
  },
  'load-balancer-source-ranges': (t, code) => {
    const made = rendered([loadBalancerService({ loadBalancerSourceRanges: ['192.0.2.0/24'] }), slice([HERE])])
    t.ok(made.applies(code))
    for (const chain of ['INPUT', 'FORWARD', 'OUTPUT']) {
      t.match(linesWith(made.iptables, `-A ${chain}`, '-j KUBE-PROXY-FIREWALL')[0], /--ctstate NEW/)
    }
    for (const chain of ['filter-prerouting-pre-dnat', 'filter-output-pre-dnat']) {
      t.ok(has(made.nft(chain), 'ct state new jump firewall-check'))
      t.match(made.nft(chain)[0], /priority (?:dstnat - 10|-110);/)
    }
    for (const chain of ['INPUT', 'FORWARD']) {
      t.notMatch(linesWith(made.ipvs.rules, `-A ${chain}`, '-j KUBE-PROXY-FIREWALL')[0], /ctstate/)
    }
    t.notOk(has(made.ipvs.rules, '-A OUTPUT', 'KUBE-PROXY-FIREWALL'))
    t.ok(has(made.ipvs.rules, '-A KUBE-IPVS-OUT-FILTER -s 203.0.113.10/32 -m ipvs', '-j DROP'))
  },
  'health-check-node-port': (t, code) => {
    const checked: Service = loadBalancerService({ externalTrafficPolicy: 'Local', healthCheckNodePort: 32000 })
    const made = rendered([checked, slice([HERE])])
    t.ok(made.applies(code))
    t.ok(has(made.iptables, '-A KUBE-NODEPORTS', '--dport 32000 -j ACCEPT'))
    t.notOk(has(made.nftables, '32000'))
    t.ok(has(made.ipvs.sets, 'add KUBE-HEALTH-CHECK-NODE-PORT 32000'))
    t.ok(has(made.ipvs.rules, '-A KUBE-NODE-PORT', 'KUBE-HEALTH-CHECK-NODE-PORT dst -j ACCEPT'))
    t.notOk(rendered([loadBalancerService(), slice([HERE])]).applies(code))
  },
}
