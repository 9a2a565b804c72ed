/**
 * Rules for a Service's own addresses and their families.
 *
 * @see ValidateServiceClusterIPsRelatedFields in pkg/apis/core/validation/validation.go of Kubernetes
 *
 * @module
 */
import { familyOfText, validateAddress } from './address-validation.ts'
import { at, type Field } from './field.ts'
import { duplicate, type Finding, invalid, located, unsupported } from './finding.ts'
import { type Plain, textIn, textsIn } from './plain.ts'

const FAMILIES = ['IPv4', 'IPv6']
const FAMILY_POLICIES = ['PreferDualStack', 'RequireDualStack', 'SingleStack']

/** @param parent the spec's field */
export function* validateServiceAddresses(spec: Plain, parent: Field): Generator<Finding> {
  if (spec['type'] === 'ExternalName') return
  const single = textIn(spec, 'clusterIP')
  const given = textsIn(spec, 'clusterIPs')
  const addresses = given.length === 0 && single !== '' ? [single] : given
  const field = at(parent, 'clusterIPs')
  if (given.length > 0 && single === '') {
    yield invalid(field, given, 'must be empty when `clusterIP` is not specified')
  } else if (given.length > 0 && given[0] !== single) yield invalid(field, given, 'first value must match `clusterIP`')
  yield* validateFamilies(spec, parent)
  const faults = validateEach(addresses, field)
  // With `clusterIP` alone that is where the address stands, though messages name the list.
  for (const fault of faults) yield given.length === 0 ? located(fault, at(parent, 'clusterIP')) : fault
  if (addresses.length > 2) yield invalid(field, addresses, 'may only hold up to 2 values')
  if (faults.length > 0) return
  const families = addresses.map(address => familyOfText(address))
  if (addresses.length > 1 && !(families.includes(4) && families.includes(6))) {
    yield invalid(field, addresses, 'may specify no more than one IP for each IP family')
  }
  if (addresses[0] !== 'None') yield* validateMatch(spec, addresses, field)
}

function* validateFamilies(spec: Plain, parent: Field): Generator<Finding> {
  const seen = new Set<string>()
  for (const [index, family] of textsIn(spec, 'ipFamilies').entries()) {
    const field = at(parent, 'ipFamilies', index)
    if (!FAMILIES.includes(family)) yield unsupported(field, family, FAMILIES)
    if (seen.has(family)) yield duplicate(field, family)
    seen.add(family)
  }
  const policy = spec['ipFamilyPolicy']
  if (policy !== undefined && !FAMILY_POLICIES.includes(`${policy}`)) {
    yield unsupported(at(parent, 'ipFamilyPolicy'), policy, FAMILY_POLICIES)
  }
}

function validateEach(addresses: readonly string[], field: Field): Finding[] {
  return addresses.flatMap((address, index) => {
    if (index > 0 || address !== 'None') return validateAddress(address, at(field, index))
    return addresses.length > 1 ? [invalid(field, addresses, "'None' must be the first and only value")] : []
  })
}

function* validateMatch(spec: Plain, addresses: readonly string[], field: Field): Generator<Finding> {
  for (const [index, family] of textsIn(spec, 'ipFamilies').entries()) {
    const address = addresses[index]
    if (address === undefined) return
    const own = familyOfText(address) === 6 ? 'IPv6' : 'IPv4'
    if (FAMILIES.includes(family) && family !== own) {
      yield invalid(at(field, index), address, `expected an ${family} value as indicated by \`ipFamilies[${index}]\``)
    }
  }
}
