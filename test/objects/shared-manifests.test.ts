/** Other people's manifests and the objects of the oracles: all are read, or refused for a reason that a cluster gives. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { formatManifestFinding, scanManifests } from '../../src/objects/manifest.ts'

const SHARED = join(process.cwd(), '..', 'shared')

/** Files of Kubernetes objects below `folder`, by name. */
function filesIn(folder: string, named: RegExp): readonly string[] {
  const path = join(SHARED, folder)
  if (!existsSync(path)) return []
  const all = readdirSync(path, { recursive: true, encoding: 'utf8' })
  return all
    .filter(file => named.test(file))
    .sort()
    .map(file => join(path, file))
}

const MANIFESTS = filesIn('manifests', /\.(?:ya?ml|json)$/)
const ORACLE = filesIn(
  'oracle',
  /(?:kube-proxy|endpoints|dns)\/[^/]+\/(?:objects|endpointslices|endpoints|config)\.yaml$|flows\/pods\/.*\.yaml$/,
)

t.test("others' manifests", { skip: MANIFESTS.length > 0 ? false : `${SHARED} is absent` }, async t => {
  let objects = 0
  for (const file of MANIFESTS) {
    const { manifests, strangers, findings } = scanManifests(file, readFileSync(file, 'utf8'))
    t.same(findings.map(formatManifestFinding), [], file)
    // Cassandra's own configuration lies beside its manifests.
    if (file.endsWith('/cassandra.yaml')) t.equal(strangers.length, 1, `${file} is no manifest`)
    else t.same(strangers, [], `${file} holds objects only`)
    for (const { object, source } of manifests) t.ok(source.locate([]).line > 0 && object.metadata.name, file)
    objects += manifests.length
  }
  t.comment(`${MANIFESTS.length} files, ${objects} objects`)
  t.ok(objects >= 149)
})

t.test('the objects of the oracles', { skip: ORACLE.length > 0 ? false : `${SHARED} is absent` }, async t => {
  let objects = 0
  for (const file of ORACLE) {
    const { manifests, strangers, findings } = scanManifests(file, readFileSync(file, 'utf8'))
    t.same([strangers, findings.map(formatManifestFinding)], [[], []], file)
    objects += manifests.length
  }
  t.comment(`${ORACLE.length} files, ${objects} objects`)
  t.ok(objects > 2000)
})
