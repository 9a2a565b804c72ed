/**
 * Conditions on SCTP: ports, and which chunks a packet carries.
 *
 * @see net/netfilter/xt_sctp.c of Linux, extensions/libxt_sctp.c of iptables, RFC 9260 section 3.2
 * @module
 */
import { SCTP } from '../../base/protocol.ts'
import { isSctp, type SctpChunk } from '../../packet/packet.ts'
import type { SctpMatch } from '../rule.ts'
import { type Answer, type Holds, hotdrop, undecided } from './condition.ts'
import { holdsPorts } from './holds-transport.ts'
import { NONE, type Probe } from './probe.ts'

// biome-ignore format: a table
const CHUNK_TYPES: ReadonlyMap<string, number> = new Map([
  ['DATA', 0], ['INIT', 1], ['INIT_ACK', 2], ['SACK', 3], ['HEARTBEAT', 4], ['HEARTBEAT_ACK', 5], ['ABORT', 6],
  ['SHUTDOWN', 7], ['SHUTDOWN_ACK', 8], ['ERROR', 9], ['COOKIE_ECHO', 10], ['COOKIE_ACK', 11], ['ECN_ECNE', 12],
  ['ECN_CWR', 13], ['SHUTDOWN_COMPLETE', 14], ['I_DATA', 64], ['ASCONF_ACK', 128], ['RE_CONFIG', 130], ['PAD', 132],
  ['FORWARD_TSN', 192], ['ASCONF', 193], ['I_FORWARD_TSN', 194],
])

/** Letters for the flags of some chunks, the highest bit first: upper case asks for one, lower case for none. */
const CHUNK_FLAGS: Readonly<Record<string, string>> = {
  DATA: '----IUBE',
  I_DATA: '----IUBE',
  ABORT: '-------T',
  SHUTDOWN_COMPLETE: '-------T',
}

/** A type of chunk that is asked for; of its flags, those in `mask` must be as in `set`. */
interface Wanted {
  readonly type: number
  readonly mask: number
  readonly set: number
}

type Mode = 'all' | 'any' | 'only'

interface WantedChunks {
  readonly mode: Mode
  readonly wanted: readonly Wanted[]
}

export function holdsSctp(match: SctpMatch): Holds {
  const ports = holdsPorts(match)
  const { chunks } = match
  const asked = chunks && parseChunks(chunks.text)
  const not = chunks?.not ?? false
  return probe => {
    if (probe.protocol !== SCTP || probe.fragmentOffset > 0) return false
    if (probe.dport === NONE) return hotdrop(probe, 'the transport header is cut short')
    if (!ports(probe)) return false
    return chunks ? holdsChunks(probe, asked, not) : true
  }
}

function holdsChunks(probe: Probe, asked: WantedChunks | undefined, not: boolean): Answer {
  if (!asked) return undecided(probe, 'it asks for chunks of SCTP that podwire does not know')
  const { payload } = probe.skb.packet
  if (!isSctp(payload) || payload.chunks.length === 0) return hotdrop(probe, 'the SCTP packet has no whole chunk')
  return areWanted(payload.chunks, asked) === !not
}

function areWanted(chunks: readonly SctpChunk[], { mode, wanted }: WantedChunks): boolean {
  const isWanted = ({ type, flags }: SctpChunk) =>
    wanted.some(want => want.type === type && (flags & want.mask) === want.set)
  switch (mode) {
    case 'any':
      return chunks.some(isWanted)
    case 'only':
      return chunks.every(isWanted)
    case 'all':
      return wanted.every(want => chunks.some(chunk => chunk.type === want.type && isWanted(chunk)))
  }
}

/** Reads `any DATA:Be,INIT`; nothing when a word of it is not known. */
function parseChunks(text: string): WantedChunks | undefined {
  const [mode = '', list = ''] = text.split(' ')
  const known = mode.toLowerCase()
  if (known !== 'all' && known !== 'any' && known !== 'only') return undefined
  if (list.toUpperCase() === 'NONE') return { mode: known, wanted: [] }
  if (list.toUpperCase() === 'ALL') {
    const wanted = Array.from({ length: 256 }, (_, type) => ({ type, mask: 0, set: 0 }))
    return { mode: known, wanted }
  }
  const wanted: Wanted[] = []
  for (const word of list.split(',')) {
    const [name = '', letters = ''] = word.split(':')
    const want = parseChunk(name.toUpperCase(), letters)
    if (!want) return undefined
    wanted.push(want)
  }
  return { mode: known, wanted }
}

function parseChunk(name: string, letters: string): Wanted | undefined {
  const type = CHUNK_TYPES.get(name)
  if (type === undefined) return undefined
  const flags = CHUNK_FLAGS[name] ?? ''
  let [mask, set] = [0, 0]
  for (const letter of letters) {
    const at = flags.indexOf(letter.toUpperCase())
    if (at < 0) return undefined
    const bit = 0x80 >> at
    mask |= bit
    if (letter === letter.toUpperCase()) set |= bit
  }
  return { type, mask, set }
}
