/**
 * `podwire dns serve`: the zone, served.
 *
 * @module
 */
import type { Zone } from '../dns/zone.ts'
import { type Endpoint, formatEndpoint, parseEndpoint } from '../server/dns/endpoint.ts'
import { ListenError } from '../server/dns/listen-error.ts'
import { DnsServer, type DnsServerOptions } from '../server/dns/server.ts'
import type { Command, Given } from './command.ts'
import { loadZone, ZONE_OPTIONS } from './dns-options.ts'
import { type ExitCode, RefusedInput, UsageError } from './exit.ts'
import type { Io } from './io.ts'
import { CLUSTER_OPTIONS } from './options.ts'

/** Nobody needs a right for it. */
const PORT = 5353
const UPSTREAM_PORT = 53

export const DNS_SERVE: Command = {
  name: 'dns serve',
  summary: "Answer from the cluster's DNS zone, over UDP and TCP.",
  usage: '-f FILE… [OPTIONS]',
  about: `
Settles the cluster that the manifests declare, and answers as its CoreDNS would, until it is ended (Ctrl-C, SIGTERM): then it
takes no more queries, answers those under way, and ends with 0.

The zone is set up as the Corefile in ConfigMap kube-system/coredns says; without one, as kubeadm does. The zone is handed out
whole (AXFR) to whom the Corefile's transfer plugin names. Names that are not the cluster's are asked for at --forward, whatever
the Corefile says; without it they are answered SERVFAIL.`,
  options: [
    ...CLUSTER_OPTIONS,
    ...ZONE_OPTIONS,
    {
      name: 'listen',
      value: 'ADDRESS[:PORT]',
      many: true,
      help: 'where to answer, 0.0.0.0 and :: for all addresses of now; may be repeated',
      default: `127.0.0.1:${PORT}`,
    },
    {
      name: 'forward',
      value: 'ADDRESS[:PORT]',
      many: true,
      help: `who is asked about other names, at port ${UPSTREAM_PORT} unless said; may be repeated, asked in this order`,
    },
  ],
  examples: [
    { does: 'on this machine', call: 'podwire dns serve -f manifests/' },
    { does: 'asked', call: 'dig @127.0.0.1 -p 5353 web.default.svc.cluster.local' },
    { does: 'with all other names', call: 'podwire dns serve -f manifests/ --listen [::1]:5300 --forward 9.9.9.9' },
  ],
  run: runServe,
}

async function runServe(given: Given, io: Io): Promise<ExitCode> {
  if (given.words.length > 0) throw new UsageError(`dns serve takes no words, not "${given.words[0]}"`)
  const options = serverOptions(given)
  const { zone } = await loadZone(given, io)
  return serve(zone, options, io)
}

/** @throws {UsageError} */
function serverOptions(given: Given): DnsServerOptions {
  const asked = endpointsOf(given, 'listen', PORT)
  const listen = asked.length > 0 ? asked : [{ address: '127.0.0.1', port: PORT }]
  const forward = endpointsOf(given, 'forward', UPSTREAM_PORT)
  for (const { address, port } of forward) {
    if (port === 0) throw new UsageError('--forward takes a port from 1 to 65535, not "0"')
    if (listen.some(own => own.address === address && own.port === port)) {
      throw new UsageError(`--forward ${formatEndpoint({ address, port })} is this server itself`)
    }
  }
  return { listen, forward }
}

/** @throws {UsageError} */
function endpointsOf(given: Given, option: string, port: number): readonly Endpoint[] {
  return given.texts(option).map(text => {
    try {
      return parseEndpoint(text, port)
    } catch {
      throw new UsageError(`--${option} takes an address and a port, such as 127.0.0.1:53 or [::1]:53, not "${text}"`)
    }
  })
}

/** @throws {RefusedInput} where it cannot listen */
async function serve(zone: Zone, options: DnsServerOptions, io: Io): Promise<ExitCode> {
  const asked = endOf(['SIGINT', 'SIGTERM'])
  try {
    const server = await start(zone, options)
    for (const endpoint of server.endpoints) io.err(`listening on ${formatEndpoint(endpoint)}, UDP and TCP\n`)
    await asked.given
    io.err('ending: answering what is under way\n')
    asked.forget()
    await server.stop()
    return 0
  } finally {
    asked.forget()
  }
}

async function start(zone: Zone, options: DnsServerOptions): Promise<DnsServer> {
  try {
    return await DnsServer.start(zone, options)
  } catch (cause) {
    throw cause instanceof ListenError ? new RefusedInput([cause.message]) : cause
  }
}

/** The first of the signals; once forgotten, the next one ends the program at once. */
function endOf(signals: readonly NodeJS.Signals[]): { readonly given: Promise<void>; readonly forget: () => void } {
  let give = () => {}
  const given = new Promise<void>(resolve => {
    give = resolve
  })
  for (const signal of signals) process.on(signal, give)
  return {
    given,
    forget: () => {
      for (const signal of signals) process.off(signal, give)
    },
  }
}
