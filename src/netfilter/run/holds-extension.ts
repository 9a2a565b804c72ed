/**
 * Conditions of extensions whose options are kept as a list: those that the packet, its mark and the
 * clock decide. What the others ask of the machine podwire does not know, and says so.
 *
 * @see net/netfilter/xt_*.c, net/ipv4/netfilter/ipt_*.c of Linux
 * @module
 */

import { encodePacket } from '../../packet/packet-bytes.ts'
import { parseMasked } from '../codec.ts'
import type { ExtensionOption } from '../rule.ts'
import { type Holds, type Setting, undecided } from './condition.ts'
import { holdsEcn, holdsMss } from './holds-tcp-extension.ts'
import { holdsTime } from './holds-time.ts'
import { holdsHashlimit, holdsQuota } from './limit.ts'
import type { Probe } from './probe.ts'

type Options = readonly ExtensionOption[]

const EXTENSIONS: Readonly<Record<string, (options: Options, setting: Setting) => Holds>> = {
  dscp: options =>
    everyOption(options, ({ words: [code] }) => sameBits(probe => probe.skb.packet.tos >>> 2, `${code}`)),
  ecn: holdsEcn,
  eui64: () => holdsEui64,
  hashlimit: holdsHashlimit,
  hl: options => everyOption(options, holdsHops),
  owner: holdsOwner,
  quota: holdsQuota,
  string: holdsString,
  tcpmss: options => everyOption(options, holdsMss),
  time: holdsTime,
  tos: options => everyOption(options, ({ words: [tos] }) => sameBits(probe => probe.skb.packet.tos, `${tos}`)),
  ttl: options => everyOption(options, holdsHops),
}

/** Extensions that remember. */
const REMEMBERING: readonly string[] = ['hashlimit', 'quota']

export function isRemembering(module: string): boolean {
  return REMEMBERING.includes(module)
}

export function holdsExtension(module: string, options: Options, setting: Setting): Holds {
  const make = Object.hasOwn(EXTENSIONS, module) ? EXTENSIONS[module] : undefined
  const why = `the match ${module} is not run`
  return make ? make(options, setting) : probe => undecided(probe, why)
}

/** All options hold, each or its opposite. */
function everyOption(options: Options, make: (option: ExtensionOption) => Holds): Holds {
  const all = options.map(option => ({ holds: make(option), not: option.not ?? false }))
  return probe => {
    for (const { holds, not } of all) {
      const answer = holds(probe)
      if (typeof answer !== 'boolean') return answer
      if (answer === not) return false
    }
    return true
  }
}

/** `VALUE[/MASK]` */
function sameBits(read: (probe: Probe) => number, text: string): Holds {
  const { value, mask } = parseMasked(text)
  return probe => (read(probe) & mask) === value
}

/** `ttl-lt 5` and the like. */
function holdsHops({ name, words: [word] }: ExtensionOption): Holds {
  const than = Number(word)
  if (name.endsWith('-lt')) return ({ skb }) => skb.packet.ttl < than
  if (name.endsWith('-gt')) return ({ skb }) => skb.packet.ttl > than
  return ({ skb }) => skb.packet.ttl === than
}

/** The lower half of an IPv6 source is made of the hardware address. */
function holdsEui64({ skb, src2, src3, fragmentOffset }: Probe): boolean {
  if (!skb.source || fragmentOffset > 0) return false
  const { high, low } = skb.source
  return (
    src2 === (((high << 16) ^ 0x0200_0000) | ((low >>> 16) & 0xff00) | 0xff) &&
    src3 === (0xfe00_0000 | (low & 0xff_ffff))
  )
}

/** Packets that only pass have no socket, so only what is denied of one holds. */
function holdsOwner(options: Options): Holds {
  const asked = options.filter(({ name }) => name !== 'suppl-groups')
  const denials = asked.every(({ not }) => not)
  return probe => {
    const { hook } = probe.passing
    const made = hook === 'output' || (hook === 'postrouting' && probe.in === '' && probe.skb.source === undefined)
    return made ? undecided(probe, 'whose packet it is podwire does not know') : denials
  }
}

/** Text anywhere in the packet, IP header included, that lies between two offsets. @see skb_find_text of Linux */
function holdsString(options: Options): Holds {
  const wordOf = (name: string) => options.find(option => option.name === name)
  const text = wordOf('string')
  const pattern = text
    ? fromText(unquoted(text.words[0] ?? ''))
    : fromHex(unquoted(wordOf('hex-string')?.words[0] ?? ''))
  if (!pattern || pattern.length === 0) return probe => undecided(probe, 'the pattern of match string cannot be read')
  const not = (text ?? wordOf('hex-string'))?.not
  const from = Number(wordOf('from')?.words[0] ?? 0)
  const to = Number(wordOf('to')?.words[0] ?? 0xffff)
  const fold = wordOf('icase') ? lower : (byte: number) => byte
  return ({ skb }) => isFound(encodePacket(skb.packet), pattern, from, to, fold) === !not
}

function isFound(
  bytes: Uint8Array,
  pattern: readonly number[],
  from: number,
  to: number,
  fold: (byte: number) => number,
): boolean {
  const last = Math.min(to, bytes.length) - pattern.length
  for (let at = from; at <= last; at++) {
    if (pattern.every((byte, i) => fold(bytes[at + i] ?? 0) === fold(byte))) return true
  }
  return false
}

const lower = (byte: number) => (byte >= 65 && byte <= 90 ? byte + 32 : byte)

/** A word as `iptables-save` quotes it. */
function unquoted(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text
}

const encoder = new TextEncoder()

function fromText(text: string): readonly number[] {
  return [...encoder.encode(text)]
}

/** `GET |20 2f|`: bytes in hexadecimal between bars. */
function fromHex(text: string): readonly number[] | undefined {
  const bytes: number[] = []
  for (const [i, part] of text.split('|').entries()) {
    if (i % 2 === 0) bytes.push(...fromText(part))
    else {
      const digits = part.replace(/\s+/g, '')
      if (!/^(?:[0-9a-fA-F]{2})*$/.test(digits)) return undefined
      for (let at = 0; at < digits.length; at += 2) bytes.push(Number.parseInt(digits.slice(at, at + 2), 16))
    }
  }
  return bytes
}
