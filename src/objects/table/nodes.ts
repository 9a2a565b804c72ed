import type { Node } from '../node.ts'
import { AGE, type Column, NAME, NONE, orNone } from './column.ts'

const ROLE_PREFIX = 'node-role.kubernetes.io/'
const UNKNOWN = '<unknown>'

export const NODE_COLUMNS: readonly Column<Node>[] = [
  NAME,
  { name: 'Status', cell: node => status(node) },
  { name: 'Roles', cell: node => roles(node) },
  AGE,
  { name: 'Version', cell: node => info(node, 'kubeletVersion') ?? '' },
  { name: 'Internal-IP', wide: true, cell: node => address(node, 'InternalIP') },
  { name: 'External-IP', wide: true, cell: node => address(node, 'ExternalIP') },
  { name: 'OS-Image', wide: true, cell: node => info(node, 'osImage') ?? UNKNOWN },
  { name: 'Kernel-Version', wide: true, cell: node => info(node, 'kernelVersion') ?? UNKNOWN },
  { name: 'Container-Runtime', wide: true, cell: node => info(node, 'containerRuntimeVersion') ?? UNKNOWN },
]

function info(node: Node, field: string): string | undefined {
  const value = node.status?.nodeInfo?.[field]
  return typeof value === 'string' && value !== '' ? value : undefined
}

function address(node: Node, type: string): string {
  return orNone(node.status?.addresses?.find(one => one.type === type)?.address)
}

function status(node: Node): string {
  const ready = node.status?.conditions?.find(condition => condition.type === 'Ready')
  const word = ready ? (ready.status === 'True' ? 'Ready' : 'NotReady') : 'Unknown'
  return node.spec.unschedulable ? `${word},SchedulingDisabled` : word
}

function roles(node: Node): string {
  const found = new Set<string>()
  for (const [key, value] of Object.entries(node.metadata.labels ?? {})) {
    if (key.startsWith(ROLE_PREFIX) && key.length > ROLE_PREFIX.length) found.add(key.slice(ROLE_PREFIX.length))
    else if (key === 'kubernetes.io/role' && value !== '') found.add(value)
  }
  return found.size === 0 ? NONE : [...found].sort().join(',')
}
