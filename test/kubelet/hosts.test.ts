/** A pod's own name and its hosts file. */
import t from 'tap'
import { parseIp } from '../../src/base/ip.ts'
import { formatHosts, podHostname, podHosts } from '../../src/kubelet/hosts.ts'
import type { Pod, PodSpec } from '../../src/objects/pod.ts'

function pod(spec: Partial<PodSpec>, name = 'web-0'): Pod {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'shop' }, spec: { containers: [], ...spec } }
}

const LONG = 'a'.repeat(62)
// biome-ignore format: one case, one row
const NAMES: readonly (readonly [says: string, spec: Partial<PodSpec>, name: string, wanted: readonly (string | undefined)[]])[] = [
  ['its object’s name',                       {}, 'web-0', ['web-0', '', 'web-0']],
  ['hostname',                                { hostname: 'a' }, 'web-0', ['a', '', 'a']],
  ['subdomain',                               { subdomain: 'web' }, 'web-0', ['web-0', 'web.shop.svc.cluster.local', 'web-0']],
  ['both',                                    { hostname: 'a', subdomain: 'web' }, 'web-0', ['a', 'web.shop.svc.cluster.local', 'a']],
  ['setHostnameAsFQDN',                       { hostname: 'a', subdomain: 'web', setHostnameAsFQDN: true }, 'web-0', ['a', 'web.shop.svc.cluster.local', 'a.web.shop.svc.cluster.local']],
  ['setHostnameAsFQDN without subdomain',     { setHostnameAsFQDN: true }, 'web-0', ['web-0', '', 'web-0']],
  ['setHostnameAsFQDN of a long name',        { hostname: LONG, subdomain: 'web', setHostnameAsFQDN: true }, 'web-0', [LONG, 'web.shop.svc.cluster.local', undefined]],
  ['a long name is cut',                      {}, `${LONG}bcd`, [`${LONG}b`, '', `${LONG}b`]],
  ['a cut name does not end in - or .',       {}, `${LONG}-.x`, [LONG, '', LONG]],
  ['hostnameOverride',                        { hostname: 'a', subdomain: 'web', hostnameOverride: 'my.own.name' }, 'web-0', ['my.own.name', '', 'my.own.name']],
]
for (const [says, spec, name, wanted] of NAMES) {
  t.test(`podHostname(): ${says}`, async t => {
    const made = podHostname(pod(spec, name), 'cluster.local')
    t.strictSame([made.name, made.domain, made.kernel], wanted)
    t.equal(made.problem !== undefined, made.kernel === undefined)
  })
}

const written = (spec: Partial<PodSpec>, ...addresses: readonly string[]) =>
  formatHosts(podHosts(pod(spec), addresses.map(parseIp), 'cluster.local', '127.0.0.1\tlocalhost\n'))

const LOCAL = `# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
`
const ALIASES = [
  { ip: '192.0.2.1', hostnames: ['a.example', 'b'] },
  { ip: '192.0.2.2', hostnames: ['c'] },
]

t.test('the hosts file of a pod', async t => {
  t.equal(written({}, '10.244.0.2'), `${LOCAL}10.244.0.2\tweb-0\n`)
  const both = ['10.244.0.2', 'fd00:244::2'].map(ip => `${ip}\tweb-0.web.shop.svc.cluster.local\tweb-0\n`)
  t.equal(written({ subdomain: 'web' }, '10.244.0.2', 'fd00:244::2'), LOCAL + both.join(''), 'both families')
})

t.test('aliases stand behind an empty line', async t => {
  t.equal(
    written({ hostAliases: ALIASES }, '10.244.0.2'),
    `${LOCAL}10.244.0.2\tweb-0\n\n# Entries added by HostAliases.\n192.0.2.1\ta.example\tb\n192.0.2.2\tc\n`,
  )
})

t.test('on the host network it is the node’s, with the aliases', async t => {
  t.equal(
    written({ hostNetwork: true, hostAliases: ALIASES.slice(1) }, '192.168.64.11'),
    '# Kubernetes-managed hosts file (host network).\n127.0.0.1\tlocalhost\n\n# Entries added by HostAliases.\n192.0.2.2\tc\n',
  )
})
