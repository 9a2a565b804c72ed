/**
 * The observer where it is not easy: packets in pieces, rules that the kernel tells of in odd words, rules and
 * devices that change, tools that die, floods.
 */
import { execFileSync } from 'node:child_process'
import t, { type Test } from 'tap'
import { FAMILIES, type Family } from '../../src/base/ip.ts'
import type { IptablesVariant, LabMachine } from '../../src/lab/lab.ts'
import type { MachineSight } from '../../src/lab/observation.ts'
import { type Observer, openObserver } from '../../src/lab/observer.ts'
import { formatPayload } from '../../src/packet/summary.ts'
import { inNamespace, type Namespace, type Need } from '../kernel/netns.ts'
import { raiseIn } from './observed-node.ts'

t.setTimeout(900_000)

const NEEDS: Readonly<Record<IptablesVariant, readonly Need[]>> = {
  legacy: ['iptables-legacy-restore', 'ip6tables-legacy-restore', 'nft', 'sysctl', 'xt_conntrack'],
  nft: ['iptables-nft-restore', 'ip6tables-nft-restore', 'nft', 'sysctl', 'xt_conntrack'],
}

const LATEST = 30_000

interface Watch {
  readonly ns: Namespace
  readonly observer: Observer
  /** What was seen since the last call. */
  readonly next: () => Promise<MachineSight>
}

/** A machine that is nothing but its loopback and these rules. */
async function observe(t: Test, variant: IptablesVariant, rules: string, body: (watch: Watch) => Promise<void>) {
  await inNamespace(t, NEEDS[variant], async ns => {
    await ns.run('ip', ['link', 'set', 'dev', 'lo', 'up'])
    for (const tool of ['iptables', 'ip6tables']) await ns.run(`${tool}-${variant}-restore`, [], rules)
    const machine: LabMachine = { machine: 'node-1', kind: 'node', namespace: ns.name, addresses: [] }
    const raise = (fence: number) => raiseIn([ns], fence)
    const observer = await openObserver([machine], variant, { id: 'test', raise })
    let fence = 0
    const next = async () => {
      fence += 1
      await raise(fence)
      return (await observer.upTo(fence, LATEST)).get('node-1') ?? { packets: [], rules: [] }
    }
    try {
      await body({ ns, observer, next })
    } finally {
      await observer.close()
    }
  })
}

const datagram = (ns: Namespace, port: number) => ns.try('bash', ['-c', `echo hello > /dev/udp/127.0.0.1/${port}`])

/** Of packets of these protocols. */
const inWords = ({ rules }: MachineSight, ...protocols: readonly number[]) =>
  rules
    .filter(({ packet }) => protocols.includes(packet.protocol))
    .map(({ table, chain, number }) => `${table} ${chain} ${number}`)

const ODD = `*filter
:INPUT ACCEPT
:FORWARD ACCEPT
:OUTPUT ACCEPT
:a -
:b -
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -j ACCEPT
-A OUTPUT -p udp -m recent --name seen --set
-A OUTPUT -p udp -j a
-A OUTPUT -p tcp -j DROP
-A OUTPUT -j RETURN
-A OUTPUT -j DROP
-A a -p udp -m statistic --mode nth --every 1 --packet 0 -g b
-A a -j DROP
-A b -j MARK --set-mark 1
-A b -j RETURN
-A b -j DROP
COMMIT
`

const SELF: Readonly<Record<Family, string>> = { 4: '127.0.0.1', 6: '::1' }

/**
 * An echo of 2000 bytes to itself, where 1500 fit. Pieces of IPv4 are put together before rules see them.
 * Those of IPv6 are not where they come by the loopback device, for their connection is known (`ipv6_defrag`
 * in net/ipv6/netfilter/nf_defrag_ipv6_hooks.c of Linux).
 */
const PIECES: Readonly<Record<Family, (what: string) => readonly string[]>> = {
  4: what => [
    `output: icmp echo ${what} seq 1`,
    `postrouting: icmp echo ${what} seq 1`,
    'prerouting: icmp fragment at byte 0, more follow',
    'prerouting: icmp fragment at byte 1480',
    `input: icmp echo ${what} seq 1`,
  ],
  6: what => [
    `output: icmp6 echo ${what} seq 1`,
    `postrouting: icmp6 echo ${what} seq 1`,
    'prerouting: icmp6 fragment at byte 0, more follow',
    'input: icmp6 fragment at byte 0, more follow',
    'prerouting: icmp6 fragment at byte 1448',
    'input: icmp6 fragment at byte 1448',
  ],
}

/** The rules that a datagram to itself matches, and the policies that it meets. */
const MET = [
  'filter OUTPUT 1',
  'filter OUTPUT 2',
  'filter a 1',
  'filter b 1',
  'filter b 2',
  'filter OUTPUT 4',
  'filter OUTPUT policy',
  'filter INPUT 2',
]

