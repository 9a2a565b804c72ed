/**
 * One host's state as the files that stock tools load.
 *
 * @module
 */
import { type Family, formatInterfaceAddress } from '../base/ip.ts'
import { formatFdbBatch, formatNeighBatch, formatRoutesBatch } from '../host/forwarding-batches.ts'
import type { HostNetwork } from '../host/host.ts'
import { formatLinksBatch, peerName } from '../host/links-batch.ts'
import { formatSysctlConf } from '../host/sysctl-conf.ts'
import { formatRestore, formatSave } from '../netfilter/format.ts'
import { formatSetsRestore, formatSetsSave } from '../netfilter/ipset-text.ts'
import { formatIpvsRestore, formatIpvsSave } from '../netfilter/ipvs/ipvsadm-text.ts'
import { formatNftFile } from '../netfilter/nftables/file.ts'
import { formatNftRuleset } from '../netfilter/nftables/format.ts'
import { asListed } from '../netfilter/nftables/listed.ts'
import type { HostState } from './host-state.ts'
import {
  lookAtAddresses,
  lookAtFdb,
  lookAtLinks,
  lookAtNeighbours,
  lookAtRoutes,
  lookAtRoutingRules,
  lookAtSysctls,
} from './look.ts'
import { PODS_FOLDER } from './pod-files.ts'

/** `restore`: input for the loading tools; `save`: what the saving tools print once that is loaded. */
export type Form = 'restore' | 'save'

interface HostFile {
  readonly name: string
  /** How to load it; absent: it is what a tool prints, and nothing loads it. */
  readonly load?: string
  /** The command that prints it once all is loaded. */
  readonly shown?: string
  readonly holds: string
  /** Absent: the host has nothing to say there. */
  readonly text: (state: HostState, form: Form) => string | undefined
}

/** In the order in which they are loaded. */
const FILES: readonly HostFile[] = [
  {
    name: 'sysctl.conf',
    load: 'sysctl -p sysctl.conf',
    holds: 'kernel settings; load br_netfilter and nf_conntrack first',
    text: state => formatSysctlConf(state.network),
  },
  {
    name: 'links.batch',
    load: 'ip -batch links.batch',
    holds: "the bridge, the pods' veth pairs, the overlay's devices, their addresses",
    text: state => formatLinksBatch(state.network),
  },
  {
    name: 'neigh.batch',
    load: 'ip -batch neigh.batch',
    holds: "the overlay's permanent neighbours",
    text: state => formatNeighBatch(state.network),
  },
  {
    name: 'fdb.batch',
    load: 'bridge -batch fdb.batch',
    holds: "the overlay's forwarding entries",
    text: state => formatFdbBatch(state.network),
  },
  {
    name: 'routes.batch',
    load: 'ip -batch routes.batch',
    holds: "routes to the other nodes' pods",
    text: state => formatRoutesBatch(state.network),
  },
  {
    name: 'ipset.restore',
    load: 'ipset restore -exist -file ipset.restore',
    shown: 'ipset save',
    holds: 'the sets that the rules ask',
    text: ({ sets }, form) => {
      if (sets.length === 0) return undefined
      return form === 'save' ? formatSetsSave(sets) : formatSetsRestore(sets)
    },
  },
  {
    name: 'ipvsadm.restore',
    load: 'ipvsadm -R < ipvsadm.restore',
    shown: 'ipvsadm -Sn',
    holds: 'the virtual servers, in place of all that are there; load ip_vs and its schedulers before sysctl.conf',
    text: ({ ipvs }, form) => {
      if (!ipvs) return undefined
      return form === 'save' ? formatIpvsSave(ipvs.servers) : formatIpvsRestore(ipvs.servers, ipvs)
    },
  },
  rulesFile('iptables', 4),
  rulesFile('ip6tables', 6),
  {
    name: 'nftables.nft',
    load: 'nft -f nftables.nft',
    shown: 'nft list ruleset',
    holds: "tables of kube-proxy and of the overlay, each loaded as a whole; iptables' own tables are not among them",
    text: ({ tables }, form) => {
      if (tables.length === 0) return undefined
      return form === 'save' ? formatNftRuleset(asListed({ tables })) : formatNftFile({ tables })
    },
  },
  lookFile('ip-link.json', 'ip -d -j link', 'all links', lookAtLinks),
  lookFile('ip-addr.json', 'ip -j addr', 'their addresses', lookAtAddresses),
  lookFile('ip-route.json', 'ip -4 -j route show table all', 'IPv4 routes', network => lookAtRoutes(network, 4)),
  lookFile('ip-6-route.json', 'ip -6 -j route show table all', 'IPv6 routes', network => lookAtRoutes(network, 6)),
  lookFile('ip-rule.json', 'ip -4 -j rule', 'routing rules', () => lookAtRoutingRules(4)),
  lookFile('ip-6-rule.json', 'ip -6 -j rule', 'routing rules of IPv6', () => lookAtRoutingRules(6)),
  lookFile('ip-neigh.json', 'ip -j neigh', 'neighbours, pods among them', lookAtNeighbours),
  lookFile('bridge-fdb.json', 'bridge -j fdb', 'who is behind which port and tunnel', lookAtFdb),
  lookFile('sysctl.txt', 'sysctl -a', 'kernel settings', lookAtSysctls),
]

