/**
 * `podwire get`: the settled cluster as kubectl shows it.
 *
 * @module
 */
import { stringify } from 'yaml'
import { findKindByName, type Kind, resourceOf } from '../objects/kind.ts'
import { formatLabels } from '../objects/labels.ts'
import type { KubeObject } from '../objects/meta.ts'
import { matches, parseSelector, type Selector } from '../objects/selector.ts'
import { type Column, NONE } from '../objects/table/column.ts'
import { columnsOf } from '../objects/table/kinds.ts'
import type { Command, Given } from './command.ts'
import { type ExitCode, UsageError } from './exit.ts'
import type { Io } from './io.ts'
import { type LoadedCluster, loadCluster } from './load.ts'
import { CLUSTER_OPTIONS } from './options.ts'
import { formatTable } from './table.ts'

/** What `get all` stands for. @see kubectl's category `all` */
const ALL =
  'pods,replicationcontrollers,services,daemonsets,deployments,replicasets,statefulsets,horizontalpodautoscalers,cronjobs,jobs'

const FORMATS = ['wide', 'json', 'yaml', 'name'] as const

export const GET: Command = {
  name: 'get',
  summary: 'Show the settled cluster as kubectl would.',
  usage: 'RESOURCE[,RESOURCE] [NAME…] -f FILE… [OPTIONS]',
  about: `
Reads manifests, lets the controllers of a cluster run until nothing is left to do (Deployments make Pods, Pods get
nodes and addresses, Services get addresses and endpoints), and prints what there is then. RESOURCE is any name that
kubectl takes: pods, po, svc, deploy, endpointslices, networkpolicies, all, pod/NAME.`,
  options: [
    ...CLUSTER_OPTIONS,
    { name: 'all-namespaces', short: 'A', help: 'from all namespaces' },
    { name: 'selector', short: 'l', value: 'SELECTOR', help: 'only objects whose labels match, as app=web,tier!=back' },
    { name: 'output', short: 'o', value: 'FORMAT', help: FORMATS.join(', ') },
    { name: 'show-labels', help: 'labels as the last column' },
    { name: 'no-headers', help: 'rows only' },
  ],
  examples: [
    { does: 'where the pods went', call: 'podwire get pods -o wide -f manifests/' },
    { does: 'one Service as the API server would store it', call: 'podwire get svc/web -o yaml -f web.yaml' },
    {
      does: 'endpoints of a live export',
      call: 'kubectl get all,nodes -A -o yaml | podwire get endpointslices -A -f -',
    },
  ],
  run: runGet,
}

/** One resource asked for, and by which names; none means all of them. */
interface Query {
  readonly kind: Kind
  readonly names: readonly string[]
}

interface Listing {
  readonly kind: Kind
  readonly objects: readonly KubeObject[]
}

async function runGet(given: Given, io: Io): Promise<ExitCode> {
  const queries = readQueries(given.words)
  const format = given.choice('output', FORMATS)
  const selector = readSelector(given.text('selector'))
  const cluster = await loadCluster(given, io)
  const missing: string[] = []
  const listings = queries.map(query => {
    const objects = list(cluster, query, given).filter(object => matches(selector, object.metadata.labels ?? {}))
    const { names } = query
    for (const name of names) {
      if (objects.some(object => object.metadata.name === name)) continue
      missing.push(`Error from server (NotFound): ${resourceOf(query.kind)} ${JSON.stringify(name)} not found\n`)
    }
    return {
      kind: query.kind,
      objects: names.length === 0 ? objects : objects.filter(one => names.includes(one.metadata.name)),
    }
  })
  const found = listings.flatMap(listing => listing.objects)
  if (found.length === 0 && missing.length === 0 && format !== 'json' && format !== 'yaml') {
    const everywhere = given.is('all-namespaces') || queries.every(({ kind }) => !kind.namespaced)
    io.err(`No resources found${everywhere ? '' : ` in ${cluster.namespace} namespace.`}\n`)
    return 0
  }
  if (found.length > 0 || missing.length === 0) await io.out(print(listings, format, cluster, given))
  for (const line of missing) io.err(line)
  return missing.length > 0 ? 1 : 0
}

