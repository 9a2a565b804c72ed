/**
 * What text and Markdown both tell of two modes: sizes and services as rows, places in words.
 *
 * @module
 */
import type { Finding, ModeDiff, NodesSize, Spot } from '../cluster/mode-diff.ts'
import { COUNTS, type Count } from '../cluster/mode-size.ts'

const LABELS: Readonly<Record<Count, string>> = {
  rules: 'rules',
  chains: 'chains',
  sets: 'sets and maps',
  elements: 'elements of sets and maps',
  virtualServers: 'virtual servers',
  realServers: 'real servers',
  bound: 'addresses of kube-ipvs0',
  bytes: 'bytes to load',
}

/** The header first; without counts that are 0 in both modes. */
export function sizeRows({ nodes, sizes }: ModeDiff): readonly (readonly string[])[] {
  const columns = [...sizes.map(allNodes), ...(nodes.length > 1 ? sizes.map(biggestNode) : [])]
  const counts = COUNTS.filter(count => sizes.some(({ all }) => all[count] > 0))
  return [
    ['SIZE', ...columns.map(({ head }) => head)],
    ...counts.map(count => [LABELS[count], ...columns.map(({ size }) => grouped(size[count]))]),
  ]
}

function allNodes({ mode, all }: NodesSize) {
  return { head: mode, size: all }
}

function biggestNode({ mode, all, biggest }: NodesSize) {
  return biggest ? { head: `${mode}, ${biggest.node} (most)`, size: biggest.size } : { head: mode, size: all }
}

/** `1,234,567` */
function grouped(number: number): string {
  return `${number}`.replace(/\B(?=(\d{3})+$)/g, ',')
}

/** `1 node`, `3 nodes` */
export function count(number: number, what: string): string {
  return `${grouped(number)} ${what}${number === 1 ? '' : 's'}`
}

/** `shop/web:http` */
export function portOf({ namespace, service, portName }: Spot): string {
  return `${namespace}/${service}${portName === '' ? '' : `:${portName}`}`
}

const SOME = 3

/** Where a finding applies, cut after some unless all are asked for. */
export function placesOf({ nodes, spots }: Finding, { nodes: all }: ModeDiff, whole: boolean): readonly string[] {
  if (spots.length === 0) return [nodesOf(nodes, all)]
  const shown = whole || spots.length <= SOME + 1 ? spots : spots.slice(0, SOME)
  const rest = spots.length - shown.length
  const lines = shown.map(
    spot => `${portOf(spot)} ${spot.protocol} ${spot.entry} ${spot.address}, ${nodesOf(spot.nodes, all)}`,
  )
  return rest > 0 ? [...lines, `and ${rest} more`] : lines
}

/** `all nodes`, `node-1, node-3` */
function nodesOf(nodes: readonly string[], all: readonly string[]): string {
  if (nodes.length === all.length && all.length > 1) return 'all nodes'
  const named = nodes.slice(0, SOME).join(', ')
  return nodes.length > SOME ? `${named} and ${nodes.length - SOME} more nodes` : named
}

/** A row for each entry of each service port, with the codes of what differs there; the header first. */
export function serviceRows({ findings, nodes: all }: ModeDiff): readonly (readonly string[])[] {
  const rows = new Map<string, { readonly spot: Spot; readonly codes: string[] }>()
  for (const { difference, spots } of findings) {
    for (const spot of spots) {
      const key = JSON.stringify([portOf(spot), spot.protocol, spot.entry, spot.address])
      const row = rows.get(key) ?? { spot, codes: [] }
      rows.set(key, row)
      const { code } = difference
      row.codes.push(spot.nodes.length === all.length ? code : `${code} (${nodesOf(spot.nodes, all)})`)
    }
  }
  const sorted = [...rows].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return [
    ['SERVICE PORT', 'PROTOCOL', 'ENTRY', 'ADDRESS', 'DIFFERS IN'],
    ...sorted.map(([, { spot, codes }]) => [portOf(spot), spot.protocol, spot.entry, spot.address, codes.join(', ')]),
  ]
}

/** `3 nodes, as Kubernetes 1.37` */
export function subjectOf({ nodes, release }: ModeDiff): string {
  const [only = ''] = nodes
  return `${nodes.length === 1 ? `node ${only}` : count(nodes.length, 'node')}, as Kubernetes ${release}`
}
