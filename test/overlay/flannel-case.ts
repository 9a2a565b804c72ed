/**
 * A case of real flannel: three nodes, what flannel was told, and what it made of it, as the tools show it.
 *
 * @module
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { formatIp, type InterfaceAddress, parseInterfaceAddress } from '../../src/base/ip.ts'
import type { Condition } from '../../src/objects/meta.ts'
import type { Node } from '../../src/objects/node.ts'
import type { Uplink } from '../../src/overlay/devices.ts'

export interface FlannelCase {
  readonly name: string
  readonly netConf: unknown
  readonly nodes: readonly Node[]
  /** What flannel wrote on each node; no two cases have the same annotations of their own. */
  readonly written: ReadonlyMap<string, { annotations: Record<string, string>; conditions: readonly Condition[] }>
  uplinkOf(node: string): Uplink
  /** A file of one node; empty if there is none. */
  file(node: string, name: string): string
}

export function readCases(folder: string): readonly FlannelCase[] {
  return existsSync(folder) ? readdirSync(folder).map(name => readCase(`${folder}/${name}`, name)) : []
}

function readCase(path: string, name: string): FlannelCase {
  const listed = parse(readFileSync(`${path}/nodes.yaml`, 'utf8')) as {
    name: string
    annotations: Record<string, string>
    conditions: Condition[]
  }[]
  const file = (node: string, file: string) => {
    const full = `${path}/${node}/${file}`
    return existsSync(full) ? readFileSync(full, 'utf8') : ''
  }
  const addressesOf = (node: string) => uplinkAddresses(file(node, 'addr.txt'))
  return {
    name,
    netConf: JSON.parse(readFileSync(`${path}/net-conf.json`, 'utf8')),
    nodes: listed.map(({ name, annotations }) => ({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, annotations },
      spec: { podCIDRs: podCidrs(file(name, 'subnet.env')) },
      status: {
        addresses: addressesOf(name).map(({ address }) => ({ type: 'InternalIP', address: formatIp(address) })),
      },
    })),
    written: new Map(listed.map(node => [node.name, node])),
    uplinkOf: node => ({ link: { kind: 'uplink', name: 'eth0', mtu: 1500 }, addresses: addressesOf(node) }),
    file,
  }
}

/** `2: eth0    inet 192.168.64.11/24 scope global eth0\ …` */
function uplinkAddresses(text: string): readonly InterfaceAddress[] {
  const lines = text.matchAll(/^\d+: eth0 +inet6? (\S+) scope global/gm)
  return [...lines].map(([, own = '']) => parseInterfaceAddress(own))
}

/** The node's subnets, which `subnet.env` shows by their first addresses. */
function podCidrs(text: string): readonly string[] {
  return [...text.matchAll(/^FLANNEL_(?:IPV6_)?SUBNET=(.+)1\/(\d+)$/gm)].map(
    ([, head = '', bits]) => `${head}${head.endsWith('.') ? '0' : ''}/${bits}`,
  )
}