function list(cluster: LoadedCluster, { kind }: Query, given: Given): readonly KubeObject[] {
  return kind.namespaced && !given.is('all-namespaces') ? cluster.list(kind, cluster.namespace) : cluster.list(kind)
}

/** `pods`, `deploy,svc`, `all`, `pod web-0 web-1`, `pod/web-0 svc/web`. */
function readQueries(words: readonly string[]): readonly Query[] {
  const [first, ...names] = words
  if (first === undefined) throw new UsageError('say what to get: podwire get pods -f FILE')
  if (words.some(word => word.includes('/'))) {
    return words.map(word => {
      const [resource = '', name, ...rest] = word.split('/')
      if (!name || rest.length > 0) throw new UsageError(`"${word}" is not RESOURCE/NAME`)
      return { kind: kindNamed(resource), names: [name] }
    })
  }
  const resources = first.split(',').flatMap(resource => (resource === 'all' ? ALL.split(',') : resource))
  return resources.map(resource => ({ kind: kindNamed(resource), names }))
}

function kindNamed(word: string): Kind {
  const kind = findKindByName(word)
  if (!kind) throw new UsageError(`the server doesn't have a resource type ${JSON.stringify(word)}`)
  return kind
}

function readSelector(text: string | undefined): Selector {
  try {
    return parseSelector(text ?? '')
  } catch (cause) {
    throw new UsageError((cause as Error).message)
  }
}

function print(listings: readonly Listing[], format: string | undefined, cluster: LoadedCluster, given: Given): string {
  switch (format) {
    case 'name':
      return listings
        .flatMap(({ kind, objects }) => objects.map(object => `${qualified(kind)}/${object.metadata.name}\n`))
        .join('')
    case 'json':
      return `${JSON.stringify(sorted(document(listings, given)), undefined, 4)}\n`
    case 'yaml':
      return stringify(sorted(document(listings, given)), {
        version: '1.1',
        aliasDuplicateObjects: false,
        indentSeq: false,
        lineWidth: 0,
      })
    default:
      return printTables(listings, cluster, given)
  }
}

/** `pod`, `deployment.apps` */
function qualified(kind: Kind): string {
  return kind.group === '' ? kind.singular : `${kind.singular}.${kind.group}`
}

/** The same value with the keys of all maps in order, as kubectl prints them. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(members.map(([key, member]) => [key, sorted(member)]))
}

/** The one object that was asked for by name, or a List. */
function document(listings: readonly Listing[], given: Given): unknown {
  const items = listings.flatMap(listing => listing.objects)
  const single = given.words.length === (given.words[0]?.includes('/') ? 1 : 2)
  if (single && items.length === 1) return items[0]
  return { apiVersion: 'v1', items, kind: 'List', metadata: { resourceVersion: '' } }
}

function printTables(listings: readonly Listing[], cluster: LoadedCluster, given: Given): string {
  const shown = listings.filter(listing => listing.objects.length > 0)
  return shown.map(listing => printTable(listing, listings.length > 1, cluster, given)).join('\n')
}

function printTable({ kind, objects }: Listing, prefixed: boolean, cluster: LoadedCluster, given: Given): string {
  const wide = given.text('output') === 'wide'
  const columns = columnsOf(kind.kind).filter(column => wide || !column.wide)
  const withNamespace = kind.namespaced && given.is('all-namespaces')
  const withLabels = given.is('show-labels')
  const header = [
    ...(withNamespace ? ['NAMESPACE'] : []),
    ...columns.map(column => column.name.toUpperCase()),
    ...(withLabels ? ['LABELS'] : []),
  ]
  const rows = objects.map(object => [
    ...(withNamespace ? [object.metadata.namespace ?? ''] : []),
    ...columns.map((column, index) =>
      cellText(column, object, cluster, index === 0 && prefixed ? `${qualified(kind)}/` : ''),
    ),
    ...(withLabels ? [formatLabels(object.metadata.labels)] : []),
  ])
  const table = formatTable(header, rows)
  return given.is('no-headers') ? table.slice(table.indexOf('\n') + 1) : table
}

function cellText(column: Column, object: KubeObject, cluster: LoadedCluster, prefix: string): string {
  return `${prefix}${column.cell(object, cluster.now) ?? NONE}`
}
