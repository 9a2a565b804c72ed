/**
 * Real kube-proxy's rules, read back from the kernel, traced through: the same journeys as over podwire's own
 * rules for the same objects, and for each Service the endpoints that its chains lead to.
 */
import { existsSync, readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { parse, parseAllDocuments } from 'yaml'
import { contains, type Family, findIp, formatIp, isIpv4, parseIp } from '../../src/base/ip.ts'
import { protocolOf, type ServiceProtocol } from '../../src/base/protocol.ts'
import { formatRatio } from '../../src/base/ratio.ts'
import type { SettledCluster } from '../../src/cluster/host-state.ts'
import { type KubeProxy, syncFull } from '../../src/kube-proxy/iptables/proxy.ts'
import { parseRules } from '../../src/netfilter/document-reader.ts'
import { formatRule } from '../../src/netfilter/format.ts'
import type { Ruleset } from '../../src/netfilter/rule.ts'
import { rulesetOf } from '../../src/netfilter/ruleset.ts'
import type { EndpointSlice } from '../../src/objects/endpoint-slice.ts'
import { type Node, podPrefixesOf } from '../../src/objects/node.ts'
import type { Pod } from '../../src/objects/pod.ts'
import { portsOf } from '../../src/packet/packet.ts'
import { type DumpedHost, dumpWorldWithObjects } from '../../src/trace/dump-world.ts'
import { flowOf } from '../../src/trace/flow.ts'
import type { Path } from '../../src/trace/journey.ts'
import type { Source } from '../../src/trace/source.ts'
import { traceFlows } from '../../src/trace/trace.ts'
import { createWorld } from '../../src/trace/wiring.ts'
import type { World } from '../../src/trace/world.ts'
import { type OracleCase, oracleCases, proxyOf } from '../kube-proxy/oracle-case.ts'
import { clusterOf } from './flow-case.ts'

const ALL = '../shared/oracle/kube-proxy'
const COPIED = 'test/fixtures/kube-proxy'
/** As the machine was that the rules were read from. */
const FEATURES = { nfacct: true, randomFully: true, tcpBeLiberal: false, kubeletChains: false }

interface Case {
  readonly cluster: SettledCluster
  readonly node: string
  readonly proxy: KubeProxy
  readonly saved: Readonly<Record<Family, Ruleset>>
}

function readCase(folder: string, proxy: KubeProxy): Case {
  const text = (file: string) => (existsSync(`${folder}/${file}`) ? readFileSync(`${folder}/${file}`, 'utf8') : '')
  const objects = parseAllDocuments(text('objects.yaml')).map(document => document.toJS() as { kind: string })
  const nodes = objects.filter((one): one is Node => one?.kind === 'Node')
  const slices = objects.filter((one): one is EndpointSlice => one?.kind === 'EndpointSlice')
  return {
    cluster: clusterOf(objects, podsFor(nodes, slices), parse(text('config.yaml')), 'vxlan'),
    node: text('node').trim(),
    proxy,
    saved: {
      4: rulesetOf(parseRules(text('iptables/iptables-save.txt'), 4)),
      6: rulesetOf(parseRules(text('iptables/ip6tables-save.txt'), 6)),
    },
  }
}

/** One for each endpoint inside a node's pod network, and a client on each node. */
function podsFor(nodes: readonly Node[], slices: readonly EndpointSlice[]): readonly Pod[] {
  const texts = new Set(slices.flatMap(({ endpoints }) => (endpoints ?? []).flatMap(({ addresses }) => addresses)))
  const homes = nodes.flatMap(node => podPrefixesOf(node).map(prefix => ({ name: node.metadata.name, prefix })))
  const servers = [...texts].flatMap(text => {
    const ip = findIp(text)
    const home = ip === undefined ? undefined : homes.find(({ prefix }) => contains(prefix, ip))
    return home ? [podAt(text.replaceAll(/[.:]/g, '-'), home.name, [text])] : []
  })
  const clients = nodes.map(node => {
    const ips = podPrefixesOf(node).map(prefix =>
      prefix.family === 4 ? `${formatIp(prefix.base).replace(/0$/, '240')}` : `${formatIp(prefix.base)}f0`,
    )
    return podAt(`client-${node.metadata.name}`, node.metadata.name, ips)
  })
  return [...servers, ...clients]
}

function podAt(name: string, nodeName: string, ips: readonly string[]): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default' },
    spec: { nodeName, containers: [{ name: 'c' }] },
    status: { podIP: ips[0] ?? '', podIPs: ips.map(ip => ({ ip })) },
  }
}

interface Target {
  readonly ip: string
  readonly port: number
  readonly protocol: ServiceProtocol
}

function targetsOf({ cluster, node }: Case): readonly Target[] {
  const nodeIps = cluster.nodes
    .filter(({ metadata }) => metadata.name === node)
    .flatMap(({ status }) => (status?.addresses ?? []).map(({ address }) => address))
  return cluster.services.flatMap(({ spec, status }) =>
    (spec.ports ?? []).flatMap(({ port, nodePort, protocol = 'TCP' }) => {
      const own = (spec.clusterIPs ?? []).filter(ip => findIp(ip) !== undefined)
      const outer = [
        ...(spec.externalIPs ?? []),
        ...(status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []),
      ]
      const at = (ips: readonly string[], number: number) => ips.map(ip => ({ ip, port: number, protocol }))
      return [...at([...own, ...outer], port), ...(nodePort ? at(nodeIps, nodePort) : [])]
    }),
  )
}

