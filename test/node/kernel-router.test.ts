/**
 * A router of the kernel's and one of podwire's are sent the same packets: they must send the same
 * on, in the same pieces, and answer the same.
 */
import t from 'tap'
import { type Family, parseIp } from '../../src/base/ip.ts'
import { drawInteger, type Random, seededRandom } from '../../src/base/random.ts'
import { readRuleset } from '../../src/netfilter/ruleset.ts'
import type { Machine } from '../../src/node/machine.ts'
import { createMachineMemory, type MachineMemory } from '../../src/node/memory.ts'
import { receive } from '../../src/node/receive.ts'
import { send } from '../../src/node/send.ts'
import type { Passage } from '../../src/node/step.ts'
import { fragmentPacket } from '../../src/packet/fragment.ts'
import { formatBytes } from '../../src/packet/octets.ts'
import type { Packet, Payload } from '../../src/packet/packet.ts'
import { encodePacket } from '../../src/packet/packet-bytes.ts'
import { summaryOf } from '../../src/packet/summary.ts'
import { type KernelRouter, type OnWire, type Side, withKernelRouter } from '../netfilter/run/wire.ts'
import { address, around, frame, mac, machine, route, sysctls, tcp, udp } from './world.ts'

const MTU = 1300
const REFUSALS = {
  '10.5.0.0/16': 'unreachable',
  '10.6.0.0/16': 'prohibit',
  '10.7.0.0/16': 'blackhole',
  'fd05::/16': 'unreachable',
  'fd06::/16': 'prohibit',
  'fd07::/16': 'blackhole',
} as const

const SETTINGS = {
  'net.ipv4.ip_forward': 1,
  'net.ipv6.conf.all.forwarding': 1,
  'net.ipv4.conf.left.send_redirects': 0,
  'net.ipv4.conf.right.send_redirects': 0,
  'net.ipv4.conf.all.send_redirects': 0,
}

