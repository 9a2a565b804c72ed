/** Manifests for tests of traces, as text. */

const pod = (name: string, labels: string, more: string, ports = '[{ name: http, containerPort: 8080 }]') => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, labels: { ${labels} } }
spec: { containers: [{ name: app, image: app:1, ports: ${ports} }] }
${more}
---`

const service = (name: string, spec: string) => `
apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec: { ${spec} }
---`

/** Clusters by name. */
export const MANIFESTS: Readonly<Record<string, string>> = {
  /** Services that fail, each in its own way, and one that is large. */
  services: [
    pod('client', 'app: client', ''),
    pod('web-1', 'app: web', ''),
    pod('sick-1', 'app: sick', 'status: { phase: Running, conditions: [{ type: Ready, status: "False" }] }'),
    `
apiVersion: apps/v1
kind: Deployment
metadata: { name: many }
spec:
  replicas: 12
  selector: { matchLabels: { app: many } }
  template:
    metadata: { labels: { app: many } }
    spec: { containers: [{ name: many, image: many:1, ports: [{ containerPort: 80 }] }] }
---`,
    service('wrong-port', 'selector: { app: web }, ports: [{ port: 80, targetPort: 9999 }]'),
    service('wrong-name', 'selector: { app: web }, ports: [{ port: 80, targetPort: https }]'),
    service('wrong-labels', 'selector: { app: wep }, ports: [{ port: 80 }]'),
    service('not-ready', 'selector: { app: sick }, ports: [{ port: 80, targetPort: http }]'),
    service('by-hand', 'ports: [{ port: 80 }]'),
    service('many', 'selector: { app: many }, ports: [{ port: 80 }]'),
  ].join('\n'),
}
