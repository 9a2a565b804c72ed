/**
 * `podwire dns zone`: the zone as a file.
 *
 * @module
 */
import { Zone } from '../dns/zone.ts'
import { zoneFile } from '../dns/zone-file.ts'
import type { Command, Given } from './command.ts'
import { loadZone, ZONE_OPTIONS } from './dns-options.ts'
import { type ExitCode, UsageError } from './exit.ts'
import type { Io } from './io.ts'
import { CLUSTER_OPTIONS } from './options.ts'

export const DNS_ZONE: Command = {
  name: 'dns zone',
  summary: "Write the cluster's DNS zone as a file that name servers load.",
  usage: '-f FILE… [OPTIONS]',
  about: `
Settles the cluster that the manifests declare, and writes every record that CoreDNS would hand out in a transfer: Services,
endpoints of headless Services, ports, external names. Names that are only made when asked for (of pods, and those of
addresses backwards) are not in it. named-checkzone accepts the file.

The zone is set up as the Corefile in ConfigMap kube-system/coredns says; without one, as kubeadm does. Where no DNS server
of the cluster is known, its name server is at the loopback address, for a zone without one is none.`,
  options: [...CLUSTER_OPTIONS, ...ZONE_OPTIONS],
  examples: [
    { does: 'the zone on standard output', call: 'podwire dns zone -f manifests/' },
    { does: 'checked', call: 'podwire dns zone -f manifests/ > c.zone && named-checkzone cluster.local c.zone' },
    { does: 'of another domain', call: 'podwire dns zone -f manifests/ --domain k8s.example.org --ttl 5' },
  ],
  run: runZone,
}

async function runZone(given: Given, io: Io): Promise<ExitCode> {
  if (given.words.length > 0) throw new UsageError(`dns zone takes no words, not "${given.words[0]}"`)
  const { makings } = await loadZone(given, io)
  await io.out(zoneFile(new Zone(makings.objects, makings.options, makings.serial)))
  return 0
}
