/**
 * How a cluster drawn at random is set up: address ranges, the components' configuration, nodes.
 *
 * @module
 */
import type { Family } from '../base/ip.ts'
import type { Random } from '../base/random.ts'
import type { Wishes } from '../cluster/settings.ts'
import { ZONE_LABEL } from '../objects/endpoint-slice.ts'
import type { Plain } from '../objects/plain.ts'
import { between, happens, pick, pickWeighted } from './dice.ts'

/** A node, as far as what is put on it must know. */
export interface DrawnNode {
  readonly name: string
  readonly zone?: string
  /** By family. */
  readonly addresses: Readonly<Partial<Record<Family, string>>>
  /** What its pods' addresses begin with: `10.244.1.`, `fd00:10:244:1::`. */
  readonly pods: Readonly<Record<Family, string>>
}

export interface Ground {
  /** The first is the one that Services get unless they ask for another. */
  readonly families: readonly Family[]
  readonly nodes: readonly DrawnNode[]
  /** Node objects and components' configuration. */
  readonly documents: readonly Plain[]
  /** What no file can say. */
  readonly wishes: Pick<Wishes, 'overlay' | 'mtu'>
}

/** Where nodes live; the second spreads over two of the usual networks, which makes it a wider one. */
const LANS: readonly ((n: number) => string)[] = [
  n => `192.168.64.${10 + n}`,
  n => `172.18.${n % 2}.${20 + n}`,
  n => `10.0.7.${100 + n}`,
]

const POD_RANGES: Readonly<Record<Family, string>> = { 4: '10.244.0.0/16', 6: 'fd00:10:244::/56' }
const SERVICE_RANGES: Readonly<Record<Family, string>> = { 4: '10.96.0.0/16', 6: 'fd00:10:96::/112' }

export function drawGround(random: Random): Ground {
  const stack = pickWeighted(random, { ipv4: 10, ipv6: 3, 'ipv4,ipv6': 6, 'ipv6,ipv4': 1 })
  const families: readonly Family[] = stack.split(',').map(name => (name === 'ipv4' ? 4 : 6))
  const nodes = drawNodes(random, families)
  const overlay = pickWeighted(random, { vxlan: 12, 'direct routing': 3, 'host-gw': 6, none: 2 })
  // IPv6 wants 1280 bytes in a pod's packet, and 70 go to the outer headers.
  const mtu = pickWeighted(random, { '1500': 12, '1400': 3, '1360': 1, '9000': 1 })
  const range = (ranges: Readonly<Record<Family, string>>) => families.map(family => ranges[family]).join(',')
  return {
    families,
    nodes,
    documents: [
      {
        apiVersion: 'kubeadm.k8s.io/v1beta4',
        kind: 'ClusterConfiguration',
        networking: { podSubnet: range(POD_RANGES), serviceSubnet: range(SERVICE_RANGES) },
      },
      drawProxy(random, families, nodes),
      ...(overlay === 'none' ? [] : [drawFlannel(random, families, overlay)]),
      ...nodes.map(node => nodeObject(node, families)),
    ],
    wishes: { ...(overlay === 'none' ? { overlay } : {}), ...(mtu === '1500' ? {} : { mtu: Number(mtu) }) },
  }
}

function drawNodes(random: Random, families: readonly Family[]): readonly DrawnNode[] {
  const lan = pick(random, LANS)
  const zoned = happens(random, 0.6)
  return Array.from({ length: between(random, 2, 4) }, (_, i): DrawnNode => {
    const n = i + 1
    const addresses: Readonly<Record<Family, string>> = { 4: lan(n), 6: `fd00:64::${10 + n}` }
    return {
      name: `node-${n}`,
      ...(zoned ? { zone: n % 2 === 0 ? 'zone-b' : 'zone-a' } : {}),
      addresses: Object.fromEntries(families.map(family => [family, addresses[family]])),
      pods: { 4: `10.244.${n}.`, 6: `fd00:10:244:${n}::` },
    }
  })
}

