/** What is written for one service, read as a person reads it. */
import t from 'tap'
import type { ProxyOptions } from '../../../src/kube-proxy/settings.ts'
import type { EndpointSlice } from '../../../src/objects/endpoint-slice.ts'
import type { Service } from '../../../src/objects/service.ts'
import {
  configuration,
  endpoint,
  host,
  loadBalancerService,
  nodePortService,
  proxyWith,
  service,
  slice,
} from '../objects.ts'
import { serviceRules } from './rules.ts'

/** default/web:http tcp */
const HASH = 'CDGGSHYLG3RE2FKL'
const HERE = endpoint('10.244.1.2')
const THERE = endpoint('10.244.2.3', 'node-2')
const UNREADY = endpoint('10.244.1.4', 'node-1', 'unready')

interface Row {
  readonly title: string
  readonly objects: readonly (Service | EndpointSlice)[]
  readonly options?: Partial<ProxyOptions>
  readonly nat?: readonly string[]
  readonly filter?: readonly string[]
}

const rows: readonly Row[] = [
  {
    title: 'a cluster IP leads to all ready endpoints, masqueraded for who is no pod',
    objects: [service(), slice([HERE, THERE, UNREADY])],
    filter: [],
    nat: [
      `KUBE-SERVICES: -m comment --comment "default/web:http cluster IP" -m tcp -p tcp -d 10.96.0.10 --dport 80 -j KUBE-SVC-${HASH}`,
      `KUBE-SVC-${HASH}: -m comment --comment "default/web:http cluster IP" -m tcp -p tcp -d 10.96.0.10 --dport 80 ! -s 10.244.0.0/16 -j KUBE-MARK-MASQ`,
      `KUBE-SVC-${HASH}: -m comment --comment "default/web:http -> 10.244.1.2:8080" -m statistic --mode random --probability 0.5000000000 -j KUBE-SEP-UIQK3OSOSTRHRPBX`,
      `KUBE-SVC-${HASH}: -m comment --comment "default/web:http -> 10.244.2.3:8080" -j KUBE-SEP-VQGOCFX4X6FWJPNR`,
      'KUBE-SEP-UIQK3OSOSTRHRPBX: -m comment --comment default/web:http -s 10.244.1.2 -j KUBE-MARK-MASQ',
      'KUBE-SEP-UIQK3OSOSTRHRPBX: -m comment --comment default/web:http -m tcp -p tcp -j DNAT --to-destination 10.244.1.2:8080',
      'KUBE-SEP-VQGOCFX4X6FWJPNR: -m comment --comment default/web:http -s 10.244.2.3 -j KUBE-MARK-MASQ',
      'KUBE-SEP-VQGOCFX4X6FWJPNR: -m comment --comment default/web:http -m tcp -p tcp -j DNAT --to-destination 10.244.2.3:8080',
    ],
  },
  {
    title: 'a service without endpoints that work is rejected',
    objects: [service(), slice([UNREADY])],
    nat: [],
    filter: [
      'KUBE-SERVICES: -m comment --comment "default/web:http has no endpoints" -m tcp -p tcp -d 10.96.0.10 --dport 80 -j REJECT',
    ],
  },
  {
    title: 'an IPv6 service has brackets around addresses and an answer of ICMPv6',
    objects: [
      service({ clusterIP: 'fd00:96::a', sessionAffinity: 'ClientIP' }),
      slice([endpoint('fd00:10:244:1::2')]),
      service({ clusterIP: 'fd00:96::b' }, { name: 'empty' }),
    ],
    nat: [
      `KUBE-SERVICES: -m comment --comment "default/web:http cluster IP" -m tcp -p tcp -d fd00:96::a --dport 80 -j KUBE-SVC-${HASH}`,
      `KUBE-SVC-${HASH}: -m comment --comment "default/web:http cluster IP" -m tcp -p tcp -d fd00:96::a --dport 80 ! -s fd00:10:244::/56 -j KUBE-MARK-MASQ`,
      `KUBE-SVC-${HASH}: -m comment --comment "default/web:http -> [fd00:10:244:1::2]:8080" -m recent --name KUBE-SEP-H7O6RF3OHH4D5VRR --rcheck --seconds 10800 --reap -j KUBE-SEP-H7O6RF3OHH4D5VRR`,
      `KUBE-SVC-${HASH}: -m comment --comment "default/web:http -> [fd00:10:244:1::2]:8080" -j KUBE-SEP-H7O6RF3OHH4D5VRR`,
      'KUBE-SEP-H7O6RF3OHH4D5VRR: -m comment --comment default/web:http -s fd00:10:244:1::2 -j KUBE-MARK-MASQ',
      'KUBE-SEP-H7O6RF3OHH4D5VRR: -m comment --comment default/web:http -m recent --name KUBE-SEP-H7O6RF3OHH4D5VRR --set -m tcp -p tcp -j DNAT --to-destination [fd00:10:244:1::2]:8080',
    ],
    filter: [
      'KUBE-SERVICES: -m comment --comment "default/empty:http has no endpoints" -m tcp -p tcp -d fd00:96::b --dport 80 -j REJECT',
    ],
  },
  {
    title: 'a NodePort with policy Local drops what finds no endpoint here, but this node and its pods go anywhere',
    objects: [nodePortService({ externalTrafficPolicy: 'Local' }), slice([THERE])],
    filter: [
      'KUBE-EXTERNAL-SERVICES: -m comment --comment "default/web:http has no local endpoints" -m addrtype --dst-type LOCAL -m tcp -p tcp --dport 30080 -j DROP',
    ],
    nat: [
      `KUBE-SERVICES: -m comment --comment "default/web:http cluster IP" -m tcp -p tcp -d 10.96.0.10 --dport 80 -j KUBE-SVC-${HASH}`,
      `KUBE-NODEPORTS: -m comment --comment default/web:http -m tcp -p tcp --dport 30080 -j KUBE-EXT-${HASH}`,
      `KUBE-EXT-${HASH}: -m comment --comment "pod traffic for default/web:http external destinations" -s 10.244.0.0/16 -j KUBE-SVC-${HASH}`,
      `KUBE-EXT-${HASH}: -m comment --comment "masquerade LOCAL traffic for default/web:http external destinations" -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ`,
      `KUBE-EXT-${HASH}: -m comment --comment "route LOCAL traffic for default/web:http external destinations" -m addrtype --src-type LOCAL -j KUBE-SVC-${HASH}`,
      `KUBE-SVC-${HASH}: -m comment --comment "default/web:http cluster IP" -m tcp -p tcp -d 10.96.0.10 --dport 80 ! -s 10.244.0.0/16 -j KUBE-MARK-MASQ`,
      `KUBE-SVC-${HASH}: -m comment --comment "default/web:http -> 10.244.2.3:8080" -j KUBE-SEP-VQGOCFX4X6FWJPNR`,
      'KUBE-SEP-VQGOCFX4X6FWJPNR: -m comment --comment default/web:http -s 10.244.2.3 -j KUBE-MARK-MASQ',
      'KUBE-SEP-VQGOCFX4X6FWJPNR: -m comment --comment default/web:http -m tcp -p tcp -j DNAT --to-destination 10.244.2.3:8080',
    ],
  },
  {
    title: 'source ranges guard the load balancer address; one that holds the node lets the address itself in',
    objects: [
      loadBalancerService({ loadBalancerSourceRanges: [' 198.51.100.0/24 ', '192.168.064.000/24', '2001:db8::/32'] }),
      slice([THERE]),
    ],
    options: { config: configuration({ clusterCIDR: '' }) },
    filter: [
      `KUBE-PROXY-FIREWALL: -m comment --comment "default/web:http traffic not accepted by KUBE-FW-${HASH}" -m tcp -p tcp -d 203.0.113.10 --dport 80 -j DROP`,
    ],
    nat: [
      `KUBE-SERVICES: -m comment --comment "default/web:http cluster IP" -m tcp -p tcp -d 10.96.0.10 --dport 80 -j KUBE-SVC-${HASH}`,
      `KUBE-SERVICES: -m comment --comment "default/web:http loadbalancer IP" -m tcp -p tcp -d 203.0.113.10 --dport 80 -j KUBE-FW-${HASH}`,
      `KUBE-NODEPORTS: -m comment --comment default/web:http -m tcp -p tcp --dport 30080 -j KUBE-EXT-${HASH}`,
      `KUBE-EXT-${HASH}: -m comment --comment "masquerade traffic for default/web:http external destinations" -j KUBE-MARK-MASQ`,
      `KUBE-EXT-${HASH}: -j KUBE-SVC-${HASH}`,
      `KUBE-FW-${HASH}: -m comment --comment "default/web:http loadbalancer IP" -s 198.51.100.0/24 -j KUBE-EXT-${HASH}`,
      `KUBE-FW-${HASH}: -m comment --comment "default/web:http loadbalancer IP" -s 192.168.64.0/24 -j KUBE-EXT-${HASH}`,
      `KUBE-FW-${HASH}: -m comment --comment "default/web:http loadbalancer IP" -s 203.0.113.10 -j KUBE-EXT-${HASH}`,
      `KUBE-FW-${HASH}: -m comment --comment "other traffic to default/web:http will be dropped by KUBE-PROXY-FIREWALL"`,
      `KUBE-SVC-${HASH}: -m comment --comment "default/web:http -> 10.244.2.3:8080" -j KUBE-SEP-VQGOCFX4X6FWJPNR`,
      'KUBE-SEP-VQGOCFX4X6FWJPNR: -m comment --comment default/web:http -s 10.244.2.3 -j KUBE-MARK-MASQ',
      'KUBE-SEP-VQGOCFX4X6FWJPNR: -m comment --comment default/web:http -m tcp -p tcp -j DNAT --to-destination 10.244.2.3:8080',
    ],
  },
  {
    title: 'addresses outside are refused one by one when no endpoint exists, and a health check port is open',
    objects: [
      loadBalancerService(
        { externalIPs: ['198.51.100.7', '2001:db8::7'], externalTrafficPolicy: 'Local', healthCheckNodePort: 32000 },
        {
          ingress: [{ ip: '203.0.113.10', ipMode: 'VIP' }, { ip: '203.0.113.11', ipMode: 'Proxy' }, { hostname: 'lb' }],
        },
      ),
    ],
    nat: [],
    filter: [
      'KUBE-SERVICES: -m comment --comment "default/web:http has no endpoints" -m tcp -p tcp -d 10.96.0.10 --dport 80 -j REJECT',
      'KUBE-EXTERNAL-SERVICES: -m comment --comment "default/web:http has no endpoints" -m tcp -p tcp -d 198.51.100.7 --dport 80 -j REJECT',
      'KUBE-EXTERNAL-SERVICES: -m comment --comment "default/web:http has no endpoints" -m tcp -p tcp -d 203.0.113.10 --dport 80 -j REJECT',
      'KUBE-EXTERNAL-SERVICES: -m comment --comment "default/web:http has no endpoints" -m addrtype --dst-type LOCAL -m tcp -p tcp --dport 30080 -j REJECT',
      'KUBE-NODEPORTS: -m comment --comment "default/web:http health check node port" -m tcp -p tcp --dport 32000 -j ACCEPT',
    ],
  },
  {
    title: 'NodePorts on localhost are counted where the kernel can',
    objects: [nodePortService(), slice([HERE])],
    options: { host: host({}, { nfacct: true }), config: configuration({ iptables: { masqueradeAll: true } }) },
    nat: [
      `KUBE-SERVICES: -m comment --comment "default/web:http cluster IP" -m tcp -p tcp -d 10.96.0.10 --dport 80 -j KUBE-SVC-${HASH}`,
      `KUBE-NODEPORTS: -m comment --comment default/web:http -m tcp -p tcp -d 127.0.0.0/8 --dport 30080 -m nfacct --nfacct-name localhost_nps_accepted_pkts -j KUBE-EXT-${HASH}`,
      `KUBE-NODEPORTS: -m comment --comment default/web:http -m tcp -p tcp --dport 30080 -j KUBE-EXT-${HASH}`,
      `KUBE-EXT-${HASH}: -m comment --comment "masquerade traffic for default/web:http external destinations" -j KUBE-MARK-MASQ`,
      `KUBE-EXT-${HASH}: -j KUBE-SVC-${HASH}`,
      `KUBE-SVC-${HASH}: -m comment --comment "default/web:http cluster IP" -m tcp -p tcp -d 10.96.0.10 --dport 80 -j KUBE-MARK-MASQ`,
      `KUBE-SVC-${HASH}: -m comment --comment "default/web:http -> 10.244.1.2:8080" -j KUBE-SEP-UIQK3OSOSTRHRPBX`,
      'KUBE-SEP-UIQK3OSOSTRHRPBX: -m comment --comment default/web:http -s 10.244.1.2 -j KUBE-MARK-MASQ',
      'KUBE-SEP-UIQK3OSOSTRHRPBX: -m comment --comment default/web:http -m tcp -p tcp -j DNAT --to-destination 10.244.1.2:8080',
    ],
    filter: [],
  },
]