for (const variant of ['nft', 'legacy'] as const) {
  t.test(`rules of every sort are told of by iptables-${variant} in their order`, t =>
    observe(t, variant, ODD, async ({ ns, next }) => {
      await next()
      await datagram(ns, 7)
      t.strictSame(inWords(await next(), 17), MET)
    }),
  )

  t.test(`rules that were changed are read anew with iptables-${variant}`, t =>
    observe(t, variant, ODD, async ({ ns, observer, next }) => {
      await datagram(ns, 7)
      await next()
      await ns.run(`iptables-${variant}`, ['-I', 'INPUT', '-p', 'tcp'])
      await ns.run(`iptables-${variant}`, ['-I', 'b', '-p', 'tcp'])
      observer.rulesChanged('node-1')
      await datagram(ns, 7)
      const met = MET.map(place => place.replace('INPUT 2', 'INPUT 3').replace('b 2', 'b 3').replace('b 1', 'b 2'))
      t.strictSame(inWords(await next(), 17), met)
    }),
  )

  for (const family of FAMILIES) {
    const protocol = { 4: 'icmp', 6: 'ipv6-icmp' }[family]
    t.test(`an IPv${family} packet in pieces is seen as it comes, and meets rules once, with iptables-${variant}`, t =>
      observe(t, variant, ODD.replaceAll('udp', protocol), async ({ ns, next }) => {
        await ns.run('ip', ['link', 'set', 'dev', 'lo', 'mtu', '1500'])
        await next()
        await ns.run('ping', [`-${family}`, '-n', '-c', '1', '-s', '2000', SELF[family]])
        const sight = await next()
        const words = sight.packets.map(
          ({ hook, packet }) => `${hook}: ${formatPayload(packet).replace(/ id \d+/, '')}`,
        )
        t.strictSame(words, [...PIECES[family]('request'), ...PIECES[family]('reply')])
        t.strictSame(inWords(sight, ...{ 4: [1], 6: [58, 44] }[family]), [...MET, ...MET])
      }),
    )
  }

  t.test(`what comes too fast to be told is an error with iptables-${variant}`, t =>
    observe(t, variant, ODD, async ({ ns, observer }) => {
      const pids = execFileSync('ip', ['netns', 'pids', ns.name], { encoding: 'utf8' }).trim().split('\n').map(Number)
      // While its readers sleep, more happens than buffers hold.
      for (const pid of pids) process.kill(pid, 'SIGSTOP')
      await ns.run('ping', ['-q', '-f', '-c', '40000', '127.0.0.1'])
      for (const pid of pids) process.kill(pid, 'SIGCONT')
      await raiseIn([ns], 1)
      // The fence may be among what is lost: then nobody waits for it for long.
      await t.rejects(observer.upTo(1, 5000), {
        name: 'StreamError',
        message: /^node-1: (tcpdump lost packets|nft lost traces): more came/,
      })
      await t.rejects(observer.upTo(1, LATEST), { name: 'StreamError' }, 'and it stays an error')
    }),
  )
}

t.test('devices made anew are called by their names', t =>
  observe(t, 'nft', ODD, async ({ ns, next }) => {
    await next()
    await ns.run('ip', ['link', 'add', 'late0', 'type', 'veth', 'peer', 'name', 'late1'])
    await ns.run('ip', ['addr', 'add', '10.9.9.1/24', 'dev', 'late0'])
    for (const name of ['late0', 'late1']) await ns.run('ip', ['link', 'set', 'dev', name, 'up'])
    await ns.run('ip', ['neigh', 'replace', '10.9.9.2', 'dev', 'late0', 'lladdr', '02:00:00:00:00:01'])
    await ns.try('bash', ['-c', 'echo hello > /dev/udp/10.9.9.2/7'])
    const { packets } = await next()
    t.strictSame(
      packets.filter(({ packet }) => packet.family === 4).map(({ hook, out, mark }) => ({ hook, out, mark })),
      [
        { hook: 'output', out: 'late0', mark: 0 },
        { hook: 'postrouting', out: 'late0', mark: 1 },
      ],
    )
  }),
)

t.test('a tool that died is told of with its machine', t =>
  observe(t, 'nft', ODD, async ({ ns, next }) => {
    const pids = execFileSync('ip', ['netns', 'pids', ns.name], { encoding: 'utf8' }).trim().split('\n')
    for (const pid of pids) process.kill(Number(pid), 'SIGKILL')
    await t.rejects(next(), { name: 'StreamError', message: /^node-1: (tcpdump|nft) was ended by SIGKILL$/ })
  }),
)

t.test('a fence that never comes is told of with its machine', t =>
  observe(t, 'nft', ODD, async ({ observer }) => {
    await t.rejects(observer.upTo(4711, 10), {
      name: 'LateError',
      message: 'node-1: tcpdump has not told of fence 4711 within 10 ms',
    })
  }),
)

t.test('a machine that is not there is told of, and nothing is left of others', t =>
  inNamespace(t, NEEDS.nft, async ns => {
    await ns.run('ip', ['link', 'set', 'dev', 'lo', 'up'])
    const before = await ns.run('sysctl', ['-a', '-r', 'nf_log'])
    const machines: readonly LabMachine[] = [
      { machine: 'node-1', kind: 'node', namespace: ns.name, addresses: [] },
      { machine: 'node-2', kind: 'node', namespace: `${ns.name}-none`, addresses: [] },
      { machine: 'switch', kind: 'switch', namespace: `${ns.name}-switch`, addresses: [] },
    ]
    const options = { id: 'test', raise: (fence: number) => raiseIn([ns], fence) }
    await t.rejects(openObserver(machines, 'nft', options), {
      message: /^node-2: sysctl .* failed: Cannot open network namespace/,
    })
    t.equal(await ns.run('nft', ['list', 'tables']), '')
    t.equal(await ns.run('sysctl', ['-a', '-r', 'nf_log']), before)
    t.equal(execFileSync('ip', ['netns', 'pids', ns.name], { encoding: 'utf8' }), '')
  }),
)