function nodeObject({ name, zone, addresses, pods }: DrawnNode, families: readonly Family[]): Plain {
  const podCIDRs = families.map(family => (family === 4 ? `${pods[4]}0/24` : `${pods[6]}/64`))
  const cpu = { cpu: '4', memory: '8Gi', pods: '110' }
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: { 'kubernetes.io/hostname': name, ...(zone === undefined ? {} : { [ZONE_LABEL]: zone }) },
    },
    spec: { podCIDR: podCIDRs[0], podCIDRs },
    status: {
      addresses: families.map(family => ({ type: 'InternalIP', address: addresses[family] })),
      capacity: cpu,
      allocatable: cpu,
    },
  }
}

function drawProxy(random: Random, families: readonly Family[], nodes: readonly DrawnNode[]): Plain {
  const masqueradeAll = happens(random, 0.15)
  const masqueradeBit = happens(random, 0.1) ? 10 : undefined
  const localhostNodePorts = happens(random, 0.25) ? false : undefined
  const local = pickWeighted(random, { 'cluster CIDR': 10, nothing: 3, node: 2, bridge: 2, prefix: 1 })
  const at = pickWeighted(random, { any: 7, primary: 1, lan: 1, 'lan and loopback': 1 })
  const lan = families.map(family => lanOf(family, nodes))
  const addresses = {
    any: undefined,
    primary: ['primary'],
    lan,
    'lan and loopback': [...lan, ...families.map(family => (family === 4 ? '127.0.0.0/8' : '::1/128'))],
  }[at]
  const clusterCIDR = families.map(family => POD_RANGES[family]).join(',')
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'iptables',
    ...{
      'cluster CIDR': { clusterCIDR },
      nothing: {},
      node: { detectLocalMode: 'NodeCIDR' },
      bridge: { detectLocalMode: 'BridgeInterface', detectLocal: { bridgeInterface: 'cbr0' } },
      prefix: { detectLocalMode: 'InterfaceNamePrefix', detectLocal: { interfaceNamePrefix: 'cbr' } },
    }[local],
    ...(addresses ? { nodePortAddresses: addresses } : {}),
    iptables: {
      masqueradeAll,
      ...(masqueradeBit === undefined ? {} : { masqueradeBit }),
      ...(localhostNodePorts === undefined ? {} : { localhostNodePorts }),
    },
  }
}

/** A network that holds all nodes, and nothing else that they have. */
function lanOf(family: Family, nodes: readonly DrawnNode[]): string {
  if (family === 6) return 'fd00:64::/64'
  const [first = '', second = ''] = (nodes[0]?.addresses[4] ?? '').split('.')
  return `${first}.${second}.${first === '10' ? '7.0/24' : '0.0/16'}`
}

function drawFlannel(
  random: Random,
  families: readonly Family[],
  overlay: 'vxlan' | 'direct routing' | 'host-gw',
): Plain {
  const vni = happens(random, 0.2) ? 4096 : undefined
  const port = happens(random, 0.15) ? 4789 : undefined
  const vxlan = {
    Type: 'vxlan',
    ...(vni === undefined ? {} : { VNI: vni }),
    ...(port === undefined ? {} : { Port: port }),
    ...(overlay === 'direct routing' ? { DirectRouting: true } : {}),
  }
  const conf = {
    ...(families.includes(4) ? { Network: POD_RANGES[4] } : { EnableIPv4: false }),
    ...(families.includes(6) ? { EnableIPv6: true, IPv6Network: POD_RANGES[6] } : {}),
    Backend: overlay === 'host-gw' ? { Type: 'host-gw' } : vxlan,
  }
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'kube-flannel-cfg', namespace: 'kube-flannel' },
    data: { 'net-conf.json': `${JSON.stringify(conf, undefined, 2)}\n` },
  }
}
