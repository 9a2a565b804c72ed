/**
 * The ladder of `src`, from the ground up.
 *
 * A folder imports only from rungs below its own: never upward, never sideways; types count.
 * Only the two top rungs touch Node and the outside; below them a package must be listed here.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import t from 'tap'

const LADDER = [
  ['base'], // errors, clock and random types, addresses and prefixes as integers
  ['ipam', 'objects'], // who has which address | Kubernetes kinds: read, default, validate, select
  ['packet', 'store'], // what travels, and its bytes | versioned objects, list and watch
  // rules as data | links, routes, neighbours as data | slices | Pods | what containers find: variables, resolver, hosts
  ['netfilter', 'host', 'endpoints', 'workloads', 'kubelet'],
  ['bridge', 'overlay'], // cbr0 and VXLAN: what a node needs
  ['node', 'kube-proxy', 'policy', 'dns'], // a packet's path in one host | wants turned into rules and answers
  ['cluster'], // objects in, every host's state out
  ['trace'], // one flow's journey across hosts
  ['lab', 'server', 'web'], // the outside, a folder a way of meeting it
  ['cli'], // the command line, which starts them all
]
/** From here up Node and all packages may be used. */
const OUTSIDE = LADDER.findIndex(rung => rung.includes('lab'))

/** Packages that only compute, and the rung that may use them. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  yaml: ['objects'], // text to values, with positions
  '@noble/hashes': ['base', 'bridge'], // SHA-256 and SHA-512, for names that Kubernetes and CNI derive by them
}

const IMPORT = /^(?:import|export|\}).* from '(.+)'$|^import '(.+)'$|import\('(.+)'\)/gm

const rungOf = (folder: string) => LADDER.findIndex(rung => rung.includes(folder))
const packageOf = (target: string) => target.split('/', target.startsWith('@') ? 2 : 1).join('/')

for (const file of readdirSync('src', { recursive: true, encoding: 'utf8' })) {
  if (!file.endsWith('.ts')) continue
  t.test(`src/${file} imports down the ladder`, async t => {
    const [folder = ''] = file.split('/')
    const rung = rungOf(folder)
    t.ok(rung >= 0, `${folder} is on the ladder`)
    for (const [, from, bare, lazily] of readFileSync(`src/${file}`, 'utf8').matchAll(IMPORT)) {
      const target = from ?? bare ?? lazily ?? ''
      const [other = ''] = posix.join(posix.dirname(file), target).split('/')
      if (target.startsWith('.')) {
        if (other !== folder) t.ok(rungOf(other) < rung, `${other} is below ${folder}`)
      } else if (rung < OUTSIDE) {
        t.ok(PACKAGES[packageOf(target)]?.includes(folder), `${target} is listed for ${folder}`)
      }
    }
  })
}
