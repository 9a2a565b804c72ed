/** What a lab is made of, before anything is made. */
import { readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { formatIp, parseIp } from '../../src/base/ip.ts'
import { TCP, UDP } from '../../src/base/protocol.ts'
import { hostFiles } from '../../src/cluster/files.ts'
import { commonGround, DEFAULT_FEATURES, hostState, type SettledCluster } from '../../src/cluster/host-state.ts'
import { loadingStages } from '../../src/lab/host-loading.ts'
import { commandOf } from '../../src/lab/jobs.ts'
import type { LabListener, LabPlan } from '../../src/lab/lab.ts'
import { labWorld } from '../../src/lab/lab-world.ts'
import { type LabOptions, labPlan } from '../../src/lab/plan.ts'
import { clusterOfFolder, clusterOfText, type Given } from '../trace/cluster-of.ts'

const SMALL = `
apiVersion: v1
kind: Pod
metadata: { name: a, labels: { app: a } }
spec: { nodeName: node-1, containers: [{ name: c, image: i, ports: [{ name: http, containerPort: 80 }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: a }
spec: { type: LoadBalancer, externalIPs: [192.168.64.50], selector: { app: a }, ports: [{ port: 80 }] }
status: { loadBalancer: { ingress: [{ ip: 203.0.113.10 }] } }
`

const OPTIONS: LabOptions = { id: 'demo', variant: 'nft', features: DEFAULT_FEATURES }

function planOf(text: string, given: Given = {}): LabPlan {
  return labPlan(clusterOfText(text, given), OPTIONS)
}

/** A plan as a person would type it. */
function formatPlan({ stages }: LabPlan): string {
  const text = stages.map(({ title, jobs }) => {
    const calls = jobs.map(job => {
      const input = (job.input ?? '').split('\n').filter(line => line !== '')
      return [`$ ${commandOf(job).join(' ')}`, ...input.map(line => `    ${line}`)].join('\n')
    })
    return [`# ${title}`, ...calls].join('\n')
  })
  return `${text.join('\n\n')}\n`
}

/** What is fed to the call whose words hold all of `words`. */
function inputOf({ stages }: LabPlan, ...words: readonly string[]): readonly string[] {
  const jobs = stages.flatMap(stage => stage.jobs).filter(job => words.every(word => commandOf(job).includes(word)))
  return jobs.flatMap(({ input = '' }) => input.split('\n')).filter(line => line !== '')
}

t.test('a plan is all that a person would type', async t => {
  const file = 'test/lab/golden/plan.txt'
  const text = formatPlan(planOf(SMALL, { nodeCount: 2 }))
  if (process.env['UPDATE_GOLDEN']) writeFileSync(file, text)
  t.equal(text, readFileSync(file, 'utf8'))
})

t.test('no line of a plan is read by a shell, and no end of a wire is seen outside of the lab', async t => {
  for (const job of planOf(SMALL).stages.flatMap(({ jobs }) => jobs)) {
    const [tool, ...args] = commandOf(job)
    t.ok(['ip', 'bridge'].includes(tool), `${tool} enters namespaces by itself`)
    if (job.namespace === undefined) {
      for (const line of (job.input ?? '').trim().split('\n')) t.match(line, /^netns add podwire\.demo\.\S+$/)
    } else t.ok(args.includes(job.namespace))
  }
})

t.test("a node's files are those that render writes", async t => {
  const cluster = clusterOfFolder('scenarios/traffic-policies/manifests')
  const { files } = labPlan(cluster, OPTIONS)
  const ground = commonGround(cluster)
  for (const node of cluster.nodes) {
    const { name } = node.metadata
    for (const [path, text] of hostFiles(hostState(ground, node, OPTIONS), 'restore'))
      t.equal(files.get(`hosts/${name}/${path}`), text, `${name} ${path}`)
  }
})

t.test('files of one node are loaded again in the order of the first time', async t => {
  const nodes = [{ name: 'node-1', namespace: 'podwire.demo.node.node-1', links: [] }]
  const about = loadingStages(nodes, { id: 'demo', variant: 'legacy' }, [
    'routes.batch',
    'fdb.batch',
    'iptables.restore',
  ])
  t.strictSame(
    about.flatMap(({ jobs }) => jobs.map(job => commandOf(job).join(' '))),
    [
      'bridge -n podwire.demo.node.node-1 -batch /run/podwire/demo/hosts/node-1/fdb.batch',
      'ip -n podwire.demo.node.node-1 -batch /run/podwire/demo/hosts/node-1/routes.batch',
      'ip netns exec podwire.demo.node.node-1 iptables-legacy-restore --noflush /run/podwire/demo/hosts/node-1/iptables.restore',
    ],
  )
})

const NODE = (name: string, ...addresses: readonly string[]) => `
---
apiVersion: v1
kind: Node
metadata: { name: ${name} }
status: { addresses: [${addresses.map(address => `{ type: InternalIP, address: "${address}" }`).join(', ')}] }`

const besides = ({ machines }: LabPlan) =>
  machines.filter(({ kind }) => kind === 'beside').map(({ machine }) => machine)

// biome-ignore format: one case, one row
const BESIDES: readonly (readonly [says: string, nodes: string, clients: readonly string[]])[] = [
  ['one beside the nodes',                              NODE('a', '192.168.64.11'),                          ['192.168.64.200']],
  ['one of each family',                                NODE('a', '192.168.64.11', 'fd00:64::11'),           ['192.168.64.200', 'fd00:64::c8']],
  ['not one at the address of a node',                  NODE('a', '192.168.64.200'),                         ['192.168.64.199']],
]
for (const [says, nodes, clients] of BESIDES) {
  t.test(`a lab has clients: ${says}`, async t => t.strictSame(besides(planOf(nodes)), clients))
}

t.test(
  'a balanced address among the nodes is answered for by the first that takes it, and known to all others',
  async t => {
    const plan = planOf(SMALL, { nodeCount: 2 })
    const claims = (...words: readonly string[]) =>
      inputOf(plan, ...words).filter(line => line.startsWith('neigh replace 192.168.64.50 '))
    t.equal(claims('podwire.demo.node.node-2').length, 1)
    t.equal(claims('podwire.demo.router').length, 1)
    t.equal(claims('podwire.demo.beside.192-168-64-200').length, 1)
    t.strictSame(claims('podwire.demo.node.node-1'), [])
  },
)

t.test('a node that has the address of its gateway is given no route by itself', async t => {
  const plan = planOf(NODE('a', '192.168.64.1') + NODE('b', '192.168.64.2'))
  const routes = (node: string) =>
    inputOf(plan, `podwire.demo.node.${node}`).filter(line => line.startsWith('route replace 0.0.0.0/0'))
  t.strictSame(routes('a'), [])
  t.equal(routes('b').length, 1)
})

t.test('wires too small for IPv6 carry none', async t => {
  const plan = planOf(SMALL, { flags: { mtu: 1000, overlay: 'none' } })
  t.strictSame(
    inputOf(plan, 'podwire.demo.outside').filter(line => line.startsWith('neigh') && line.includes('fe80')),
    [],
  )
})

const LISTENING = `${SMALL}
---
apiVersion: v1
kind: Pod
metadata: { name: host }
spec: { hostNetwork: true, nodeName: node-1, containers: [{ name: c, image: i, ports: [{ containerPort: 9100 }, { containerPort: 53, protocol: UDP }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: mute }
spec: { nodeName: node-2, containers: [{ name: c, image: i }] }
---
apiVersion: v1
kind: Service
metadata: { name: far }
spec: { ports: [{ port: 80 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: far-1, labels: { kubernetes.io/service-name: far } }
addressType: IPv4
endpoints: [{ addresses: [198.51.100.7] }, { addresses: [192.168.64.12] }, { addresses: [192.168.64.77] }, { addresses: [10.244.9.9] }]
ports: [{ port: 8080 }]
`

function told({ machine, protocol, port, address }: LabListener): string {
  return `${machine} ${address === undefined ? 'everywhere' : formatIp(address)} ${protocol === TCP ? 'tcp' : 'udp'} ${port}`
}

t.test('somebody listens wherever the objects tell, once, and where one can be', async t => {
  const { listeners } = planOf(LISTENING, { nodeCount: 2 })
  t.strictSame(listeners.map(told).sort(), [
    'default/a everywhere tcp 80',
    'node-1 192.168.64.11 tcp 6443',
    'node-1 everywhere tcp 10250',
    'node-1 everywhere tcp 10256',
    'node-1 everywhere tcp 9100',
    'node-1 everywhere udp 53',
    'node-2 192.168.64.12 tcp 8080',
    'node-2 everywhere tcp 10250',
    'node-2 everywhere tcp 10256',
    'outside 198.51.100.7 tcp 8080',
  ])
})

t.test('a pod of two families listens at both at once where both are told of', async t => {
  const { listeners } = labPlan(clusterOfFolder('scenarios/dual-stack/manifests'), OPTIONS)
  t.strictSame(
    [...new Set(listeners.filter(({ machine }) => machine.startsWith('default/')).map(one => one.address))],
    [undefined],
  )
})

t.test('in the world of a lab nothing is left open', async t => {
  const cluster: SettledCluster = clusterOfText(LISTENING, { nodeCount: 2 })
  const { listenerAt, nodes } = labWorld(cluster, labPlan(cluster, OPTIONS))
  const listens = (machine: string, ip: string, protocol: number, port: number) =>
    listenerAt(machine, parseIp(ip), protocol, port).listens
  t.equal(listens('default/a', '10.244.0.2', TCP, 80), 'yes')
  t.equal(listens('default/a', '10.244.0.2', UDP, 80), 'no', 'by its protocol alone')
  t.equal(listens('default/mute', '10.244.1.2', TCP, 80), 'no', 'a pod that declares nothing')
  t.equal(listens('node-2', '192.168.64.12', TCP, 8080), 'yes')
  t.equal(listens('node-2', '10.244.1.1', TCP, 8080), 'no', 'at that address alone')
  t.equal(listens('198.51.100.7', '198.51.100.7', TCP, 8080), 'yes', 'whoever is outside is one machine')
  t.equal(listens('198.51.100.8', '198.51.100.8', TCP, 8080), 'no')
  const sysctls = nodes[0]?.host().network.sysctls ?? []
  const of = (key: string) => sysctls.filter(one => one.key === key).map(({ value }) => value)
  t.strictSame(of('net.ipv4.conf.all.send_redirects'), ['0'], "the lab's settings")
  t.strictSame(of('net.ipv4.ip_forward'), ['1'], "and before them the node's own, each once")
})

t.test('labPlan() refuses an id that cannot be part of names', async t => {
  t.throws(() => labPlan(clusterOfText(SMALL), { ...OPTIONS, id: '../x' }), { code: 'ERR_PARSE' })
})
