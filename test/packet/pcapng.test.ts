/**
 * Capture files: block by block, and as tcpdump and tshark read them.
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parseIp } from '../../src/base/ip.ts'
import { parseMac } from '../../src/base/mac.ts'
import { encodeFrame } from '../../src/packet/ethernet.ts'
import { echoRequest, sctpInit, tcpSyn, udpDatagram } from '../../src/packet/first-packet.ts'
import { icmpError } from '../../src/packet/icmp-error.ts'
import { formatBytes } from '../../src/packet/octets.ts'
import type { Packet } from '../../src/packet/packet.ts'
import { encodePacket } from '../../src/packet/packet-bytes.ts'
import { type Capture, encodePcapng } from '../../src/packet/pcapng.ts'
import { CAPTURED } from './captured.ts'

const ends = { src: parseIp('10.244.1.2'), dst: parseIp('10.96.0.10'), sport: 40_000, dport: 9 }
const ends6 = { src: parseIp('fd00::2'), dst: parseIp('fd00::3'), sport: 40_000, dport: 9 }
const [near, far] = [parseMac('02:00:0a:f4:01:00'), parseMac('02:00:0a:f4:02:00')]

function framed(packet: Packet): Uint8Array {
  return encodeFrame({ src: near, dst: far, body: { kind: 'ip', packet } })
}

/** 2026-11-21T12:00:00.000001Z */
const NOON = 1_795_262_400_000_001

const about = udpDatagram({ ...ends, data: Uint8Array.of(1, 2, 3) })
const error = icmpError({ about, kind: 'port-unreachable', src: ends.dst }) ?? about

const capture: Capture = {
  interfaces: [{ name: 'pod-a/eth0' }, { name: 'node-1/flannel.1 ü' }],
  frames: [
    { at: NOON, interface: 0, bytes: framed(tcpSyn(ends)), direction: 'out', comment: 'a comment, with “quotes”' },
    { at: NOON + 999_999, interface: 1, bytes: framed(about), direction: 'in' },
    { at: NOON + 1_000_000, interface: 1, bytes: framed(error) },
    { at: NOON + 1_000_001, interface: 0, bytes: framed(sctpInit(ends)) },
    { at: NOON + 1_000_002, interface: 0, bytes: framed(tcpSyn(ends6)), comment: '' },
    { at: NOON + 1_000_003, interface: 0, bytes: framed(echoRequest(ends6)) },
  ],
  application: 'podwire',
}

/** A block: its type, and what is between its two lengths. */
interface Block {
  readonly type: number
  readonly body: Uint8Array
}

function blocksOf(file: Uint8Array): readonly Block[] {
  const view = new DataView(file.buffer, file.byteOffset, file.length)
  const blocks: Block[] = []
  for (let at = 0; at < file.length; ) {
    const length = view.getUint32(at + 4, true)
    t.equal(view.getUint32(at + length - 4, true), length, 'both lengths of a block are the same')
    blocks.push({ type: view.getUint32(at, true), body: file.subarray(at + 8, at + length - 4) })
    at += length
  }
  return blocks
}

t.test('blocks, byte by byte', async t => {
  const bytes = Uint8Array.of(0xaa, 0xbb, 0xcc)
  const file = encodePcapng({
    interfaces: [{ name: 'eth0', linkType: 'raw' }],
    frames: [
      { at: NOON, interface: 0, bytes, direction: 'in', comment: 'why' },
      { at: 5, interface: 0, bytes },
    ],
    application: 'podwire',
  })
  t.strictSame(
    blocksOf(file).map(({ type, body }) => `${type.toString(16)} ${formatBytes(body).replace(/(.{8})(?=.)/g, '$1 ')}`),
    [
      // Magic, version 1.0, no length; application "podwire".
      'a0d0d0a 4d3c2b1a 01000000 ffffffff ffffffff 04000700 706f6477 69726500 00000000',
      // Link type 101, no limit; name "eth0", resolution 10^-6.
      '1 65000000 00000000 02000400 65746830 09000100 06000000 00000000',
      // Interface 0, time, 3 bytes of 3; comment "why", inbound.
      '6 00000000 c8600600 0170a119 03000000 03000000 aabbcc00 01000300 77687900 02000400 01000000 00000000',
      '6 00000000 00000000 05000000 03000000 03000000 aabbcc00',
    ],
  )
})

