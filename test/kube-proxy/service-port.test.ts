import t from 'tap'
import { formatIp, formatPrefix } from '../../src/base/ip.ts'
import {
  isExternallyAccessible,
  type ServicePort,
  servicePortsOf,
  usesClusterEndpoints,
  usesLocalEndpoints,
} from '../../src/kube-proxy/service-port.ts'
import type { Service, ServiceSpec } from '../../src/objects/service.ts'
import { loadBalancerService, nodePortService, service } from './objects.ts'

function portOf(own: Service, family: 4 | 6 = 4): ServicePort {
  const [port] = servicePortsOf(own, family, true)
  if (port === undefined) throw new Error('The service has no port')
  return port
}

t.test('the name is namespace/service:port, without a port name namespace/service', async t => {
  t.equal(portOf(service()).name, 'default/web:http')
  t.equal(portOf(service({ ports: [{ port: 80 }] })).name, 'default/web')
})

t.test('each family has its own cluster IP, or none', async t => {
  const ip = (fields: Partial<ServiceSpec>, family: 4 | 6) => {
    const [port] = servicePortsOf(service(fields), family, true)
    return port && formatIp(port.clusterIp)
  }
  const dual: Partial<ServiceSpec> = {
    clusterIP: 'fd00::a',
    clusterIPs: ['fd00::a', '10.96.0.9'],
    ipFamilies: ['IPv6', 'IPv4'],
  }
  t.equal(ip(dual, 4), '10.96.0.9')
  t.equal(ip(dual, 6), 'fd00::a')
  t.equal(ip({}, 6), undefined)
  t.equal(
    ip({ clusterIP: '10.96.0.9', clusterIPs: [], ipFamilies: [] }, 4),
    '10.96.0.9',
    'objects from before dual stack',
  )
  t.equal(ip({ clusterIP: '10.96.0.9', clusterIPs: [], ipFamilies: [] }, 6), undefined)
  t.equal(ip({ ipFamilies: ['IPv4', 'IPv6'] }, 6), undefined, 'a family whose address is yet to come')
  t.equal(ip({ clusterIP: '172.30.0.041', clusterIPs: ['172.30.0.041'] }, 4), '172.30.0.41')
})

t.test('policy Local is for traffic that can come', async t => {
  const external = (own: Service, gate = true) => servicePortsOf(own, 4, gate)[0]?.externalLocal
  const policy = { externalTrafficPolicy: 'Local' as const }
  t.equal(external(nodePortService(policy)), true)
  t.equal(external(loadBalancerService(policy)), true)
  t.equal(external(service(policy)), false)
  t.equal(external(service({ ...policy, externalIPs: ['198.51.100.1'] })), true)
  t.equal(external(service({ ...policy, externalIPs: ['198.51.100.1'] }), false), false, 'the gate is off')
})

t.test('a health check node port needs a load balancer with policy Local', async t => {
  const fields = { externalTrafficPolicy: 'Local' as const, healthCheckNodePort: 32000 }
  t.equal(portOf(loadBalancerService(fields)).healthCheckNodePort, 32000)
  t.equal(portOf(loadBalancerService({ ...fields, externalTrafficPolicy: 'Cluster' })).healthCheckNodePort, undefined)
  t.equal(portOf(nodePortService(fields)).healthCheckNodePort, undefined)
  t.equal(portOf(loadBalancerService({ ...fields, healthCheckNodePort: 0 })).healthCheckNodePort, undefined)
})

t.test('load balancer addresses and source ranges are those of the family', async t => {
  const own = loadBalancerService(
    { loadBalancerSourceRanges: [' 203.0.113.000/025 ', '2001:db8::1/32', 'nonsense', '10.0.0.0/33'] },
    {
      ingress: [
        { ip: '203.0.113.10' },
        { ip: '2001:db8::10' },
        { ip: '203.0.113.11', ipMode: 'Proxy' },
        { hostname: 'x' },
      ],
    },
  )
  const port = portOf(own)
  t.strictSame(port.vips.map(formatIp), ['203.0.113.10'])
  t.strictSame(port.sourceRanges.map(formatPrefix), ['203.0.113.0/25'])
  const everybody = portOf(loadBalancerService({ loadBalancerSourceRanges: ['10.0.0.0/8', '0.0.0.0/0'] }))
  t.strictSame(everybody.sourceRanges, [], 'who lets in everybody guards nothing')
})

t.test('affinity lasts as long as the service says, three hours if it says nothing', async t => {
  t.equal(portOf(service()).affinity, undefined)
  t.equal(portOf(service({ sessionAffinity: 'ClientIP' })).affinity, 10_800)
  const own = { sessionAffinity: 'ClientIP' as const, sessionAffinityConfig: { clientIP: { timeoutSeconds: 100 } } }
  t.equal(portOf(service(own)).affinity, 100)
})

// biome-ignore format: one case, one row
for (const [title, own, accessible, cluster, local] of [
  ['a cluster IP', service(), false, true, false],
  ['a cluster IP, internal Local', service({ internalTrafficPolicy: 'Local' }), false, false, true],
  ['a NodePort', nodePortService(), true, true, false],
  ['a NodePort, external Local', nodePortService({ externalTrafficPolicy: 'Local' }), true, true, true],
  ['a NodePort, internal Local', nodePortService({ internalTrafficPolicy: 'Local' }), true, true, true],
  ['an external IP', service({ externalIPs: ['198.51.100.1'] }), true, true, false],
  ['a load balancer without NodePorts', loadBalancerService({ ports: [{ port: 80 }] }), true, true, false],
  ['a load balancer without anything', service({ type: 'LoadBalancer', externalTrafficPolicy: 'Local' }), false, true, false],
] as const) {
  t.test(`${title} uses the endpoints that its traffic needs`, async t => {
    const port = portOf(own)
    t.strictSame([isExternallyAccessible(port), usesClusterEndpoints(port), usesLocalEndpoints(port)], [accessible, cluster, local])
  })
}
