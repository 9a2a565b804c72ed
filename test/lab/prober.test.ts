import t from 'tap'
import { parseIp } from '../../src/base/ip.ts'
import type { Probe } from '../../src/lab/probe.ts'
import { openProber } from '../../src/lab/prober.ts'
import { echoRequest, sctpInit, tcpSyn, udpDatagram } from '../../src/packet/first-packet.ts'
import { encodePacket } from '../../src/packet/packet-bytes.ts'
import { type Ask, freshPort, probeTo, SHORT, said, withProber, withRawProber } from './probing.ts'
import { counterOf } from './scratch-net.ts'

t.test('what a prober meets', t =>
  withRawProber(t, async prober => {
    // biome-ignore format: one case, one row
    const rows: readonly [target: string, meets: string, ask?: Ask][] = [
      ['tcp 10.2.0.2 port 80', 'answered'],
      ['tcp 10.2.0.3 port 80', 'answered'],
      ['tcp fd02::2 port 80', 'answered'],
      ['udp 10.2.0.2 port 80', 'answered'],
      ['udp 10.2.0.3 port 80', 'answered'],
      ['udp fd02::2 port 80', 'answered'],
      ['sctp 10.2.0.2 port 80', 'answered'],
      ['sctp 10.2.0.3 port 80', 'answered'],
      ['sctp fd02::2 port 80', 'answered'],
      ['ping 10.2.0.3', 'answered'],
      ['ping6 fd02::2', 'answered'],
      ['ping 10.1.0.2', 'answered'],

      ['tcp 10.2.0.2 port 81', 'refused (ECONNREFUSED)'],
      ['tcp fd02::2 port 81', 'refused (ECONNREFUSED)'],
      ['udp 10.2.0.2 port 81', 'refused (ECONNREFUSED, icmp 3/3 from 10.2.0.2)'],
      ['udp fd02::2 port 81', 'refused (ECONNREFUSED, icmp 1/4 from fd02::2)'],
      ['sctp 10.2.0.1 port 80', 'refused (icmp 3/2 from 10.2.0.1)'],
      // A raw socket took it: nobody says anything.
      ['sctp 10.2.0.2 port 81', 'timeout', { patience: SHORT }],
      ['sctp fd02::2 port 81', 'timeout', { patience: SHORT }],
      // Linux's "unknown next header" is no error to whoever sent it.
      ['sctp fd02::1 port 80', 'timeout (icmp 4/1 from fd02::1)', { patience: SHORT }],

      ['tcp 10.8.0.1 port 80', 'prohibited (EHOSTUNREACH, icmp 3/13 from 10.1.0.1)'],
      ['udp 10.8.0.1 port 80', 'prohibited (EHOSTUNREACH, icmp 3/13 from 10.1.0.1)'],
      ['tcp fd08::1 port 80', 'prohibited (icmp 1/1 from fd01::1)'],
      ['udp fd08::1 port 80', 'prohibited (EACCES, icmp 1/1 from fd01::1)'],
      ['ping6 fd08::1', 'prohibited (icmp 1/1 from fd01::1)'],
      ['sctp fd08::1 port 80', 'prohibited (icmp 1/1 from fd01::1)'],
      // Such routes let a sender know of five packets, then of one a second.
      ['tcp 10.9.0.1 port 80', 'host unreachable (EHOSTUNREACH, icmp 3/1 from 10.1.0.1)'],
      ['ping 10.9.0.1', 'host unreachable (icmp 3/1 from 10.1.0.1)'],
      ['udp 10.9.0.1 port 80', 'timeout (icmp 3/1 from 10.1.0.1)', { patience: SHORT }],
      ['ping6 fd09::1', 'network unreachable (icmp 1/0 from fd01::1)'],
      ['udp fd09::1 port 80', 'timeout (icmp 1/0 from fd01::1)', { patience: SHORT }],

      ['ping 10.2.0.2', 'time exceeded (icmp 11/0 from 10.1.0.1)', { ttl: 1 }],
      ['ping6 fd02::2', 'time exceeded (icmp 3/0 from fd01::1)', { ttl: 1 }],
      ['sctp 10.2.0.2 port 80', 'time exceeded (icmp 11/0 from 10.1.0.1)', { ttl: 1 }],
      ['tcp 10.2.0.2 port 80', 'host unreachable (icmp 11/0 from 10.1.0.1)', { ttl: 1 }],
      ['tcp fd02::2 port 80', 'host unreachable (icmp 3/0 from fd01::1)', { ttl: 1 }],
      ['udp 10.2.0.2 port 80', 'timeout (icmp 11/0 from 10.1.0.1)', { ttl: 1, patience: SHORT }],
      ['udp 10.2.0.2 port 80', 'answered', { ttl: 2 }],
      ['udp fd02::2 port 80', 'answered', { ttl: 2 }],
      ['ping 10.2.0.2', 'answered', { ttl: 2 }],
      ['tcp 10.2.0.2 port 80', 'answered', { ttl: 2 }],

      ['udp 10.2.0.2 port 80', 'answered', { size: 4000 }],
      ['udp fd02::2 port 80', 'answered', { size: 4000 }],
      ['ping 10.2.0.2', 'answered', { size: 4000 }],
      ['ping6 fd02::2', 'answered', { size: 4000 }],
      ['tcp 10.2.0.2 port 80', 'message too long (EMSGSIZE)', { size: 4000 }],
      ['sctp fd02::2 port 80', 'message too long (EMSGSIZE)', { size: 4000 }],

      // Nobody answers to where they claim to be from.
      ['ping 10.2.0.2', 'timeout', { src: '10.1.0.77', patience: SHORT }],
      ['sctp 10.2.0.2 port 80', 'timeout', { src: '10.1.0.77', patience: SHORT }],
    ]
    for (const [target, meets, ask] of rows) {
      const asked = Object.entries(ask ?? {}).filter(([key]) => key !== 'patience')
      const name = asked.map(([key, value]) => `, ${key} ${value}`).join('')
      t.equal(said(await prober.send(probeTo(target, ask))), meets, `${target}${name}`)
    }
  }),
)

