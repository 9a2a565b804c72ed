/** Whom a pod asks for names: policies, and what does not fit. The rest is in the oracle's test. */
import fc from 'fast-check'
import t from 'tap'
import { parseIp } from '../../src/base/ip.ts'
import { podResolver, type ResolverSettings } from '../../src/kubelet/pod-resolver.ts'
import { formatResolvConf } from '../../src/kubelet/resolv-conf.ts'
import type { Pod, PodSpec } from '../../src/objects/pod.ts'

const SETTINGS: ResolverSettings = {
  clusterDns: [parseIp('10.96.0.10')],
  clusterDomain: 'cluster.local',
  nodeConf: { nameservers: ['192.0.2.1'], searches: ['corp.example'], options: ['rotate'] },
  nodeFamilies: [4],
}
const { nodeConf: _, ...NO_FILE } = SETTINGS

function pod(spec: Partial<PodSpec>): Pod {
  const metadata = { name: 'web', namespace: 'shop', uid: 'u' }
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [], ...spec } }
}

const CLUSTER =
  'search shop.svc.cluster.local svc.cluster.local cluster.local corp.example\nnameserver 10.96.0.10\noptions ndots:5\n'
const NODE = 'search corp.example\nnameserver 192.0.2.1\noptions rotate\n'

// biome-ignore format: one case, one row
const ROWS: readonly (readonly [says: string, spec: Partial<PodSpec>, settings: ResolverSettings, wanted: string])[] = [
  ['a pod that says nothing',             {}, SETTINGS, CLUSTER],
  ['ClusterFirst',                        { dnsPolicy: 'ClusterFirst' }, SETTINGS, CLUSTER],
  ['ClusterFirst on the host network',    { dnsPolicy: 'ClusterFirst', hostNetwork: true }, SETTINGS, NODE],
  ['ClusterFirstWithHostNet',             { dnsPolicy: 'ClusterFirstWithHostNet', hostNetwork: true }, SETTINGS, CLUSTER],
  ['Default',                             { dnsPolicy: 'Default' }, SETTINGS, NODE],
  ['None with a server',                  { dnsPolicy: 'None', dnsConfig: { nameservers: ['192.0.2.9'] } }, SETTINGS, 'nameserver 192.0.2.9\n'],
  ['a policy that is none',               { dnsPolicy: 'Sometimes' }, SETTINGS, CLUSTER],
  ['no cluster domain',                   {}, { ...SETTINGS, clusterDomain: '' }, 'search corp.example\nnameserver 10.96.0.10\noptions ndots:5\n'],
  ['Default where kubelet reads no file', { dnsPolicy: 'Default' }, NO_FILE, 'search .\nnameserver 127.0.0.1\n'],
  ['the same with IPv6',                  { dnsPolicy: 'Default' }, { ...NO_FILE, nodeFamilies: [6, 4] }, 'search .\nnameserver ::1\nnameserver 127.0.0.1\n'],
  ['the same on a node without address',  { dnsPolicy: 'Default' }, { ...NO_FILE, nodeFamilies: [] }, 'search .\nnameserver 127.0.0.1\n'],
  ['an option without a value',           { dnsConfig: { options: [{ name: 'ndots' }, { name: 'edns0', value: '' }] } }, SETTINGS, CLUSTER.replace('ndots:5', 'ndots edns0')],
  ['an option of the pod over the other', { dnsConfig: { options: [{ name: 'ndots', value: '1' }] } }, SETTINGS, CLUSTER.replace('ndots:5', 'ndots:1')],
]
for (const [says, spec, settings, wanted] of ROWS) {
  t.test(`podResolver(): ${says}`, async t => {
    const { conf, events } = podResolver(pod(spec), settings)
    t.equal(formatResolvConf(conf), wanted)
    t.strictSame(events, [])
  })
}

t.test('without a cluster DNS both the node and the pod are told, and the pod gets the node’s', async t => {
  const { conf, events } = podResolver(pod({}), { ...SETTINGS, clusterDns: [] })
  t.equal(formatResolvConf(conf), NODE)
  t.strictSame(
    events.map(({ about, reason }) => `${about} ${reason}`),
    ['node MissingClusterDNS', 'pod MissingClusterDNS'],
  )
  t.match(events[1]?.message, /^pod: "web_shop\(u\)"\. kubelet does not have ClusterDNS IP configured/)
})

t.test('2048 letters of search list fit, and one more does not', async t => {
  // Eight of 253 letters with the blanks behind them leave 16.
  const eight = Array.from({ length: 8 }, (_, i) => `${i}`.padEnd(253, 'a'))
  const kept = (last: number) => {
    const dnsConfig = { nameservers: ['192.0.2.1'], searches: [...eight, 'b'.repeat(last)] }
    return podResolver(pod({ dnsPolicy: 'None', dnsConfig }), SETTINGS).conf.searches.length
  }
  t.strictSame([kept(16), kept(17)], [9, 8])
})

const domain = fc
  .integer({ min: 1, max: 300 })
  .chain(length => fc.constantFrom('a', 'b').map(one => one.repeat(length)))
t.test('whatever is asked for, the limits hold, and who lost something is told', async () => {
  fc.assert(
    fc.property(fc.array(domain, { maxLength: 40 }), fc.array(fc.ipV4(), { maxLength: 5 }), (searches, nameservers) => {
      const asked = { searches: [...new Set(searches)], nameservers: [...new Set(nameservers)] }
      const { conf, events } = podResolver(pod({ dnsPolicy: 'None', dnsConfig: asked }), SETTINGS)
      t.ok(conf.searches.length <= 32 && conf.searches.join(' ').length <= 2048 && conf.nameservers.length <= 3)
      t.ok(conf.searches.every(one => one.length <= 253))
      const lost = [conf.nameservers.length < asked.nameservers.length, conf.searches.length < asked.searches.length]
      t.equal(events.length, lost.filter(Boolean).length)
      for (const { message } of events) t.match(message, / limits were exceeded, some /)
      // What still fits is not given away.
      const kept = asked.searches.slice(0, 32).filter(one => one.length <= 253)
      const next = kept[conf.searches.length]
      if (next !== undefined) t.ok([...conf.searches, next].join(' ').length > 2048)
    }),
  )
})
