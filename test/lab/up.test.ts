/** A cluster brought to life: what is there, who answers whom, and how it goes away. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { DEFAULT_FEATURES } from '../../src/cluster/host-state.ts'
import { takeDown } from '../../src/lab/down.ts'
import type { IptablesVariant, LabPlan } from '../../src/lab/lab.ts'
import { labFolder } from '../../src/lab/naming.ts'
import { labPlan } from '../../src/lab/plan.ts'
import { namespacesOf } from '../../src/lab/processes.ts'
import { bringUp } from '../../src/lab/up.ts'
import { podwire } from '../cli/capture.ts'
import { clusterOfText } from '../trace/cluster-of.ts'
import { command, freshId, isSkipped, type Ran, remainsOf, run, withLab } from './lab-here.ts'

/** A pod on each of two nodes, and a Service of the second. */
const TWO_PODS = `
apiVersion: v1
kind: Pod
metadata: { name: a }
spec: { nodeName: node-1, containers: [{ name: c, image: i, ports: [{ containerPort: 80 }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: b, labels: { app: b } }
spec: { nodeName: node-2, containers: [{ name: c, image: i, ports: [{ containerPort: 8080 }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: b }
spec: { type: LoadBalancer, clusterIP: 10.96.0.20, selector: { app: b }, ports: [{ port: 80, targetPort: 8080, nodePort: 30080 }] }
status: { loadBalancer: { ingress: [{ ip: 203.0.113.10 }] } }
`

function manifests(t: Test, text = TWO_PODS): string {
  return join(t.testdir({ 'all.yaml': text }), 'all.yaml')
}

function planOf(id: string, variant: IptablesVariant = 'nft'): LabPlan {
  return labPlan(clusterOfText(TWO_PODS, { nodeCount: 2 }), { id, variant, features: DEFAULT_FEATURES })
}

/** Asks by TCP from inside a machine; says what came back. */
function ask(namespace: string, address: string, port: number, source?: string): Promise<Ran> {
  const script = `
    const local = ${JSON.stringify(source === undefined ? {} : { localAddress: source })}
    const socket = require('node:net').connect({ host: '${address}', port: ${port}, ...local })
    socket.on('connect', () => socket.write('\\n'))
    socket.on('data', data => process.stdout.write(data))
    socket.on('error', error => { process.stdout.write(error.code); process.exit() })
    socket.setTimeout(20000, () => process.exit(9))`
  return run('ip', ['netns', 'exec', namespace, process.execPath, '-e', script])
}

for (const variant of ['nft', 'legacy'] as const) {
  t.test(`a cluster is brought to life with iptables-${variant}`, async t => {
    await withLab(t, ['-f', manifests(t), '--nodes', '2', '--iptables', variant], async id => {
      const at = (name: string) => `podwire.${id}.${name}`
      const rows: readonly (readonly [
        says: string,
        from: string,
        to: string,
        port: number,
        finds: RegExp,
        source?: string,
      ])[] = [
        ['a pod asks a pod of another node', 'pod.default.a', '10.244.1.2', 8080, /default\/b.*10\.244\.0\.2/],
        ['a pod asks a Service', 'pod.default.a', '10.96.0.20', 80, /default\/b.*10\.244\.0\.2/],
        ['a node asks a Service', 'node.node-1', '10.96.0.20', 80, /default\/b/],
        ['a pod asks itself by its Service', 'pod.default.b', '10.96.0.20', 80, /default\/b/],
        ['a client beside the nodes asks a node port', 'beside.192-168-64-200', '192.168.64.11', 30080, /default\/b/],
        ['a client beside the nodes asks the balancer', 'beside.192-168-64-200', '203.0.113.10', 80, /default\/b/],
        ['a client outside asks the balancer', 'outside', '203.0.113.10', 80, /default\/b/, '198.51.100.7'],
        ['nobody listens at a port that none declares', 'pod.default.a', '10.244.1.2', 81, /^ECONNREFUSED$/],
        ['the kubelet answers', 'pod.default.a', '192.168.64.12', 10250, /node-2/],
      ]
      for (const [says, from, to, port, finds, source] of rows) {
        const { out, err } = await ask(at(from), to, port, source)
        t.match(out, finds, `${says} ${err}`)
      }
      const saved = await run('ip', ['netns', 'exec', at('node.node-1'), `iptables-${variant}-save`])
      t.match(saved.out, /-A KUBE-SERVICES /, 'the rules are those of that iptables')
    })
  })
}

t.test('two labs live side by side, and one goes without the other', async t => {
  await withLab(t, ['-f', manifests(t), '--nodes', '2'], async first => {
    await withLab(t, ['-f', manifests(t), '--nodes', '2'], async second => {
      const count = namespacesOf(first).length
      t.equal(namespacesOf(second).length, count)
      t.equal((await podwire(['lab', 'down', second])).code, 0)
      t.strictSame(remainsOf(second), [])
      t.equal(namespacesOf(first).length, count)
      t.match((await ask(`podwire.${first}.pod.default.a`, '10.96.0.20', 80)).out, /default\/b/, 'the other goes on')
    })
  })
})

t.test('a lab of a name that is there is refused, and the one that is there stays', async t => {
  await withLab(t, ['-f', manifests(t)], async id => {
    const { code, err } = await podwire(['lab', 'up', '--id', id, '-f', manifests(t)])
    t.equal(code, 2)
    t.match(err, `there is a lab "${id}" already`)
    const labs: unknown = JSON.parse((await podwire(['lab', 'status', '-o', 'json'])).out)
    t.match(Array.isArray(labs) && labs.find(lab => lab.id === id), { state: 'up', answers: true })
    t.ok(namespacesOf(id).length > 0)
  })
})

