/**
 * How a name became an address, told: the first step of a flow to a name.
 *
 * @module
 */
import { formatIp } from '../base/ip.ts'
import { formatRcode } from '../dns/message.ts'
import { formatName } from '../dns/name.ts'
import { formatType } from '../dns/record.ts'
import type { Attempt } from '../dns/resolver/attempt.ts'
import { lookupToJson } from '../dns/resolver/lookup-json.ts'
import type { Question } from './ask.ts'
import type { Json } from './json-value.ts'
import type { Line } from './line.ts'
import type { Resolution } from './name.ts'

/** The line that stands before a packet is sent. */
export function nameStory({ flow, destination: { resolution } }: Question): readonly Line[] {
  if (!resolution) return []
  const { ip, owner } = resolution
  const where = `${flow.sender} ${owner ? 'resolver' : '/etc/hosts'}`
  return [{ hop: 0, where, text: toldOf(resolution), packet: formatIp(ip), tone: 'plain' }]
}

/** `web.shop with suffix svc.cluster.local, asked of 10.96.0.10; 1 name before in vain` */
function toldOf({ name, lookup, owner, assumed }: Resolution): string {
  const last = lookup.attempts.at(-1)
  if (!owner || !last) return `${name} stands in the hosts file`
  const whole = formatName(owner)
  const before = lookup.attempts.length - 1
  const server = last.queries.at(-1)?.server ?? ''
  const asked = last.suffix ? `${name} with suffix ${last.suffix}` : last.text
  return [
    `${asked}, ${assumed ? 'as pods ask it of' : 'asked of'} ${server}`,
    ...(before > 0 ? [`${before} ${before === 1 ? 'name' : 'names'} before in vain`] : []),
    ...(whole.toLowerCase() === last.text.toLowerCase() ? [] : [`it is an alias for ${whole}`]),
  ].join('; ')
}

/** Every query on the way, a line each. */
export function nameLines({ destination: { resolution } }: Question): readonly string[] {
  if (!resolution) return []
  const { reading, attempts } = resolution.lookup
  const head = `${toldOf(resolution)}: ${formatIp(resolution.ip)}`
  const search = `search ${reading.searches.join(' ')}  ndots ${reading.ndots}`
  return [head, ...(attempts.length > 0 ? [`    ${search}`] : []), ...attempts.flatMap(attemptLines)]
}

function attemptLines({ text, queries }: Attempt): readonly string[] {
  return queries.map(({ type, server, reply }) => {
    const said =
      reply.kind !== 'answer'
        ? reply.kind
        : reply.records.length > 0
          ? `${reply.records.length} records`
          : formatRcode(reply.rcode)
    return `    ${formatType(type).padEnd(4)}  ${text}  at ${server}  ${said.replace(/^1 records$/, '1 record')}`
  })
}

export function resolutionToJson({ name, lookup, ip, owner, assumed }: Resolution): Json {
  return {
    name,
    address: formatIp(ip),
    owner: owner ? formatName(owner) : null,
    assumed: assumed ?? false,
    lookup: lookupToJson(lookup),
  }
}
