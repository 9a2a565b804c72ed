/** What `render` writes in each of kube-proxy's modes, and which mode it takes. */
import t from 'tap'
import { podwire } from './capture.ts'

const SERVICE = `
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  type: LoadBalancer
  clusterIP: 10.96.0.10
  selector: { app: web }
  loadBalancerSourceRanges: [198.51.100.0/24]
  ports: [{ port: 80 }]
status: { loadBalancer: { ingress: [{ ip: 203.0.113.10 }] } }
---
apiVersion: v1
kind: Pod
metadata: { name: web, labels: { app: web } }
spec: { containers: [{ name: web, image: web:1 }] }
`
const CONFIGURED = (mode: string) =>
  `${SERVICE}---\napiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nmode: ${mode}\n`

async function rendered(input: string, ...more: readonly string[]): Promise<string> {
  const { code, out, err } = await podwire(['render', '-f', '-', '--node', 'node-1', ...more], input)
  if (code !== 0) throw new Error(err)
  return out
}

// biome-ignore format: one case, one row
const OUTPUTS: readonly (readonly [says: string, input: string, args: readonly string[], told: RegExp])[] = [
  ['without a word, iptables mode',                          SERVICE,                [],                                     /^-A KUBE-SERVICES .*--comment "default\/web cluster IP"/m],
  ["the mode of kube-proxy's configuration, nftables",       CONFIGURED('nftables'), [],                                     /^table ip kube-proxy\ndelete table ip kube-proxy\ntable ip kube-proxy \{$/m],
  ["the mode of kube-proxy's configuration, ipvs",           CONFIGURED('ipvs'),     [],                                     /^-C\n(?:-[Aa] .*\n)*-A -t 10\.96\.0\.10:80 -s rr$/m],
  ['the mode that is asked for, whatever is configured',     CONFIGURED('ipvs'),     ['--mode', 'nftables'],                 /10\.96\.0\.10 \. tcp \. 80 : goto service-/],
  ['as nft lists it',                                        SERVICE,                ['--mode', 'nftables', '--form', 'save'], /^table ip kube-proxy \{\n\tcomment "rules for kube-proxy"$/m],
  ['as an older kube-proxy wrote it',                        SERVICE,                ['--mode', 'nftables', '--release', '1.33'], /^\tchain mark-for-masquerade \{$/m],
  ['as ipvsadm lists it',                                    SERVICE,                ['--mode', 'ipvs', '--form', 'save'],   /^-A -t 10\.96\.0\.10:80 -s rr$/m],
  ['the sets that IPVS mode asks',                           SERVICE,                ['--mode', 'ipvs', '--file', 'ipset.restore'], /^add KUBE-CLUSTER-IP 10\.96\.0\.10,tcp:80$/m],
  ['the device that holds addresses of virtual servers',     SERVICE,                ['--mode', 'ipvs', '--file', 'links.batch'], /^addr replace 10\.96\.0\.10\/32 dev kube-ipvs0$/m],
  ['the rules around virtual servers',                       SERVICE,                ['--mode', 'ipvs', '--file', 'iptables.restore'], /^-A KUBE-IPVS-OUT-FILTER .*-m ipvs .*--vaddr 203\.0\.113\.10/m],
]
for (const [says, input, args, told] of OUTPUTS) {
  t.test(`render writes ${says}`, async t => {
    t.match(await rendered(input, ...args), told)
  })
}

t.test('rules that ask of virtual servers are left out where the kernel lacks their match', async t => {
  const text = await rendered(SERVICE, '--mode', 'ipvs', '--file', 'iptables.restore', '--no-xt-ipvs')
  t.match(text, /^-A KUBE-SERVICES /m)
  t.notMatch(text, '-m ipvs')
})
