/** The machine's own network is as it was, while a lab is up and after it. */
import t from 'tap'
import { podwire } from '../cli/capture.ts'
import { inNamespace } from '../kernel/netns.ts'
import { freshId, isSkipped, remainsOf } from './lab-here.ts'
import { lookAtMachine } from './machine-look.ts'

t.setTimeout(900_000)

for (const variant of ['nft', 'legacy'] as const) {
  t.test(`a lab with iptables-${variant} touches nothing of the machine`, async t => {
    if (isSkipped(t)) return
    const id = freshId(t)
    const before = await lookAtMachine()
    const up = await podwire(['lab', 'up', '--id', id, '-f', 'scenarios/dual-stack/manifests', '--iptables', variant])
    t.equal(up.code, 0, up.err)
    t.strictSame(await lookAtMachine(), before, 'while it is up')
    t.equal((await podwire(['lab', 'down', id])).code, 0)
    t.strictSame(remainsOf(id), [])
    t.strictSame(await lookAtMachine(), before, 'and after it')
  })
}

// biome-ignore format: one case, one row
const TOUCHES: readonly (readonly [what: string, tool: string, args: readonly string[], seenBy: string])[] = [
  ['a link',           'ip',              ['link', 'add', 'x', 'type', 'bridge'],                          'ip -d -j link'],
  ['an address',       'ip',              ['addr', 'add', '192.0.2.1', 'dev', 'lo'],                       'ip -j addr'],
  ['a route',          'ip',              ['route', 'add', 'blackhole', '192.0.2.0/24'],                   'ip -4 -j route show table all'],
  ['a route of IPv6',  'ip',              ['route', 'add', 'blackhole', '2001:db8::/32'],                  'ip -6 -j route show table all'],
  ['a routing rule',   'ip',              ['rule', 'add', 'priority', '7', 'lookup', '7'],                 'ip -4 -j rule'],
  ['one of IPv6',      'ip',              ['-6', 'rule', 'add', 'priority', '7', 'lookup', '7'],           'ip -6 -j rule'],
  ['a rule',           'iptables-legacy', ['-A', 'INPUT', '-j', 'ACCEPT'],                                 'iptables-legacy-save'],
  ['a rule of IPv6',   'ip6tables-legacy', ['-A', 'INPUT', '-j', 'ACCEPT'],                                'ip6tables-legacy-save'],
  ['a rule in nft',    'iptables-nft',    ['-A', 'INPUT', '-j', 'ACCEPT'],                                 'iptables-nft-save'],
  ['one of IPv6 there', 'ip6tables-nft',  ['-A', 'INPUT', '-j', 'ACCEPT'],                                 'ip6tables-nft-save'],
  ['a table',          'nft',             ['add', 'table', 'inet', 'x'],                                   'nft -s list ruleset'],
  ['a setting',        'sysctl',          ['-w', 'net.ipv4.conf.default.rp_filter=2'],                     'sysctl -a'],
]
t.test('whatever is done to a network is seen', t =>
  inNamespace(t, ['iptables-legacy-restore', 'iptables-nft-restore', 'nft'], async ns => {
    let before = await lookAtMachine(ns.name)
    for (const [what, tool, args, seenBy] of TOUCHES) {
      await ns.run(tool, args)
      const after = await lookAtMachine(ns.name)
      t.not(after.get(seenBy), before.get(seenBy), what)
      before = after
    }
  }),
)
