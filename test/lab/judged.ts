/** Flows for tests of the comparison: asked as on the command line, predicted, and played. */
import type { SettledCluster } from '../../src/cluster/host-state.ts'
import type { Judgement, Prediction } from '../../src/lab/agreement.ts'
import type { Observation } from '../../src/lab/observation.ts'
import { isCrafted, predict } from '../../src/lab/predict.ts'
import { judge } from '../../src/lab/verdict.ts'
import type { Flow } from '../../src/trace/journey.ts'
import type { World } from '../../src/trace/world.ts'
import { clusterOfText } from '../trace/cluster-of.ts'
import { type Asking, ask } from '../trace/tell.ts'
import { observationOf } from './observation-of.ts'

const MANIFEST = `
apiVersion: v1
kind: Pod
metadata: { name: client, labels: { app: client } }
spec: { nodeName: node-1, containers: [{ name: app, image: app:1 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: web-1, labels: { app: web } }
spec: { nodeName: node-2, containers: [{ name: web, image: web:1, ports: [{ name: http, containerPort: 8080 }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: web-2, labels: { app: web } }
spec: { nodeName: node-3, containers: [{ name: web, image: web:1, ports: [{ name: http, containerPort: 8080 }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  type: NodePort
  selector: { app: web }
  ports: [{ name: http, port: 80, targetPort: http, nodePort: 30080 }]
---
apiVersion: v1
kind: Service
metadata: { name: empty }
spec: { selector: { app: none }, ports: [{ port: 80 }] }
`

/** A pod beside the first of those behind the Service. */
const NEIGHBOUR = `
apiVersion: v1
kind: Pod
metadata: { name: neighbour }
spec: { nodeName: node-2, containers: [{ name: app, image: app:1, ports: [{ containerPort: 9 }] }] }
`

export function clusterWithNeighbour(): SettledCluster {
  return clusterOfText(`${MANIFEST}---${NEIGHBOUR}`)
}

let made: SettledCluster | undefined

/** A client, two pods behind a Service, three nodes, VXLAN; a Service without endpoints. */
export function smallCluster(): SettledCluster {
  made ??= clusterOfText(MANIFEST)
  return made
}

export interface Predicted {
  readonly flow: Flow
  readonly world: World
  readonly predictions: readonly Prediction[]
}

export function predicted(asking: Asking, cluster: SettledCluster = smallCluster()): Predicted {
  const { trace, context } = ask(cluster, asking)
  const [flow] = trace.flows
  if (!flow) throw new Error('no flow')
  const { predictions } = predict(flow, context.world, new Map(), { seed: 1, most: 1000 })
  return { flow, world: context.world, predictions }
}

/** The kernel as it would be seen if it took the way, the first unless another is said. */
export function played({ flow, predictions }: Predicted, way = 0): Observation {
  const one = predictions[way]
  if (!one) throw new Error(`no way ${way}`)
  return observationOf(one.exchange, { crafted: isCrafted(flow) })
}

/** What is said of the flow if the kernel was seen like this. */
export function judged(one: Predicted, seen: Observation): Judgement {
  return judge(one.flow, one.predictions, seen)
}

/** Differences as lines: `rules node-1: nat:KUBE-SERVICES:rule:7 | nothing`. */
export function told({ differences }: Judgement): readonly string[] {
  return differences.map(
    ({ what, where, model, kernel }) => `${what}${where === undefined ? '' : ` ${where}`}: ${model} | ${kernel}`,
  )
}
