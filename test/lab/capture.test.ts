/** Captures of a real lab: no field differs that is not excluded by name, and one that does is told. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { DEFAULT_FEATURES } from '../../src/cluster/host-state.ts'
import type { Judgement, Prediction } from '../../src/lab/agreement.ts'
import { withFrames } from '../../src/lab/frame-sights.ts'
import { openFrameWatch } from '../../src/lab/frame-watch.ts'
import type { IptablesVariant, LabMachine } from '../../src/lab/lab.ts'
import { labPlan } from '../../src/lab/plan.ts'
import { bringUp } from '../../src/lab/up.ts'
import { verify } from '../../src/lab/verify.ts'
import type { Frame } from '../../src/packet/packet.ts'
import type { Asked } from '../../src/trace/ask.ts'
import type { Exchange, Journey } from '../../src/trace/journey.ts'
import { podwire } from '../cli/capture.ts'
import type { Need } from '../kernel/needs.ts'
import { inNamespaces } from '../kernel/netns.ts'
import { clusterOfText } from '../trace/cluster-of.ts'
import { freshId, isSkipped, run } from './lab-here.ts'

const NEEDS: readonly Need[] = ['raw-socket', 'tcpdump', 'xtables-monitor', 'nft trace', 'nft log', 'nfnetlink_log']

const CLUSTER = `
apiVersion: v1
kind: Pod
metadata: { name: client }
spec: { nodeName: node-1, containers: [{ name: c, image: i }] }
---
apiVersion: v1
kind: Pod
metadata: { name: near, labels: { at: near } }
spec: { nodeName: node-1, containers: [{ name: c, image: i, ports: [{ containerPort: 8080 }, { containerPort: 53, protocol: UDP }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: far, labels: { at: far } }
spec: { nodeName: node-2, containers: [{ name: c, image: i, ports: [{ containerPort: 8080 }, { containerPort: 53, protocol: UDP }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: near }
spec: { selector: { at: near }, ports: [{ port: 80, targetPort: 8080 }] }
---
apiVersion: v1
kind: Service
metadata: { name: far }
spec: { type: NodePort, selector: { at: far }, ports: [{ port: 80, targetPort: 8080, nodePort: 30080 }] }
---
apiVersion: v1
kind: Service
metadata: { name: empty }
spec: { selector: { at: nowhere }, ports: [{ port: 80 }] }
`

function manifests(t: Test): string {
  return join(t.testdir({ 'all.yaml': CLUSTER }), 'all.yaml')
}

/** All from one lab, and so from ports of their own. */
function asking(from: string, to: string, more: Partial<Asked> = {}): Asked {
  return { from, to, protocol: 6, sport: 40_000, after: 0, ...more }
}

// biome-ignore format: one case, one row
const FLOWS: readonly (readonly [says: string, asked: Asked, frames: number])[] = [
  ['a Service on the same node',       asking('pod/client', 'svc/near:80'),                                12],
  ['a Service on another node: VXLAN', asking('pod/client', 'svc/far:80'),                                 30],
  ['back to the pod that asks',        asking('pod/near', 'svc/near:80'),                                  12],
  ['a port of a node, from outside',   asking('ip:198.51.100.7', 'node/node-1:30080'),                     33],
  ['datagrams through VXLAN',          asking('pod/client', 'pod/far:53', { protocol: 17 }),               20],
  ['a ping through VXLAN',             asking('pod/client', 'pod/far', { protocol: 1 }),                   20],
  ['a Service without endpoints',      asking('pod/client', 'svc/empty:80'),                               6],
  ['a port at which nobody listens',   asking('pod/client', 'pod/far:9'),                                  20],
  ['a packet that dies on its way',    asking('pod/client', 'pod/far:8080', { ttl: 2, sport: 40_001 }),    14],
  ['a node and itself',                asking('node/node-1', 'node/node-1:7', { protocol: 17 }),           2],
]

