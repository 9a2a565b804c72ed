/**
 * A node's files, loaded into its namespace by the stock tools in the order that their README gives.
 *
 * Files may be loaded again one by one, when something was broken or has changed: what hangs on a file loads after
 * it.
 *
 * @module
 */
import type { Link } from '../host/host.ts'
import type { IptablesVariant, Job, Stage } from './lab.ts'
import { labFolder } from './naming.ts'
import { batchJob, patienceLines } from './stack-batch.ts'

/** A file of a node that a tool loads. */
export type LoadedFile =
  | 'sysctl.conf'
  | 'links.batch'
  | 'neigh.batch'
  | 'fdb.batch'
  | 'routes.batch'
  | 'iptables.restore'
  | 'ip6tables.restore'

/** In the order in which they are loaded. */
export const LOADED_FILES: readonly LoadedFile[] = [
  'sysctl.conf',
  'links.batch',
  'neigh.batch',
  'fdb.batch',
  'routes.batch',
  'iptables.restore',
  'ip6tables.restore',
]

/** A node whose files are in the lab's folder. */
export interface LoadedNode {
  readonly name: string
  readonly namespace: string
  /** Of its network those that `links.batch` makes. */
  readonly links: readonly Link[]
}

export interface Loading {
  readonly id: string
  readonly variant: IptablesVariant
}

/** Below the lab's folder. */
export function hostFilePath(node: string, file: string): string {
  return `hosts/${node}/${file}`
}

/**
 * The stages that load `files` of `nodes`, all nodes at once.
 *
 * `links.batch` makes tunnels anew: whoever loads it loads all files behind it too.
 */
export function loadingStages(
  nodes: readonly LoadedNode[],
  { id, variant }: Loading,
  files: readonly LoadedFile[] = LOADED_FILES,
): readonly Stage[] {
  return LOADED_FILES.filter(file => files.includes(file)).flatMap(file => {
    const stage = {
      title: `loading ${file}`,
      jobs: nodes.map(({ name, namespace }): Job => {
        const path = `${labFolder(id)}/${hostFilePath(name, file)}`
        return { namespace, ...callOf(file, path, variant), about: `${name} ${file}` }
      }),
    }
    return file === 'links.batch' ? [stage, patienceStage(nodes)] : [stage]
  })
}

function callOf(file: LoadedFile, path: string, variant: IptablesVariant): Pick<Job, 'tool' | 'args'> {
  switch (file) {
    case 'sysctl.conf':
      return { tool: 'sysctl', args: ['-q', '-p', path] }
    case 'links.batch':
    case 'neigh.batch':
    case 'routes.batch':
      return { tool: 'ip', args: ['-batch', path] }
    case 'fdb.batch':
      return { tool: 'bridge', args: ['-batch', path] }
    case 'iptables.restore':
      return { tool: `iptables-${variant}-restore`, args: ['--noflush', path] }
    case 'ip6tables.restore':
      return { tool: `ip6tables-${variant}-restore`, args: ['--noflush', path] }
  }
}

/** What a device knows of patience with neighbours goes with the device. */
function patienceStage(nodes: readonly LoadedNode[]): Stage {
  return {
    title: 'settings of devices',
    jobs: nodes.map(({ name, namespace, links }) => {
      const asking = links.filter(({ kind }) => kind === 'bridge' || kind === 'vxlan')
      return batchJob(namespace, patienceLines(asking), `${name} devices`)
    }),
  }
}
