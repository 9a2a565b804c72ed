/**
 * `podwire dns`: the cluster's names.
 *
 * @module
 */
import type { Group } from './group.ts'

export const DNS: Group = {
  summary: "the cluster's names, as CoreDNS would answer them",
  about: `
What CoreDNS would make of the same objects: the zone of the cluster's Services, endpoints and pods, set up as the Corefile
in ConfigMap kube-system/coredns says, or as kubeadm does where there is none.`,
  entries: {
    zone: {
      summary: 'the zone as a file that name servers load',
      load: async () => (await import('./dns-zone.ts')).DNS_ZONE,
    },
    query: {
      summary: 'what a pod gets when it looks a name up',
      load: async () => (await import('./dns-query.ts')).DNS_QUERY,
    },
    serve: {
      summary: 'answers from the zone, over UDP and TCP',
      load: async () => (await import('./dns-serve.ts')).DNS_SERVE,
    },
  },
  examples: [
    { does: 'the zone as a file', call: 'podwire dns zone -f manifests/ > cluster.local.zone' },
    { does: 'a name as a pod looks it up', call: 'podwire dns query web --from pod/a -f manifests/' },
    { does: 'the zone, to be asked', call: 'podwire dns serve -f manifests/' },
  ],
}
