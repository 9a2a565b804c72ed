/**
 * `/run/flannel/subnet.env`, by which flannel tells the CNI plugin of a node what the node leases.
 *
 * @module
 */
import { addIp, type Family, formatInterfaceAddress, formatPrefix } from '../base/ip.ts'
import type { Lease } from './leases.ts'
import { type FlannelNetwork, familiesOf } from './network.ts'

const VARIABLES: Readonly<Record<Family, { readonly network: string; readonly subnet: string }>> = {
  4: { network: 'FLANNEL_NETWORK', subnet: 'FLANNEL_SUBNET' },
  6: { network: 'FLANNEL_IPV6_NETWORK', subnet: 'FLANNEL_IPV6_SUBNET' },
}

/** The file's text; `mtu` in bytes, `ipMasq` whether flannel masquerades. */
export function formatSubnetEnv(network: FlannelNetwork, lease: Lease, mtu: number, ipMasq: boolean): string {
  const lines: string[] = []
  for (const family of familiesOf(network)) {
    const pods = network.pods[family]
    const subnet = lease.families[family]?.subnet
    if (pods === undefined || subnet === undefined) continue
    const gateway = { address: addIp(subnet.base, 1), bits: subnet.bits }
    lines.push(`${VARIABLES[family].network}=${formatPrefix(pods)}`)
    lines.push(`${VARIABLES[family].subnet}=${formatInterfaceAddress(gateway)}`)
  }
  lines.push(`FLANNEL_MTU=${mtu}`, `FLANNEL_IPMASQ=${ipMasq}`)
  return `${lines.join('\n')}\n`
}
