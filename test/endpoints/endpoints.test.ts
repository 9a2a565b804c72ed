import t from 'tap'
import { reconcileEndpoints } from '../../src/endpoints/endpoints.ts'
import type { EndpointSubset, Endpoints } from '../../src/objects/endpoints.ts'
import type { Service } from '../../src/objects/service.ts'
import { type PodParts, pod, pods, service } from './build.ts'

function made(of: Service, given: Parameters<typeof reconcileEndpoints>[1]): Endpoints | undefined {
  return reconcileEndpoints(of, given, undefined)[0]?.object
}

/** `10.244.1.1,!10.244.1.2 on http/8080` */
function brief({ addresses = [], notReadyAddresses = [], ports = [] }: EndpointSubset): string {
  const all = [...addresses.map(one => one.ip), ...notReadyAddresses.map(one => `!${one.ip}`)]
  return `${all.join()} on ${ports.map(port => `${port.name ?? ''}/${port.port}`).join(' ') || 'no ports'}`
}

const both = { ips: ['10.244.1.1', 'fd00::1'] }
const headless = { clusterIP: 'None' }

// biome-ignore format: one case, one row
const cases: [name: string, of: Partial<Service['spec']>, given: PodParts[], subsets: string[] | undefined][] = [
  ['lists ready and unready Pods',             {}, [{}, { ip: '10.244.1.2', ready: false }], ['10.244.1.1,!10.244.1.2 on http/8080']],
  ['leaves out those being deleted',           {}, [{ terminating: true }], []],
  ['keeps them if asked to publish all',       { publishNotReadyAddresses: true }, [{ terminating: true, ready: false }], ['10.244.1.1 on http/8080']],
  ['leaves out those that have ended',         {}, [{ phase: 'Failed' }], []],
  ['leaves out a Pod without the named port',  { ports: [{ name: 'http', port: 80, targetPort: 'web' }] }, [{}], []],
  ['takes the first family only',              { ipFamilies: ['IPv6', 'IPv4'] }, [both], ['fd00::1 on http/8080']],
  ['takes the cluster IP\'s family by itself', { ipFamilies: [], clusterIP: 'fd00:96::1' }, [both], ['fd00::1 on http/8080']],
  ['takes the Pod\'s own family if headless',  { ...headless, ipFamilies: [] }, [{ ips: ['fd00::1'] }], ['fd00::1 on http/8080']],
  ['lists Pods of headless without ports',     { ...headless, ports: [] }, [{}], ['10.244.1.1 on no ports']],
  ['has nothing for others without ports',     { ports: [] }, [{}], []],
  ['leaves a port without a name without one', { ports: [{ port: 80 }] }, [{}], ['10.244.1.1 on /80']],
  ['leaves services without selector alone',   { selector: null }, [{}], undefined],
]

for (const [name, spec, given, subsets] of cases) {
  t.test(`reconcileEndpoints() ${name}`, async t => {
    const object = made(
      service(spec),
      given.map((parts, i) => pod(`pod-${i}`, parts)),
    )
    t.strictSame(object && (object.subsets ?? []).map(brief), subsets)
  })
}

t.test('the object copies the labels and says who keeps it', async t => {
  const labels = { tier: 'front', 'service.kubernetes.io/headless': 'old' }
  t.strictSame(made(service({}, { labels }), [])?.metadata, {
    name: 'web',
    namespace: 'default',
    labels: { tier: 'front', 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' },
  })
  t.equal(made(service(headless), [])?.metadata.labels?.['service.kubernetes.io/headless'], '')
})

t.test('the address says which Pod it is', async t => {
  const [subset] = made(service(), [pod('a', { spec: { hostname: 'h', subdomain: 'web' } })])?.subsets ?? []
  const targetRef = { kind: 'Pod', namespace: 'default', name: 'a', uid: 'uid-a' }
  t.strictSame(subset?.addresses, [{ ip: '10.244.1.1', hostname: 'h', nodeName: 'node-1', targetRef }])
})

t.test('what is as it should be is not written', async t => {
  const stored = made(service(), pods(3))
  t.strictSame(reconcileEndpoints(service(), pods(3), stored), [])
  t.equal(reconcileEndpoints(service(), pods(2), stored)[0]?.do, 'update')
  t.equal(reconcileEndpoints(service({}, { labels: { a: 'b' } }), pods(3), stored)[0]?.do, 'update')
})

t.test('an object that cannot hold all says so, and no longer when it can', async t => {
  const key = 'endpoints.kubernetes.io/over-capacity'
  const full = made(service(), pods(1001))
  t.equal(full?.subsets?.[0]?.addresses?.length, 1000)
  t.strictSame(full?.metadata.annotations, { [key]: 'truncated' })
  t.strictSame(reconcileEndpoints(service(), pods(1001), full), [])
  const [write] = reconcileEndpoints(service(), pods(1000), full)
  t.equal(write?.object.subsets?.[0]?.addresses?.length, 1000)
  t.notOk(write?.object.metadata.annotations)
  const noted = full && { ...full, metadata: { ...full.metadata, annotations: { mine: 'yes', [key]: 'truncated' } } }
  t.strictSame(reconcileEndpoints(service(), pods(1), noted)[0]?.object.metadata.annotations, { mine: 'yes' })
})
