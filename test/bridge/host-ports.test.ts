/** Host ports: the rows are those of the plugin's own exam. */
import t from 'tap'
import { parseInterfaceAddress, parseIp, parsePrefix } from '../../src/base/ip.ts'
import { cniChainName, sandboxId } from '../../src/bridge/chain-name.ts'
import { type HostPort, type HostPortPod, hostPortRules } from '../../src/bridge/host-ports.ts'
import { masqueradeRules } from '../../src/bridge/masquerade.ts'
import { formatSave } from '../../src/netfilter/format.ts'
import type { Ruleset } from '../../src/netfilter/rule.ts'

const CONTAINER =
  'icee6giejonei6sohng6ahngee7laquohquee9shiGo7fohferakah3Feiyoolu2pei7ciPhoh7shaoX6vai3vuf0ahfaeng8yohb9ceu0daez5hashee8ooYai5wa3y'

t.test('a container of a network has the chain', async t => {
  // biome-ignore format: one case, one row
  const rows = [
    ['test', '1234', '', 'CNI-2bbe0c48b91a7d1b8a6753a8'],
    ['test', '1234', 'PREFIX-', 'CNI-PREFIX-2bbe0c48b91a7d1b8'],
    ['test', CONTAINER, 'DN-', 'CNI-DN-67e92b96e692a494b6b85'],
    ['testNetName', CONTAINER, 'DN-', 'CNI-DN-bfd599665540dd91d5d28'],
  ] as const
  for (const [network, container, prefix, name] of rows) t.equal(cniChainName(network, container, prefix), name)
  t.match(sandboxId('default/web'), /^[0-9a-f]{64}$/)
  t.equal(sandboxId('default/web'), sandboxId('default/web'))
})

const port = (protocol: HostPort['protocol'], hostPort: number, containerPort: number, hostIp?: string): HostPort => ({
  protocol,
  hostPort,
  containerPort,
  ...(hostIp === undefined ? {} : { hostIp: parseIp(hostIp) }),
})

const POD: HostPortPod = {
  key: 'default/web',
  container: CONTAINER,
  addresses: ['10.0.0.2/24', '2001:db8::2/64'].map(parseInterfaceAddress),
  ports: [
    port('TCP', 8080, 80),
    port('TCP', 8081, 80),
    port('UDP', 8080, 81),
    port('UDP', 8082, 82),
    port('TCP', 8083, 83, '192.168.0.2'),
    port('TCP', 8084, 84, '0.0.0.0'),
    port('TCP', 8085, 85, '2001:db8:a::1'),
    port('TCP', 8086, 86, '::'),
  ],
}

/** The rules alone, as iptables-save prints them. */
function rulesOf(...rulesets: readonly Ruleset[]): string[] {
  return rulesets.flatMap(ruleset =>
    formatSave(ruleset)
      .split('\n')
      .filter(line => line.startsWith('-A ')),
  )
}

t.test('IPv4 rules of a pod with ports of every kind', async t => {
  const { first, last } = hostPortRules([POD], 4, { network: 'test' })
  const chain = 'CNI-DN-67e92b96e692a494b6b85'
  const comment = `dnat name: \\"test\\" id: \\"${CONTAINER}\\"`
  t.same(rulesOf(first), [
    '-A POSTROUTING -m comment --comment "CNI portfwd requiring masquerade" -j CNI-HOSTPORT-MASQ',
  ])
  const triple = (protocol: string, match: string, to: string) =>
    [
      `-A ${chain} -s 10.0.0.0/24 ${match} -j CNI-HOSTPORT-SETMARK`,
      `-A ${chain} -s 127.0.0.1/32 ${match} -j CNI-HOSTPORT-SETMARK`,
      `-A ${chain} ${match} -j DNAT --to-destination ${to}`,
    ].map(line => line.replace('PROTO', `-p ${protocol} -m ${protocol}`))
  t.same(rulesOf(last), [
    '-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT',
    '-A OUTPUT -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT',
    ...triple('tcp', 'PROTO --dport 8080', '10.0.0.2:80'),
    ...triple('tcp', 'PROTO --dport 8081', '10.0.0.2:80'),
    ...triple('udp', 'PROTO --dport 8080', '10.0.0.2:81'),
    ...triple('udp', 'PROTO --dport 8082', '10.0.0.2:82'),
    ...triple('tcp', '-d 192.168.0.2/32 PROTO --dport 8083', '10.0.0.2:83'),
    ...triple('tcp', 'PROTO --dport 8084', '10.0.0.2:84'),
    `-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "${comment}" -m multiport --dports 8080,8081,8083,8084,8085,8086 -j ${chain}`,
    `-A CNI-HOSTPORT-DNAT -p udp -m comment --comment "${comment}" -m multiport --dports 8080,8082 -j ${chain}`,
    '-A CNI-HOSTPORT-MASQ -m mark --mark 0x2000/0x2000 -j MASQUERADE',
    '-A CNI-HOSTPORT-SETMARK -m comment --comment "CNI portfwd masquerade mark" -j MARK --set-xmark 0x2000/0x2000',
  ])
})

