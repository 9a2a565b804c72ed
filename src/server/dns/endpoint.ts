/**
 * Where somebody listens: an address and a port.
 *
 * @module
 */
import { ParseError } from '../../base/error.ts'
import { findIp, formatIp } from '../../base/ip.ts'

export interface Endpoint {
  /** Text of an address of either family. */
  readonly address: string
  readonly port: number
}

/**
 * Reads `ADDRESS`, `ADDRESS:PORT` or `[ADDRESS]:PORT`.
 *
 * @param port where the text has none
 * @throws {ParseError}
 */
export function parseEndpoint(text: string, port: number): Endpoint {
  const bracketed = /^\[(.*)\](?::(\d+))?$/.exec(text)
  const plain = /^([^:]*):(\d+)$/.exec(text)
  const [, host = text, digits] = bracketed ?? plain ?? []
  const ip = findIp(host)
  if (ip === undefined || (bracketed && !host.includes(':'))) {
    throw new ParseError('endpoint', text, 'not an address, or one with a port such as 127.0.0.1:53 or [::1]:53')
  }
  const number = digits === undefined ? port : Number(digits)
  if (number > 0xffff) throw new ParseError('endpoint', text, 'a port is at most 65535')
  return { address: formatIp(ip), port: number }
}

export function formatEndpoint({ address, port }: Endpoint): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
