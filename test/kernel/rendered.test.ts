/**
 * The files that `render` writes, loaded by the stock tools into a fresh network namespace, twice.
 *
 * The namespace has what a machine has: `lo`, and `eth0` with the node's addresses. Afterwards
 * `iptables-save` must print the text of `--form save`: the same rules in the same order in each chain,
 * and no other chains.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { canonNft } from '../canon.ts'
import { podwire } from '../cli/capture.ts'
import { chainsOf, nodesOf } from './expected.ts'
import { HOST_NEEDS } from './needs.ts'
import { inNamespace, type Namespace, type Need } from './netns.ts'

const NEEDS: readonly Need[] = [
  ...HOST_NEEDS,
  'xt_addrtype',
  'xt_comment',
  'xt_conntrack',
  'xt_mark',
  'xt_recent',
  'xt_statistic',
  'xt_REJECT',
]
const VARIANTS = ['legacy', 'nft'] as const
const FAMILIES = ['iptables', 'ip6tables'] as const
const NFT = 'nftables.nft'

/** The uplink of a machine: `eth0`, up, with the addresses that `get nodes` shows. */
async function plugIn(ns: Namespace, addresses: readonly string[]): Promise<void> {
  await ns.run('ip', ['link', 'add', 'name', 'eth0', 'type', 'veth', 'peer', 'name', 'wire0'])
  for (const name of ['lo', 'eth0', 'wire0']) await ns.run('ip', ['link', 'set', 'dev', name, 'up'])
  for (const address of addresses) {
    const length = address.includes(':') ? '64' : '24'
    const nodad = address.includes(':') ? ['nodad'] : []
    await ns.run('ip', ['addr', 'add', `${address}/${length}`, 'dev', 'eth0', ...nodad])
  }
}

async function load(ns: Namespace, folder: string, files: readonly string[], variant: string): Promise<void> {
  await ns.run('sysctl', ['-p', join(folder, 'sysctl.conf')])
  for (const batch of ['links', 'neigh']) await ns.run('ip', ['-batch', join(folder, `${batch}.batch`)])
  await ns.run('bridge', ['-batch', join(folder, 'fdb.batch')])
  await ns.run('ip', ['-batch', join(folder, 'routes.batch')])
  for (const tool of FAMILIES.filter(one => files.includes(`${one}.restore`))) {
    const text = readFileSync(join(folder, `${tool}.restore`), 'utf8')
    await ns.run(`${tool}-${variant}-restore`, ['--test', '--noflush'], text)
    await ns.run(`${tool}-${variant}-restore`, ['--noflush'], text)
  }
  if (files.includes(NFT)) await ns.run('nft', ['-f', join(folder, NFT)])
}

async function checkNodes(t: Test, manifests: string, overlay: string, mode = 'iptables'): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'podwire-rendered-'))
  t.teardown(() => rmSync(home, { recursive: true }))
  const [restore, save] = [join(home, 'restore'), join(home, 'save')]
  const common = ['-f', manifests, '--overlay', overlay, '--mode', mode]
  for (const [form, out] of [
    ['restore', restore],
    ['save', save],
  ] as const) {
    const { code, err } = await podwire(['render', ...common, '--form', form, '--out', out])
    t.equal(code, 0, err)
  }
  for (const [node, addresses] of await nodesOf(manifests)) {
    const files = readdirSync(join(restore, node))
    // iptables-nft has tables of its own among those of nftables.
    for (const variant of mode === 'nftables' ? (['legacy'] as const) : VARIANTS) {
      const needs: readonly Need[] = [...NEEDS, `iptables-${variant}-restore`, `ip6tables-${variant}-restore`, 'nft']
      await t.test(`${node} loads twice with iptables-${variant}`, t =>
        inNamespace(t, needs, async ns => {
          await plugIn(ns, addresses)
          await load(ns, join(restore, node), files, variant)
          const links = await ns.run('ip', ['-o', 'link'])
          await load(ns, join(restore, node), files, variant)
          const again = await ns.run('ip', ['-o', 'link'])
          t.equal(again.split('\n').length, links.split('\n').length, 'no more links than after the first load')
          for (const tool of FAMILIES.filter(one => files.includes(`${one}.restore`))) {
            const printed = chainsOf(await ns.run(`${tool}-${variant}-save`))
            const promised = chainsOf(readFileSync(join(save, node, `${tool}.save`), 'utf8'))
            t.strictSame([...printed], [...promised], `${tool}-save prints --form save`)
          }
          if (!files.includes(NFT)) return
          const listed = canonNft(await ns.run('nft', ['list', 'ruleset']))
          t.strictSame(listed, canonNft(readFileSync(join(save, node, NFT), 'utf8')), 'nft lists --form save')
        }),
      )
    }
  }
}

/** What only few clusters have: host ports, no overlay, a plain masquerade, everything kube-proxy can write. */
const EXTRA = `
apiVersion: v1
kind: Pod
metadata: { name: edge, labels: { app: edge } }
spec:
  containers:
    - name: edge
      image: edge:1
      ports:
        - { name: http, containerPort: 8080, hostPort: 80 }
        - { name: dns, containerPort: 5353, hostPort: 53, protocol: UDP }
        - { name: admin, containerPort: 9000, hostPort: 9000, hostIP: 127.0.0.1 }
---
apiVersion: v1
kind: Service
metadata: { name: edge }
spec:
  type: LoadBalancer
  selector: { app: edge }
  externalIPs: [203.0.113.7]
  loadBalancerSourceRanges: [198.51.100.0/24]
  sessionAffinity: ClientIP
  ports:
    - { name: http, port: 80, targetPort: http }
    - { name: dns, port: 53, targetPort: dns, protocol: UDP }
status:
  loadBalancer: { ingress: [{ ip: 203.0.113.10 }] }
`

for (const scenario of readdirSync('scenarios')) {
  t.test(`the files of scenario ${scenario}`, t => checkNodes(t, join('scenarios', scenario, 'manifests'), 'vxlan'))
}

for (const scenario of ['dual-stack', 'session-affinity', 'traffic-policies']) {
  t.test(`the files of scenario ${scenario}, with kube-proxy in nftables mode`, t =>
    checkNodes(t, join('scenarios', scenario, 'manifests'), 'vxlan', 'nftables'),
  )
}

for (const overlay of ['none', 'host-gw']) {
  t.test(`the files of a cluster with host ports and overlay ${overlay}`, async t => {
    const folder = mkdtempSync(join(tmpdir(), 'podwire-extra-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    const manifests = join(folder, 'extra.yaml')
    writeFileSync(manifests, EXTRA)
    await checkNodes(t, manifests, overlay)
  })
}
