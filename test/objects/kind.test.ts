import t from 'tap'
import { findKind, findKindByName, isServedGroup, KINDS, resourceOf, splitApiVersion } from '../../src/objects/kind.ts'
import { kindKeyOf, resourceOfKey } from '../../src/objects/kind-key.ts'

t.test('a kind is found by every name it goes by', async t => {
  // biome-ignore format: one case, one row
  const rows: readonly (readonly [name: string, kind: string])[] = [
    ['svc', 'Service'], ['service', 'Service'], ['Services', 'Service'], ['po', 'Pod'], ['pods', 'Pod'], ['deploy', 'Deployment'],
    ['deployments.apps', 'Deployment'], ['deployment.v1.apps', 'Deployment'], ['rs', 'ReplicaSet'], ['rc', 'ReplicationController'],
    ['sts', 'StatefulSet'], ['ds', 'DaemonSet'], ['ep', 'Endpoints'], ['endpoints', 'Endpoints'], ['endpointslices', 'EndpointSlice'],
    ['endpointslice.discovery.k8s.io', 'EndpointSlice'], ['netpol', 'NetworkPolicy'], ['no', 'Node'], ['ns', 'Namespace'],
    ['cm', 'ConfigMap'], ['sa', 'ServiceAccount'], ['cj', 'CronJob'], ['hpa', 'HorizontalPodAutoscaler'], ['ing', 'Ingress'],
    ['cnp', 'ClusterNetworkPolicy'], ['anp', 'AdminNetworkPolicy'], ['ev', 'Event'],
  ]
  for (const [name, kind] of rows) t.equal(findKindByName(name)?.kind, kind, name)
  for (const name of ['', 'nope', 'deployments.extensions', 'services.apps', 'toString', 'constructor']) {
    t.equal(findKindByName(name), undefined, `nothing is called ${JSON.stringify(name)}`)
  }
})

t.test('the table is whole', async t => {
  const names = KINDS.flatMap(kind => [kind.plural, ...kind.shortNames])
  t.equal(new Set(names).size, names.length, 'no two kinds share a plural or short name')
  t.equal(new Set(KINDS.map(({ kind }) => kind)).size, KINDS.length, 'nor a kind')
  for (const kind of KINDS) {
    t.equal(findKind(kind.kind), kind)
    t.same(splitApiVersion(kind.apiVersion), { group: kind.group, version: kind.version })
    t.match(kind.plural, /^[a-z]+$/)
  }
  t.same(
    KINDS.filter(({ namespaced }) => !namespaced)
      .map(({ kind }) => kind)
      .slice(0, 4),
    ['ComponentStatus', 'Namespace', 'Node', 'PersistentVolume'],
  )
  t.ok(
    isServedGroup('') &&
      isServedGroup('apps') &&
      !isServedGroup('example.com') &&
      !isServedGroup('policy.networking.k8s.io'),
  )
})

t.test('resources are named as messages name them', async t => {
  const named = (kind: string) => resourceOf(findKind(kind) ?? (t.fail(`there is ${kind}`) as never))
  t.equal(named('Service'), 'services')
  t.equal(named('NetworkPolicy'), 'networkpolicies.networking.k8s.io')
  t.equal(kindKeyOf({ apiVersion: 'apps/v1', kind: 'Deployment' }), 'Deployment')
  t.equal(
    kindKeyOf({ apiVersion: 'serving.knative.dev/v1', kind: 'Service' }),
    'Service.serving.knative.dev',
    'a custom kind may share a name',
  )
  t.equal(resourceOfKey('Deployment'), 'deployments.apps')
  t.equal(resourceOfKey('Service.serving.knative.dev'), 'services.serving.knative.dev')
})
