/**
 * The options of `ipvsadm` that say what a server is.
 *
 * @module
 */
import { ParseError } from '../../base/error.ts'

/** Options by one name each: their letter, or the long name of those that have none. */
export interface Options {
  /** Of `-p` without a word: empty. */
  readonly values: ReadonlyMap<string, string>
  readonly flags: ReadonlySet<string>
  /** What follows from the first option on that is not known, joined by blanks. */
  readonly unknown: string
}

interface Known {
  readonly name: string
  readonly takes: 'nothing' | 'a word' | 'a word or nothing'
}

// biome-ignore format: a table
const SPELLINGS: readonly (readonly [known: Known, ...spellings: readonly string[]])[] = [
  [{ name: 't', takes: 'a word' }, '-t', '--tcp-service'],
  [{ name: 'u', takes: 'a word' }, '-u', '--udp-service'],
  [{ name: 'sctp-service', takes: 'a word' }, '--sctp-service'],
  [{ name: 'f', takes: 'a word' }, '-f', '--fwmark-service'],
  [{ name: '6', takes: 'nothing' }, '-6', '--ipv6'],
  [{ name: 's', takes: 'a word' }, '-s', '--scheduler'],
  [{ name: 'p', takes: 'a word or nothing' }, '-p', '--persistent'],
  [{ name: 'M', takes: 'a word' }, '-M', '--netmask'],
  [{ name: 'pe', takes: 'a word' }, '--pe'],
  [{ name: 'o', takes: 'nothing' }, '-o', '--ops'],
  [{ name: 'b', takes: 'a word' }, '-b', '--sched-flags'],
  [{ name: 'r', takes: 'a word' }, '-r', '--real-server'],
  [{ name: 'm', takes: 'nothing' }, '-m', '--masquerading'],
  [{ name: 'i', takes: 'nothing' }, '-i', '--ipip'],
  [{ name: 'g', takes: 'nothing' }, '-g', '--gatewaying'],
  [{ name: 'w', takes: 'a word' }, '-w', '--weight'],
  [{ name: 'x', takes: 'a word' }, '-x', '--u-threshold'],
  [{ name: 'y', takes: 'a word' }, '-y', '--l-threshold'],
  [{ name: 'tun-type', takes: 'a word' }, '--tun-type'],
  [{ name: 'tun-port', takes: 'a word' }, '--tun-port'],
  [{ name: 'tun-nocsum', takes: 'nothing' }, '--tun-nocsum'],
  [{ name: 'tun-csum', takes: 'nothing' }, '--tun-csum'],
  [{ name: 'tun-remcsum', takes: 'nothing' }, '--tun-remcsum'],
]

const KNOWN: ReadonlyMap<string, Known> = new Map(
  SPELLINGS.flatMap(([known, ...spellings]) => spellings.map(spelling => [spelling, known] as const)),
)

/** @throws {ParseError} when a word is missing, or an option stands twice */
export function readOptions(words: readonly string[]): Options {
  const values = new Map<string, string>()
  const flags = new Set<string>()
  for (let at = 0; at < words.length; at++) {
    const spelling = words[at] ?? ''
    const known = KNOWN.get(spelling)
    if (!known) return { values, flags, unknown: words.slice(at).join(' ') }
    const { name, takes } = known
    if (values.has(name) || flags.has(name)) throw new ParseError('ipvsadm option', spelling, 'it stands twice')
    if (takes === 'nothing') {
      flags.add(name)
      continue
    }
    const next = words[at + 1]
    const taken = next !== undefined && !(takes === 'a word or nothing' && next.startsWith('-'))
    if (!taken && takes === 'a word') throw new ParseError('ipvsadm option', spelling, 'its value is missing')
    values.set(name, taken ? next : '')
    if (taken) at++
  }
  return { values, flags, unknown: '' }
}
