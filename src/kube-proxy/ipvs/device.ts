/**
 * The device that holds the addresses of virtual servers, so that the kernel takes packets to them for its own.
 *
 * @see pkg/proxy/ipvs/netlink_linux.go of Kubernetes: EnsureDummyDevice, EnsureAddressBind
 * @module
 */
import { familyOf, type Ip, widthOf } from '../../base/ip.ts'
import type { DummyLink, LinkAddress } from '../../host/host.ts'

/** It stays down: nothing is ever sent by it. The MTU is what the kernel gives such a device. */
export const IPVS_DEVICE: DummyLink = { kind: 'dummy', name: 'kube-ipvs0', mtu: 1500, down: true }

export function boundAddress(address: Ip): LinkAddress {
  return { link: IPVS_DEVICE.name, own: { address, bits: widthOf(familyOf(address)) } }
}
