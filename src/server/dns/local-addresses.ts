/**
 * The addresses behind "all addresses".
 *
 * @module
 */
import { isLinkLocal, isUnspecified, parseIp } from '../../base/ip.ts'
import type { Endpoint } from './endpoint.ts'

/** As `os.networkInterfaces` tells them. */
export type Interfaces = Readonly<
  Record<string, readonly { readonly address: string; readonly family: string }[] | undefined>
>

/**
 * An endpoint for each address of the machine where one is at no address in particular (`0.0.0.0`, `::`): a socket for all
 * would answer from the address that the way back suggests, which need not be the one that was asked.
 *
 * @returns nothing where the machine has no address of the family
 */
export function ownEndpoints(endpoint: Endpoint, interfaces: Interfaces): readonly Endpoint[] {
  const ip = parseIp(endpoint.address)
  if (!isUnspecified(ip)) return [endpoint]
  const family = endpoint.address.includes(':') ? 'IPv6' : 'IPv4'
  return Object.entries(interfaces).flatMap(([name, addresses = []]) =>
    addresses
      .filter(own => own.family === family)
      .map(({ address }) => ({
        ...endpoint,
        address: family === 'IPv6' && isLinkLocal(parseIp(address)) ? `${address}%${name}` : address,
      })),
  )
}
