/** Which Services a pod is told of, and the variables of each. */
import t from 'tap'
import { servicePrefix, serviceVariables, visibleServices } from '../../src/kubelet/service-variables.ts'
import type { Service, ServiceSpec } from '../../src/objects/service.ts'

function service(key: string, spec: ServiceSpec): Service {
  const [namespace = '', name = ''] = key.split('/')
  return { apiVersion: 'v1', kind: 'Service', metadata: { namespace, name }, spec }
}
const at = (key: string, clusterIP = '10.96.0.5') => service(key, { clusterIP, ports: [{ port: 80 }] })
const lines = (one: Service) => serviceVariables(one).map(({ name, value }) => `${name}=${value}`)

t.test('the way to the API server: eight variables in order', async t => {
  const ports = [{ name: 'https', port: 443, protocol: 'TCP' as const }]
  t.strictSame(lines(service('default/kubernetes', { clusterIP: '10.96.0.1', ports })), [
    'KUBERNETES_SERVICE_HOST=10.96.0.1',
    'KUBERNETES_SERVICE_PORT=443',
    'KUBERNETES_SERVICE_PORT_HTTPS=443',
    'KUBERNETES_PORT=tcp://10.96.0.1:443',
    'KUBERNETES_PORT_443_TCP=tcp://10.96.0.1:443',
    'KUBERNETES_PORT_443_TCP_PROTO=tcp',
    'KUBERNETES_PORT_443_TCP_PORT=443',
    'KUBERNETES_PORT_443_TCP_ADDR=10.96.0.1',
  ])
})

t.test('an unnamed port gives seven', async t => t.equal(lines(at('shop/web')).length, 7))
t.test('a name in capitals, with _ for - and dots kept', async t => t.equal(servicePrefix(at('shop/a-b.c')), 'A_B.C'))
t.test('IPv6 stands in brackets only where a port follows', async t => {
  const [host, , url, ...others] = lines(at('shop/web', 'fd00:96::5'))
  t.equal(host, 'WEB_SERVICE_HOST=fd00:96::5')
  t.equal(url, 'WEB_PORT=tcp://[fd00:96::5]:80')
  t.equal(others.at(-1), 'WEB_PORT_80_TCP_ADDR=fd00:96::5')
})

// biome-ignore format: one case, one row
const SILENT: readonly (readonly [says: string, spec: ServiceSpec])[] = [
  ['a headless Service',          { clusterIP: 'None', ports: [{ port: 80 }] }],
  ['a Service without address',   { clusterIP: '', ports: [{ port: 80 }] }],
  ['an ExternalName',             { type: 'ExternalName', externalName: 'a.example' }],
]
for (const [says, spec] of SILENT) {
  t.test(`${says} gives none`, async t => {
    t.strictSame(lines(service('shop/web', spec)), [])
    t.strictSame(visibleServices([service('shop/web', spec)], 'shop', true), [])
  })
}

const ALL = [at('shop/web'), at('other/web'), at('default/kubernetes'), at('default/db'), at('shop/api')]
// biome-ignore format: one case, one row
const SEEN: readonly (readonly [says: string, services: readonly Service[], namespace: string, links: boolean, wanted: readonly string[]])[] = [
  ['those of its namespace and the API server, by name', ALL, 'shop', true, ['shop/api', 'default/kubernetes', 'shop/web']],
  ['without links the API server alone',                 ALL, 'shop', false, ['default/kubernetes']],
  ['in default nothing stands twice',                    ALL, 'default', true, ['default/db', 'default/kubernetes']],
  ['in default without links the API server alone',      ALL, 'default', false, ['default/kubernetes']],
  ['its own "kubernetes" before that of default',        [...ALL, at('shop/kubernetes')], 'shop', true, ['shop/api', 'shop/kubernetes', 'shop/web']],
  ['whichever comes first',                              [at('shop/kubernetes'), ...ALL], 'shop', true, ['shop/api', 'shop/kubernetes', 'shop/web']],
  ['its own "kubernetes" not without links',             [...ALL, at('shop/kubernetes')], 'shop', false, ['default/kubernetes']],
]
for (const [says, services, namespace, links, wanted] of SEEN) {
  t.test(`a pod is told of ${says}`, async t => {
    const seen = visibleServices(services, namespace, links)
    t.strictSame(
      seen.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
      wanted,
    )
  })
}
