/** Cases in which real kube-proxy programmed a real kernel: a folder each. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { parse, parseAllDocuments } from 'yaml'
import { addIp, parseIp, parsePrefix } from '../../src/base/ip.ts'
import { createProxy, type KubeProxy } from '../../src/kube-proxy/iptables/proxy.ts'
import { type ServiceMap, setService, setSlice } from '../../src/kube-proxy/service-map.ts'
import type { ProxyHost } from '../../src/kube-proxy/settings.ts'
import { type EndpointSlice, ZONE_LABEL } from '../../src/objects/endpoint-slice.ts'
import type { KubeProxyConfiguration } from '../../src/objects/kube-proxy-configuration.ts'
import type { Node } from '../../src/objects/node.ts'
import type { Service } from '../../src/objects/service.ts'

export interface OracleCase {
  readonly name: string
  readonly config: KubeProxyConfiguration
  readonly host: ProxyHost
  readonly services: readonly Service[]
  readonly slices: readonly EndpointSlice[]
  /** One of the answers, as it was read back; nothing if kube-proxy left none. */
  answer(file: string): string
}

/** The cases in `folder`, by name; none if there is no such folder. */
export function oracleCases(folder: string): OracleCase[] {
  return existsSync(folder)
    ? readdirSync(folder)
        .sort()
        .map(name => readCase(folder, name))
    : []
}

function readCase(folder: string, name: string): OracleCase {
  const at = (file: string) => `${folder}/${name}/${file}`
  const text = (file: string) => readFileSync(at(file), 'utf8')
  const objects = parseAllDocuments(text('objects.yaml')).map(document => document.toJS() as unknown)
  const nodeName = text('node').trim()
  const node = objects.filter(isKind<Node>('Node')).find(({ metadata }) => metadata.name === nodeName)
  if (node === undefined) throw new Error(`${name} has no node ${nodeName}`)
  return {
    name,
    config: parse(text('config.yaml')) as KubeProxyConfiguration,
    host: hostOf(node),
    services: objects.filter(isKind<Service>('Service')),
    slices: objects.filter(isKind<EndpointSlice>('EndpointSlice')),
    answer: file => (existsSync(at(file)) ? text(file) : ''),
  }
}

function isKind<T extends { readonly kind: string }>(kind: T['kind']) {
  return (object: unknown): object is T => (object as T | null)?.kind === kind
}

/** The machine that the answers were read from: interfaces lo, eth0 and cbr0. */
function hostOf(node: Node): ProxyHost {
  const podPrefixes = (node.spec.podCIDRs ?? []).map(parsePrefix)
  const internal = (node.status?.addresses ?? []).filter(({ type }) => type === 'InternalIP')
  const nodeIps = internal.map(({ address }) => parseIp(address))
  const zone = node.metadata.labels?.[ZONE_LABEL]
  return {
    nodeName: node.metadata.name,
    ...(zone !== undefined && { zone }),
    podPrefixes,
    nodeIps,
    interfaceIps: [
      parseIp('127.0.0.1'),
      parseIp('::1'),
      ...nodeIps,
      ...podPrefixes.map(prefix => addIp(prefix.base, 1)),
    ],
    features: { nfacct: true, randomFully: true, tcpBeLiberal: false, kubeletChains: false },
  }
}

/** A proxy that knows the case's objects. */
export function proxyOf(own: OracleCase): KubeProxy {
  return informed(createProxy(own), own)
}

/** The same proxy, once it knows the case's objects. */
export function informed<P extends ServiceMap>(proxy: P, { services, slices }: OracleCase): P {
  for (const service of services) setService(proxy, service)
  for (const slice of slices) setSlice(proxy, slice)
  return proxy
}
