/**
 * What cannot work in the network of a settled cluster.
 *
 * @module
 */
import { prefixOf } from '../base/ip.ts'
import { type Conflict, findConflicts } from '../bridge/conflicts.ts'
import { podPrefixesOf } from '../objects/node.ts'
import { podMtu, VXLAN_OVERHEAD } from '../overlay/devices.ts'
import type { SettledCluster } from './host-state.ts'
import { nodeNetworks, uplinkOf } from './uplink.ts'

export function clusterConflicts({ settings, nodes, podsOn }: SettledCluster): readonly Conflict[] {
  const { overlay, uplinkMtu } = settings
  const networks = nodeNetworks(nodes)
  return findConflicts(
    {
      podPrefixes: settings.podCidrs,
      servicePrefixes: settings.serviceCidrs,
      podMtu: overlay ? podMtu(overlay.backend, uplinkMtu) : uplinkMtu,
      ...(overlay?.backend.kind === 'vxlan' ? { overhead: VXLAN_OVERHEAD } : {}),
    },
    nodes.map(node => ({
      name: node.metadata.name,
      podPrefixes: podPrefixesOf(node),
      lanPrefixes: uplinkOf(node, networks, uplinkMtu).addresses.map(({ address, bits }) => prefixOf(address, bits)),
      ports: podsOn(node.metadata.name).filter(pod => !pod.spec.hostNetwork).length,
      uplinkMtu,
    })),
  )
}
