/** Settled clusters for tests: manifests as text, or folders of them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { harvestFiles } from '../../src/cli/harvest.ts'
import { build } from '../../src/cli/load.ts'
import { settledCluster } from '../../src/cluster/cluster.ts'
import type { SettledCluster } from '../../src/cluster/host-state.ts'
import type { Wishes } from '../../src/cluster/settings.ts'
import { settle } from '../../src/cluster/settle.ts'

export interface Given {
  readonly nodeCount?: number
  readonly flags?: Wishes
}

export function clusterOfText(text: string, { nodeCount = 3, flags = {} }: Given = {}): SettledCluster {
  return settled([{ name: 'test.yaml', text, named: true }], { nodeCount, flags })
}

export function clusterOfFolder(folder: string, { nodeCount = 3, flags = {} }: Given = {}): SettledCluster {
  const files = readdirSync(folder).sort()
  return settled(
    files.map(name => ({ name, text: readFileSync(join(folder, name), 'utf8'), named: true })),
    { nodeCount, flags },
  )
}

function settled(files: Parameters<typeof harvestFiles>[0], { nodeCount, flags }: Required<Given>): SettledCluster {
  const harvest = harvestFiles(files, 'default')
  const { cluster, findings } = build(harvest, { nodeCount, seed: 0, flags })
  const problems = [...harvest.findings, ...findings]
  if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join('; '))
  settle(cluster)
  return settledCluster(cluster)
}