t.test('answers tell whom the far end saw', t =>
  withProber(t, async prober => {
    for (const [target, src, ask] of [
      ['tcp 10.2.0.3 port 80', '10.1.0.2'],
      ['tcp fd02::2 port 80', 'fd01::2', { src: 'fd01::2' }],
      ['udp 10.2.0.3 port 80', '10.1.0.2', { src: '10.1.0.2' }],
      ['udp fd02::2 port 80', 'fd01::2'],
    ] as const) {
      const probe = probeTo(target, ask)
      const { answer } = await prober.send(probe)
      const wanted = { machine: 'test/server', src: parseIp(src), sport: probe.sport, dst: probe.dst, dport: 80 }
      t.strictSame(answer, wanted, target)
    }
  }),
)

t.test('packets to the byte', t =>
  withRawProber(t, async (prober, { namespaces: { client } }) => {
    const ends = (src: string, dst: string, dport: number) => {
      return { src: parseIp(src), dst: parseIp(dst), sport: freshPort(), dport }
    }
    const [v4, v6] = [
      (dport: number) => ends('10.1.0.2', '10.2.0.2', dport),
      (dport: number) => ends('fd01::2', 'fd02::2', dport),
    ]
    // biome-ignore format: one case, one row
    const rows = [
      ['TCP to an open port', 'tcp', tcpSyn(v4(80)), 'answered'],
      ['TCP to a closed port', 'tcp', tcpSyn(v4(81)), 'refused (reset)'],
      ['TCP over IPv6', 'tcp', tcpSyn(v6(80)), 'answered'],
      ['TCP over IPv6 to a closed port', 'tcp', tcpSyn(v6(81)), 'refused (reset)'],
      ['a datagram', 'udp', udpDatagram(v4(80)), 'answered'],
      ['a datagram to a closed port', 'udp', udpDatagram(v4(81)), 'refused (icmp 3/3 from 10.2.0.2)'],
      ['a datagram over IPv6', 'udp', udpDatagram(v6(80)), 'answered'],
      ['a datagram over IPv6 to a closed port', 'udp', udpDatagram(v6(81)), 'refused (icmp 1/4 from fd02::2)'],
      ['SCTP', 'sctp', sctpInit(v4(80)), 'answered'],
      ['SCTP over IPv6', 'sctp', sctpInit(v6(80)), 'answered'],
      ['a ping', 'ping', echoRequest({ ...v4(0), id: 77 }), 'answered'],
      ['a ping over IPv6', 'ping6', echoRequest({ ...v6(0), id: 77 }), 'answered'],
      ['a ping of TTL 1', 'ping', echoRequest({ ...v4(0), id: 78, ttl: 1 }), 'time exceeded (icmp 11/0 from 10.1.0.1)'],
      ['a ping too long for the link', 'ping', echoRequest({ ...v4(0), size: 1501 }), 'message too long (EMSGSIZE)'],
    ] as const
    for (const [name, kind, packet, meets] of rows) {
      const probe = { ...probeTo(`${kind} 10.2.0.2`), dst: packet.dst, bytes: encodePacket(packet) }
      const met = await prober.send(probe)
      t.equal(said(met), meets, name)
      if (kind === 'udp') t.equal(met.answer !== undefined, meets === 'answered', `${name}: the far end's words`)
    }
    const refused = await counterOf(client, 'Icmp', 'OutDestUnreachs')
    t.equal(refused, 0, 'answers to datagrams that no program waited for are not refused')
    await t.rejects(
      prober.send({ ...probeTo('ping 10.2.0.2'), bytes: Uint8Array.of(1, 2, 3) }),
      /test\/client cannot send: Cannot parse IP packet/,
    )
  }),
)