for (const { title, objects, options = {}, nat, filter } of rows) {
  t.test(title, async t => {
    const family = objects.some(object => object.kind === 'Service' && object.spec.ipFamilies?.[0] === 'IPv6') ? 6 : 4
    const proxy = proxyWith(objects, options)
    t.strictSame(serviceRules(proxy, family, 'nat'), nat)
    t.strictSame(serviceRules(proxy, family, 'filter'), filter)
    t.strictSame(serviceRules(proxy, family === 4 ? 6 : 4, 'nat'), [], 'nothing in the other family')
  })
}

t.test('services that are no business of the proxy get no rules', async t => {
  const others = [
    service({ clusterIP: 'None' }),
    service({ clusterIP: '' }),
    service({ type: 'ExternalName', externalName: 'example.com' }),
    service({}, { labels: { 'service.kubernetes.io/service-proxy-name': '' } }),
  ]
  for (const other of others) t.strictSame(serviceRules(proxyWith([other]), 4, 'filter'), [])
})

t.test('without the gate, external IPs do not exist', async t => {
  const objects = [service({ externalIPs: ['198.51.100.7'], externalTrafficPolicy: 'Local' }), slice([THERE])]
  const about = (rules: string[]) => rules.filter(rule => rule.includes('198.51.100.7') || rule.includes('KUBE-EXT'))
  const gate = { allowServiceExternalIps: false }
  t.not(about(serviceRules(proxyWith(objects), 4, 'nat')).length, 0)
  t.strictSame(about(serviceRules(proxyWith(objects, gate), 4, 'nat')), [])
  t.strictSame(serviceRules(proxyWith(objects, gate), 4, 'filter'), [])
  t.not(
    about(serviceRules(proxyWith(objects, { ...gate, release: '1.35' }), 4, 'nat')).length,
    0,
    'no gate before 1.36',
  )
})

t.test('services stand in the order of namespace, name, port name and protocol', async t => {
  const ports = [
    { name: 'b', protocol: 'TCP' as const, port: 2 },
    { name: 'a', protocol: 'UDP' as const, port: 1 },
  ]
  const proxy = proxyWith([
    service({ ports }, { namespace: 'n-1', name: 'a' }),
    service({ ports }, { namespace: 'n', name: 'b' }),
    service({ ports }, { namespace: 'n', name: 'a-b' }),
    service({ ports }, { namespace: 'n', name: 'a' }),
  ])
  const names = serviceRules(proxy, 4, 'filter').map(rule => /"(\S+) has/.exec(rule)?.[1])
  t.strictSame(names, ['n/a:a', 'n/a:b', 'n/a-b:a', 'n/a-b:b', 'n/b:a', 'n/b:b', 'n-1/a:a', 'n-1/a:b'])
})
