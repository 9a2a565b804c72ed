/**
 * IP protocol numbers.
 *
 * @module
 */

/** An IP protocol number, 0 to 255. @see https://www.iana.org/assignments/protocol-numbers */
export type Protocol = number

export const ICMP = 1
export const TCP = 6
export const UDP = 17
export const ICMPV6 = 58
export const SCTP = 132

/** The protocols that a Service may have, as Kubernetes spells them. */
export type ServiceProtocol = 'TCP' | 'UDP' | 'SCTP'

const NUMBERS: Readonly<Record<ServiceProtocol, Protocol>> = { TCP, UDP, SCTP }

export function protocolOf(name: ServiceProtocol): Protocol {
  return NUMBERS[name]
}
