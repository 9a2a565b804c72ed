/**
 * What kube-proxy's modes cost beside each other: a node's rules, whole and after a change.
 *
 *     npm run bench:modes
 *
 * Every measurement runs in a process of its own; the modes take turns, so that a machine that is busy for a while is
 * busy for all of them.
 */
import { cpus, release } from 'node:os'
import { argv, stdout, version } from 'node:process'
import { formatPartialRestore } from '../src/kube-proxy/iptables/partial-restore.ts'
import { createProxy, syncChanged, syncFull } from '../src/kube-proxy/iptables/proxy.ts'
import { partialFiles } from '../src/kube-proxy/ipvs/partial-files.ts'
import { createIpvsProxy, syncFull as syncIpvs, syncChanged as syncIpvsChanged } from '../src/kube-proxy/ipvs/proxy.ts'
import { partialCommands } from '../src/kube-proxy/nftables/partial-commands.ts'
import { createNftProxy, syncFull as syncNft, syncChanged as syncNftChanged } from '../src/kube-proxy/nftables/proxy.ts'
import { type ServiceMap, setService, setSlice } from '../src/kube-proxy/service-map.ts'
import { formatRestore } from '../src/netfilter/format.ts'
import { formatSetsRestore } from '../src/netfilter/ipset-text.ts'
import { formatIpvsRestore } from '../src/netfilter/ipvs/ipvsadm-text.ts'
import { formatNftCommands } from '../src/netfilter/nftables/command-text.ts'
import { formatNftFile } from '../src/netfilter/nftables/file.ts'
import { benchService, benchSlice, OPTIONS } from './cluster.ts'
import { best, inOwnProcess, measure, median, ms, type Span } from './measure.ts'

const HERE = import.meta.url
const ENDPOINTS = 10
const TURNS = 3

/** A proxy that knows no objects, and the texts that bring a kernel to where it is. */
interface Mode {
  readonly map: ServiceMap
  readonly whole: () => string
  readonly changes: () => string
}

const MODES: Readonly<Record<string, () => Mode>> = {
  iptables: () => {
    const proxy = createProxy(OPTIONS)
    return {
      map: proxy,
      whole: () => formatRestore(syncFull(proxy, 4)),
      changes: () => formatPartialRestore(syncChanged(proxy, 4)),
    }
  },
  ipvs: () => {
    const proxy = createIpvsProxy(OPTIONS)
    return {
      map: proxy,
      whole: () => {
        const { servers, sets, rules } = syncIpvs(proxy, 4)
        return formatIpvsRestore(servers) + formatSetsRestore(sets) + formatRestore(rules)
      },
      changes: () => Object.values(partialFiles(syncIpvsChanged(proxy, 4))).join(''),
    }
  },
  nftables: () => {
    const proxy = createNftProxy(OPTIONS)
    return {
      map: proxy,
      whole: () => formatNftFile({ tables: [syncNft(proxy, 4)] }),
      changes: () => formatNftCommands(partialCommands(syncNftChanged(proxy, 4))),
    }
  },
}

interface Full {
  readonly first: Span
  readonly best: Span
  readonly bytes: number
}

function modeOf(name: string): Mode {
  const mode = MODES[name]
  if (!mode) throw new RangeError(`no mode ${name}`)
  return mode()
}

function full(name: string, services: number): Full {
  const objects = Array.from({ length: services }, (_, i) => [benchService(i), benchSlice(i, ENDPOINTS)] as const)
  let bytes = 0
  const run = () =>
    measure(() => {
      const { map, whole } = modeOf(name)
      for (const [service, slice] of objects) {
        setService(map, service)
        setSlice(map, slice)
      }
      bytes = Buffer.from(whole()).length
    })
  globalThis.gc?.()
  const first = run()
  return { first, best: best(Array.from({ length: 5 }, run)), bytes }
}

/** Milliseconds until the text is there that one endpoint with another address makes necessary. */
function changed(name: string, services: number): number {
  const { map, whole, changes } = modeOf(name)
  for (let i = 0; i < services; i++) {
    setService(map, benchService(i))
    setSlice(map, benchSlice(i, ENDPOINTS))
  }
  whole()
  const run = (i: number) => {
    const slice = benchSlice(services / 2, ENDPOINTS, i % 2 === 0)
    return measure(() => {
      setSlice(map, slice)
      changes()
    }).wall
  }
  return median(Array.from({ length: 201 }, (_, i) => run(i)))
}

const MEASUREMENTS: Readonly<Record<string, (mode: string, services: number) => unknown>> = { full, changed }

function report(): void {
  stdout.write(`Node ${version}, ${cpus().length} × ${cpus()[0]?.model}, Linux ${release()}\n\n`)
  const names = Object.keys(MODES)
  const turns = Array.from({ length: TURNS }, () => names.map(name => inOwnProcess<Full>(HERE, 'full', name, '10000')))
  const firstOf = (at: number) => median(turns.map(turn => turn[at]?.first.wall ?? Number.NaN))
  stdout.write(`All rules of 10,000 services × ${ENDPOINTS} endpoints, median of ${TURNS} processes\n`)
  for (const [at, name] of names.entries()) {
    const { bytes = 0 } = turns[0]?.[at] ?? {}
    const least = Math.min(...turns.map(turn => turn[at]?.best.wall ?? Number.NaN))
    const ratio = (firstOf(at) / firstOf(0)).toFixed(2)
    const size = `${(bytes / 1e6).toFixed(1)} MB`
    stdout.write(
      `  ${name.padEnd(9)} first run ${ms(firstOf(at))} (${ratio} of iptables'), best ${ms(least)}, ${size}\n`,
    )
  }
  for (const services of [100, 10_000]) {
    stdout.write(`\nOne of ${ENDPOINTS} endpoints changes, ${services.toLocaleString('en')} services, median of 201\n`)
    for (const name of names) {
      stdout.write(`  ${name.padEnd(9)} ${ms(inOwnProcess<number>(HERE, 'changed', name, String(services)))}\n`)
    }
  }
}

const [, , measurement = '', mode = '', services = ''] = argv
const known = MEASUREMENTS[measurement]
if (known) stdout.write(JSON.stringify(known(mode, Number(services))))
else report()
