/** Whether a lab waits until its kernels have taken note of links that went. */
import { execFileSync } from 'node:child_process'
import t from 'tap'
import { linksAtRest, restlessLink } from '../../src/lab/link-rest.ts'
import { inNamespace } from '../kernel/netns.ts'

// biome-ignore format: one case, one row
const LISTINGS: readonly (readonly [says: string, flags: string, state: string, rest: boolean])[] = [
  ['a device that carries is at rest',                       'UP LOWER_UP',   'UP',             true],
  ['so is one that knows of no carrier',                     'UP LOWER_UP',   'UNKNOWN',        true],
  ['so is one that has lost its carrier',                    'UP NO-CARRIER', 'DOWN',           true],
  ['or whose lower device has',                              'UP',            'LOWERLAYERDOWN', true],
  ['so is one that is down',                                 '',              'DOWN',           true],
  ['one that has just lost its carrier is not',              'UP',            'UP',             false],
  ['nor is one that has just got it',                        'UP LOWER_UP',   'DOWN',           false],
]
for (const [says, flags, operstate, rest] of LISTINGS) {
  t.test(says, async t => {
    const quiet = { ifname: 'lo', flags: ['LOOPBACK', 'UP', 'LOWER_UP'], operstate: 'UNKNOWN' }
    const listing = JSON.stringify([quiet, { ifname: 'cbr0', flags: flags.split(' '), operstate }])
    t.equal(restlessLink(listing), rest ? undefined : 'cbr0')
  })
}

t.test('a bridge that loses its last port forgets its neighbours before anything else is done', t =>
  inNamespace(t, ['bridge device', 'veth'], async ns => {
    const ip = (...args: readonly string[]) => execFileSync('ip', ['-n', ns.name, ...args], { encoding: 'utf8' })
    const machine = { machine: 'node', kind: 'node', namespace: ns.name, addresses: [] } as const
    ip('link', 'add', 'cbr0', 'type', 'bridge')
    ip('addr', 'add', '10.0.0.1/24', 'dev', 'cbr0')
    ip('link', 'add', 'veth0', 'type', 'veth', 'peer', 'name', 'veth1')
    ip('link', 'set', 'veth0', 'master', 'cbr0')
    for (const device of ['cbr0', 'veth0', 'veth1']) ip('link', 'set', device, 'up')
    await linksAtRest([machine], { lab: 'link-rest' })
    ip('neigh', 'add', '10.0.0.2', 'lladdr', '02:00:00:00:00:02', 'nud', 'reachable', 'dev', 'cbr0')
    t.match(ip('neigh', 'show', 'dev', 'cbr0'), '10.0.0.2')
    ip('link', 'delete', 'veth0')
    await linksAtRest([machine], { lab: 'link-rest' })
    t.equal(ip('neigh', 'show', 'dev', 'cbr0'), '')
  }),
)
