/** Manifests by others, one folder at a time: each is read, settles, and every node renders. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import t from 'tap'
import { harvestFiles } from '../../src/cli/harvest.ts'
import { assemble } from '../../src/cluster/assemble.ts'
import { settledCluster } from '../../src/cluster/cluster.ts'
import { hostFiles } from '../../src/cluster/files.ts'
import { commonGround, DEFAULT_FEATURES, hostState } from '../../src/cluster/host-state.ts'
import { settle } from '../../src/cluster/settle.ts'
import { scanManifests } from '../../src/objects/manifest.ts'

const ROOT = join(process.cwd(), '..', 'shared', 'manifests')

function foldersIn(folder: string): readonly string[] {
  const entries = readdirSync(folder, { withFileTypes: true })
  const below = entries.filter(entry => entry.isDirectory()).flatMap(({ name }) => foldersIn(join(folder, name)))
  return entries.some(entry => entry.isFile() && /\.(ya?ml|json)$/.test(entry.name)) ? [folder, ...below] : below
}

if (!existsSync(ROOT)) {
  t.test(
    "others' manifests settle and render",
    { skip: 'the shared manifests are not beside the checkout' },
    async () => {},
  )
} else {
  for (const folder of foldersIn(ROOT)) {
    t.test(`${relative(ROOT, folder)} settles and renders`, async t => {
      const files = readdirSync(folder)
        .filter(name => /\.(ya?ml|json)$/.test(name))
        .map(name => ({ name, text: readFileSync(join(folder, name), 'utf8'), named: false }))
      if (files.every(({ name, text }) => scanManifests(name, text).manifests.length === 0)) {
        // An application's own YAML: kubectl refuses it too.
        t.throws(() => harvestFiles(files, 'default'), { message: /holds no Kubernetes object/ })
        return
      }
      const { manifests, findings } = harvestFiles(files, 'default')
      t.strictSame(findings, [], 'nothing is refused')
      const objects = manifests.map(manifest => manifest.object)
      const { cluster, refusals } = assemble({ objects, wishes: {}, nodeCount: 3, seed: 1 })
      t.strictSame(refusals, [])
      settle(cluster)
      const settled = settledCluster(cluster)
      for (const node of settled.nodes) {
        const state = hostState(commonGround(settled), node, { features: DEFAULT_FEATURES })
        for (const form of ['restore', 'save'] as const) t.ok(hostFiles(state, form).size > 8)
      }
    })
  }
}
