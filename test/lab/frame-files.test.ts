/** Frames of a run as capture files, as tshark reads them. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseIp } from '../../src/base/ip.ts'
import { type CommentedFrame, framesToCapture } from '../../src/lab/frame-files.ts'
import { encodeFrame } from '../../src/packet/ethernet.ts'
import { udpDatagram } from '../../src/packet/first-packet.ts'

const NOON = 1_795_262_400_000_000

function frame(at: number, machine: string, link: string, ttl: number, direction?: 'in' | 'out'): CommentedFrame {
  const packet = udpDatagram({ src: parseIp('10.0.0.1'), dst: parseIp('10.0.0.2'), sport: 1, dport: 2, ttl })
  const mac = { high: 0x0200, low: 1 }
  const bytes = encodeFrame({ src: mac, dst: mac, body: { kind: 'ip', packet } })
  return { at: NOON + at, machine, link, bytes, comment: `flow ${ttl}`, ...(direction ? { direction } : {}) }
}

t.test('frames in the order of time, an interface for each link of each machine', async t => {
  if (spawnSync('tshark', ['--version']).status !== 0) {
    t.plan(0, 'needs tshark')
    return
  }
  const frames = [
    frame(3, 'node-1', 'flannel.1', 1, 'out'),
    frame(1, 'default/a', 'eth0', 2, 'out'),
    frame(2, 'node-1', 'veth1', 3, 'in'),
    frame(3, 'node-1', 'eth0', 4),
    frame(9, 'default/a', 'eth0', 5),
  ]
  const path = join(t.testdir({}), 'frames.pcapng')
  writeFileSync(path, framesToCapture(frames))
  const fields = ['frame.time_epoch', 'frame.interface_name', 'frame.packet_flags_direction', 'ip.ttl', 'frame.comment']
  const args = ['-n', '-r', path, '-T', 'fields', ...fields.flatMap(field => ['-e', field])]
  const { stdout } = spawnSync('tshark', args, { encoding: 'utf8', env: { ...process.env, TZ: 'UTC', LC_ALL: 'C' } })
  const at = (micros: number) => `1795262400.00000${micros}000`
  t.strictSame(
    stdout
      .split('\n')
      .slice(0, -1)
      .map(line => line.split('\t').map((value, i) => (i === 2 && value !== '' ? String(Number(value)) : value))),
    [
      [at(1), 'default/a/eth0', '2', '2', 'flow 2'],
      [at(2), 'node-1/veth1', '1', '3', 'flow 3'],
      [at(3), 'node-1/flannel.1', '2', '1', 'flow 1'],
      [at(3), 'node-1/eth0', '', '4', 'flow 4'],
      [at(9), 'default/a/eth0', '', '5', 'flow 5'],
    ],
  )
})

t.test('a run without frames has a file without any', async t => {
  t.equal(framesToCapture([]).length % 4, 0)
})