for (const variant of ['nft', 'legacy'] as const) {
  t.test(`the kernel's frames are those of the model, with iptables-${variant}`, async t => {
    if (isSkipped(t, NEEDS)) return
    const { judgements } = await judged(
      t,
      variant,
      FLOWS.map(([, asked]) => asked),
    )
    for (const [i, [says, , frames]] of FLOWS.entries()) {
      t.strictSame(judgements[i]?.differences, [], says)
      t.equal(judgements[i]?.frames?.compared, frames, `${says}: so many frames`)
    }
  })
}

interface Reported {
  readonly totals: { readonly frames: number }
}

t.test('frames are written to files', async t => {
  if (isSkipped(t, NEEDS)) return
  const folder = join(t.testdir({}), 'frames')
  const input = ['-f', manifests(t), '--nodes', '2', 'pod/client', 'svc/far:80', '--capture', folder]
  const { code, out, err } = await podwire(['lab', 'verify', ...input, '-o', 'json'])
  if (!t.equal(code, 0, err || out, { diagnostic: false })) return
  const { totals }: Reported = JSON.parse(out)
  for (const side of ['kernel', 'model']) t.ok(existsSync(join(folder, `${side}.pcapng`)))
  readByTshark(t, folder, totals.frames)
})

function readByTshark(t: Test, folder: string, frames: number): void {
  if (spawnSync('tshark', ['--version']).status !== 0) {
    t.comment('tshark is not there: whether it reads the files is not seen')
    return
  }
  const [model, kernel] = ['model', 'kernel'].map(side => {
    const fields = ['-e', 'frame.interface_name', '-e', 'frame.comment', '-e', '_ws.malformed']
    const path = join(folder, `${side}.pcapng`)
    const { stdout, stderr } = spawnSync('tshark', ['-n', '-r', path, '-T', 'fields', ...fields], { encoding: 'utf8' })
    const lines = stdout.split('\n').slice(0, -1)
    t.ok(lines.length > 0, stderr)
    for (const line of lines) t.match(line, /^[^\t]+\/[^\t]+\tflow 1: [^\t]+\t$/)
    return lines
  })
  t.equal(model?.length, frames)
  t.ok((kernel?.length ?? 0) >= frames, 'with ARP and the like')
}

t.test('drawn clusters are not captured', async t => {
  const { code, err } = await podwire(['lab', 'verify', '--clusters', '2', '--capture', 'frames'])
  t.equal(code, 2)
  t.match(err, /--capture: frames are of one cluster/)
})

/** Asks in a lab of its own, with every link watched. */
async function judged(t: Test, variant: IptablesVariant, asked: readonly Asked[]) {
  const cluster = clusterOfText(CLUSTER, { nodeCount: 2 })
  const host = { id: freshId(t), variant, features: DEFAULT_FEATURES } as const
  const plan = labPlan(cluster, host)
  await bringUp(plan, { temporary: true })
  const rounds = [{ cluster, faults: [], asked }] as const
  const options = { seed: 1, crafted: true, capture: true, draws: 0, namespace: 'default', family: 4 } as const
  const judgements: Judgement[] = []
  for await (const { judgement } of verify({ plan, rounds, host, ...options })) judgements.push(judgement)
  return { judgements, tunnels: plan.tunnels }
}

t.test('a model that has another TTL in outer packets is told of it', async t => {
  if (isSkipped(t, NEEDS)) return
  const { judgements, tunnels } = await judged(t, 'nft', [asking('pod/client', 'pod/far:8080')])
  const [judgement] = judgements
  if (!judgement?.taken || !judgement.frames) throw new Error('no way was taken')
  t.strictSame(judgement.differences, [])
  const { frames, ...rest } = judgement
  const passed = frames.kernel.map(frame => ({ ...frame, computes: true }))
  t.strictSame(withFrames(rest, passed, tunnels).differences, [], 'compared again, they still agree')
  const wrong = withFrames({ ...rest, taken: mutated(judgement.taken, tunnels) }, passed, tunnels)
  t.strictSame(
    wrong.differences.map(({ what, where, model, kernel }) => `${what} ${where}: ${model} | ${kernel}`).sort(),
    ['node-1', 'node-2'].flatMap(node =>
      [1, 2, 3].map(number => `frame ${node} eth0 frame ${number}: ip.ttl 63 | ip.ttl 64`),
    ),
  )
  t.equal(wrong.taken, undefined)
})

