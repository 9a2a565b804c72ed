/**
 * `collect-node-state` in a namespace that has something of everything: what it writes is read back, and the
 * namespace is as it was.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { readStateFolder } from '../../src/cli/state-folder.ts'
import { accountOf } from '../host/account.ts'
import { inNamespace, type Namespace, type Need } from '../kernel/netns.ts'

const SCRIPT = 'scripts/collect-node-state'
const NEEDS: readonly Need[] = [
  'bridge',
  'bridge device',
  'ipset',
  'iptables-legacy-restore',
  'iptables-nft-restore',
  'sysctl',
  'veth',
  'vxlan',
]

const RULES = '*nat\n-A POSTROUTING -s 10.244.0.0/16 -j MASQUERADE\nCOMMIT\n'

async function prepare(ns: Namespace): Promise<void> {
  const ip = (words: string) => ns.run('ip', words.split(' '))
  // A new address would be settled only after a second, while the script looks.
  await ns.run('sysctl', ['-q', '-w', 'net.ipv6.conf.default.accept_dad=0', 'net.ipv6.conf.all.accept_dad=0'])
  await ip('link set dev lo up')
  await ip('link add name eth0 address 02:00:00:00:00:01 type veth peer name wire0')
  await ip('link add name cbr0 address 02:00:00:00:00:02 type bridge')
  for (const name of ['eth0', 'wire0', 'cbr0']) await ip(`link set dev ${name} up`)
  await ip('addr add 192.168.64.11/24 dev eth0')
  await ip('addr add 10.244.1.1/24 dev cbr0')
  await ip(
    'link add name flannel.1 address 02:00:00:00:00:03 type vxlan id 1 local 192.168.64.11 dev eth0 dstport 8472 nolearning',
  )
  await ip('link set dev flannel.1 up')
  await ip('route add 10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink')
  await ip('route add blackhole 10.9.0.0/16 table 100')
  await ip('rule add fwmark 0x1 lookup 100 pref 50')
  await ip('neigh add 10.244.2.0 dev flannel.1 lladdr 02:00:00:00:00:04 nud permanent')
  await ns.run('bridge', 'fdb add 02:00:00:00:00:04 dev flannel.1 dst 192.168.64.12 self permanent'.split(' '))
  await ns.run('ipset', ['create', 'web', 'hash:ip,port'])
  await ns.run('ipset', ['add', 'web', '10.96.0.1,tcp:80'])
}

/** All that the tools tell of the namespace, without the time of day and counters that run. */
async function everything(ns: Namespace): Promise<string> {
  const commands = [
    'ip -d link',
    'ip addr',
    'ip route show table all',
    'ip -6 route show table all',
    'ip rule',
    'ip neigh',
    'bridge fdb',
    'ipset save',
    'iptables-legacy-save',
    'iptables-nft-save',
    'ip6tables-nft-save',
    'nft list ruleset',
    'cat /proc/net/ip_tables_names',
    'sysctl -a --pattern ^net\\.(ipv4|ipv6)\\.conf',
  ]
  const texts: string[] = []
  for (const command of commands) {
    const [tool = '', ...args] = command.split(' ')
    texts.push(`${command}\n${(await ns.try(tool, args)).stdout}`)
  }
  return texts.join('\n').replace(/^# .*$|_timer\s+[\d.]+|\[\d+:\d+\]/gm, '')
}

function temporary(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-collect-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  return folder
}

for (const [shell, ...words] of [['sh'], ['bash', '--posix'], ['busybox', 'ash']] as const) {
  t.test(`what ${[shell, ...words].join(' ')} collects is read back, and nothing has changed`, t =>
    inNamespace(t, NEEDS, async ns => {
      if ((await ns.try('sh', ['-c', `command -v ${shell}`])).code !== 0) return void t.plan(0, `needs ${shell}`)
      const folder = join(temporary(t), 'node-1')
      await prepare(ns)
      await ns.run('iptables-legacy-restore', [], RULES)
      const before = await everything(ns)
      await ns.run(shell, [...words, SCRIPT, folder])
      t.equal(await everything(ns), before, 'the machine is as it was')
      const [host] = await readStateFolder(folder)
      t.equal(host?.name, 'node-1')
      const account = host ? accountOf(host.network) : []
      for (const line of [
        'link cbr0 bridge mtu 1500 02:00:00:00:00:02',
        'link flannel.1 vxlan mtu 1450 02:00:00:00:00:03 vni 1 local 192.168.64.11 by eth0 port 8472',
        'address 10.244.1.1/24 cbr0',
        'route 10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink',
        'route blackhole 10.9.0.0/16 table 100',
        'rule4 50: mark 1/-1 lookup 100',
        'rule6 32766: lookup main',
        'neighbour 10.244.2.0 flannel.1 02:00:00:00:00:04',
        'entry 02:00:00:00:00:04 flannel.1 192.168.64.12',
        'sysctl net.ipv4.conf.flannel/1.forwarding = 0',
      ]) {
        t.ok(account.includes(line), line)
      }
      t.equal(host?.rules[4].tables.get('nat')?.chains.get('POSTROUTING')?.rules.length, 1, 'rules')
      t.same(
        host?.sets.map(({ name }) => name),
        ['web'],
        'sets',
      )
      t.notOk(readdirSync(folder).includes('missing.txt'), 'nothing is missing')
      t.notMatch(
        readFileSync(join(folder, 'sysctl.txt'), 'utf8'),
        /secret|_key|^(?!net\.|$)/m,
        'settings of the network, no secrets',
      )
    }),
  )
}

t.test('rules of both kinds of iptables are kept, and said', t =>
  inNamespace(t, NEEDS, async ns => {
    const folder = join(temporary(t), 'node-1')
    await prepare(ns)
    await ns.run('iptables-legacy-restore', [], RULES)
    await ns.run('iptables-nft-restore', [], '*filter\n-A INPUT -j ACCEPT\nCOMMIT\n')
    await ns.run('sh', [SCRIPT, folder])
    const [host] = await readStateFolder(folder)
    t.ok(host?.notes.some(note => note.endsWith('rules of a second iptables are there too, and are not traced')))
    const both = readdirSync(folder).filter(name => name.startsWith('iptables'))
    t.equal(both.length, 2, both.join(', '))
  }),
)

t.test('what the machine lacks is noted, and the rest collected', t =>
  inNamespace(t, NEEDS, async ns => {
    const home = temporary(t)
    const bin = join(home, 'bin')
    mkdirSync(bin)
    const tools = 'sh cat cp date dirname find grep head id ip mkdir mktemp mv rm sed sort tr uname tar'.split(' ')
    for (const tool of tools) {
      const path = (await ns.try('sh', ['-c', `command -v ${tool}`])).stdout.trim()
      symlinkSync(path, join(bin, tool))
    }
    await prepare(ns)
    // The script looks in the usual places too: here they are out of reach.
    const script = join(home, 'script')
    writeFileSync(script, readFileSync(SCRIPT, 'utf8').replace(/^PATH=.*$/m, `PATH=${bin}`))
    const folder = join(home, 'node-1')
    const { code, stderr } = await ns.try('sh', [script, folder])
    t.equal(code, 0)
    t.match(stderr, /not all could be had:\n {2}bridge-fdb\.json: there is no bridge\n/)
    const [host] = await readStateFolder(folder)
    t.equal(host?.networkKnown, true)
    t.ok(host?.notes.includes('not collected: iptables.save: there is no iptables-save'))
    t.ok(
      host?.network.sysctls.some(({ key }) => key === 'net.ipv4.conf.flannel/1.forwarding'),
      'settings without sysctl',
    )
  }),
)

t.test('--tar writes the folder to standard output', t =>
  inNamespace(t, NEEDS, async ns => {
    const home = temporary(t)
    await prepare(ns)
    const text = readFileSync(SCRIPT, 'utf8')
    await ns.run('sh', ['-c', `sh -s -- --tar node-9 | tar -C ${home} -x -f -`], text)
    t.same(
      (await readStateFolder(home)).map(({ name }) => name),
      ['node-9'],
    )
  }),
)

t.test('its words', t =>
  inNamespace(t, [], async ns => {
    t.match(await ns.run('sh', [SCRIPT, '--help']), /^Usage: collect-node-state \[DIR\]\n/)
    for (const args of [['--what'], ['--tar', '../x'], ['--tar', '.']]) {
      t.equal((await ns.try('sh', [SCRIPT, ...args])).code, 2, args.join(' '))
    }
    t.equal((await ns.try('sh', [SCRIPT, '/dev/null/x'])).code, 1, 'a folder that cannot be made')
  }),
)