t.test('what the own machine says', t =>
  withRawProber(
    t,
    async (prober, { namespaces: { client } }) => {
      const routes = ['prohibit', 'unreachable', 'blackhole'].map((type, i) =>
        [`route add ${type} 10.7.0.${i}`, `route add ${type} fd07::${i}`].join('\n'),
      )
      await client.run(
        'ip',
        ['-batch', '-'],
        `${routes.join('\n')}\nroute del default\nroute add default dev lo table 9\n`,
      )
      await client.run('ip', ['route', 'add', '10.2.0.0/16', 'via', '10.1.0.1'])
      await client.run('ip', ['-6', 'route', 'del', 'default'])
      await client.run('ip', ['-6', 'route', 'add', 'fd02::/64', 'via', 'fd01::1'])
      await client.run('nft', ['-f', '-'], RULES)
      // biome-ignore format: one case, one row
      const rows: readonly [target: string, meets: string, ask?: Ask][] = [
        ...['tcp', 'udp', 'sctp'].flatMap((kind): readonly [string, string][] => [
          [`${kind} 10.7.0.0 port 80`, 'not permitted (EACCES)'],
          [`${kind} 10.7.0.1 port 80`, 'host unreachable (EHOSTUNREACH)'],
          [`${kind} 10.7.0.2 port 80`, 'network unreachable (EINVAL)'],
          [`${kind} 192.0.2.1 port 80`, 'network unreachable (ENETUNREACH)'],
          [`${kind} fd07::0 port 80`, 'not permitted (EACCES)'],
          [`${kind} fd07::1 port 80`, 'host unreachable (EHOSTUNREACH)'],
          [`${kind} fd07::2 port 80`, 'network unreachable (EINVAL)'],
          [`${kind} 2001:db8::1 port 80`, 'network unreachable (ENETUNREACH)'],
        ]),
        ['ping 10.7.0.0', 'not permitted (EACCES)'],
        ['ping6 fd07::1', 'host unreachable (EHOSTUNREACH)'],

        // A rule drops it: connect() goes on waiting.
        ['tcp 10.2.0.2 port 1', 'timeout', { patience: SHORT }],
        ['udp 10.2.0.2 port 1', 'not permitted (EPERM)'],
        ['udp fd02::2 port 1', 'not permitted (EPERM)'],
        ['sctp 10.2.0.2 port 1', 'not permitted (EPERM)'],
        ['sctp fd02::2 port 1', 'not permitted (EPERM)'],
        // A rule rejects it.
        ['tcp 10.2.0.2 port 2', 'prohibited (EHOSTUNREACH, icmp 3/13 from 10.1.0.2)'],
        ['udp 10.2.0.2 port 2', 'not permitted (EPERM)'],
        ['sctp 10.2.0.2 port 2', 'not permitted (EPERM)'],
        ['tcp 10.2.0.2 port 3', 'refused (ECONNREFUSED)'],
        ['ping 10.2.0.3', 'not permitted (EPERM)'],
      ]
      for (const [target, meets, ask] of rows) t.equal(said(await prober.send(probeTo(target, ask))), meets, target)
    },
    ['nft'],
  ),
)

const RULES = `table inet filter {
  chain output {
    type filter hook output priority 0;
    ip daddr 10.2.0.3 icmp type echo-request drop;
    th dport 1 drop;
    th dport 2 reject with icmpx type admin-prohibited;
    tcp dport 3 reject with tcp reset;
  }
}
`

