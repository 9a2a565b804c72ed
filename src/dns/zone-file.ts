/**
 * The zone as a file that name servers load.
 *
 * @see RFC 1035 section 5
 * @module
 */
import { formatIp } from '../base/ip.ts'
import type { Ipv4 } from '../base/ipv4.ts'
import { formatName } from './name.ts'
import { primaryOf } from './options.ts'
import { formatRecord } from './record.ts'
import { zoneRecords } from './transfer.ts'
import type { Zone } from './zone.ts'

/** 127.0.0.1: where a name server is that nobody knows the address of. */
const NOWHERE_ELSE = 0x7f000001 as Ipv4

/**
 * A zone file that `named-checkzone` accepts.
 *
 * A zone without a name server is none; where the zone has none that is known, the one that the SOA names stands in it,
 * at the loopback address.
 */
export function zoneFile(zone: Zone): string {
  const { options } = zone
  const around = primaryOf(options.zones)
  const [soa, ...others] = zoneRecords(zone)
  const lines = [soa, ...others].flatMap(record => (record ? [formatRecord(record)] : []))
  const server = formatName(['ns', 'dns', ...around])
  const known = others.some(({ type }) => type === 'NS')
  const invented = known
    ? []
    : [
        '; No address of a name server is known. Loopback stands for it, so that the zone is whole.',
        `${formatName(around)} ${options.ttl} NS ${server}`,
        `${server} ${options.ttl} A ${formatIp(NOWHERE_ELSE)}`,
      ]
  const [first = '', ...rest] = lines
  return `${[`$ORIGIN ${formatName(around)}`, `$TTL ${options.ttl}`, first, ...invented, ...rest].join('\n')}\n`
}
