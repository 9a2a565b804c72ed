/**
 * Rules for what a Pod says about names: resolver and hosts file.
 *
 * @see validatePodDNSConfig in pkg/apis/core/validation/validation.go of Kubernetes
 *
 * @module
 */
import { validateAddress } from './address-validation.ts'
import { at, type Field } from './field.ts'
import { type Finding, invalid, invalids, required, unsupported } from './finding.ts'
import { subdomainProblems, underscoreSubdomainProblems } from './name.ts'
import { objectIn, objectsIn, type Plain, textIn, textsIn } from './plain.ts'

const POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']
const MAX_SERVERS = 3
const MAX_SEARCHES = 32
const MAX_SEARCH_TEXT = 2048

export function* validateDnsPolicy(spec: Plain, field: Field): Generator<Finding> {
  const policy = textIn(spec, 'dnsPolicy')
  if (!POLICIES.includes(policy)) yield unsupported(field, policy, POLICIES)
}

export function* validateDnsConfig(spec: Plain, field: Field): Generator<Finding> {
  const config = objectIn(spec, 'dnsConfig')
  const servers = config === undefined ? [] : textsIn(config, 'nameservers')
  if (spec['dnsPolicy'] === 'None') {
    if (config === undefined) yield required(field, 'must provide `dnsConfig` when `dnsPolicy` is None')
    else if (servers.length === 0) {
      const needed = 'must provide at least one DNS nameserver when `dnsPolicy` is None'
      yield required(at(field, 'nameservers'), needed)
    }
    if (servers.length === 0) return
  }
  if (config === undefined) return
  if (servers.length > MAX_SERVERS) {
    yield invalid(at(field, 'nameservers'), servers, `must not have more than ${MAX_SERVERS} nameservers`)
  }
  for (const [index, server] of servers.entries()) yield* validateAddress(server, at(field, 'nameservers', index))
  yield* validateSearches(textsIn(config, 'searches'), at(field, 'searches'))
  for (const [index, option] of objectsIn(config, 'options').entries()) {
    if (textIn(option, 'name') === '') yield required(at(field, 'options', index), 'must not be empty')
  }
}

function* validateSearches(searches: readonly string[], field: Field): Generator<Finding> {
  if (searches.length > MAX_SEARCHES) {
    yield invalid(field, searches, `must not have more than ${MAX_SEARCHES} search paths`)
  }
  if (searches.join(' ').length > MAX_SEARCH_TEXT) {
    const most = `must not have more than ${MAX_SEARCH_TEXT} characters (including spaces) in the search list`
    yield invalid(field, searches, most)
  }
  for (const [index, search] of searches.entries()) {
    if (search === '.') continue
    const name = search.replace(/\.$/, '')
    yield* invalids(at(field, index), name, underscoreSubdomainProblems(name))
  }
}

export function* validateHostAliases(spec: Plain, parent: Field): Generator<Finding> {
  for (const [index, alias] of objectsIn(spec, 'hostAliases').entries()) {
    const field = at(parent, 'hostAliases', index)
    yield* validateAddress(textIn(alias, 'ip'), at(field, 'ip'))
    for (const [i, name] of textsIn(alias, 'hostnames').entries()) {
      yield* invalids(at(field, 'hostnames', i), name, subdomainProblems(name))
    }
  }
}
