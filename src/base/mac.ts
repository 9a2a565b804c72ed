/**
 * Ethernet addresses, as two integers.
 *
 * @module
 */
import { ParseError } from './error.ts'
import type { Random } from './random.ts'

/** An Ethernet address: 16 leading and 32 trailing bits in network order. */
export interface Mac {
  readonly high: number
  /** Signed, as in `ipv4.ts`. */
  readonly low: number
}

const TEXT = /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/i

/** @throws {ParseError} unless `text` is six octets of two hexadecimal digits, joined by colons */
export function parseMac(text: string): Mac {
  if (!TEXT.test(text)) throw new ParseError('MAC address', text, 'not six octets such as 02:00:0a:f4:01:00')
  const octets = text.split(':').map(octet => Number.parseInt(octet, 16))
  const at = (i: number) => octets[i] ?? 0
  return { high: (at(0) << 8) | at(1), low: (at(2) << 24) | (at(3) << 16) | (at(4) << 8) | at(5) }
}

/** `02:00:0a:f4:01:00` */
export function formatMac(mac: Mac): string {
  const octets = [
    mac.high >>> 8,
    mac.high & 255,
    mac.low >>> 24,
    (mac.low >>> 16) & 255,
    (mac.low >>> 8) & 255,
    mac.low & 255,
  ]
  return octets.map(octet => octet.toString(16).padStart(2, '0')).join(':')
}

export function equalMac(a: Mac, b: Mac): boolean {
  return a.low === b.low && a.high === b.high
}

/**
 * A locally administered unicast address, as the kernel draws one for a new device.
 *
 * @see eth_random_addr in include/linux/etherdevice.h of Linux
 */
export function drawMac(random: Random): Mac {
  const high = Math.floor(random() * 0x1_0000)
  return { high: (high & 0xfeff) | 0x0200, low: Math.floor(random() * 0x1_0000_0000) | 0 }
}