t.test('sends one packet from exactly the port it was told, and nothing later', t =>
  withRawProber(
    t,
    async (prober, { namespaces: { server } }) => {
      const matches = ['tcp flags == syn', 'tcp flags & rst == rst', 'meta l4proto udp', 'meta l4proto sctp']
      const rules = matches.map(match => `    ip saddr 10.1.0.2 th sport 7777 ${match} counter drop`).join('\n')
      const chain = `    type filter hook prerouting priority -400\n${rules}`
      await server.run('nft', ['-f', '-'], `table ip t {\n  chain c {\n${chain}\n  }\n}\n`)
      for (const kind of ['tcp', 'udp', 'sctp']) {
        t.equal(
          said(await prober.send(probeTo(`${kind} 10.2.0.2 port 80`, { sport: 7777, patience: SHORT }))),
          'timeout',
          kind,
        )
      }
      // Longer than the kernel waits before it repeats a SYN.
      await new Promise(resolve => setTimeout(resolve, 1500))
      const counted = [...(await server.run('nft', ['list', 'ruleset'])).matchAll(/packets (\d+)/g)].map(
        found => found[1],
      )
      t.strictSame(counted, ['1', '0', '1', '1'], 'SYN, RST, datagrams, SCTP')
    },
    ['nft'],
  ),
)

t.test('connections end in order: nobody resets', t =>
  withProber(t, async (prober, { namespaces }) => {
    for (const target of ['tcp 10.2.0.2 port 80', 'tcp fd02::2 port 80']) await prober.send(probeTo(target))
    for (const side of [namespaces.client, namespaces.server]) {
      t.equal(await counterOf(side, 'Tcp', 'OutRsts'), 0, side === namespaces.client ? 'client' : 'server')
      const { length } = (await side.run('cat', ['/proc/net/tcp', '/proc/net/tcp6'])).match(/ 01 0{8}:/g) ?? []
      t.equal(length ?? 0, 0, 'no connection is left')
    }
    const probe = probeTo('tcp 10.2.0.2 port 80')
    for (const time of ['once', 'again', 'and again']) {
      t.equal((await prober.send(probe)).answer?.sport, probe.sport, `from the same port ${time}`)
    }
  }),
)

t.test('several at a time', t =>
  withRawProber(t, async prober => {
    const targets = Array.from({ length: 60 }, (_, i) => {
      const kind = ['tcp', 'udp', 'sctp', 'ping'][i % 4]
      return kind === 'ping' ? 'ping 10.2.0.2' : `${kind} 10.2.0.2 port ${80 + (i % 2 && kind !== 'sctp' ? 1 : 0)}`
    })
    const met = await Promise.all(targets.map(target => prober.send(probeTo(target))))
    const wanted = targets.map(target => (target.endsWith('81') ? 'refused' : 'answered'))
    t.strictSame(
      met.map(({ experience }) => experience),
      wanted,
    )
  }),
)

t.test('what is no experience of the network is an error', t =>
  withRawProber(t, async (prober, { client }) => {
    const rows: readonly [name: string, probe: Probe, error: RegExp][] = [
      [
        'foreign address',
        probeTo('tcp 10.2.0.2 port 80', { src: '10.1.0.77' }),
        /test\/client cannot send: .*EADDRNOTAVAIL/,
      ],
      [
        'foreign address',
        probeTo('udp 10.2.0.2 port 80', { src: '10.1.0.77' }),
        /test\/client cannot send: .*EADDRNOTAVAIL/,
      ],
      ['no port', probeTo('udp 10.2.0.2'), /cannot send: a probe of protocol 17 without a destination port/],
      ['strange protocol', { ...probeTo('tcp 10.2.0.2 port 1'), protocol: 47 }, /no packet of protocol 47 is known/],
    ]
    for (const [name, probe, error] of rows) await t.rejects(prober.send(probe), error, name)
    const waiting = prober.send(probeTo('udp 10.2.0.99 port 80', { sport: 5555 }))
    await t.rejects(prober.send(probeTo('udp 10.2.0.2 port 80', { sport: 5555 })), /EADDRINUSE/, 'port in use')
    const other = await openProber(client)
    await prober.close()
    await t.rejects(waiting, /The prober of test\/client is closed/, 'closed while it waits')
    await t.rejects(prober.send(probeTo('ping 10.2.0.2')), /The prober of test\/client is closed/)
    t.equal(said(await other.send(probeTo('ping 10.2.0.2'))), 'answered', 'the other prober lives')
    await other.close()
  }),
)

t.test('a prober that cannot be is an error', async t => {
  await t.rejects(
    openProber({ machine: 'test/none', namespace: `podwire-none-${process.pid}` }),
    /The prober of test\/none (ended with code \d+: Cannot open network namespace|could not be started)/,
  )
})
