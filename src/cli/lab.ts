/**
 * `podwire lab`: the cluster brought to life on this machine.
 *
 * @module
 */
import type { Group } from './group.ts'

export const LAB: Group = {
  summary: 'the cluster brought to life in network namespaces of this machine',
  about: `
A lab is the cluster in Linux network namespaces: one for each node and pod, wired together, and made by stock tools
from the very files that render writes. In every pod somebody answers at the ports that it declares, and the cluster's
names are found by its DNS. Labs have names and live side by side; the machine's own links, routes, rules, settings and
files stay as they are. Needs Linux and root.`,
  entries: {
    up: {
      summary: 'bring a cluster to life',
      load: async () => (await import('./lab-up.ts')).LAB_UP,
    },
    verify: {
      summary: 'send real packets, and compare the kernel with trace',
      load: async () => (await import('./lab-verify.ts')).LAB_VERIFY,
    },
    exec: {
      summary: 'run a command in a pod, on a node, on the router or outside',
      load: async () => (await import('./lab-exec.ts')).LAB_EXEC,
    },
    status: {
      summary: 'the labs of this machine',
      load: async () => (await import('./lab-status.ts')).LAB_STATUS,
    },
    down: {
      summary: 'take a lab down; nothing of it is left',
      load: async () => (await import('./lab-down.ts')).LAB_DOWN,
    },
  },
  examples: [
    { does: 'bring a cluster to life', call: 'podwire lab up -f manifests/' },
    { does: 'a pod asks a Service', call: 'podwire lab exec pod/web-1 -- curl -s http://web/' },
    { does: 'the rules of a node, as its kernel has them', call: 'podwire lab exec node/node-1 -- iptables-nft-save' },
    { does: 'and take it down again', call: 'podwire lab down' },
  ],
}