/** What a look at the node shows once everything is loaded, for `podwire trace --state`. */
function lookFile(name: string, shown: string, holds: string, text: (network: HostNetwork) => string): HostFile {
  return { name, shown, holds, text: ({ network }, form) => (form === 'save' ? text(network) : undefined) }
}

function rulesFile(tool: string, family: Family): HostFile {
  return {
    name: `${tool}.restore`,
    load: `${tool}-restore --noflush ${tool}.restore`,
    shown: `${tool}-save`,
    holds: `IPv${family} rules of kube-proxy, kubelet, the overlay and host ports`,
    text: ({ rules }, form) => {
      if (rules[family].tables.size === 0) return undefined
      return form === 'save' ? formatSave(rules[family]) : formatRestore(rules[family])
    },
  }
}

/** `iptables.restore` is called `iptables.save` in that form; the other files have one form only. */
function nameIn(form: Form, name: string): string {
  return form === 'save' ? name.replace(/\.restore$/, '.save') : name
}

/** The names that a host's files can have in the form. */
export function fileNames(form: Form): readonly string[] {
  const present = form === 'save' ? FILES : FILES.filter(({ load }) => load !== undefined)
  return present.map(file => nameIn(form, file.name))
}

/** @returns path below the host's folder → text */
export function hostFiles(state: HostState, form: Form): ReadonlyMap<string, string> {
  const files = new Map<string, string>([['README.md', formatReadme(state, form)]])
  for (const file of FILES) {
    const text = file.text(state, form)
    if (text !== undefined) files.set(nameIn(form, file.name), text)
  }
  for (const [path, text] of state.texts) files.set(path, text)
  return files
}

/** The text of one file of the host, or nothing where the host has no such file. */
export function hostFile(state: HostState, form: Form, path: string): string | undefined {
  const file = FILES.find(({ name }) => nameIn(form, name) === path)
  if (file) return file.text(state, form)
  return path === 'README.md' ? formatReadme(state, form) : state.texts.get(path)
}

/** Which end of which pair is whose. */
function formatPods({ network }: HostState): string {
  const veths = network.links.filter(link => link.kind === 'veth')
  if (veths.length === 0) return ''
  const rows = veths.map(({ name, peer }) => {
    const addresses = peer.addresses.map(formatInterfaceAddress).join(', ')
    return `| ${peer.pod} | \`${name}\` | \`${peerName(name)}\` | ${addresses} |`
  })
  return `Pods: each pod's end of its veth pair is left in the host's namespace, ready for
\`ip link set PEER netns POD name eth0\`.

| pod | veth | peer | addresses of its eth0 |
|---|---|---|---|
${rows.join('\n')}

`
}

function formatPodFiles({ podFiles }: HostState): string {
  if (!podFiles) return ''
  return `What the containers of each pod find, as kubelet makes it, is in \`${PODS_FOLDER}/NAMESPACE_POD\`: \`resolv.conf\` and \`hosts\`
for \`/etc\`, and \`env/CONTAINER.env\` with the variables of each container.

`
}

function formatReadme(state: HostState, form: Form): string {
  const present = FILES.filter(file => file.text(state, form) !== undefined)
  const rows = present.map(({ name, load, shown, holds }) => {
    const how = form === 'save' && shown !== undefined ? `what \`${shown}\` prints` : `\`${load}\``
    return `| \`${nameIn(form, name)}\` | ${how} | ${holds} |`
  })
  const others = [...state.texts.keys()].map(path => `- \`${path}\``)
  return `# ${state.node}

Everything that the network of node ${state.node} consists of, as far as Kubernetes makes it. Load the files in this order, as
root. They may be loaded again; after \`links.batch\`, which makes the overlay's devices anew, load all that follow. The
machine must have its uplink (\`eth0\`) up, with its address.

| file | load with | holds |
|---|---|---|
${rows.join('\n')}

Rules: the built-in chains that are named in a \`.restore\` file are emptied first, so that loading twice gives the same
rules; what others had put into those chains is lost. User chains of others stay.

${formatPods(state)}${formatPodFiles(state)}For the programs that make such a network:

${others.join('\n')}
`
}
