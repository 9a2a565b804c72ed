/**
 * A router of the kernel's, with a wire on each side: whole packets go in and come out.
 *
 * Three network namespaces: the router, whose two devices are VXLAN; the one that carries their
 * outer packets, where no rules are; and the one that holds the other ends, as UDP sockets.
 *
 * @module
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import type { Family } from '../../../src/base/ip.ts'
import { TCP } from '../../../src/base/protocol.ts'
import { checksumOf, closeSum, pseudoHeaderSum } from '../../../src/packet/checksum.ts'
import { get8, get16, getIp, put16 } from '../../../src/packet/octets.ts'
import type { Packet } from '../../../src/packet/packet.ts'
import { decodePacket, encodePacket } from '../../../src/packet/packet-bytes.ts'
import { inNamespaces, type Namespace } from '../../kernel/netns.ts'

export type Side = 'left' | 'right'

/** A packet on one of the router's wires. */
export interface OnWire {
  readonly by: Side
  readonly packet: Packet
}

export interface KernelRouter {
  /** Sends a packet to the router, and waits for all that the router sends in consequence. */
  readonly send: (packet: OnWire) => Promise<readonly OnWire[]>
  /** The lines of the kernel's table of connections. */
  readonly connections: () => Promise<readonly string[]>
  /** Runs a tool on the router. */
  readonly run: Namespace['run']
}

const SIDES: readonly Side[] = ['left', 'right']
const NUMBERS: Readonly<Record<Side, number>> = { left: 1, right: 2 }
const ETHER_TYPES: Readonly<Record<Family, string>> = { 4: '0800', 6: '86dd' }
const HOSTS = [2, 3, 4]

const RESTORE = { 4: 'iptables-legacy-restore', 6: 'ip6tables-legacy-restore' } as const

/** Runs `body` with a router that has these rules (as `iptables-save` writes them) and settings. */
export function withKernelRouter(
  t: Test,
  rules: Readonly<Partial<Record<Family, string>>>,
  settings: readonly string[],
  body: (router: KernelRouter) => Promise<void>,
): Promise<void> {
  const needs = ['vxlan', 'veth', 'bridge', 'sysctl', 'nf_conntrack', RESTORE[4], RESTORE[6]] as const
  return inNamespaces(t, needs, 3, async ([router, cable, lab]) => {
    if (!router || !cable || !lab) return
    await layCable(cable, lab)
    for (const side of SIDES) await plug(router, cable, side)
    await router.run('ip', ['link', 'set', 'lo', 'up'])
    await router.run('sysctl', ['-qw', ...SETTINGS, ...PATIENCE, ...settings])
    await router.run(RESTORE[4], [], rules[4] ?? EMPTY)
    await router.run(RESTORE[6], [], rules[6] ?? EMPTY)
    const agent = new Agent(lab)
    try {
      await agent.ready()
      await body({ send: packet => agent.send(packet), connections: () => readConnections(router), run: router.run })
    } finally {
      agent.end()
    }
  })
}

/** The table is what makes the kernel track connections in the namespace. */
const EMPTY = '*nat\nCOMMIT\n'

const SETTINGS = [
  'net.ipv4.ip_forward=1',
  'net.ipv6.conf.all.forwarding=1',
  'net.ipv4.icmp_ratelimit=0',
  'net.ipv6.icmp.ratelimit=0',
  'net.ipv4.conf.all.rp_filter=0',
  'net.ipv4.conf.all.send_redirects=0',
]

/** The kernel's clock goes on while packets wait for their turn; nothing may expire in between. */
const PATIENCE = [
  ...['tcp_timeout_close', 'tcp_timeout_last_ack', 'udp_timeout', 'icmp_timeout', 'icmpv6_timeout'],
  ...[
    'closed',
    'cookie_wait',
    'cookie_echoed',
    'shutdown_sent',
    'shutdown_recd',
    'shutdown_ack_sent',
    'heartbeat_sent',
  ].map(phase => `sctp_timeout_${phase}`),
].map(name => `net.netfilter.nf_conntrack_${name}=3600`)

async function layCable(cable: Namespace, lab: Namespace): Promise<void> {
  await cable.run('ip', ['link', 'add', 'cable', 'type', 'veth', 'peer', 'name', 'cable', 'netns', lab.name])
  for (const [end, address] of [[cable, '192.0.2.1/30'] as const, [lab, '192.0.2.2/30'] as const]) {
    await end.run('ip', ['addr', 'add', address, 'dev', 'cable'])
    await end.run('ip', ['link', 'set', 'cable', 'up'])
  }
}

