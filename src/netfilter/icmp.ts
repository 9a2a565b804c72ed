/**
 * ICMP types by name and number.
 *
 * @see https://www.iana.org/assignments/icmp-parameters, icmpv6-parameters; the names are those of iptables
 * @module
 */
import { ParseError } from '../base/error.ts'
import type { Family } from '../base/ip.ts'
import type { PortRange } from './rule.ts'

/** A type and, unless all are meant, the codes. Type 255 stands for any. */
export interface IcmpType {
  readonly type: number
  readonly code?: PortRange
}

const ANY = 255

// biome-ignore format: a table
const NAMES: Readonly<Record<Family, ReadonlyMap<string, readonly [type: number, code?: number]>>> = {
  4: new Map<string, readonly [number, number?]>([
    ['any', [ANY]], ['echo-reply', [0]], ['pong', [0]], ['destination-unreachable', [3]], ['network-unreachable', [3, 0]],
    ['host-unreachable', [3, 1]], ['protocol-unreachable', [3, 2]], ['port-unreachable', [3, 3]], ['fragmentation-needed', [3, 4]],
    ['source-route-failed', [3, 5]], ['network-unknown', [3, 6]], ['host-unknown', [3, 7]], ['network-prohibited', [3, 9]],
    ['host-prohibited', [3, 10]], ['tos-network-unreachable', [3, 11]], ['tos-host-unreachable', [3, 12]],
    ['communication-prohibited', [3, 13]], ['host-precedence-violation', [3, 14]], ['precedence-cutoff', [3, 15]],
    ['source-quench', [4]], ['redirect', [5]], ['network-redirect', [5, 0]], ['host-redirect', [5, 1]],
    ['tos-network-redirect', [5, 2]], ['tos-host-redirect', [5, 3]], ['echo-request', [8]], ['ping', [8]],
    ['router-advertisement', [9]], ['router-solicitation', [10]], ['time-exceeded', [11]], ['ttl-exceeded', [11]],
    ['ttl-zero-during-transit', [11, 0]], ['ttl-zero-during-reassembly', [11, 1]], ['parameter-problem', [12]],
    ['ip-header-bad', [12, 0]], ['required-option-missing', [12, 1]], ['timestamp-request', [13]], ['timestamp-reply', [14]],
    ['address-mask-request', [17]], ['address-mask-reply', [18]],
  ]),
  6: new Map<string, readonly [number, number?]>([
    ['destination-unreachable', [1]], ['no-route', [1, 0]], ['communication-prohibited', [1, 1]], ['beyond-scope', [1, 2]],
    ['address-unreachable', [1, 3]], ['port-unreachable', [1, 4]], ['failed-policy', [1, 5]], ['reject-route', [1, 6]],
    ['packet-too-big', [2]], ['time-exceeded', [3]], ['ttl-exceeded', [3]], ['ttl-zero-during-transit', [3, 0]],
    ['ttl-zero-during-reassembly', [3, 1]], ['parameter-problem', [4]], ['bad-header', [4, 0]],
    ['unknown-header-type', [4, 1]], ['unknown-option', [4, 2]], ['echo-request', [128]], ['ping', [128]],
    ['echo-reply', [129]], ['pong', [129]], ['mld-listener-query', [130]], ['mld-listener-report', [131]],
    ['mld-listener-done', [132]], ['mld-listener-reduction', [132]], ['router-solicitation', [133]],
    ['router-advertisement', [134]], ['neighbour-solicitation', [135]], ['neighbor-solicitation', [135]],
    ['neighbour-advertisement', [136]], ['neighbor-advertisement', [136]], ['redirect', [137]],
  ]),
}

/**
 * Reads `8`, `3/4`, `echo-request` or an unambiguous beginning of a name.
 *
 * @throws {ParseError} when it is none of them
 */
export function parseIcmpType(text: string, family: Family): IcmpType {
  const [type, code, ...more] = text.split('/')
  if (more.length === 0 && isByte(type)) {
    if (code === undefined) return { type: Number(type) }
    const range = code.split('-')
    if (range.length <= 2 && range.every(isByte)) {
      const from = Number(range[0])
      const to = Number(range[1] ?? range[0])
      if (from <= to)
        return from === 0 && to === 255 ? { type: Number(type) } : { type: Number(type), code: { from, to } }
    }
  }
  const name = text.toLowerCase()
  const exact = NAMES[family].get(name)
  const found = exact ? [exact] : [...NAMES[family]].filter(([known]) => known.startsWith(name)).map(([, is]) => is)
  const [only] = found
  if (!only || found.length > 1 || name === '')
    throw new ParseError('ICMP type', text, 'neither TYPE[/CODE] nor one known name')
  return only[1] === undefined ? { type: only[0] } : { type: only[0], code: { from: only[1], to: only[1] } }
}

/** `8`, `3/4`, `any` */
export function formatIcmpType({ type, code }: IcmpType, family: Family): string {
  if (code) return code.from === code.to ? `${type}/${code.from}` : `${type}/${code.from}-${code.to}`
  return type === ANY && family === 4 ? 'any' : `${type}`
}

function isByte(text: string | undefined): boolean {
  return text !== undefined && /^\d{1,3}$/.test(text) && Number(text) <= 255
}

/** Names of iptables that ipset does not have. */
const NOT_OF_IPSET = /^(?:any|beyond-scope|failed-policy|reject-route|mld-.*)$/

/** One type and code as ipset prints them: a name, or `TYPE/CODE`. */
export function formatIcmpCode(type: number, code: number, family: Family): string {
  const names = [...NAMES[family]].filter(([name, is]) => is[0] === type && !NOT_OF_IPSET.test(name))
  const coded = names.some(([, is]) => is[1] !== undefined)
  const found = names.find(([, is]) => (coded ? is[1] === code : code === 0))
  return found ? found[0].replace(/^tos-/, 'TOS-') : `${type}/${code}`
}
