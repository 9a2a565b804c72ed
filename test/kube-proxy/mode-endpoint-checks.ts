/** Which endpoint a client gets, and what happens where there is none: what the modes write. */
import { createIpvsProxy, syncChanged, syncFull } from '../../src/kube-proxy/ipvs/proxy.ts'
import { setService, setSlice } from '../../src/kube-proxy/service-map.ts'
import { udpCleanupsOf } from '../../src/kube-proxy/udp-cleanup.ts'
import { type Checks, HERE, HERE_TEXT, has, linesWith, PLAIN, THERE, THERE_TEXT } from './mode-checks.ts'
import { rendered, SENDERS } from './mode-rendering.ts'
import { configuration, host, loadBalancerService, nodePortService, service, slice } from './objects.ts'

const { pod, node, outside } = SENDERS

export const ENDPOINT_CHECKS: Checks = {
  'external-local-none-here': (t, code) => {
    const local = nodePortService({ externalTrafficPolicy: 'Local' })
    const made = rendered([local, slice([THERE])])
    t.ok(made.applies(code))
    t.strictSame(made.gives('iptables', outside, '192.168.64.11', 30080), [])
    t.ok(has(made.iptables, '-A KUBE-EXTERNAL-SERVICES', '--dport 30080', '-j DROP'))
    t.strictSame(made.gives('nftables', outside, '192.168.64.11', 30080), [])
    t.ok(has(made.nft('no-endpoint-nodeports'), 'tcp . 30080', ': drop'))
    t.strictSame(made.gives('ipvs', outside, '192.168.64.11', 30080), [THERE_TEXT])
    t.ok(has(made.ipvs.sets, 'add KUBE-NODE-PORT-LOCAL-TCP 30080'))
    const rules = linesWith(made.ipvs.rules, '-A KUBE-NODE-PORT -p tcp')
    t.match(rules[0], /KUBE-NODE-PORT-LOCAL-TCP dst -j RETURN/, 'before it could be marked')
    t.notOk(rendered([local, slice([HERE, THERE])]).applies(code), 'an endpoint here')
    t.notOk(rendered([local]).applies(code), 'no endpoints anywhere')
    t.notOk(rendered([nodePortService(), slice([THERE])]).applies(code), 'policy Cluster')
  },
  'external-local-own-traffic': (t, code) => {
    const objects = [nodePortService({ externalTrafficPolicy: 'Local' }), slice([HERE, THERE])]
    const made = rendered(objects)
    t.ok(made.applies(code))
    for (const from of [pod, node]) {
      for (const mode of ['iptables', 'nftables'] as const) {
        t.strictSame(made.gives(mode, from, '192.168.64.11', 30080), [HERE_TEXT, THERE_TEXT])
      }
      t.strictSame(made.gives('ipvs', from, '192.168.64.11', 30080), [HERE_TEXT])
    }
    const blind = rendered(objects, { config: configuration({ clusterCIDR: '' }) })
    t.match(blind.does(code, 'iptables'), /^the node's goes to endpoints on all nodes, its pods' to those on this/)
    t.strictSame(blind.gives('iptables', pod, '192.168.64.11', 30080), [HERE_TEXT])
    t.strictSame(blind.gives('nftables', node, '192.168.64.11', 30080), [HERE_TEXT, THERE_TEXT])
    t.notOk(rendered([nodePortService({ externalTrafficPolicy: 'Local' }), slice([HERE])]).applies(code))
  },
  'external-local-own-packets-checked-early': (t, code) => {
    const objects = [loadBalancerService({ externalTrafficPolicy: 'Local' }), slice([THERE])]
    const old = rendered(objects, { release: '1.33' })
    t.ok(old.applies(code))
    t.ok(has(old.nft('filter-output'), 'priority -110'), 'before nat, at -100')
    t.ok(has(old.nft('filter-output'), 'jump service-endpoints-check'))
    t.ok(has(old.nft('no-endpoint-services'), '203.0.113.10 . tcp . 80', ': drop'))
    for (const mode of ['iptables', 'ipvs'] as const)
      t.strictSame(old.gives(mode, node, '203.0.113.10', 80), [THERE_TEXT])
    const late = rendered(objects, { release: '1.34' })
    t.notOk(late.applies(code))
    t.ok(has(late.nft('filter-output'), 'priority filter'), 'after nat')
  },
  'internal-local-none-here': (t, code) => {
    const made = rendered([nodePortService({ internalTrafficPolicy: 'Local' }), slice([THERE])])
    t.ok(made.applies(code))
    t.ok(has(made.iptables, '-A KUBE-SERVICES', '-d 10.96.0.10/32', '-j DROP'))
    t.ok(has(made.nft('no-endpoint-services'), '10.96.0.10 . tcp . 80', ': drop'))
    t.strictSame(made.gives('ipvs', pod, '10.96.0.10', 80), [THERE_TEXT])
  },
  'internal-local-only-none-here': (t, code) => {
    const made = rendered([service({ internalTrafficPolicy: 'Local' }), slice([THERE])])
    t.ok(made.applies(code))
    t.notOk(made.applies('internal-local-none-here'))
    t.ok(has(made.iptables, '-A KUBE-SERVICES', '-d 10.96.0.10/32', '-j DROP'))
    t.ok(has(made.nft('no-endpoint-services'), '10.96.0.10 . tcp . 80', ': drop'))
    t.strictSame(linesWith(made.ipvs.servers, '10.96.0.10:80'), ['-A -t 10.96.0.10:80 -s rr'], 'a server that is empty')
  },
  'no-endpoints-own-packets': (t, code) => {
    const made = rendered([loadBalancerService()])
    t.ok(made.applies(code))
    t.ok(has(made.iptables, '-A KUBE-EXTERNAL-SERVICES', '-d 203.0.113.10/32', '-j REJECT'))
    t.notOk(has(made.iptables, '-A OUTPUT', 'KUBE-EXTERNAL-SERVICES'))
    t.notOk(has(made.iptables, '-A KUBE-SERVICES', '203.0.113.10'))
    t.ok(has(made.nft('no-endpoint-services'), '203.0.113.10 . tcp . 80', 'goto reject-chain'))
    t.ok(has(made.nft('filter-output'), 'jump service-endpoints-check'))
    t.strictSame(linesWith(made.ipvs.servers, '203.0.113.10:80'), ['-A -t 203.0.113.10:80 -s rr'])
    t.notOk(rendered([service({ externalIPs: ['192.168.64.11'] })]).applies(code), 'an address of the node itself')
  },
  'no-endpoints-source-ranges': (t, code) => {
    const made = rendered([loadBalancerService({ loadBalancerSourceRanges: ['192.0.2.0/24'] })])
    t.ok(made.applies(code))
    t.notOk(has(made.iptables, '-A KUBE-PROXY-FIREWALL'))
    t.notOk(has(made.nft('firewall-ips'), '203.0.113.10'))
    t.ok(has(made.ipvs.sets, 'add KUBE-LOAD-BALANCER-FW 203.0.113.10,tcp:80'))
    t.ok(has(made.ipvs.rules, '-A KUBE-SOURCE-RANGES-FIREWALL -j DROP'))
  },
  'endpoint-choice': (t, code) => {
    const objects = [service(), slice([HERE, THERE])]
    const made = rendered(objects)
    t.ok(made.applies(code))
    t.ok(has(made.iptables, '-m statistic --mode random'))
    t.ok(has(made.nftables, 'numgen random mod 2'))
    t.ok(has(made.ipvs.servers, '-A -t 10.96.0.10:80 -s rr'))
    const least = rendered(objects, { config: configuration({ ipvs: { scheduler: 'lc' } }) })
    t.equal(least.does(code, 'ipvs'), 'the one with the fewest connections (scheduler lc), by virtual server')
    t.ok(has(least.ipvs.servers, '-s lc'))
    t.notOk(rendered(PLAIN).applies(code))
  },
  'affinity-clients': (t, code) => {
    const made = rendered([service({ sessionAffinity: 'ClientIP' }), slice([HERE])])
    t.ok(made.applies(code))
    t.ok(has(made.iptables, '-m recent --set'))
    t.ok(has(made.nftables, 'size 65535'))
    t.ok(has(made.ipvs.servers, '-p 10800'))
    t.notOk(rendered(PLAIN).applies(code))
  },
  'affinity-per-entry': (t, code) => {
    const made = rendered([nodePortService({ sessionAffinity: 'ClientIP' }), slice([HERE, THERE])])
    t.ok(made.applies(code))
    t.equal(linesWith(made.iptables, '-m recent --set').length, 2, 'a list for each endpoint')
    t.equal(linesWith(made.nftables, 'size 65535').length, 2, 'a set for each endpoint')
    t.equal(linesWith(made.ipvs.servers, '-A ', '-p 10800').length, 3, 'the ClusterIP and two addresses of the node')
    t.notOk(rendered([service({ sessionAffinity: 'ClientIP' }), slice([HERE])]).applies(code), 'one way in')
  },
  'sctp-endpoint-removed': (t, code) => {
    const ports = (protocol: 'SCTP' | 'TCP') => [{ name: 'http', protocol, port: 80, targetPort: 8080 }]
    const objects = (protocol: 'SCTP' | 'TCP') =>
      [service({ ports: ports(protocol) }), slice([HERE], { ports: [{ name: 'http', protocol, port: 8080 }] })] as const
    const made = rendered(objects('SCTP'))
    t.ok(made.applies(code))
    t.notOk(rendered(objects('TCP')).applies(code))
    t.ok(made.ipvs.sysctls.includes('net.ipv4.vs.expire_nodest_conn=1'))
    const lost = (protocol: 'SCTP' | 'TCP') => {
      const proxy = createIpvsProxy({ config: configuration(), host: host() })
      const [own, full] = objects(protocol)
      setService(proxy, own)
      setSlice(proxy, full)
      t.strictSame(udpCleanupsOf(proxy, proxy.families[4].settings), [], 'connection tracking is left alone')
      syncFull(proxy, 4)
      setSlice(proxy, { ...full, endpoints: [] })
      return JSON.stringify(syncChanged(proxy, 4, () => true).servers)
    }
    t.match(lost('TCP'), /"weight":0/, 'a busy real server of TCP stays at weight 0')
    t.notMatch(lost('SCTP'), /"weight":0/, 'of SCTP it goes')
  },
}
