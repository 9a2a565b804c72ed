/** What a proxy does besides writing rules: health checks, conntrack, sysctls. */
import t from 'tap'
import { formatIp } from '../../src/base/ip.ts'
import { healthChecksOf } from '../../src/kube-proxy/health-check.ts'
import { iptablesSysctls } from '../../src/kube-proxy/sysctls.ts'
import { udpCleanupsOf } from '../../src/kube-proxy/udp-cleanup.ts'
import type { ServicePort } from '../../src/objects/service.ts'
import { configuration, endpoint, host, loadBalancerService, NODE, proxyWith, service, slice } from './objects.ts'

const PORTS: readonly ServicePort[] = [
  { name: 'http', protocol: 'TCP', port: 80, nodePort: 30080 },
  { name: 'dns', protocol: 'UDP', port: 53, nodePort: 30053 },
]
const SLICE_PORTS = [
  { name: 'http', protocol: 'TCP' as const, port: 8080 },
  { name: 'dns', protocol: 'UDP' as const, port: 5353 },
]

t.test('a health check counts the addresses that are ready here, once for all ports', async t => {
  const fields = { externalTrafficPolicy: 'Local' as const, healthCheckNodePort: 32000, ports: PORTS }
  const proxy = proxyWith(
    [
      loadBalancerService(fields),
      slice(
        [
          endpoint('10.244.1.2'),
          endpoint('10.244.1.3'),
          endpoint('10.244.1.4', NODE, 'draining'),
          endpoint('10.244.2.2', 'node-2'),
        ],
        { ports: SLICE_PORTS },
      ),
      loadBalancerService({ ...fields, clusterIP: '10.96.0.11', healthCheckNodePort: 32001 }, { name: 'none' }),
      loadBalancerService({ clusterIP: '10.96.0.12' }, { name: 'unchecked' }),
    ],
    { config: configuration({ nodePortAddresses: ['primary'] }) },
  )
  const checks = healthChecksOf(proxy, proxy.families[4].settings)
  t.strictSame(
    checks.map(({ service: name, port, status, localEndpoints }) => ({ name, port, status, localEndpoints })),
    [
      { name: 'none', port: 32001, status: 503, localEndpoints: 0 },
      { name: 'web', port: 32000, status: 200, localEndpoints: 2 },
    ],
  )
  for (const { at } of checks) t.strictSame(at === 'any' ? at : at.map(formatIp), ['192.168.64.11'])
  t.strictSame(healthChecksOf(proxy, proxy.families[6].settings), [])
})

t.test('UDP flows are kept only to endpoints that serve', async t => {
  const objects = [
    loadBalancerService({ ports: PORTS, externalIPs: ['198.51.100.1'] }),
    slice([endpoint('10.244.1.10'), endpoint('10.244.1.9', NODE, 'draining'), endpoint('10.244.1.8', NODE, 'ending')], {
      ports: SLICE_PORTS,
    }),
    service({ clusterIP: '10.96.0.11', ports: PORTS.slice(1) }, { name: 'empty' }),
  ]
  const cleanups = (release: '1.36' | '1.37') => {
    const proxy = proxyWith(objects, { release })
    return udpCleanupsOf(proxy, proxy.families[4].settings).map(({ port, destinations, endpoints }) => ({
      port: port.name,
      to: destinations.map(to => `${to.ip === undefined ? '*' : formatIp(to.ip)}:${to.port}`).join(' '),
      keep: endpoints.map(formatIp).join(' '),
    }))
  }
  const web = {
    port: 'default/web:dns',
    to: '10.96.0.10:53 198.51.100.1:53 203.0.113.10:53 *:30053',
    keep: '10.244.1.9 10.244.1.10',
  }
  t.strictSame(cleanups('1.36'), [web])
  t.strictSame(cleanups('1.37'), [{ port: 'default/empty:dns', to: '10.96.0.11:53 *:30053', keep: '' }, web])
})

t.test('NodePorts on localhost need route_localnet', async t => {
  const sysctls = (fields: Parameters<typeof configuration>[0], family: 4 | 6 = 4) =>
    iptablesSysctls(proxyWith([], { host: host(), config: configuration(fields) }).families[family].settings)
  t.strictSame(sysctls({}), [{ key: 'net.ipv4.conf.all.route_localnet', value: '1' }])
  t.strictSame(sysctls({ iptables: { localhostNodePorts: false } }), [])
  t.strictSame(sysctls({ nodePortAddresses: ['primary'] }), [])
  t.strictSame(sysctls({}, 6), [])
})
