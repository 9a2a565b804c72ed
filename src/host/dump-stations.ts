/**
 * Who is where, as `ip -j neigh` and `bridge -j fdb` tell it.
 *
 * @module
 */
import { parseIp } from '../base/ip.ts'
import { formatMac, parseMac } from '../base/mac.ts'
import { type Fields, findNumber, findText, listOf, textOf } from './dump-field.ts'
import { type Reading, readEntries } from './dump-list.ts'
import type { BridgeEntry, FdbEntry, Neighbour, Silence } from './host.ts'

/** States in which the kernel sends to the address. @see NUD_VALID in include/net/neighbour.h of Linux */
const VALID: ReadonlySet<unknown> = new Set(['PERMANENT', 'NOARP', 'REACHABLE', 'STALE', 'DELAY', 'PROBE'])

/** The neighbours that the kernel sends to; those who did not answer it pass. @throws {InputError} */
export function readNeighbours(json: unknown): Reading<Neighbour> {
  return readEntries('ip neigh', json, (fields, skip) => {
    const states = listOf(fields, 'state')
    if (!states.some(state => VALID.has(state)) || fields.has('proxy')) return []
    const mac = findText(fields, 'lladdr')
    if (mac === undefined || !isMac(mac)) {
      skip(`neighbour ${textOf(fields, 'dst')} has ${mac === undefined ? 'no' : 'another kind of'} link-layer address`)
      return []
    }
    const neighbour = { ip: parseIp(textOf(fields, 'dst')), link: textOf(fields, 'dev'), mac: parseMac(mac) }
    return [states.includes('PERMANENT') ? neighbour : { ...neighbour, learned: true }]
  })
}

/** The addresses that nobody answered for. @see NUD_FAILED, NUD_INCOMPLETE @throws {InputError} */
export function readSilence(json: unknown): Reading<Silence> {
  return readEntries('ip neigh', json, fields => {
    const states = listOf(fields, 'state')
    if (!states.includes('FAILED') && !states.includes('INCOMPLETE')) return []
    return [{ ip: parseIp(textOf(fields, 'dst')), link: textOf(fields, 'dev') }]
  })
}

/** Some tunnels have IP addresses, or longer ones, in the place of a MAC. */
function isMac(text: string): boolean {
  return text.length === 17
}

/**
 * The entries that lead into a tunnel, whoever made them. The MAC 00:00:00:00:00:00 stands for all that
 * have none of their own.
 *
 * @throws {InputError}
 */
export function readFdb(json: unknown): Reading<FdbEntry> {
  return readEntries('bridge fdb', json, (fields, skip) => {
    const link = deviceOf(fields)
    if (fields.has('nhid')) skip(`forwarding entry ${textOf(fields, 'mac')} of ${link} leads to a group of ends`)
    const dst = findText(fields, 'dst')
    if (dst === undefined) return []
    if (fields.has('src_vni')) {
      skip(`forwarding entry ${textOf(fields, 'mac')} of ${link} is for one network of an external device`)
      return []
    }
    const port = findNumber(fields, 'port', 0xffff)
    const vni = findNumber(fields, 'vni', 0xff_ffff)
    return [
      {
        mac: parseMac(textOf(fields, 'mac')),
        link,
        dst: parseIp(dst),
        ...(port !== undefined && { port }),
        ...(vni !== undefined && { vni }),
      },
    ]
  })
}

/**
 * Where bridges found stations, or were told that they are. What is permanent there is the bridge's own.
 *
 * @throws {InputError}
 */
export function readBridgeEntries(json: unknown): Reading<BridgeEntry> {
  const seen = new Set<string>()
  return readEntries('bridge fdb', json, fields => {
    const bridge = findText(fields, 'master')
    const port = deviceOf(fields)
    if (bridge === undefined || port === bridge || fields.has('dst')) return []
    if (findText(fields, 'state') === 'permanent') return []
    const mac = parseMac(textOf(fields, 'mac'))
    // A bridge that knows VLANs lists a station once in each.
    const key = `${formatMac(mac)} ${bridge}`
    if (seen.has(key)) return []
    seen.add(key)
    return [{ mac, bridge, port }]
  })
}

/** Versions of `bridge` before 4.17 call it `dev`. */
function deviceOf(fields: Fields): string {
  return findText(fields, 'ifname') ?? textOf(fields, 'dev')
}