t.test('a tool that fails is quoted with its line, and nothing is left', async t => {
  if (isSkipped(t)) return
  const id = freshId(t)
  const plan = planOf(id)
  const path = 'hosts/node-2/routes.batch'
  const files = new Map([...plan.files, [path, `${plan.files.get(path)}route replace 10.9.0.0/24 via 10.8.0.1\n`]])
  const line = plan.files.get(path)?.split('\n').length
  await t.rejects(bringUp({ ...plan, files }), {
    code: 'ERR_LAB',
    message: new RegExp(
      `^node-2 routes.batch line ${line} "route replace 10.9.0.0/24 via 10.8.0.1": .*invalid gateway`,
    ),
  })
  t.strictSame(remainsOf(id), [])
})

t.test('rules that a kernel refuses are told with their line', async t => {
  if (isSkipped(t)) return
  for (const variant of ['nft', 'legacy'] as const) {
    const id = freshId(t)
    const plan = planOf(id, variant)
    const files = new Map([
      ...plan.files,
      ['hosts/node-1/iptables.restore', '*filter\n-A INPUT -m nonsense -j ACCEPT\nCOMMIT\n'],
    ])
    await t.rejects(bringUp({ ...plan, files }), {
      message: /^node-1 iptables.restore line 2 "-A INPUT -m nonsense -j ACCEPT": /,
    })
    t.strictSame(remainsOf(id), [])
  }
})

t.test('what the kernel lacks is named with what would help, all at once, and nothing is left', async t => {
  if (isSkipped(t)) return
  const id = freshId(t)
  // A kernel without br_netfilter and without IPv6, as sysctl tells it.
  const folder = t.testdir({
    sysctl: '#!/bin/sh\necho "sysctl: cannot stat /proc/sys/net: No such file or directory" >&2\nexit 1\n',
  })
  chmodSync(join(folder, 'sysctl'), 0o755)
  const { PATH } = process.env
  t.teardown(() => Object.assign(process.env, { PATH }))
  Object.assign(process.env, { PATH: `${folder}:${PATH}` })
  await t.rejects(bringUp(planOf(id)), {
    message:
      /^the kernel lacks IPv6; try booting without ipv6.disable=1: sysctl: cannot stat .*\nthe kernel lacks rules for bridged frames \(br_netfilter\); try modprobe br_netfilter: sysctl: cannot stat .*$/,
  })
  t.strictSame(remainsOf(id), [])
})

t.test('a lab that is told to stop while it comes up leaves nothing', async t => {
  if (isSkipped(t)) return
  const id = freshId(t)
  const controller = new AbortController()
  const reason = new Error('enough')
  const progress = (title: string) => {
    if (title === 'loading fdb.batch') controller.abort(reason)
  }
  await t.rejects(bringUp(planOf(id), { signal: controller.signal, progress }), { message: 'enough' })
  t.strictSame(remainsOf(id), [])
})

t.test('labs whose makers are gone are cleaned away by the next', async t => {
  if (isSkipped(t)) return
  const dead = freshId(t)
  await bringUp(planOf(dead))
  const file = join(labFolder(dead), 'lab.json')
  const record = JSON.parse(readFileSync(file, 'utf8'))
  writeFileSync(file, JSON.stringify({ ...record, state: 'starting', maker: { pid: 1, started: 'never' } }))
  const unborn = join(labFolder('.new-1-0-x'))
  mkdirSync(unborn, { recursive: true })
  const status = await podwire(['lab', 'status'])
  t.match(status.out, new RegExp(`^${dead} +abandoned `, 'm'))
  const next = freshId(t)
  await bringUp(planOf(next))
  t.strictSame(remainsOf(dead), [])
  t.notOk(existsSync(unborn))
})

t.test('lab down ends what runs inside, whatever its environment says', async t => {
  await withLab(t, ['-f', manifests(t)], async id => {
    const router = `podwire.${id}.router`
    const inside = run('ip', ['netns', 'exec', router, 'sleep', '1000'])
    // Whoever has not entered yet is nobody that could be found.
    while (!(await run('ip', ['netns', 'pids', router])).out.trim())
      await new Promise(resolve => setTimeout(resolve, 5))
    const { code, err } = await podwire(['lab', 'down', id])
    t.equal(code, 0, err)
    t.not((await inside).code, 0)
    t.strictSame(remainsOf(id), [])
    t.match((await podwire(['lab', 'down', id])).err, `there was no lab ${id}`, 'and is no failure where there is none')
  })
})

t.test('takeDown() leaves nothing of a lab whose record cannot be read', async t => {
  await withLab(t, ['-f', manifests(t)], async id => {
    writeFileSync(join(labFolder(id), 'lab.json'), '{')
    await takeDown(id)
    t.strictSame(remainsOf(id), [])
  })
})

t.test('signals end a start, and nothing is left', async t => {
  if (isSkipped(t)) return
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    const id = freshId(t)
    const started = command(['lab', 'up', '--id', id, '-f', manifests(t)])
    while (namespacesOf(id).length < 3) await new Promise(resolve => setTimeout(resolve, 5))
    const { maker } = JSON.parse(readFileSync(join(labFolder(id), 'lab.json'), 'utf8'))
    process.kill(maker.pid, signal)
    const { code } = await started
    t.not(code, 0, `${signal} is no success`)
    t.strictSame(remainsOf(id), [], `${signal} leaves nothing`)
  }
})
