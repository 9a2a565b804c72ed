/**
 * The components' own configuration among the objects: kubeadm's, kube-proxy's, kubelet's, flannel's, CoreDNS'.
 *
 * It comes as a file of its own, or inside the ConfigMap in which clusters keep it; both give the same here. These
 * files are not objects of the API: they have no name and go into no store.
 *
 * @module
 */
import type { ClusterConfiguration, KubeletConfiguration } from './cluster-configuration.ts'
import type { ConfigMap } from './config-map.ts'
import { type DecodeProblem, decode } from './decode.ts'
import { type Document, type DocumentFailure, readDocuments } from './document.ts'
import { splitApiVersion } from './kind.ts'
import type { KubeProxyConfiguration } from './kube-proxy-configuration.ts'
import { isPlain, type Plain } from './plain.ts'

export type Configuration =
  | { readonly of: 'kubeadm'; readonly value: ClusterConfiguration }
  | { readonly of: 'kube-proxy'; readonly value: KubeProxyConfiguration }
  | { readonly of: 'kubelet'; readonly value: KubeletConfiguration }
  /** `net-conf.json`, as it is: its keys may be written in any case. */
  | { readonly of: 'flannel'; readonly value: Plain }
  /** The text of a Corefile. */
  | { readonly of: 'coredns'; readonly value: string }
  /** A file of a known component that says nothing about the network. */
  | { readonly of: 'other'; readonly value: Plain }

export interface FoundConfiguration {
  readonly configuration: Configuration
  /** Values that the component could not read. */
  readonly problems: readonly DecodeProblem[]
  /** What the component would pass over, or what a reader should know. */
  readonly warnings: readonly string[]
}

/** The configuration inside a ConfigMap, with the key that holds it and the inner text's documents. */
export interface CarriedConfiguration extends FoundConfiguration {
  readonly key: string
  readonly locate: Document['locate']
}

export interface Carried {
  readonly found: readonly CarriedConfiguration[]
  /** Text under a known key that cannot be read, with places inside the text. */
  readonly failures: readonly (DocumentFailure & { readonly key: string })[]
}

const NET_CONF = 'net-conf.json'

/** Groups of component configuration, whose other kinds are passed over. */
const COMPONENT_GROUPS = new Set(['kubeadm.k8s.io', 'kubeproxy.config.k8s.io', 'kubelet.config.k8s.io'])

/** By the beginning of a ConfigMap's name: the key that holds configuration. */
const CARRIERS: readonly (readonly [name: RegExp, key: string])[] = [
  [/^kube-proxy$/, 'config.conf'],
  [/^kubeadm-config$/, 'ClusterConfiguration'],
  [/^kubelet-config(?:-1\.\d+)?$/, 'kubelet'],
  [/^kube-flannel-cfg$/, NET_CONF],
  [/^coredns$/, 'Corefile'],
]

/**
 * The configuration that a document is, if it is one.
 *
 * @param file the file's name: `net-conf.json` has no kind to know it by
 */
export function findConfiguration(value: unknown, file = ''): FoundConfiguration | undefined {
  if (!isPlain(value)) return undefined
  const { apiVersion, kind } = value
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return findNetConf(value, file)
  if (!COMPONENT_GROUPS.has(splitApiVersion(apiVersion).group)) return undefined
  switch (kind) {
    case 'ClusterConfiguration':
      return component('kubeadm', kind, value)
    case 'KubeletConfiguration':
      return component('kubelet', kind, value)
    case 'KubeProxyConfiguration':
      return component('kube-proxy', kind, value)
    default:
      return { configuration: { of: 'other', value }, problems: [], warnings: [] }
  }
}

/** The configuration that a ConfigMap carries for a component. */
export function carriedBy(map: ConfigMap): Carried {
  const carrier = CARRIERS.find(([name]) => name.test(map.metadata.name))
  const key = carrier?.[1] ?? ''
  const text = map.data?.[key]
  if (carrier === undefined || text === undefined) return { found: [], failures: [] }
  if (key === 'Corefile') {
    const locate: Document['locate'] = () => ({ line: 1, column: 1 })
    return {
      found: [{ configuration: { of: 'coredns', value: text }, problems: [], warnings: [], key, locate }],
      failures: [],
    }
  }
  const { documents, failures } = readDocuments(text)
  const found = documents.flatMap(({ value, locate }) => {
    const inner = findConfiguration(value, key)
    return inner === undefined ? [] : [{ ...inner, key, locate }]
  })
  return { found, failures: failures.map(failure => ({ ...failure, key })) }
}

function findNetConf(value: Plain, file: string): FoundConfiguration | undefined {
  const keys = new Set(Object.keys(value).map(key => key.toLowerCase()))
  const named = file === NET_CONF || file.endsWith(`/${NET_CONF}`)
  const looks = keys.has('backend') && (keys.has('network') || keys.has('ipv6network'))
  if (!named && !looks) return undefined
  const silent = 'names no Backend: taken for vxlan as flannel documents it, where flanneld itself takes udp'
  return {
    configuration: { of: 'flannel', value },
    problems: [],
    warnings: keys.has('backend') ? [] : [`${NET_CONF} ${silent}`],
  }
}

function component(of: 'kubeadm' | 'kubelet' | 'kube-proxy', struct: string, value: Plain): FoundConfiguration {
  const { apiVersion, kind, ...rest } = value
  const decoded = decode(struct, rest)
  const unread = decoded.problems.filter(problem => problem.unknown)
  const full = { ...(of === 'kube-proxy' ? {} : rest), ...decoded.value, apiVersion, kind }
  return {
    configuration: { of, value: full } as unknown as Configuration,
    problems: decoded.problems.filter(problem => !problem.unknown),
    warnings: of === 'kube-proxy' ? unread.map(problem => problem.message) : [],
  }
}