/** A VXLAN device keeps the namespace of its outer packets when it moves to another one. */
async function plug(router: Namespace, cable: Namespace, side: Side): Promise<void> {
  const n = NUMBERS[side]
  const vxlan = ['type', 'vxlan', 'id', '1', 'dstport', `480${n}`, 'nolearning']
  await cable.run('ip', ['link', 'add', side, ...vxlan])
  await cable.run('ip', ['link', 'set', side, 'netns', router.name])
  const batch = [
    `link set ${side} address ${macOf(side, 1, ':')} mtu 1500 addrgenmode none`,
    `link set ${side} up`,
    `addr add 10.${n}.0.1/16 brd + dev ${side}`,
    `addr add fd0${n}::1/64 dev ${side} nodad`,
    ...HOSTS.flatMap(host => [
      `neigh add 10.${n}.0.${host} lladdr ${macOf(side, host, ':')} dev ${side}`,
      `neigh add fd0${n}::${host} lladdr ${macOf(side, host, ':')} dev ${side}`,
    ]),
  ]
  await router.run('ip', ['-batch', '-'], `${batch.join('\n')}\n`)
  await router.run('bridge', ['fdb', 'append', '00:00:00:00:00:00', 'dev', side, 'dst', '192.0.2.2'])
}

function macOf(side: Side, host: number, between = ''): string {
  return ['02', '00', '00', '00', `0${NUMBERS[side]}`, `0${host}`].join(between)
}

async function readConnections(router: Namespace): Promise<readonly string[]> {
  return (await router.run('cat', ['/proc/net/nf_conntrack'])).split('\n').filter(Boolean)
}

/**
 * The kernel leaves TCP checksums of its own packets to the device, and this device to nobody: what
 * stands there then is the sum of the pseudo header alone.
 */
function completed(bytes: Uint8Array): Uint8Array {
  const family = get8(bytes, 0) >>> 4 === 4 ? 4 : 6
  const [at, srcAt, dstAt] = family === 4 ? [(get8(bytes, 0) & 15) * 4, 12, 16] : [40, 8, 24]
  if (get8(bytes, family === 4 ? 9 : 6) !== TCP || bytes.length < at + 20) return bytes
  const segment = bytes.slice(at)
  const sum = pseudoHeaderSum(getIp(bytes, srcAt, family), getIp(bytes, dstAt, family), TCP, segment.length)
  if (get16(segment, 16) !== (~closeSum(sum) & 0xffff)) return bytes
  put16(segment, 16, 0)
  put16(segment, 16, checksumOf(segment, sum))
  return new Uint8Array([...bytes.subarray(0, at), ...segment])
}

/** The program at the other ends of the wires. */
class Agent {
  readonly #process: ChildProcessWithoutNullStreams
  readonly #lines: AsyncIterator<string>

  constructor(lab: Namespace) {
    const script = fileURLToPath(new URL('wire-agent.js', import.meta.url))
    this.#process = spawn('ip', ['netns', 'exec', lab.name, process.execPath, script])
    this.#process.stderr.pipe(process.stderr)
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]()
  }

  async ready(): Promise<void> {
    await this.#next()
  }

  async send({ by, packet }: OnWire): Promise<readonly OnWire[]> {
    const bytes = Buffer.from(encodePacket(packet)).toString('hex')
    const frame = `${macOf(by, 1)}${macOf(by, 2)}${ETHER_TYPES[packet.family]}${bytes}`
    this.#process.stdin.write(`${JSON.stringify({ by, frame })}\n`)
    const caught: readonly { by: Side; frame: string }[] = JSON.parse(await this.#next())
    return caught.flatMap(({ by, frame }) => {
      // The router tells its links which multicast groups it is in.
      const isMulticast = (Number.parseInt(frame.slice(0, 2), 16) & 1) === 1
      return isMulticast ? [] : [{ by, packet: decodePacket(completed(Buffer.from(frame.slice(28), 'hex'))) }]
    })
  }

  end(): void {
    this.#process.kill()
  }

  async #next(): Promise<string> {
    const { value, done } = await this.#lines.next()
    if (done) throw new Error('the program at the ends of the wires has ended')
    return value
  }
}