t.test('IPv6 rules name no loopback and leave out the ports of IPv4 addresses', async t => {
  const { last } = hostPortRules([{ ...POD, ports: POD.ports.slice(4) }], 6, { network: 'test' })
  const chain = 'CNI-DN-67e92b96e692a494b6b85'
  t.same(
    rulesOf(last).filter(line => line.startsWith(`-A ${chain}`)),
    [
      `-A ${chain} -s 2001:db8::/64 -d 2001:db8:a::1/128 -p tcp -m tcp --dport 8085 -j CNI-HOSTPORT-SETMARK`,
      `-A ${chain} -d 2001:db8:a::1/128 -p tcp -m tcp --dport 8085 -j DNAT --to-destination [2001:db8::2]:85`,
      `-A ${chain} -s 2001:db8::/64 -p tcp -m tcp --dport 8086 -j CNI-HOSTPORT-SETMARK`,
      `-A ${chain} -p tcp -m tcp --dport 8086 -j DNAT --to-destination [2001:db8::2]:86`,
    ],
  )
})

t.test('hostPortRules()', async t => {
  const entries = (pod: HostPortPod, options = {}) =>
    rulesOf(hostPortRules([pod], 4, options).last).filter(line => line.startsWith('-A CNI-HOSTPORT-DNAT'))
  const many = { ...POD, ports: Array.from({ length: 17 }, (_, i) => port('TCP', 9000 + i, 80)) }
  t.same(
    entries(many).map(line => line.match(/--dports (\S+)/)?.[1]?.split(',').length),
    [15, 2],
    'names at most 15 ports in a rule',
  )
  const mixed = { ...POD, ports: [port('UDP', 1, 1), port('TCP', 2, 2), port('SCTP', 3, 3)] }
  t.same(
    entries(mixed).map(line => line.match(/-p (\S+)/)?.[1]),
    ['sctp', 'tcp', 'udp'],
    'sorts protocols by name',
  )
  t.match(
    rulesOf(hostPortRules([mixed], 4).last).join('\n'),
    /-p sctp -m sctp --dport 3 -j DNAT --to-destination 10\.0\.0\.2:3/,
  )
  const long = entries(POD, { network: 'n'.repeat(200) })
  t.equal(
    /--comment "(.*)" -m multiport/.exec(long[0] ?? '')?.[1]?.replaceAll('\\"', '"').length,
    256,
    'cuts a long comment as the plugin does',
  )
  t.match(long[0], /\.\.\.(?:\\")?" -m multiport/)

  const marked = rulesOf(hostPortRules([POD], 4, { markBit: 5 }).last).join('\n')
  t.match(marked, /--set-xmark 0x20\/0x20\n?/, 'marks with the bit that it is told')
  t.match(marked, /--mark 0x20\/0x20 -j MASQUERADE/)
  t.match(rulesOf(hostPortRules([POD], 4, { markBit: 31 }).last).join('\n'), /--mark 0x80000000\/0x80000000/)

  for (const [what, pod] of [
    ['no ports', { ...POD, ports: [] }],
    ['no address of the family', { ...POD, addresses: POD.addresses.slice(1) }],
  ] as const) {
    const { first, last } = hostPortRules([pod], 4)
    t.same([first.tables.size, last.tables.size], [0, 0], `writes nothing for ${what}`)
  }
  const [a, b] = [POD, { ...POD, key: 'default/db', container: 'other' }].map(({ container, ...pod }) => ({
    ...pod,
    container: container ?? '',
  }))
  if (a && b)
    t.equal(
      new Set(
        entries(a)
          .concat(entries(b))
          .map(line => line.split(' -j ')[1]),
      ).size,
      2,
      'keeps pods apart',
    )
  const { container: _, ...named } = POD
  t.match(entries(named)[0], `id: \\"${sandboxId('default/web')}\\"`, 'makes up an identifier')
  const nat = hostPortRules([POD], 4).last.tables.get('nat')
  t.same(
    nat?.chains.get('CNI-HOSTPORT-DNAT')?.rules[0]?.origin,
    { kind: 'Pod', namespace: 'default', name: 'web' },
    'says for whom',
  )
})

t.test('masqueradeRules() leaves pods among themselves alone', async t => {
  t.same(rulesOf(masqueradeRules(parsePrefix('10.244.0.0/16'))), [
    '-A POSTROUTING ! -d 10.244.0.0/16 -m comment --comment "kubenet: SNAT for outbound traffic from cluster" -m addrtype ! --dst-type LOCAL -j MASQUERADE',
  ])
  t.equal(masqueradeRules(parsePrefix('fd00:10:244::/56')).family, 6)
})