t.test('a file without frames is one', async t => {
  t.equal(blocksOf(encodePcapng({ interfaces: [], frames: [] })).length, 1)
})

t.test('frames that cannot be', async t => {
  const interfaces = [{ name: 'eth0' }]
  const bytes = new Uint8Array(1)
  for (const frame of [
    { at: 0, interface: 1, bytes },
    { at: 0, interface: -1, bytes },
    { at: 0, interface: 0.5, bytes },
    { at: -1, interface: 0, bytes },
    { at: 0.5, interface: 0, bytes },
  ]) {
    t.throws(() => encodePcapng({ interfaces, frames: [frame] }), RangeError)
  }
})

t.test('text that is too long for an option is cut between characters', async t => {
  const [, block] = blocksOf(encodePcapng({ interfaces: [{ name: `x${'ü'.repeat(40_000)}` }], frames: [] }))
  const length = new DataView(block?.body.buffer ?? new ArrayBuffer(0), (block?.body.byteOffset ?? 0) + 10).getUint16(
    0,
    true,
  )
  t.equal(length, 65_535)
  const [, even] = blocksOf(encodePcapng({ interfaces: [{ name: 'ü'.repeat(40_000) }], frames: [] }))
  t.equal(
    new DataView(even?.body.buffer ?? new ArrayBuffer(0), (even?.body.byteOffset ?? 0) + 10).getUint16(0, true),
    65_534,
  )
})

t.test('a hundred thousand frames', async t => {
  const frame = { at: 0, interface: 0, bytes: new Uint8Array(4) }
  t.equal(
    encodePcapng({ interfaces: [{ name: 'a' }], frames: new Array(100_000).fill(frame) }).length,
    28 + 40 + 100_000 * 36,
  )
})

/** Runs `body` where the tool is installed; else the test is skipped, or fails where it must not be. */
function withTool(t: Test, tool: string, body: () => void): void {
  const lack = spawnSync(tool, ['--version']).error ? `needs the tool ${tool}` : undefined
  if (lack === undefined) body()
  else if (process.env['PODWIRE_KERNEL'] === 'required') t.fail(lack)
  else t.plan(0, lack)
}

function fileIn(t: Test, content: Capture): string {
  const path = join(t.testdir(), 'capture.pcapng')
  writeFileSync(path, encodePcapng(content))
  return path
}

t.test('tcpdump reads the file', async t => {
  withTool(t, 'tcpdump', () => {
    const lines = linesOf('tcpdump', ['-n', '-ttttt', '-r', fileIn(t, capture)])
    t.equal(lines.length, capture.frames.length)
    t.match(
      lines[0],
      /^ 00:00:00.000000 IP 10\.244\.1\.2\.40000 > 10\.96\.0\.10\.9: Flags \[S\], seq 1000000, win 64240, options \[mss 1460,sackOK,TS val 1000 ecr 0,nop,wscale 7\], length 0$/,
    )
    t.match(lines[1], /^ 00:00:00.999999 IP 10\.244\.1\.2\.40000 > 10\.96\.0\.10\.9: UDP, length 3$/)
    t.match(lines[2], /ICMP 10\.96\.0\.10 udp port 9 unreachable, length 39$/)
    t.match(
      lines[3],
      /sctp \(1\) \[INIT\] \[init tag: 1000000\] \[rwnd: 106496\] \[OS: 10\] \[MIS: 65535\] \[init TSN: 1000000\]/,
    )
    t.match(lines[4], /IP6 fd00::2\.40000 > fd00::3\.9: Flags \[S\].*mss 1440/)
    t.match(lines[5], /IP6 fd00::2 > fd00::3: ICMP6, echo request, id 1, seq 1, length 64$/)
  })
})