function follow(world: World, source: Source, { ip, port, protocol }: Target): readonly Path[] {
  const destination = { label: ip, ip: parseIp(ip), port, protocol: protocolOf(protocol), notes: [] }
  return traceFlows([flowOf(source, destination, { at: 0 })], world, { ways: 'all', seed: 0, most: 1000 }).paths
}

/** Each path as its rules, its end and its probability. */
function told(paths: readonly Path[]): readonly string[] {
  return paths
    .map(({ probability, exchanges: [exchange] }) => {
      const { request, experience } = exchange ?? {}
      const rules = (request?.hops ?? []).flatMap(({ steps }) =>
        steps.flatMap(one =>
          one.component === 'netfilter' && one.step.kind === 'rule'
            ? [`${one.step.table} ${formatRule(one.step.chain, one.step.rule, one.after.family, 'save')}`]
            : [],
        ),
      )
      return [formatRatio(probability), experience, endpointOf(exchange?.request.outcome), ...rules].join('\n')
    })
    .sort()
}

function endpointOf(outcome: Path['exchanges'][number]['request']['outcome'] | undefined): string {
  if (outcome?.kind !== 'delivered') return outcome?.kind === 'ended' ? outcome.end.kind : (outcome?.kind ?? '')
  return `${formatIp(outcome.packet.dst)}:${portsOf(outcome.packet.payload)?.dport}`
}

/** The destinations that the chains behind a ClusterIP lead to, whatever the conditions on the way. */
function allowed(ruleset: Ruleset, { ip, port, protocol }: Target): readonly string[] | undefined {
  const nat = ruleset.tables.get('nat')
  const entry = nat?.chains.get('KUBE-SERVICES')?.rules.find(({ matches }) => {
    const dst = matches.some(one => one.on === 'dst' && !one.not && formatIp(one.in.base) === formatIp(parseIp(ip)))
    const dport = matches.some(one => 'dport' in one && one.dport?.from === port)
    return dst && dport && matches.some(one => one.on === 'proto' && one.is === protocolOf(protocol))
  })
  const found = new Set<string>()
  const walk = (chain: string | undefined, seen: ReadonlySet<string>) => {
    if (chain === undefined || seen.has(chain)) return
    for (const { target } of nat?.chains.get(chain)?.rules ?? []) {
      if (target?.do === 'jump' || target?.do === 'goto') walk(target.chain, new Set([...seen, chain]))
      if (target?.do === 'dnat' && target.to) found.add(`${formatIp(target.to.from)}:${target.ports?.from}`)
    }
  }
  if (entry?.target?.do !== 'jump') return undefined
  walk(entry.target.chain, new Set())
  return [...found].sort()
}

function check(t: Test, folder: string, kept: OracleCase) {
  const { name } = kept
  t.test(`${name}: rules as read back give the same journeys`, async t => {
    const own = readCase(`${folder}/${name}`, proxyOf(kept))
    const options = { features: FEATURES, via: own.node }
    // The machine that the rules were read from had no overlay: both sides have kube-proxy's rules alone.
    const dumped = (rules: DumpedHost['rules']): World => {
      const dump = { name: own.node, network: NOTHING, networkKnown: false, rules, sets: [] }
      return createWorld(dumpWorldWithObjects([dump], own.cluster, options))
    }
    const made = dumped({ 4: syncFull(own.proxy, 4), 6: syncFull(own.proxy, 6) })
    const read = dumped(own.saved)
    for (const target of targetsOf(own)) {
      for (const source of sourcesOf(own, target)) {
        const paths = follow(read, source, target)
        t.strictSame(told(paths), told(follow(made, source, target)), `${source.label} to ${target.ip}:${target.port}`)
        const behind = allowed(own.saved[isIpv4(parseIp(target.ip)) ? 4 : 6], target)
        const isClusterIp = own.cluster.services.some(({ spec }) => spec.clusterIPs?.includes(target.ip))
        if (!behind || !isClusterIp || source.where !== 'pod') continue
        const reached = [...new Set(paths.map(path => endpointOf(path.exchanges[0]?.request.outcome)))].sort()
        t.strictSame(reached, behind, `the endpoints behind ${target.ip}:${target.port}`)
      }
    }
  })
}

const NOTHING = { links: [], addresses: [], routes: [], neighbours: [], fdb: [], sysctls: [] }

function sourcesOf({ node, cluster }: Case, { ip }: Target): readonly Source[] {
  const family = isIpv4(parseIp(ip)) ? 4 : 6
  const has = cluster.nodes.some(
    one => one.metadata.name === node && podPrefixesOf(one).some(prefix => prefix.family === family),
  )
  const pod: Source = {
    label: 'pod',
    machine: `default/client-${node}`,
    namespace: 'default',
    where: 'pod',
  }
  return [...(has ? [pod] : []), { label: 'node', machine: node, namespace: 'default', where: 'node' }]
}

for (const kept of oracleCases(COPIED)) check(t, COPIED, kept)

t.test('all cases', { skip: existsSync(ALL) ? false : `${ALL} is not there` }, async t => {
  for (const kept of oracleCases(ALL)) check(t, ALL, kept)
})
