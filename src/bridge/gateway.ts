import { addIp, type InterfaceAddress, type Ip, type Prefix } from '../base/ip.ts'

/** The name of every node's bridge. */
export const BRIDGE = 'cbr0'

/** The node's own address in its pod network, which is the pods' gateway: the first behind the network's. */
export function gatewayOf(podPrefix: Prefix): Ip {
  return addIp(podPrefix.base, 1)
}

/** The gateway with its network's length, as the bridge bears it: `10.244.1.1/24`. */
export function gatewayAddress(podPrefix: Prefix): InterfaceAddress {
  return { address: gatewayOf(podPrefix), bits: podPrefix.bits }
}
