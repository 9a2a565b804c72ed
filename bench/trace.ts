/**
 * How long it takes to trace through the rules of thousands of Services.
 *
 *     npm run bench:trace
 *
 * Every measurement runs in a process of its own, so that none warms up or fills the memory of
 * another. Cold is what a command meets: `podwire trace` over a save file, reading included. Warm is
 * one packet through one node, from the bridge by all five chains of the nat table to the uplink, once
 * its rules are ready.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { arch, cpus, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { argv, execPath, resourceUsage, stdout, version } from 'node:process'
import { fileURLToPath } from 'node:url'
import { measure } from 'mitata'
import { formatIp, type Ip, parseInterfaceAddress, parseIp, parsePrefix } from '../src/base/ip.ts'
import { type Mac, parseMac } from '../src/base/mac.ts'
import { main } from '../src/cli/main.ts'
import type { HostNetwork } from '../src/host/host.ts'
import { createProxy, syncFull } from '../src/kube-proxy/iptables/proxy.ts'
import { setService, setSlice } from '../src/kube-proxy/service-map.ts'
import { formatSave } from '../src/netfilter/format.ts'
import type { Ruleset } from '../src/netfilter/rule.ts'
import { readRuleset } from '../src/netfilter/ruleset.ts'
import { compileRuleset } from '../src/netfilter/run/compiled.ts'
import { type Around, createMachine, type Machine } from '../src/node/machine.ts'
import { createMachineMemory } from '../src/node/memory.ts'
import { receive } from '../src/node/receive.ts'
import type { Passage } from '../src/node/step.ts'
import { tcpSyn } from '../src/packet/first-packet.ts'
import type { Frame } from '../src/packet/packet.ts'
import { benchService, benchSlice, OPTIONS } from './cluster.ts'

const ENDPOINTS = 10
const SERVICES = 5000
/** Rules are in the order of the Services' names: this one is of ns-50, of ns-0 to ns-99. */
const MIDDLE = SERVICES / 2 + 50
/** What a host is called of which only the file `iptables.save` is known. */
const HOST = 'iptables'

const MACS = {
  bridge: parseMac('02:00:00:00:00:01'),
  port: parseMac('02:00:00:00:00:02'),
  pod: parseMac('02:00:00:00:00:03'),
  uplink: parseMac('02:00:00:00:00:04'),
  router: parseMac('02:00:00:00:00:05'),
} satisfies Readonly<Record<string, Mac>>

const POD = parseIp('10.128.1.5')
const ROUTER = parseIp('192.168.64.1')

/** The node whose rules these are: a pod on its bridge, all other pods behind the router. */
const NETWORK: HostNetwork = {
  links: [
    { kind: 'loopback', name: 'lo', mtu: 65536 },
    { kind: 'uplink', name: 'eth0', mtu: 1500, mac: MACS.uplink },
    { kind: 'bridge', name: 'cbr0', mtu: 1500, mac: MACS.bridge },
    { kind: 'port', name: 'veth0', mtu: 1500, mac: MACS.port, master: 'cbr0', hairpin: true },
  ],
  addresses: [
    { link: 'eth0', own: parseInterfaceAddress('192.168.64.11/24') },
    { link: 'cbr0', own: parseInterfaceAddress('10.128.1.1/24') },
  ],
  routes: [{ to: parsePrefix('0.0.0.0/0'), via: ROUTER, link: 'eth0' }],
  neighbours: [{ ip: ROUTER, link: 'eth0', mac: MACS.router }],
  fdb: [],
  sysctls: [
    { key: 'net.ipv4.ip_forward', value: '1' },
    { key: 'net.bridge.bridge-nf-call-iptables', value: '1' },
  ],
}

function saveText(services: number): string {
  const proxy = createProxy(OPTIONS)
  for (let i = 0; i < services; i++) {
    setService(proxy, benchService(i))
    setSlice(proxy, benchSlice(i, ENDPOINTS))
  }
  return formatSave(syncFull(proxy, 4))
}

function clusterIp(service: number): Ip {
  return parseIp(benchService(service).spec.clusterIP ?? '')
}

/** The pod opens a connection to the Service. */
function frameTo(service: number): Frame {
  const packet = tcpSyn({ src: POD, dst: clusterIp(service), sport: 40_000, dport: 80 })
  return { src: MACS.pod, dst: MACS.bridge, body: { kind: 'ip', packet } }
}

function machineOf(rules: Ruleset, index: boolean): Machine {
  const listenerAt = () => ({ listens: 'yes' }) as const
  const machine = createMachine({ name: 'node-1', kind: 'node', network: NETWORK, rules: { 4: rules }, listenerAt })
  const compiled = new Map([[4 as const, compileRuleset(rules, { index })]])
  return { ...machine, netfilter: { ...machine.netfilter, rules: compiled } }
}

/** The last endpoint of a Service: the most rules to pass by. */
const AROUND: Around = {
  now: 0,
  choose: ({ weights }) => weights.findLastIndex(weight => weight > 0),
  random: () => 0.5,
  verbose: false,
  neighbourhood: { whoHas: () => MACS.router, portOf: () => undefined },
}