/** Never met, but enough for both to track connections. */
const TRACKING = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 203.0.113.1/32 -j DNAT --to-destination 203.0.113.2
COMMIT
`

interface Mode {
  readonly title: string
  readonly settings?: Readonly<Record<string, number>>
  readonly rules?: string
}

const MODES: readonly Mode[] = [
  { title: 'without rules' },
  { title: 'that tracks connections', rules: TRACKING },
  { title: 'with a strict filter', settings: { 'net.ipv4.conf.all.rp_filter': 1 } },
  { title: 'with a loose filter', settings: { 'net.ipv4.conf.all.rp_filter': 2 } },
  {
    title: 'that lets 127.0.0.0/8 and its own addresses in',
    settings: { 'net.ipv4.conf.all.route_localnet': 1, 'net.ipv4.conf.left.accept_local': 1 },
  },
  { title: 'that does not forward', settings: { 'net.ipv4.ip_forward': 0, 'net.ipv6.conf.all.forwarding': 0 } },
]

const MACS = { left: mac(0x11), right: mac(0x12) }
const STATION = mac(0x20)

function ourRouter({ settings, rules }: Mode): Machine {
  return machine(
    {
      links: [
        { kind: 'uplink', name: 'left', mtu: 1500, mac: MACS.left },
        { kind: 'uplink', name: 'right', mtu: MTU, mac: MACS.right },
      ],
      addresses: [
        address('left', '10.1.0.1/16'),
        address('left', 'fd01::1/64'),
        address('right', '10.2.0.1/16'),
        address('right', 'fd02::1/64'),
      ],
      routes: Object.entries(REFUSALS).map(([to, type]) => route(to, { type })),
      sysctls: sysctls({ ...SETTINGS, ...settings }),
    },
    { ...(rules === undefined ? {} : { rules: { 4: readRuleset(rules, 4) } }), listenerAt: () => ({ listens: 'no' }) },
  )
}

/** Everybody is there: the kernel's router is told so too. */
const AROUND = { ...around(), neighbourhood: { whoHas: () => STATION, portOf: () => undefined } }

function ourAnswer(subject: Machine, memory: MachineMemory, { by, packet }: OnWire): readonly OnWire[] {
  const passages: Passage[] = [receive(subject, memory, { link: by, frame: frame(STATION, MACS[by], packet) }, AROUND)]
  for (const passage of passages) passages.push(...passage.answers.map(skb => send(subject, memory, skb, AROUND)))
  return passages.flatMap(({ departures }) =>
    departures.flatMap(({ link, frame: { body } }) =>
      body.kind === 'ip' ? [{ by: link as Side, packet: body.packet }] : [],
    ),
  )
}

const TOS = [0, 0, 0x10, 0xb8, 0x11]
const TTLS = [0, 1, 2, 64, 64, 255]
const DATA = [0, 1, 700, 1232, 1252, 1253, 1272, 1273, 1400]

const ENDS: Readonly<Record<Family, Readonly<Record<'src' | 'dst', readonly string[]>>>> = {
  4: {
    src: [
      '10.1.0.2',
      '10.1.0.3',
      '10.1.0.4',
      '10.1.0.2',
      '10.2.0.2',
      '10.9.0.1',
      '10.5.0.1',
      '10.1.0.1',
      '127.0.0.1',
      '0.0.0.1',
      '224.0.0.9',
      '10.1.255.255',
    ],
    dst: [
      '10.2.0.2',
      '10.2.0.3',
      '10.2.0.4',
      '10.2.0.2',
      '10.1.0.1',
      '10.2.0.1',
      '10.1.0.3',
      '10.2.255.255',
      '10.1.255.255',
      '255.255.255.255',
      '10.5.0.1',
      '10.6.0.1',
      '10.7.0.1',
      '10.8.0.1',
      '127.0.0.1',
      '0.0.0.1',
      '224.0.0.9',
    ],
  },
  6: {
    src: ['fd01::2', 'fd01::3', 'fd01::4', 'fd01::2', 'fd02::2', 'fd09::1', '::1', 'ff02::9', 'fd01::1'],
    dst: [
      'fd02::2',
      'fd02::3',
      'fd02::4',
      'fd02::2',
      'fd01::1',
      'fd02::1',
      'fd05::1',
      'fd06::1',
      'fd07::1',
      'fd08::1',
      '::1',
      'ff02::1',
      'fd02::',
    ],
  },
}

/** One packet, or the pieces of one. The kernel tells one sender of few refusals a second: each has another sender. */
function drawPackets(i: number, random: Random): readonly Packet[] {
  const family: Family = drawInteger(random, 3) === 0 ? 6 : 4
  const dst = pick(ENDS[family].dst, random)
  const src = REFUSED.test(dst) ? `10.1.3.${1 + (i % SENDERS)}` : pick(ENDS[family].src, random)
  const whole: Packet = {
    family,
    src: parseIp(src),
    dst: parseIp(dst),
    ttl: pick(TTLS, random),
    tos: pick(TOS, random),
    id: 1 + drawInteger(random, 0xffff),
    df: family === 6 || drawInteger(random, 2) === 0,
    payload: drawPayload(family, random),
  }
  if (drawInteger(random, 5) > 0) return [whole]
  if (family === 6) return fragmentPacket(whole, 1280, whole.id)
  return whole.df ? [whole] : fragmentPacket(whole, pick([300, 576, 1000], random))
}

/** No route leads there, or one that refuses. */
const REFUSED = /^(?:10\.[5-8]|0)\./
const SENDERS = 200

function drawPayload(family: Family, random: Random): Payload {
  const data = new Uint8Array(pick(DATA, random))
  const ping = family === 4 ? ({ protocol: 1, type: 8 } as const) : ({ protocol: 58, type: 128 } as const)
  const [sport, dport] = [1024 + drawInteger(random, 60000), 1 + drawInteger(random, 1000)]
  switch (drawInteger(random, 4)) {
    case 0:
      return tcp(sport, dport, pick([2, 16, 4, 18], random))
    case 1:
      return { ...ping, code: 0, rest: drawInteger(random, 1 << 30), data }
    case 2:
      return { protocol: 47, raw: new Uint8Array(8) }
    default:
      return udp(sport, dport, data.length)
  }
}

function pick<T>(list: readonly T[], random: Random): T {
  const one = list[drawInteger(random, list.length)]
  if (one === undefined) throw new RangeError('nothing to pick from')
  return one
}

/** What left, byte for byte, but for the identification of packets that the router made itself. */
function lines(all: readonly OnWire[]): readonly string[] {
  return all.map(({ by, packet }) => {
    const made = ROUTERS.has(JSON.stringify(packet.src))
    return `${by} ${formatBytes(encodePacket(made ? anonymous(packet) : packet))}`
  })
}

function anonymous(packet: Packet): Packet {
  const { fragment } = packet
  return { ...packet, id: 0, ...(fragment?.id === undefined ? {} : { fragment: { ...fragment, id: 0 } }) }
}

const ROUTERS = new Set(
  ['10.1.0.1', '10.2.0.1', 'fd01::1', 'fd02::1', 'fd02::', '127.0.0.1', '::1'].map(text =>
    JSON.stringify(parseIp(text)),
  ),
)

async function prepare(router: KernelRouter): Promise<void> {
  await router.run('ip', ['link', 'set', 'right', 'mtu', `${MTU}`])
  const senders = Array.from(
    { length: SENDERS },
    (_, i) => `neigh add 10.1.3.${i + 1} lladdr 02:00:00:00:01:02 dev left`,
  )
  await router.run('ip', ['-batch', '-'], `${senders.join('\n')}\n`)
  for (const [to, type] of Object.entries(REFUSALS)) {
    await router.run('ip', [to.includes(':') ? '-6' : '-4', 'route', 'add', type, to])
  }
}

for (const mode of MODES) {
  const settings = Object.entries({ ...SETTINGS, ...mode.settings }).map(([key, value]) => `${key}=${value}`)
  t.test(`a router ${mode.title} does with each packet what the kernel's does`, t =>
    withKernelRouter(t, mode.rules === undefined ? {} : { 4: mode.rules }, settings, async router => {
      await prepare(router)
      const subject = ourRouter(mode)
      const memory = createMachineMemory()
      const random = seededRandom(1, mode.title)
      const counts = new Set<number>()
      for (let i = 0; i < SENDERS; i++) {
        for (const packet of drawPackets(i, random)) {
          const sent: OnWire = { by: 'left', packet }
          const theirs = await router.send(sent)
          counts.add(theirs.length)
          t.strictSame(lines(ourAnswer(subject, memory, sent)), lines(theirs), summaryOf(packet))
        }
      }
      t.ok(counts.size > 1, `one packet in, so many out: ${[...counts].join(', ')}`)
    }),
  )
}
