/** A client and three copies of what it asks, on three nodes: `pod/client`, `pod/web-1` to `pod/web-3`. */

/**
 * @param ports of each copy: `{ containerPort: 8080 }`
 * @param service the `spec` of Service `web`, which selects them
 */
export function threeCopies(ports: readonly string[], service: string): string {
  const copies = [1, 2, 3].map(number => {
    const container = `{ name: c, image: i, ports: [${ports.join(', ')}] }`
    return `---
apiVersion: v1
kind: Pod
metadata: { name: web-${number}, labels: { app: web } }
spec: { nodeName: node-${number}, containers: [${container}] }
`
  })
  return `apiVersion: v1
kind: Pod
metadata: { name: client }
spec: { nodeName: node-1, containers: [{ name: c, image: i }] }
${copies.join('')}---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ${service} }
`
}