function journey(machine: Machine, frame: Frame): Passage {
  return receive(machine, createMachineMemory(), { link: 'veth0', frame }, AROUND)
}

interface Warm {
  /** Milliseconds. */
  readonly reading: number
  readonly first: number
  /** Microseconds, by place of the Service. */
  readonly median: Readonly<Record<'first' | 'middle' | 'last', number>>
  readonly out: string
  readonly rules: number
  readonly steps: number
}

async function warm(file: string, index: boolean): Promise<Warm> {
  const start = performance.now()
  const rules = readRuleset(readFileSync(file, 'utf8'), 4)
  const read = performance.now()
  const machine = machineOf(rules, index)
  const passage = journey(machine, frameTo(SERVICES - 1))
  const first = performance.now()
  const medianTo = async (service: number) => {
    const frame = frameTo(service)
    // One by one: a batch would hold what other processes took meanwhile.
    const { p50 } = await measure(() => journey(machine, frame), { batch_threshold: 0 })
    return p50 / 1000
  }
  const [departure] = passage.departures
  const body = departure?.frame.body
  return {
    reading: read - start,
    first: first - read,
    median: { first: await medianTo(0), middle: await medianTo(MIDDLE), last: await medianTo(SERVICES - 1) },
    out: body?.kind === 'ip' ? `${formatIp(body.packet.dst)} by ${departure?.link}` : 'nothing',
    rules: [...rules.tables.values()]
      .flatMap(table => [...table.chains.values()])
      .reduce((n, chain) => n + chain.rules.length, 0),
    steps: passage.steps.length,
  }
}

interface Cold {
  readonly wall: number
  readonly code: number
  readonly text: string
}

/** One command, in a process that does nothing else. */
function cold(file: string): Cold {
  const start = performance.now()
  const words = ['trace', '--state', file, `node/${HOST}`, `${formatIp(clusterIp(SERVICES - 1))}:80`, '--draw']
  const text = execFileSync(execPath, [fileURLToPath(import.meta.url), 'command', ...words], { encoding: 'utf8' })
  const wall = performance.now() - start
  const { code, out } = JSON.parse(text) as { readonly code: number; readonly out: string }
  return { wall, code, text: out }
}

async function command(words: readonly string[]): Promise<void> {
  const out: string[] = []
  const keep = (text: string | Uint8Array) => void out.push(String(text))
  const code = await main(words, {
    out: async text => keep(text),
    err: keep,
    input: async () => new Uint8Array(0),
    live: false,
  })
  stdout.write(JSON.stringify({ code, out: out.join(''), peak: resourceUsage().maxRSS / 1024 }))
}

function warmInOwnProcess(file: string, index: boolean): Warm {
  const args = [fileURLToPath(import.meta.url), 'warm', file, String(index)]
  return JSON.parse(execFileSync(execPath, args, { encoding: 'utf8' })) as Warm
}

function report(): void {
  const say = (text: string) => stdout.write(`${text}\n`)
  const ms = (value: number) => `${value < 10 ? value.toFixed(2) : Math.round(value)} ms`
  const us = (value: number) => `${value.toFixed(1)} µs`
  const folder = mkdtempSync(join(tmpdir(), 'podwire-bench-'))
  try {
    const file = join(folder, 'iptables.save')
    const text = saveText(SERVICES)
    writeFileSync(file, text)
    say(`Node ${version}, ${cpus().length} × ${cpus()[0]?.model}, Linux ${release()} ${arch()}\n`)

    const indexed = warmInOwnProcess(file, true)
    const plain = warmInOwnProcess(file, false)
    if (indexed.out !== plain.out) throw new Error(`with the index ${indexed.out}, without ${plain.out}`)
    const size = `${(text.length / 1e6).toFixed(1)} MB, ${indexed.rules.toLocaleString('en')} rules`
    say(`${SERVICES.toLocaleString('en')} services × ${ENDPOINTS} endpoints: ${size}`)

    const runs = Array.from({ length: 3 }, () => cold(file)).sort((a, b) => a.wall - b.wall)
    const [best] = runs
    if (!best || best.code === 2) throw new Error(`podwire trace ended with ${best?.code}: ${best?.text}`)
    say(`  podwire trace --state, cold     ${runs.map(({ wall }) => ms(wall)).join(', ')}`)
    say(`    of which reading the file     ${ms(indexed.reading)}`)
    say(`    and the first journey         ${ms(indexed.first)}, the index of all Services made`)
    say(`\nOne packet from a pod through its node (${indexed.steps} steps, ${indexed.out}), warm, median`)
    for (const place of ['first', 'middle', 'last'] as const) {
      const [with_, without] = [indexed.median[place], plain.median[place]]
      const ratio = `${(without / with_).toFixed(1)} times`
      say(
        `  to the ${place.padEnd(6)} service           ${us(with_)}; without the index ${us(without)}, ${ratio} as long`,
      )
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const [, , what, ...words] = argv
const [file = '', index] = words
if (what === 'warm') stdout.write(JSON.stringify(await warm(file, index === 'true')))
else if (what === 'command') await command(words)
else report()
