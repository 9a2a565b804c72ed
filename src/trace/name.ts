/**
 * A name as destination: what the sender's resolver makes of it.
 *
 * @module
 */
import { ParseError } from '../base/error.ts'
import { equalIp, type Ip } from '../base/ip.ts'
import type { SettledCluster } from '../cluster/host-state.ts'
import { type NameService, usualNameService } from '../cluster/name-service.ts'
import { formatName, type Name, parseName } from '../dns/name.ts'
import { recordsOf } from '../dns/resolver/attempt.ts'
import type { Lookup } from '../dns/resolver/lookup.ts'
import { keyOf } from '../objects/meta.ts'
import { formatEnd } from '../packet/summary.ts'
import { type Directory, preferred } from './directory.ts'
import { thereAre } from './name-list.ts'
import type { Source } from './source.ts'
import type { Written } from './written.ts'

/** How a name became an address. */
export interface Resolution {
  /** As it was written. */
  readonly name: string
  readonly lookup: Lookup
  /** Of the addresses that came back, the one that is taken. */
  readonly ip: Ip
  /** The name whose record that is, behind suffixes and aliases; absent: the hosts file had it. */
  readonly owner?: Name
  /** The sender does not ask the cluster's DNS: it is taken as if it did. */
  readonly assumed?: true
}

export function namesOf({ names }: Directory, cluster: SettledCluster): NameService {
  return names ?? usualNameService(cluster)
}

/**
 * Looks a name up as the sender would.
 *
 * Who does not ask the cluster's DNS is taken to do so for whole names, which no search list is needed for.
 *
 * @throws {ParseError} when no address comes of it
 */
export function resolveName(
  written: Written,
  source: Source,
  directory: Directory,
  cluster: SettledCluster,
): Resolution {
  const { name } = written
  const names = namesOf(directory, cluster)
  const own = source.pod && names.lookUp(name, source.pod)
  const found = own && resolutionOf(name, own, directory)
  if (found) return found
  if (own && source.pod && names.asksCluster(source.pod)) throw notFound(written, own, cluster)
  const isWhole = names.isWhole(name)
  const other = names.lookUpWithin(isWhole ? name.replace(/\.?$/, '.') : name, source.namespace)
  const assumed = resolutionOf(name, other, directory)
  if (!assumed) throw notFound(written, other, cluster)
  if (!isWhole) throw new ParseError('destination', written.text, notAsked(assumed, names, written, source))
  return { ...assumed, assumed: true }
}

function resolutionOf(name: string, lookup: Lookup, { family }: Directory): Resolution | undefined {
  const { result, attempts } = lookup
  if (result.kind !== 'addresses') return undefined
  const ip = preferred(result.addresses, family)
  if (ip === undefined) return undefined
  const last = attempts.at(-1)
  const record = (last ? recordsOf(last) : []).find(one => 'address' in one && equalIp(one.address, ip))
  return { name, lookup, ip, ...(record ? { owner: record.owner } : {}) }
}

function notFound({ text, name }: Written, { result }: Lookup, { services }: SettledCluster): ParseError {
  const known = thereAre(services.map(({ metadata }) => keyOf(metadata)))
  const problem = `no Service and no pod of that name; ${known}`
  if (result.kind !== 'outside') return new ParseError('destination', text, problem)
  const isAlias = result.name !== formatName(parseName(name))
  return new ParseError(
    'destination',
    text,
    isAlias
      ? `it is an alias for ${result.name}, outside of the cluster; give an address`
      : `${problem}; what somebody outside answers for ${result.name} is not known: give an address`,
  )
}

/** Only pods have the search list that leads from a short name into the cluster. */
function notAsked({ ip, owner }: Resolution, names: NameService, { port }: Written, source: Source): string {
  const { label, namespace, where } = source
  const service = owner && names.serviceNamed(owner)
  const own = service?.namespace === namespace ? service.name : `${service?.namespace}/${service?.name}`
  const write =
    service && service.below.length === 0 ? `svc/${own}${port === undefined ? '' : `:${port}`}` : formatEnd(ip)
  const who = where === 'outside' ? `${label} is outside and` : label
  return `${who} does not use the cluster's DNS, which alone knows short names: nodes, clients outside and pods with the nodes' DNS (dnsPolicy Default, or hostNetwork without ClusterFirstWithHostNet) do not; write ${write} or an address`
}