function mutated(prediction: Prediction, tunnels: readonly number[]): Prediction {
  const journeyOf = (journey: Journey): Journey => ({
    ...journey,
    hops: journey.hops.map(hop => ({
      ...hop,
      steps: hop.steps.map(step =>
        step.component === 'link' ? { ...step, frame: withOuterTtl(step.frame, tunnels) } : step,
      ),
    })),
  })
  const { request, reply, aftermath = [], ...rest } = prediction.exchange
  const exchange: Exchange = {
    ...rest,
    request: journeyOf(request),
    ...(reply ? { reply: journeyOf(reply) } : {}),
    aftermath: aftermath.map(one => ({ ...one, journey: journeyOf(one.journey) })),
  }
  return { ...prediction, exchange }
}

function withOuterTtl(frame: Frame, tunnels: readonly number[]): Frame {
  if (frame.body.kind !== 'ip') return frame
  const { packet } = frame.body
  const isOuter = 'dport' in packet.payload && tunnels.includes(packet.payload.dport)
  return isOuter ? { ...frame, body: { kind: 'ip', packet: { ...packet, ttl: 63 } } } : frame
}

t.test('links that come and go are watched as long as they are there, and left as they were', async t => {
  await inNamespaces(t, ['veth', 'bridge device', 'tcpdump'], 1, async ([ns]) => {
    if (!ns) return
    const features = () => run('ip', ['netns', 'exec', ns.name, 'ethtool', '-k', 'va'])
    await ns.run('ip', ['link', 'add', 'va', 'type', 'veth', 'peer', 'name', 'vb'])
    for (const link of ['lo', 'va', 'vb']) await ns.run('ip', ['link', 'set', link, 'up'])
    await ns.run('ip', ['addr', 'add', '10.9.0.1/24', 'dev', 'va'])
    await ns.run('ip', ['neigh', 'add', '10.9.0.9', 'lladdr', '02:00:00:00:00:09', 'dev', 'va'])
    const before = await features()
    const machine: LabMachine = { machine: 'a machine', kind: 'node', namespace: ns.name, addresses: [] }
    const watch = await openFrameWatch([machine], { id: 'test' })
    const send = () => ns.run('bash', ['-c', 'echo hello > /dev/udp/10.9.0.9/9; echo hello > /dev/udp/127.0.0.1/9'])
    const links = async () => {
      const passed = await watch.passed(20_000)
      return [...new Set(passed.map(({ link }) => link))].sort()
    }
    try {
      await watch.passed(20_000)
      await send()
      t.strictSame(await links(), ['lo', 'va', 'vb'])
      t.strictSame(await links(), [], 'each frame is told once')
      await ns.run('ip', ['link', 'add', 'cbr', 'type', 'bridge'])
      await ns.run('ip', ['link', 'set', 'vb', 'down'])
      await watch.look()
      await ns.run('ip', ['link', 'set', 'vb', 'up'])
      await ns.run('ip', ['link', 'set', 'vb', 'master', 'cbr'])
      await ns.run('ip', ['link', 'set', 'cbr', 'up'])
      await watch.look()
      await watch.passed(20_000)
      await send()
      t.ok((await links()).includes('vb'))
      await ns.run('ip', ['link', 'delete', 'va'])
      await ns.run('ip', ['link', 'add', 'va', 'type', 'veth', 'peer', 'name', 'vb'])
      await watch.look()
      // The bridge tells of itself when it likes.
      t.strictSame(
        (await links()).filter(link => link !== 'cbr'),
        [],
      )
    } finally {
      await watch.close()
    }
    t.equal((await run('ip', ['netns', 'pids', ns.name])).out, '', 'nobody is left')
    t.equal((await features()).out, before.out, 'devices are left to compute what they were')
  })
})
