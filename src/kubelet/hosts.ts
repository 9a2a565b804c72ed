/**
 * A pod's own name, and its `/etc/hosts`.
 *
 * @see pkg/kubelet/kubelet_pods.go of Kubernetes: GeneratePodHostNameAndDomain, managedHostsFileContent
 *
 * @module
 */
import { formatIp, type Ip } from '../base/ip.ts'
import { objectsIn, textIn, textsIn } from '../objects/plain.ts'
import type { Pod } from '../objects/pod.ts'

/** How a pod calls itself. */
export interface PodHostname {
  /** The first label. */
  readonly name: string
  /** `web.shop.svc.cluster.local`; empty without a subdomain. */
  readonly domain: string
  /** What `hostname` prints; absent: the kernel takes no name that long, and the pod does not start. */
  readonly kernel?: string
  /** In kubelet's words, why the pod does not start. */
  readonly problem?: string
}

/** One line of a hosts file. */
export interface HostsEntry {
  readonly address: string
  readonly names: readonly string[]
}

/** A pod's hosts file. */
export type PodHosts =
  | {
      readonly of: 'pod'
      /** The pod's addresses with its names. */
      readonly own: readonly HostsEntry[]
      readonly aliases: readonly HostsEntry[]
    }
  /** That of the node, with the pod's aliases. */
  | { readonly of: 'node'; readonly node: string; readonly aliases: readonly HostsEntry[] }

/** Labels of DNS, and what Linux keeps of a host's name. @see include/uapi/linux/utsname.h of Linux: __NEW_UTS_LEN */
const MAX_LABEL = 63
const MAX_KERNEL_NAME = 64

/** Names of a pod that has a network of its own; on the host's network it goes by the node's. */
export function podHostname({ metadata, spec }: Pod, clusterDomain: string): PodHostname {
  const override = spec['hostnameOverride']
  if (typeof override === 'string') return { name: override, domain: '', ...kernelName(override) }
  const wanted = spec.hostname || metadata.name
  const name = wanted.length <= MAX_LABEL ? wanted : wanted.slice(0, MAX_LABEL).replace(/[-.]+$/, '')
  const domain = spec.subdomain ? `${spec.subdomain}.${metadata.namespace}.svc.${clusterDomain}` : ''
  const whole = spec.setHostnameAsFQDN === true && domain !== ''
  return { name, domain, ...kernelName(whole ? `${name}.${domain}` : name) }
}

/** @see GetNodenameForKernel in pkg/kubelet/util/util.go */
function kernelName(name: string): Pick<PodHostname, 'kernel' | 'problem'> {
  if (name.length <= MAX_KERNEL_NAME) return { kernel: name }
  return {
    problem: `failed to construct FQDN from pod hostname and cluster domain, FQDN ${name} is too long (${MAX_KERNEL_NAME} characters is the max, ${name.length} characters requested)`,
  }
}

/**
 * @param addresses the pod's, the primary one first
 * @param nodeHosts the text of the node's `/etc/hosts`, which pods on its network see
 */
export function podHosts(pod: Pod, addresses: readonly Ip[], clusterDomain: string, nodeHosts: string): PodHosts {
  const aliases = objectsIn(pod.spec, 'hostAliases').map(alias => {
    return { address: textIn(alias, 'ip'), names: textsIn(alias, 'hostnames') }
  })
  if (pod.spec.hostNetwork) return { of: 'node', node: nodeHosts, aliases }
  const { name, domain } = podHostname(pod, clusterDomain)
  const names = domain === '' ? [name] : [`${name}.${domain}`, name]
  return { of: 'pod', own: addresses.map(address => ({ address: formatIp(address), names })), aliases }
}

const LOCAL: readonly HostsEntry[] = [
  { address: '127.0.0.1', names: ['localhost'] },
  { address: '::1', names: ['localhost ip6-localhost ip6-loopback'] },
  { address: 'fe00::0', names: ['ip6-localnet'] },
  { address: 'fe00::0', names: ['ip6-mcastprefix'] },
  { address: 'fe00::1', names: ['ip6-allnodes'] },
  { address: 'fe00::2', names: ['ip6-allrouters'] },
]

/** The file, byte for byte as kubelet writes it. */
export function formatHosts(hosts: PodHosts): string {
  const aliases =
    hosts.aliases.length === 0 ? '' : `\n# Entries added by HostAliases.\n${hosts.aliases.map(formatEntry).join('')}`
  if (hosts.of === 'node') return `# Kubernetes-managed hosts file (host network).\n${hosts.node}${aliases}`
  return `# Kubernetes-managed hosts file.\n${[...LOCAL, ...hosts.own].map(formatEntry).join('')}${aliases}`
}

function formatEntry({ address, names }: HostsEntry): string {
  return `${[address, ...names].join('\t')}\n`
}
