/**
 * How long a node's rules take, next to real kube-proxy.
 *
 *     npm run bench
 *
 * Every measurement runs in a process of its own, so that none warms up or fills the memory of
 * another. The first run in a process is the one that a command meets; the best of ten shows what
 * a long-lived process comes to.
 */
import { arch, cpus, release } from 'node:os'
import { argv, resourceUsage, stdout, version } from 'node:process'
import { formatPartialRestore } from '../src/kube-proxy/iptables/partial-restore.ts'
import { createProxy, type KubeProxy, syncChanged, syncFull } from '../src/kube-proxy/iptables/proxy.ts'
import { setService, setSlice } from '../src/kube-proxy/service-map.ts'
import { formatRestore } from '../src/netfilter/format.ts'
import { benchService, benchSlice, OPTIONS } from './cluster.ts'
import { best, inOwnProcess, measure, median, ms, type Span, span } from './measure.ts'

const HERE = import.meta.url
const ENDPOINTS = 10

interface FullResult {
  readonly first: Span
  readonly best: Span
  readonly bytes: number
  readonly peakMebibytes: number
}

/** Objects in memory to the whole restore text, as bytes. */
function full(services: number): FullResult {
  const objects = Array.from({ length: services }, (_, i) => [benchService(i), benchSlice(i, ENDPOINTS)] as const)
  let bytes = 0
  const run = () =>
    measure(() => {
      const proxy = createProxy(OPTIONS)
      for (const [service, slice] of objects) {
        setService(proxy, service)
        setSlice(proxy, slice)
      }
      bytes = Buffer.from(formatRestore(syncFull(proxy, 4))).length
    })
  // kube-proxy is handed its objects long before it syncs: their garbage is not ours.
  globalThis.gc?.()
  const first = run()
  const peakMebibytes = resourceUsage().maxRSS / 1024
  return { first, best: best(Array.from({ length: 9 }, run)), bytes, peakMebibytes }
}

function loaded(services: number): KubeProxy {
  const proxy = createProxy(OPTIONS)
  for (let i = 0; i < services; i++) {
    setService(proxy, benchService(i))
    setSlice(proxy, benchSlice(i, ENDPOINTS))
  }
  syncFull(proxy, 4)
  return proxy
}

/** One endpoint gets another address: the text that brings the kernel there. */
function changed(services: number): { readonly first: Span; readonly median: number } {
  const proxy = loaded(services)
  const middle = services / 2
  const run = (i: number) => {
    const slice = benchSlice(middle, ENDPOINTS, i % 2 === 0)
    return measure(() => {
      setSlice(proxy, slice)
      formatPartialRestore(syncChanged(proxy, 4))
    })
  }
  const first = run(0)
  return { first, median: median(Array.from({ length: 201 }, (_, i) => run(i + 1).wall)) }
}

/** The last endpoint goes and another comes: rules in shared chains change places. */
function emptied(services: number): number {
  const proxy = loaded(services)
  const middle = services / 2
  const run = (i: number) => {
    const slice = benchSlice(middle, i % 2 === 0 ? 0 : ENDPOINTS)
    return measure(() => {
      setSlice(proxy, slice)
      formatPartialRestore(syncChanged(proxy, 4))
    }).wall
  }
  return median(Array.from({ length: 201 }, (_, i) => run(i)))
}

const MEASUREMENTS: Readonly<Record<string, (services: number) => unknown>> = { full, changed, emptied }

function report(): void {
  const say = (text: string) => stdout.write(`${text}\n`)
  say(`Node ${version}, ${cpus().length} × ${cpus()[0]?.model}, Linux ${release()} ${arch()}\n`)

  const whole = inOwnProcess<FullResult>(HERE, 'full', '10000')
  say(`All rules of 10,000 services × ${ENDPOINTS} endpoints (${(whole.bytes / 1e6).toFixed(1)} MB)`)
  say(`  kube-proxy 1.37.1    510 ms wall, 720 ms CPU`)
  say(`  podwire, first run   ${span(whole.first)}, ${Math.round(whole.peakMebibytes)} MiB peak`)
  say(`  podwire, best of 10  ${span(whole.best)}`)

  for (const services of [100, 10_000]) {
    const one = inOwnProcess<ReturnType<typeof changed>>(HERE, 'changed', String(services))
    say(`\nOne of ${ENDPOINTS} endpoints changes, ${services.toLocaleString('en')} services`)
    say(`  kube-proxy 1.37.1    ${services === 100 ? '1' : '99'} ms`)
    say(`  podwire, first       ${ms(one.first.wall)}`)
    say(`  podwire, median      ${ms(one.median)}`)
    say(
      `  podwire, median when the service loses or regains all ${ms(inOwnProcess<number>(HERE, 'emptied', String(services)))}`,
    )
  }
}

const [, , name = '', services = ''] = argv
const measurement = MEASUREMENTS[name]
if (measurement) stdout.write(JSON.stringify(measurement(Number(services))))
else report()
