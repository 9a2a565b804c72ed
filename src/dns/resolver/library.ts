/**
 * The two C libraries that programs in containers resolve names with, and what each reads of a resolv.conf.
 *
 * Both read the same file, and not the same of it.
 *
 * @see resolv/res_init.c of glibc 2.36; src/network/resolvconf.c of musl 1.2.5
 * @module
 */
import type { Seconds } from '../../base/clock.ts'
import { findIp } from '../../base/ip.ts'
import type { ResolvConf } from '../../kubelet/resolv-conf.ts'
import { LEAST_LIMIT } from '../encode.ts'

export const LIBRARIES = ['glibc', 'musl'] as const

/** glibc: Debian, Ubuntu, Fedora, distroless. musl: Alpine. */
export type Library = (typeof LIBRARIES)[number]

/** A resolv.conf as a library has read it. */
export interface Reading {
  readonly library: Library
  /** Whom it asks: the first that answers (glibc), or all at once (musl). */
  readonly nameservers: readonly string[]
  readonly searches: readonly string[]
  /** From so many dots on a name is asked as it is, before the search list (glibc) or without it (musl). */
  readonly ndots: number
  /** Between two tries (glibc), or of all tries together (musl). */
  readonly timeout: Seconds
  /** How often each server is asked. */
  readonly attempts: number
  /** Names without a dot are not asked as they are. */
  readonly noTldQuery: boolean
  /** Only A is asked for. */
  readonly noAaaa: boolean
  /** Octets of the longest datagram that is taken; what is longer is asked for once more over TCP. */
  readonly datagram: number
  /** What of the file it does not follow, a sentence each. */
  readonly remarks: readonly string[]
}

/** @see resolv/bits/types/res_state.h of glibc: MAXNS; src/internal/lookup.h of musl: MAXNS */
const MAX_SERVERS = 3
const LOOPBACK = '127.0.0.1'
const DEFAULTS = { ndots: 1, timeout: 5, attempts: 2 } as const
/** @see resolv/resolv.h of glibc: RES_MAXNDOTS, RES_MAXRETRANS, RES_MAXRETRY */
const GLIBC_MOST = { ndots: 15, timeout: 30, attempts: 5 } as const
const MUSL_MOST = { ndots: 15, timeout: 60, attempts: 10 } as const
/** musl reads lines of that many octets, without their end, and passes over longer ones. */
const MUSL_LINE = 254
/** @see resolv/resolv-internal.h of glibc: RESOLV_EDNS_BUFFER_SIZE */
const GLIBC_EDNS = 1200

type Numbers = Readonly<Record<keyof typeof DEFAULTS, number>>

/**
 * What `library` makes of a file that a container runtime has written.
 *
 * @param hostname what `hostname` prints there: without a search list, glibc searches the domain in it
 */
export function readingOf(conf: ResolvConf, library: Library, hostname = ''): Reading {
  const nameservers = conf.nameservers.filter(text => findIp(text.replace(/%.*$/, '')) !== undefined)
  const read = library === 'glibc' ? glibcReading(conf, hostname) : muslReading(conf)
  const late = nameservers.slice(MAX_SERVERS)
  return {
    library,
    nameservers: nameservers.length > 0 ? nameservers.slice(0, MAX_SERVERS) : [LOOPBACK],
    ...read,
    remarks: [
      ...read.remarks,
      ...(late.length > 0 ? [`only ${MAX_SERVERS} name servers are asked, not ${late.join(', ')}`] : []),
    ],
  }
}

type Rest = Omit<Reading, 'library' | 'nameservers'>

/** @see res_vconf_init, res_setoptions */
function glibcReading({ searches, options }: ResolvConf, hostname: string): Rest {
  const dot = hostname.indexOf('.')
  const own = dot < 0 ? [] : [hostname.slice(dot + 1)]
  const has = (...names: readonly string[]) => options.some(option => names.includes(option))
  return {
    searches: searches.length > 0 ? searches : own,
    ...glibcNumbers(options),
    noTldQuery: has('no_tld_query', 'no-tld-query'),
    noAaaa: has('no-aaaa'),
    datagram: has('use-vc') ? Number.POSITIVE_INFINITY : has('edns0') ? GLIBC_EDNS : LEAST_LIMIT,
    remarks: [],
  }
}

function glibcNumbers(options: readonly string[]): Numbers {
  const numbers = { ...DEFAULTS } as Record<keyof typeof DEFAULTS, number>
  for (const option of options) {
    const [, name, text = ''] = /^(ndots|timeout|attempts):(.*)$/.exec(option) ?? []
    if (name === 'ndots' || name === 'timeout' || name === 'attempts') {
      // What is no number is none: atoi gives 0.
      const value = Number(/^[+-]?\d+/.exec(text)?.[0] ?? 0)
      numbers[name] = value < 0 ? GLIBC_MOST[name] : Math.min(value, GLIBC_MOST[name])
    }
  }
  return numbers
}

/** @see __get_resolv_conf */
function muslReading({ searches, options }: ResolvConf): Rest {
  const searchLine = `search ${searches.join(' ')}`
  const optionsLine = `options ${options.join(' ')}`
  const isLong = (line: string) => new TextEncoder().encode(line).length > MUSL_LINE
  const [noSearch, noOptions] = [isLong(searchLine), isLong(optionsLine)]
  const numberOf = (name: keyof Numbers) => {
    // The first place where the word stands counts, even within another.
    const [, text] = noOptions ? [] : (new RegExp(`${name}:(.*)`).exec(optionsLine) ?? [])
    const digits = /^\d+/.exec(text ?? '')?.[0]
    return digits === undefined ? DEFAULTS[name] : Math.min(Number(digits), MUSL_MOST[name])
  }
  const passed = (what: string) => `the ${what} line is longer than ${MUSL_LINE} octets: musl passes over all of it`
  return {
    searches: noSearch ? [] : searches,
    ndots: numberOf('ndots'),
    timeout: numberOf('timeout'),
    attempts: numberOf('attempts'),
    noTldQuery: false,
    noAaaa: false,
    datagram: LEAST_LIMIT,
    remarks: [...(noSearch ? [passed('search')] : []), ...(noOptions ? [passed('options')] : [])],
  }
}
