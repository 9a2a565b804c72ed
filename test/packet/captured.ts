/**
 * Frames that a Linux kernel sent, by their number in `captured.txt`.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { decodeFrame } from '../../src/packet/ethernet.ts'
import { parseBytes } from '../../src/packet/octets.ts'
import type { Packet } from '../../src/packet/packet.ts'

export interface CapturedFrame {
  /** What tcpdump says of it. */
  readonly line: string
  readonly bytes: Uint8Array
}

const TEXT = readFileSync(new URL('captured.txt', import.meta.url), 'utf8')

export const CAPTURED: ReadonlyMap<number, CapturedFrame> = new Map(
  [...TEXT.matchAll(/^(\d+) (.*)\n((?: {2}[0-9a-f]+\n)+)/gm)].map(([, number, line = '', hex = '']) => {
    return [Number(number), { line, bytes: parseBytes(hex.replace(/\s/g, '')) }]
  }),
)

/** The packet in a captured frame. */
export function capturedPacket(number: number): Packet {
  const frame = CAPTURED.get(number)
  if (!frame) throw new RangeError(`no frame ${number}`)
  const { body } = decodeFrame(frame.bytes)
  if (body.kind !== 'ip') throw new RangeError(`no packet in frame ${number}`)
  return body.packet
}
