/**
 * How long a cluster takes to settle: Deployments to Pods with addresses, Services to slices.
 *
 *     npm run bench:settle
 *
 * Each size runs in a process of its own.
 */
import { execFileSync } from 'node:child_process'
import { arch, cpus, release } from 'node:os'
import { argv, execPath, resourceUsage, stdout, version } from 'node:process'
import { fileURLToPath } from 'node:url'
import { admitObject } from '../src/cluster/admission.ts'
import { assemble } from '../src/cluster/assemble.ts'
import { settle } from '../src/cluster/settle.ts'
import { scanManifests } from '../src/objects/manifest.ts'
import type { KubeObject } from '../src/objects/meta.ts'
import type { Pod } from '../src/objects/pod.ts'

interface Size {
  readonly nodes: number
  readonly services: number
  /** Of each Service. */
  readonly pods: number
}

interface Result {
  readonly wall: number
  readonly peakMebibytes: number
  readonly pods: number
  /** Milliseconds until one more Pod has settled: each of several. */
  readonly more: readonly number[]
}

const SIZES: Readonly<Record<string, Size>> = {
  small: { nodes: 100, services: 100, pods: 10 },
  large: { nodes: 5000, services: 10_000, pods: 15 },
}

/** One Deployment and its Service, as a manifest says it. */
function application(index: number, { pods }: Size): readonly KubeObject[] {
  const labels = `{ app: app-${index} }`
  const text = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: app-${index}, namespace: ns-${index % 100} }
spec:
  replicas: ${pods}
  selector: { matchLabels: ${labels} }
  template:
    metadata: { labels: ${labels} }
    spec:
      containers:
        - { name: c, image: "app:1", ports: [{ name: http, containerPort: 8080 }], resources: { requests: { cpu: 10m, memory: 16Mi } } }
---
apiVersion: v1
kind: Service
metadata: { name: app-${index}, namespace: ns-${index % 100} }
spec:
  selector: ${labels}
  ports: [{ name: http, port: 80, targetPort: http }]
`
  return scanManifests('bench.yaml', text).manifests.map(manifest => manifest.object)
}

function run(size: Size): Result {
  const objects = Array.from({ length: size.services }, (_, index) => application(index, size)).flat()
  const start = performance.now()
  const { cluster } = assemble({
    objects,
    wishes: { podCidrs: '10.0.0.0/8', serviceCidrs: '172.16.0.0/12' },
    nodeCount: size.nodes,
    seed: 1,
  })
  settle(cluster)
  const wall = performance.now() - start
  const pods = cluster.store.list('Pod')
  const ready = pods.filter(pod => pod.status?.podIP !== undefined).length
  if (ready !== size.services * size.pods) throw new Error(`${ready} Pods have an address`)
  const more = Array.from({ length: 20 }, (_, index) => {
    const before = performance.now()
    admitObject(pod(index), cluster)
    settle(cluster)
    return performance.now() - before
  })
  return { wall, peakMebibytes: resourceUsage().maxRSS / 1024, pods: ready, more }
}

/** A bare Pod behind one of the Services. */
function pod(index: number): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `more-${index}`, namespace: `ns-${index % 100}`, labels: { app: `app-${index % 100}` } },
    spec: {
      containers: [{ name: 'c', image: 'app:1', ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }] }],
    },
  }
}

function report(): void {
  const say = (text: string) => stdout.write(`${text}\n`)
  say(`Node ${version}, ${cpus().length} × ${cpus()[0]?.model.trim()}, Linux ${release()} ${arch()}`)
  for (const [name, size] of Object.entries(SIZES)) {
    const text = execFileSync(execPath, [fileURLToPath(import.meta.url), name], { encoding: 'utf8' })
    const { wall, peakMebibytes, pods, more } = JSON.parse(text) as Result
    const sorted = [...more].sort((a, b) => a - b)
    say(`\n${size.nodes} nodes, ${pods} pods, ${size.services} services`)
    if (name === 'small') say('  a real control plane  69 s (1.37.1, three processes and etcd on such a machine)')
    say(`  podwire               ${(wall / 1000).toFixed(2)} s, ${peakMebibytes.toFixed(0)} MiB peak`)
    say(
      `  one more pod          ${(sorted[10] ?? 0).toFixed(2)} ms median, ${(sorted.at(-1) ?? 0).toFixed(2)} ms at most`,
    )
  }
}

const [, , name = ''] = argv
const size = SIZES[name]
if (size) stdout.write(JSON.stringify(run(size)))
else report()
