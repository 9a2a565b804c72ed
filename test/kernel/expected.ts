/**
 * What a machine of a cluster must be given and must print, in a form that can be compared.
 *
 * @module
 */
import { podwire } from '../cli/capture.ts'

/** Tables with their chains, and each chain's rules in order; counters and comments left out. */
export function chainsOf(save: string): ReadonlyMap<string, readonly string[]> {
  const chains = new Map<string, string[]>()
  let table = ''
  for (const line of save.split('\n')) {
    if (line.startsWith('*')) table = line
    else if (line.startsWith(':')) chains.set(`${table} ${line.replace(/ \[\d+:\d+\]$/, '')}`, [])
    else if (line.startsWith('-A ')) {
      const [, name = ''] = line.split(' ')
      const chain = [...chains.keys()].find(key => key.startsWith(`${table} :${name} `))
      chains.get(chain ?? '')?.push(line.trimEnd())
    }
  }
  return new Map([...chains].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** A scenario's nodes, with their addresses. */
export async function nodesOf(manifests: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const { out } = await podwire(['get', 'nodes', '-o', 'json', '-f', manifests])
  const list = JSON.parse(out) as {
    items: { metadata: { name: string }; status: { addresses: { type: string; address: string }[] } }[]
  }
  return new Map(
    list.items.map(({ metadata, status }) => [
      metadata.name,
      status.addresses.filter(one => one.type === 'InternalIP').map(one => one.address),
    ]),
  )
}
