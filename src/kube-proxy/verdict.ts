/**
 * What becomes of a service port's traffic, as far as its endpoints decide.
 *
 * @module
 */

import { isExternallyAccessible, type ServicePort } from './service-port.ts'
import type { Categories } from './topology.ts'

export interface Verdict {
  /** Some endpoint works, on any node. */
  readonly anywhere: boolean
  /** Traffic to the cluster IP finds an endpoint. */
  readonly internally: boolean
  /** Traffic to NodePorts, external and load balancer addresses finds an endpoint. */
  readonly externally: boolean
  /** There is a chain for external traffic, if only for that from this node. */
  readonly externalChain: boolean
  /** There is a chain for the load balancer's source ranges. */
  readonly firewallChain: boolean
}

export function verdictOf(port: ServicePort, { any, local }: Categories): Verdict {
  const none = local.length === 0
  return {
    anywhere: any,
    internally: any && !(port.internalLocal && none),
    externally: any && !(port.externalLocal && none),
    externalChain: any && isExternallyAccessible(port),
    firewallChain: any && port.vips.length > 0 && port.sourceRanges.length > 0,
  }
}