t.test('tcpdump reads a file of packets without Ethernet', async t => {
  withTool(t, 'tcpdump', () => {
    const raw: Capture = {
      interfaces: [{ name: 'tun0', linkType: 'raw' }],
      frames: [{ at: NOON, interface: 0, bytes: encodePacket(about) }],
    }
    t.match(
      linesOf('tcpdump', ['-n', '-r', fileIn(t, raw)])[0],
      /IP 10\.244\.1\.2\.40000 > 10\.96\.0\.10\.9: UDP, length 3$/,
    )
  })
})

const FIELDS = ['frame.time_epoch', 'frame.interface_name', 'frame.packet_flags_direction', 'frame.comment']

t.test('tshark reads points, directions and comments', async t => {
  withTool(t, 'tshark', () => {
    const shown = linesOf('tshark', [
      '-n',
      '-r',
      fileIn(t, capture),
      '-T',
      'fields',
      ...FIELDS.flatMap(field => ['-e', field]),
    ])
    t.strictSame(
      shown.map(line => line.split('\t').map((value, i) => (i === 2 && value !== '' ? `${Number(value)}` : value))),
      [
        ['1795262400.000001000', 'pod-a/eth0', '2', 'a comment, with “quotes”'],
        ['1795262401.000000000', 'node-1/flannel.1 ü', '1', ''],
        ['1795262401.000001000', 'node-1/flannel.1 ü', '', ''],
        ['1795262401.000002000', 'pod-a/eth0', '', ''],
        ['1795262401.000003000', 'pod-a/eth0', '', ''],
        ['1795262401.000004000', 'pod-a/eth0', '', ''],
      ],
    )
  })
})

const VERIFY = [
  ...['ip', 'tcp', 'udp'].flatMap(name => ['-o', `${name}.check_checksum:TRUE`]),
  ...['-o', 'sctp.checksum:CRC 32c'],
  // Datagrams to its port that are none of it.
  ...['--disable-protocol', 'mdns'],
]

/** Protocols whose checksums tshark verifies: 0 is bad, 1 good, 2 not verified. */
const CHECKSUMS = ['ip', 'tcp', 'udp', 'sctp', 'icmp', 'icmpv6']

t.test('tshark finds each checksum right, and nothing malformed', async t => {
  withTool(t, 'tshark', () => {
    const frames = [...CAPTURED.values()].map(({ bytes }, i) => ({ at: NOON + i, interface: 0, bytes }))
    const path = fileIn(t, { ...capture, frames: [...frames, ...capture.frames] })
    const fields = [...CHECKSUMS.map(name => `${name}.checksum.status`), '_ws.malformed']
    const shown = linesOf('tshark', [
      '-n',
      '-r',
      path,
      ...VERIFY,
      '-T',
      'fields',
      ...fields.flatMap(field => ['-e', field]),
    ])
    t.equal(shown.length, frames.length + capture.frames.length)
    for (const line of shown) t.match(line, /^[\t,12]*$/, 'neither bad (0) nor malformed')
    for (const [i, name] of CHECKSUMS.entries()) {
      t.ok(
        shown.some(line => line.split('\t')[i]?.startsWith('1')),
        `those of ${name} were looked at`,
      )
    }
  })
})

function linesOf(tool: string, args: readonly string[]): readonly string[] {
  const env = { ...process.env, TZ: 'UTC', LC_ALL: 'C.UTF-8' }
  const { stdout, stderr, status } = spawnSync(tool, args, { encoding: 'utf8', env })
  if (status !== 0) throw new Error(`${tool} ended with ${status}: ${stderr}`)
  return stdout.split('\n').slice(0, -1)
}
