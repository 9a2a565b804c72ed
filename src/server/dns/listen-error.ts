/**
 * Why nobody can be heard at an address.
 *
 * @module
 */
import { type Endpoint, formatEndpoint } from './endpoint.ts'

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use',
  EACCES: 'not permitted: ports below 1024 want root or CAP_NET_BIND_SERVICE',
  EADDRNOTAVAIL: 'this machine does not have the address',
  EAFNOSUPPORT: 'this machine does not have the address family',
}

/** `Cannot listen on TCP 127.0.0.1:53: the port is in use` */
export class ListenError extends Error {
  override readonly name = 'ListenError'
  readonly code = 'ERR_LISTEN'

  constructor(transport: 'UDP' | 'TCP', endpoint: Endpoint, cause: NodeJS.ErrnoException) {
    const reason = REASONS[cause.code ?? ''] ?? cause.message
    super(`Cannot listen on ${transport} ${formatEndpoint(endpoint)}: ${reason}`, { cause })
  }
}
